/**
 * Tests of traffic per arm (sample ratio mismatch, and dropped journeys) by the same formula: exposure is an arm's
 * share of the split, "bad" are its completed journeys or requests. Traffic clusters (one visitor, many requests), so
 * counts are first divided by a cluster size φ: for clusters of up to φ, `E[x^(J/φ)] ≤ exp(μ/φ·(x − 1))` as `x^(1/φ)
 * ≤ 1 + (x − 1)/φ`, and the test stays valid.
 *
 * Where visitors are told apart, the split is tested on them alone (visitors.ts).
 */

import type { ArmTick } from '../../counters/ticks.ts'
import { ALPHA_SHARES, levelOf } from '../evidence/alpha.ts'
import { addGroups } from '../evidence/batch.ts'
import { type Counts, NO_COUNTS } from '../evidence/formula.ts'
import type { GuardSettings } from '../evidence/settings.ts'
import type { GuardTick } from '../evidence/types.ts'
import type { Test, Wealth } from '../evidence/wealth.ts'
import { equalBets, grow, initialWealth, totalWealth } from '../evidence/wealth.ts'
import { type Regime, type Standing, spread } from '../networks/groups.ts'
import { holdsWithoutTwo, LEAST_RISEN, leastWealth } from '../networks/without-two.ts'
import type { Totals } from './totals.ts'

export const SHARE_BETS = equalBets([1.25, 1.5, 2, 3, 5, 10])

export type ShareState = {
  /** Evidence that the canary completes too few journeys (`traffic.maxDropPercent`). */
  drop: Wealth
  /** Counts of `drop` by group of networks, since its evidence began to rise. */
  dropSince: readonly Counts[]
  /** Evidence that the canary gets more, or less, than its percentage. */
  tooMuch: Wealth
  tooLittle: Wealth
}

/** One tick's counts; `unit` of them make a cluster. */
type Traffic = { canary: number; control: number; unit: number }

export function initialShare(): ShareState {
  const start = () => initialWealth(SHARE_BETS)
  return { drop: start(), dropSince: [], tooMuch: start(), tooLittle: start() }
}

/** With fewer journeys than this (an API has none), requests are counted instead. */
const REQUESTS_PER_JOURNEY = 50

/** Whether the split of these sums is told by journeys, or else by requests. */
export function countsJourneys({
  journeys,
  canaryRequests,
  controlRequests,
}: Pick<Totals, 'journeys' | 'canaryRequests' | 'controlRequests'>): boolean {
  return journeys * REQUESTS_PER_JOURNEY >= canaryRequests + controlRequests
}

/** State after one tick; `before` are the sums of the stage up to the tick before. At 0 and 100 % nothing changes. */
export function stepShare(
  settings: GuardSettings,
  state: ShareState,
  tick: GuardTick,
  { before, regime, paid }: { before: Totals; regime: Regime; paid: number },
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
    const counts = controlOver(journeys, percentage)
    next.drop = grow(
      state.drop,
      counts,
      paid,
      testOf(dropRho(traffic.maxDropPercent), ALPHA_SHARES.traffic * settings.alpha),
    )
    const groups = regime === 'none' ? [] : dropGroups(tick, counts, journeys.unit)
    next.dropSince = totalWealth(state.drop) < LEAST_RISEN ? groups : addGroups(state.dropSince, groups)
  }
  if (!split.enabled || before.canaryRequests + before.controlRequests === 0) return next
  const counts = countsJourneys(before) ? journeys : requests
  const test = testOf(split.tolerance, split.alpha)
  next.tooMuch = grow(state.tooMuch, canaryOver(counts, percentage), paid, test)
  next.tooLittle = grow(state.tooLittle, controlOver(counts, percentage), paid, test)
  return next
}

const dropRho = (maxDropPercent: number) => 1 / (1 - maxDropPercent / 100)

/** Completed journeys by group. The split's shares are no group's: the first has them. */
function dropGroups({ canary, control }: GuardTick, shares: Counts, unit: number): Counts[] {
  const by = { canary: journeysOf(canary), control: journeysOf(control) }
  return by.canary.map((count, group) => ({
    ...(group === 0 ? shares : NO_COUNTS),
    canaryBad: (by.control[group] ?? 0) / unit,
    controlBad: count / unit,
  }))
}

const journeysOf = (arm: ArmTick) => spread(arm, arm.journeys, ({ journeys }) => journeys)

/** Counts by which to test that the canary gets more than its share. */
function canaryOver({ canary, control, unit }: Traffic, percentage: number): Counts {
  const share = percentage / 100
  return { canaryN: share, canaryBad: canary / unit, controlN: 1 - share, controlBad: control / unit }
}

/** Counts by which to test that control gets more than its share: the arms trade places. */
function controlOver({ canary, control, unit }: Traffic, percentage: number): Counts {
  const share = percentage / 100
  return { canaryN: 1 - share, canaryBad: control / unit, controlN: share, controlBad: canary / unit }
}

/** The test that an arm gets at most `rho` × its share. */
function testOf(rho: number, alpha: number): Test {
  return { bets: SHARE_BETS, null_: { rho, delta: 0 }, logCap: Math.log(1 / alpha) / 6 }
}

/** Anytime-valid p-value of "the split is as configured", two-sided. */
export function splitPValue(state: ShareState): number {
  return Math.min(1, 2 / Math.max(totalWealth(state.tooMuch), totalWealth(state.tooLittle)))
}

export function hasTrafficDropped(settings: GuardSettings, state: ShareState): boolean {
  return (
    settings.traffic.maxDropPercent !== null && totalWealth(state.drop) >= levelOf('traffic', settings.alpha)
  )
}

/** Whether journeys begin to be missing: until that is decided, too few in the canary are no fault of the split. */
export function isDropping({ traffic }: GuardSettings, { drop }: ShareState, least = LEAST_RISEN): boolean {
  return traffic.maxDropPercent !== null && totalWealth(drop) >= least
}

/** Whether the drop doesn't depend on two groups of networks; in a few networks, no one could confirm it. */
export function isDropCarried(
  { traffic, alpha }: GuardSettings,
  { drop, dropSince }: ShareState,
  standing: Standing,
): boolean {
  if (standing.regime !== 'many') return standing.regime === 'none'
  const null_ = { rho: dropRho(traffic.maxDropPercent ?? 0), delta: 0 }
  return holdsWithoutTwo(
    totalWealth(drop),
    leastWealth(dropSince, { bets: SHARE_BETS, null_ }, standing),
    levelOf('traffic', alpha),
    standing,
  )
}
