/**
 * Detects a dead canary, in which most requests fail. The comparison counts each visitor's failure once and then lets
 * it rest, so visitors with earlier errors (most of them, after an hour on a site with a few errors) would be silent
 * when everything breaks. This ceiling counts failing visitors anew each second and tests one claim: over half of the
 * canary's answers are failures, while control is shown to be below that.
 *
 * Shared failures, and those about which no one was asked, are no answers here: an outage of both is no collapse of one.
 * The claim must hold without any two groups of networks. Its error probability is a tenth of α. A healthy canary's wealth falls to nothing at once.
 */

import type { ArmTick } from '../../counters/ticks.ts'
import type { GuardSettings } from '../evidence/settings.ts'
import type { GuardTick } from '../evidence/types.ts'
import { totalWealth } from '../evidence/wealth.ts'
import { failuresOf, inUse, marksByGroup, type Standing, spread, takingPart } from '../networks/groups.ts'
import type { CeilingState } from './ceilings.ts'
import { erroredSince, isBreachCarried, isWidespread, judgeCeiling, stepCeiling } from './ceilings.ts'

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
  { standing, paid, logCap }: { standing: Standing; paid: number; logCap: number },
): CeilingState {
  const rate = collapseRate(settings)
  if (rate === null) return state
  const arms = { canary: answersOf(canary, standing), control: answersOf(control, standing) }
  const groups = arms.canary.n.map((canaryN, group) => ({
    canaryN,
    controlN: arms.control.n[group] ?? 0,
    canaryBad: arms.canary.bad[group] ?? 0,
    controlBad: arms.control.bad[group] ?? 0,
  }))
  const slots = failuresOf(canary, standing).certain
  return stepCeiling(state, { groups, slots }, { ceiling: rate, logCap }, paid)
}

/**
 * An arm's answers and failures in a tick by group, one failure per visitor: ten retries a second are one failure and
 * one request. Neither the rate nor the factor exceeds that of the raw counts, as `ln λ ≥ δ·(λ − 1)` for λ from 1 to
 * 1/δ; the rate is 1 when everything fails. When a cell was full, the raw counts.
 */
function answersOf(arm: ArmTick, standing: Standing): { n: readonly number[]; bad: readonly number[] } {
  const { pairing, slotsCut } = arm
  const failed = Math.min(arm.requests, arm.errors)
  const bad = marksByGroup(failuresOf(arm, standing).certain)
  const most = failed - pairing.sharedFailures - pairing.unaskedFailures
  const missing = slotsCut ? most - bad.reduce((sum, count) => sum + count, 0) : 0
  if (missing > 0) bad[0] = (bad[0] ?? 0) + missing
  const requests = spread(arm, arm.requests, (network) => network.requests)
  const errors = spread(arm, failed, (network) => Math.min(network.requests, network.errors))
  const n = requests.map((count, group) => Math.max(0, count - (errors[group] ?? 0)) + (bad[group] ?? 0))
  return { n: inUse(takingPart(n, standing), standing), bad }
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

/** Whether a collapse doesn't depend on two groups of networks. */
export function isCollapseCarried(settings: GuardSettings, state: CeilingState, standing: Standing): boolean {
  return isBreachCarried(state, collapseRate(settings) ?? 1, settings.alpha * ALPHA_SHARE, standing)
}
