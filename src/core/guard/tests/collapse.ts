/**
 * A canary in which most requests fail is dead, whoever asks. The comparison counts each visitor's failure once and
 * then lets it rest, so visitors who had errors before, as most have after an hour of a site with a few of them,
 * would say nothing when everything breaks. This is a ceiling of its own: it counts visitors who fail in each second
 * anew, and looks at nothing but whether more than half of what the canary answers is failure, while control is
 * shown to be below that.
 *
 * It has a tenth of α as its own error probability. For a healthy canary its wealth falls to nothing at once.
 */

import type { ArmTick } from '../../counters/ticks.ts'
import type { GuardSettings } from '../evidence/settings.ts'
import type { GuardTick } from '../evidence/types.ts'
import { totalWealth } from '../evidence/wealth.ts'
import type { CeilingState, Tally } from './ceilings.ts'
import { erroredSince, isWidespread, judgeCeiling, stepCeiling } from './ceilings.ts'

/** Of the canary's requests, 0–1. */
const COLLAPSE_RATE = 0.5
/** Distinct visitors' slots that must be failing: a few bots at night are no dead canary. */
const LEAST_SLOTS = 5
/** Part of α. */
const ALPHA_SHARE = 0.1

/** The rate that is judged; null where nobody asked for errors to be. */
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
 * Failures of an arm in one tick, a visitor's as one: whoever retries ten times a second is one failure a second,
 * and one request. The rate is at most that of the raw counts, and 1 where everything fails. The factor is at most
 * that of the raw counts too, as `ln λ ≥ δ·(λ − 1)` for every λ from 1 to 1/δ. Where more visitors failed than a
 * cell holds, these are the raw counts.
 */
function failures({ requests, errors, erroredSlots, slotsCut }: ArmTick): Tally {
  const all = Math.min(requests, errors)
  const bad = slotsCut ? all : Math.min(all, erroredSlots.length)
  return { n: requests - (all - bad), bad }
}

/** The p-value at which the canary is dead; undefined while it isn't. Nobody can tell without control. */
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
