/**
 * Detects a dead canary, in which most requests fail. The comparison counts each visitor's failure once and then lets
 * it rest, so visitors with earlier errors (most of them, after an hour on a site with a few errors) would be silent
 * when everything breaks. This ceiling counts failing visitors anew each second and tests one claim: over half of the
 * canary's answers are failures, while control is shown to be below that.
 *
 * Its error probability is a tenth of α. A healthy canary's wealth falls to nothing at once.
 */

import type { ArmTick } from '../../counters/ticks.ts'
import type { GuardSettings } from '../evidence/settings.ts'
import type { GuardTick } from '../evidence/types.ts'
import { totalWealth } from '../evidence/wealth.ts'
import type { CeilingState, Tally } from './ceilings.ts'
import { erroredSince, isWidespread, judgeCeiling, stepCeiling } from './ceilings.ts'

/** Share of the canary's requests, 0–1. */
const COLLAPSE_RATE = 0.5
/** Distinct failing visitor slots required: a few bots at night are no dead canary. */
const LEAST_SLOTS = 5
/** Part of α. */
const ALPHA_SHARE = 0.1

/** The judged rate; null when the guard judges no errors. */
function collapseRate({ errors, ceilings }: GuardSettings): number | null {
  if (errors.enabled) return COLLAPSE_RATE
  return ceilings.errorRate === null ? null : Math.max(COLLAPSE_RATE, ceilings.errorRate)
}

/** State after one tick; `paid` = instalments so far, `logCap` bounds ln f. */
export function stepCollapse(
  settings: GuardSettings,
  state: CeilingState,
  { canary, control }: GuardTick,
  paid: number,
  logCap: number,
): CeilingState {
  const rate = collapseRate(settings)
  if (rate === null) return state
  const seen = { canary: failures(canary), control: failures(control), canarySlots: canary.erroredSlots }
  return stepCeiling(state, seen, { ceiling: rate, logCap }, paid)
}

/**
 * An arm's failures in a tick, one per visitor: ten retries a second are one failure and one request. Neither the
 * rate nor the factor exceeds that of the raw counts, as `ln λ ≥ δ·(λ − 1)` for λ from 1 to 1/δ; the rate is 1 when
 * everything fails. When a cell was full, the raw counts.
 */
function failures({ requests, errors, erroredSlots, slotsCut }: ArmTick): Tally {
  const all = Math.min(requests, errors)
  const bad = slotsCut ? all : Math.min(all, erroredSlots.length)
  return { n: requests - (all - bad), bad }
}

/** The p-value at which the canary is dead; undefined otherwise, and without a control. */
export function collapsePValue(
  settings: GuardSettings,
  state: CeilingState,
  percentage: number,
): number | undefined {
  const rate = collapseRate(settings)
  if (rate === null || percentage >= 100) return undefined
  if (erroredSince(state) < LEAST_SLOTS || !isWidespread(state, rate)) return undefined
  const verdict = judgeCeiling(state, rate, settings.alpha * ALPHA_SHARE, true)
  return verdict === 'breached' ? 1 / (ALPHA_SHARE * totalWealth(state.wealth)) : undefined
}
