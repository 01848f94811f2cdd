/**
 * How long a stage takes a healthy canary, and how small a regression it finds: from the traffic alone, before anything
 * has been counted. The guard's own formula gives the drift of a test's log wealth per second under a truth, and what must
 * be gained is known; time is their ratio. For nine of ten runs it takes longer by the wealth's own scatter: `L` nats, each
 * gained with a variance of about 2 per nat (Wald, "Sequential Analysis", for counts close to each other), have arrived by
 * `t·(1 + √(2/L))`. The normal quantile would be 1.28 instead of 1; errors are few, and their counts are skewed to the
 * early side. test/core/rollout/sizing.test.ts holds it against simulations.
 */

import { logFactor, type Null } from '../guard/evidence/formula.ts'
import { type Bet, equalBets } from '../guard/evidence/wealth.ts'
import type { GuardSettings } from '../guard/index.ts'
import { ADVANCE_LAMBDAS, advanceDelta } from '../guard/tests/advance.ts'
import { ERROR_BETS } from '../guard/tests/rollback.ts'

/** What is known of a site before its rollout. */
export type Site = {
  /** Requests per second of the visitors who meet the rule's conditions. */
  requestsPerSecond: number
  /** Share of requests that fail, 0–1. */
  errorRate: number
}

export type StageSizing = {
  percentage: number
  /** Until a healthy canary has passed, with 90 %; at least the bake and the warm-up. */
  passMs: number
  /** The lowest error rate (0–1) that the stage finds with 90 % in that time; null: none below 1. */
  findsErrorRate: number | null
}

/** Share of the wealth in M, and what is bet at once. */
const STAKE = 0.6 * 0.6
const ADVANCE_BETS = equalBets(ADVANCE_LAMBDAS)

/** Sizing of each stage, in turn; 100 % without a holdback has no control, so only its bake counts. */
export function sizeStages(
  settings: GuardSettings,
  site: Site,
  stages: readonly { percentage: number; bakeMs: number }[],
): StageSizing[] {
  return stages.map(({ percentage, bakeMs }) => {
    const passMs = Math.max(bakeMs, passTimeMs(settings, site, percentage))
    return { percentage, passMs, findsErrorRate: foundIn(settings, site, percentage, passMs) }
  })
}

/** Stages that suit a site: with few requests, a canary of 1 % shows nothing for days. */
export function proposedStages({ requestsPerSecond }: Site): readonly number[] {
  if (requestsPerSecond < 20) return [10, 50, 100]
  return requestsPerSecond < 200 ? [5, 25, 50, 100] : [1, 5, 25, 50, 100]
}

function passTimeMs(
  settings: GuardSettings,
  { requestsPerSecond, errorRate }: Site,
  percentage: number,
): number {
  if (!(percentage > 0 && percentage < 100)) return 0
  const warmUpMs = settings.latency.enabled ? settings.latency.warmUpMs : 0
  if (!settings.errors.enabled) return warmUpMs
  const null_ = { rho: settings.advance.rho, delta: settings.advance.delta ?? advanceDelta(percentage) }
  const rates = { canary: errorRate, control: errorRate }
  const seconds = timeTo(1 / settings.beta, requestsPerSecond, percentage, {
    bets: ADVANCE_BETS,
    null_,
    rates,
  })
  return Math.max(warmUpMs, seconds * 1000)
}

function foundIn(
  settings: GuardSettings,
  { requestsPerSecond, errorRate }: Site,
  percentage: number,
  withinMs: number,
): number | null {
  if (!settings.errors.enabled || !(percentage > 0 && percentage < 100)) return null
  const wanted = 1 / (settings.alpha * STAKE)
  const isFound = (canary: number) => {
    const test = { bets: ERROR_BETS, null_: settings.errors, rates: { canary, control: errorRate } }
    return timeTo(wanted, requestsPerSecond, percentage, test) * 1000 <= withinMs
  }
  if (!isFound(1)) return null
  let [low, high] = [errorRate, 1]
  for (let step = 0; step < 40; step++) {
    const middle = (low + high) / 2
    if (isFound(middle)) high = middle
    else low = middle
  }
  return high
}

type Drift = { bets: readonly Bet[]; null_: Null; rates: { canary: number; control: number } }

/** Seconds until the wealth of the best bet reaches `level`, with 90 %; Infinity if none grows. */
function timeTo(
  level: number,
  requestsPerSecond: number,
  percentage: number,
  { bets, null_, rates }: Drift,
): number {
  const canaryN = (requestsPerSecond * percentage) / 100
  const controlN = requestsPerSecond - canaryN
  const second = {
    canaryN,
    controlN,
    canaryBad: canaryN * rates.canary,
    controlBad: controlN * rates.control,
  }
  let least = Number.POSITIVE_INFINITY
  for (const { lambda, weight } of bets) {
    const drift = logFactor(second, lambda, null_)
    const needed = Math.log(level / weight)
    if (drift > 0) least = Math.min(least, (needed / drift) * (1 + Math.sqrt(2 / needed)))
  }
  return least
}
