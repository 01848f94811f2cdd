/**
 * Tests of how much traffic each arm gets, with the same formula: exposure is the arm's share of the ring, "bad
 * ones" are its completed journeys or requests. Traffic comes in clusters (one visitor, many requests), so counts
 * are divided by a cluster size φ first: for clusters of up to φ, `E[x^(J/φ)] ≤ exp(μ/φ·(x − 1))` as
 * `x^(1/φ) ≤ 1 + (x − 1)/φ`, and the test stays valid.
 */

import type { GuardSettings } from '../evidence/settings.ts'
import type { GuardTick } from '../evidence/types.ts'
import type { Wealth } from '../evidence/wealth.ts'
import { equalBets, grow, initialWealth, totalWealth } from '../evidence/wealth.ts'
import type { Totals } from './totals.ts'

const SHARE_BETS = equalBets([1.25, 1.5, 2, 3, 5, 10])

export type ShareState = {
  /** Evidence that the canary completes too few journeys (`traffic.maxDropPercent`). */
  drop: Wealth
  /** Evidence that the canary gets more, or less, than its percentage allows. */
  tooMuch: Wealth
  tooLittle: Wealth
}

/** Counts of one tick; `unit` of them make a cluster. */
type Traffic = { canary: number; control: number; unit: number }

export function initialShare(): ShareState {
  const start = () => initialWealth(SHARE_BETS)
  return { drop: start(), tooMuch: start(), tooLittle: start() }
}

/** Below one journey in 50 requests journeys say little (an API has none), and requests are counted instead. */
const REQUESTS_PER_JOURNEY = 50

/** State after one tick; `before` are the sums of the stage up to the tick before. At 0 and 100 % nothing changes. */
export function stepShare(
  settings: GuardSettings,
  state: ShareState,
  tick: GuardTick,
  before: Totals,
  paid: number,
): ShareState {
  const { percentage, canary, control } = tick
  if (!(percentage > 0 && percentage < 100)) return state
  const { split, traffic } = settings
  const journeys: Traffic = {
    canary: canary.journeys,
    control: control.journeys,
    unit: traffic.journeysPerVisitor,
  }
  const requests: Traffic = {
    canary: canary.requests,
    control: control.requests,
    unit: split.requestsPerVisitor,
  }
  const next = { ...state }
  if (traffic.maxDropPercent !== null) {
    const rho = 1 / (1 - traffic.maxDropPercent / 100)
    next.drop = growShare(state.drop, journeys, percentage, rho, paid, settings.alpha, false)
  }
  if (!split.enabled || before.canaryRequests + before.controlRequests === 0) return next
  const byJourneys = before.journeys * REQUESTS_PER_JOURNEY >= before.canaryRequests + before.controlRequests
  const counts = byJourneys ? journeys : requests
  next.tooMuch = growShare(state.tooMuch, counts, percentage, split.tolerance, paid, split.alpha, true)
  next.tooLittle = growShare(state.tooLittle, counts, percentage, split.tolerance, paid, split.alpha, false)
  return next
}

/** `more`: tests that the canary gets more than `rho` × its share; otherwise that control does. */
function growShare(
  wealth: Wealth,
  counts: Traffic,
  percentage: number,
  rho: number,
  paid: number,
  alpha: number,
  more: boolean,
): Wealth {
  const canary = { n: percentage / 100, bad: counts.canary / counts.unit }
  const control = { n: 1 - percentage / 100, bad: counts.control / counts.unit }
  const [tested, other] = more ? [canary, control] : [control, canary]
  const batch = { canaryN: tested.n, canaryBad: tested.bad, controlN: other.n, controlBad: other.bad }
  return grow(wealth, paid, batch, SHARE_BETS, { rho, delta: 0 }, Math.log(1 / alpha) / 6)
}

/** Anytime-valid p-value of "the split is as configured"; two-sided. */
export function splitPValue(state: ShareState): number {
  return Math.min(1, 2 / Math.max(totalWealth(state.tooMuch), totalWealth(state.tooLittle)))
}

export function hasTrafficDropped(settings: GuardSettings, state: ShareState): boolean {
  return settings.traffic.maxDropPercent !== null && totalWealth(state.drop) >= 1 / settings.alpha
}
