/**
 * How long a test needs, from the traffic alone. The guard's own formula gives the drift of a test's log wealth per second
 * under a truth, and what must be gained is known; time is their ratio. For nine of ten runs it takes longer by the wealth's own scatter:
 * `L` nats, each gained with a variance of about 2 per nat (Wald, "Sequential Analysis", for counts close to each
 * other), have arrived by `t·(1 + √(2/L))`. The normal quantile would be 1.28 instead of 1; errors are few, and their
 * counts are skewed to the early side. test/core/rollout/sizing.test.ts holds it against simulations.
 */

import { logFactor, type Null } from '../evidence/formula.ts'
import type { GuardSettings } from '../evidence/settings.ts'
import { type Bet, equalBets } from '../evidence/wealth.ts'
import { ADVANCE_LAMBDAS, advanceDelta } from './advance.ts'

/** What is known of a site. */
export type Site = {
  /** Requests per second of the visitors who meet the rule's conditions. */
  requestsPerSecond: number
  /** Share of requests that fail, 0–1. */
  errorRate: number
}

const ADVANCE_BETS = equalBets(ADVANCE_LAMBDAS)

/** Seconds until a healthy canary has passed the test of errors, with 90 %. */
export function passSeconds(
  { advance, beta }: Pick<GuardSettings, 'advance' | 'beta'>,
  site: Site,
  percentage: number,
  delta = advance.delta ?? advanceDelta(percentage),
): number {
  const rates = { canary: site.errorRate, control: site.errorRate }
  const null_ = { rho: advance.rho, delta }
  return secondsTo(1 / beta, site.requestsPerSecond, percentage, { bets: ADVANCE_BETS, null_, rates })
}

type Drift = { bets: readonly Bet[]; null_: Null; rates: { canary: number; control: number } }

/** Seconds until the wealth of the best bet reaches `level`, with 90 %; Infinity if none grows. */
export function secondsTo(
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

/** No stage lets a canary pass that may be worse by more than five points. */
const LARGEST_MARGIN = 0.05
const MARGIN_STEP = 1.1

/**
 * The margin δ' with which a healthy canary passes in a given time: the usual one where that suffices, otherwise the least
 * that does, up to five points. The guard chooses it from counts of the past, before the test begins, so the test is as
 * valid as with any other.
 */
export function marginFor(
  settings: Pick<GuardSettings, 'advance' | 'beta'>,
  site: Site,
  { percentage, seconds }: { percentage: number; seconds: number },
): number {
  let delta = settings.advance.delta ?? advanceDelta(percentage)
  while (delta < LARGEST_MARGIN && passSeconds(settings, site, percentage, delta) > seconds)
    delta *= MARGIN_STEP
  return Math.min(LARGEST_MARGIN, delta)
}
