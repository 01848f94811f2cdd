/** Plain sums for thresholds, sentences and the expected split. */

import type { NetworkCounts } from '../../counters/networks.ts'
import type { ArmTick } from '../../counters/ticks.ts'
import type { GuardSettings } from '../evidence/settings.ts'
import type { GuardTick } from '../evidence/types.ts'
import { addByGroup, type ByGroup, noneByGroup, spread } from '../networks/groups.ts'
import { slowerThan } from './ceilings.ts'

/** Raw sums of both arms. */
export type Totals = {
  canaryRequests: number
  controlRequests: number
  canaryErrors: number
  controlErrors: number
  canaryClientErrors: number
  controlClientErrors: number
  journeys: number
  canaryJourneys: number
  /** Requests, and durations that the app reported, slower than `thresholds.slow.baselineMs`. */
  canarySlow: number
  controlSlow: number
  /** Of visitors served but not compared. */
  otherRequests: number
  otherErrors: number
  otherSlow: number
}

export const NO_TOTALS: Readonly<Totals> = {
  canaryRequests: 0,
  controlRequests: 0,
  canaryErrors: 0,
  controlErrors: 0,
  canaryClientErrors: 0,
  controlClientErrors: 0,
  journeys: 0,
  canaryJourneys: 0,
  canarySlow: 0,
  controlSlow: 0,
  otherRequests: 0,
  otherErrors: 0,
  otherSlow: 0,
}

/** `a + b`, element by element. */
export function addTotals(a: Totals, b: Totals): Totals {
  return {
    canaryRequests: a.canaryRequests + b.canaryRequests,
    controlRequests: a.controlRequests + b.controlRequests,
    canaryErrors: a.canaryErrors + b.canaryErrors,
    controlErrors: a.controlErrors + b.controlErrors,
    canaryClientErrors: a.canaryClientErrors + b.canaryClientErrors,
    controlClientErrors: a.controlClientErrors + b.controlClientErrors,
    journeys: a.journeys + b.journeys,
    canaryJourneys: a.canaryJourneys + b.canaryJourneys,
    canarySlow: a.canarySlow + b.canarySlow,
    controlSlow: a.controlSlow + b.controlSlow,
    otherRequests: a.otherRequests + b.otherRequests,
    otherErrors: a.otherErrors + b.otherErrors,
    otherSlow: a.otherSlow + b.otherSlow,
  }
}

/** What rates "now" are of: requests and their failures, of which half is forgotten every 30 s. */
export type Recent = Pick<
  Totals,
  | 'canaryRequests'
  | 'controlRequests'
  | 'canaryErrors'
  | 'controlErrors'
  | 'canaryClientErrors'
  | 'controlClientErrors'
>

export const NOTHING_RECENT: Recent = {
  canaryRequests: 0,
  controlRequests: 0,
  canaryErrors: 0,
  controlErrors: 0,
  canaryClientErrors: 0,
  controlClientErrors: 0,
}

const RECENT_HALF_LIFE_MS = 30_000

/** The recent sums after a tick; `elapsedMs` since the one before. */
export function addRecent(before: Recent, sums: Totals, elapsedMs: number): Recent {
  const factor = 0.5 ** (elapsedMs / RECENT_HALF_LIFE_MS)
  return {
    canaryRequests: before.canaryRequests * factor + sums.canaryRequests,
    controlRequests: before.controlRequests * factor + sums.controlRequests,
    canaryErrors: before.canaryErrors * factor + sums.canaryErrors,
    controlErrors: before.controlErrors * factor + sums.controlErrors,
    canaryClientErrors: before.canaryClientErrors * factor + sums.canaryClientErrors,
    controlClientErrors: before.controlClientErrors * factor + sums.controlClientErrors,
  }
}

/** The sums of one tick. */
export function tickTotals(settings: GuardSettings, tick: GuardTick): Totals {
  const { canary, control, others } = tick
  const limit = settings.thresholds.slow
  const slow = ({ latency, timings }: ArmTick) =>
    limit === null ? 0 : slowerThan(latency, limit.baselineMs).bad + slowerThan(timings, limit.baselineMs).bad
  return {
    canaryRequests: canary.requests,
    controlRequests: control.requests,
    canaryErrors: canary.errors,
    controlErrors: control.errors,
    canaryClientErrors: canary.clientErrors.requests,
    controlClientErrors: control.clientErrors.requests,
    journeys: canary.journeys + control.journeys,
    canaryJourneys: canary.journeys,
    canarySlow: slow(canary),
    controlSlow: slow(control),
    otherRequests: others?.requests ?? 0,
    otherErrors: others?.errors ?? 0,
    otherSlow: others ? slow(others) : 0,
  }
}

/** All that was counted of an attempt, as tables show it. */
export function attemptTotals({ totals, late }: { totals: Totals; late?: Totals }): Totals {
  return late === undefined ? totals : addTotals(totals, late)
}

/** Failures, and slow requests and durations, by group of networks: what thresholds count. */
export type Served = { errors: ByGroup; slow: ByGroup }

export const NOTHING_SERVED: Served = { errors: noneByGroup(), slow: noneByGroup() }

/** The sums after a tick, of all who are served the flag, compared or not. */
export function addServed(before: Served, settings: GuardSettings, tick: GuardTick, sums: Totals): Served {
  const { errors, slow } = settings.thresholds
  const arms = (canary: number, others: number, count: (network: NetworkCounts) => number) => {
    const own = spread(tick.canary, canary, count)
    return tick.others === undefined ? own : addByGroup(own, spread(tick.others, others, count))
  }
  const slowOf = ({ latency = {}, timings = {} }: NetworkCounts) =>
    slow === null ? 0 : slowerThan(latency, slow.baselineMs).bad + slowerThan(timings, slow.baselineMs).bad
  return {
    errors:
      errors === null
        ? before.errors
        : addByGroup(
            before.errors,
            arms(sums.canaryErrors, sums.otherErrors, (network) => network.errors),
          ),
    slow:
      slow === null ? before.slow : addByGroup(before.slow, arms(sums.canarySlow, sums.otherSlow, slowOf)),
  }
}
