/** How long a stage's tests take, and which margin suits a time: from the traffic alone (evidence/course.ts). */

import { type Course, secondsTo } from '../evidence/course.ts'
import { LATENCY_QUANTILES, LEAST_LEARNED } from '../evidence/latency.ts'
import type { GuardSettings } from '../evidence/settings.ts'
import { ADVANCE_BETS, advanceDelta } from './advance.ts'

/** What is known of a site. */
export type Site = {
  /** Requests per second of the visitors who meet the rule's conditions. */
  requestsPerSecond: number
  /** Share of requests that fail, 0–1. */
  errorRate: number
}

/** Of both arms at a percentage. */
export function perSecondAt({ requestsPerSecond }: Site, percentage: number): Course['perSecond'] {
  const canary = (requestsPerSecond * percentage) / 100
  return { canary, control: requestsPerSecond - canary }
}

type AdvanceSettings = Pick<GuardSettings, 'advance' | 'beta'>

function errorCourse({ advance }: AdvanceSettings, site: Site, percentage: number, delta: number): Course {
  return {
    bets: ADVANCE_BETS,
    null_: { rho: advance.rho, delta },
    perSecond: perSecondAt(site, percentage),
    rates: { canary: site.errorRate, control: site.errorRate },
  }
}

/** Seconds until a healthy canary has passed the test of errors, with 90 %. */
export function passSeconds(
  settings: AdvanceSettings,
  site: Site,
  percentage: number,
  delta = settings.advance.delta ?? advanceDelta(percentage),
): number {
  return secondsTo(1 / settings.beta, errorCourse(settings, site, percentage, delta))
}

/**
 * Of an equally fast canary, the share of requests above control's quantiles by the margin of the advance test (30 %), where
 * latencies are log-normal with a sigma of 0.6: web latencies mostly spread more, and then it takes longer.
 */
const ABOVE_MARGIN = [0.333, 0.0432, 0.0189, 0.0029]

/** Seconds until an equally fast canary has passed the tests of latency, with 90 %: warm-up, learning, comparing. */
export function latencyPassSeconds(settings: GuardSettings, site: Site, percentage: number): number {
  const { advance, latency, beta } = settings
  const perSecond = perSecondAt(site, percentage)
  const delta = advance.delta ?? advanceDelta(percentage)
  const begins = Math.max(latency.warmUpMs / 1000, LEAST_LEARNED / perSecond.control)
  const times = LATENCY_QUANTILES.flatMap((quantile, k) => {
    if (!latency.quantiles.includes(quantile)) return []
    const rates = { canary: ABOVE_MARGIN[k] ?? 0, control: 1 - quantile }
    return secondsTo(1 / beta, { bets: ADVANCE_BETS, null_: { rho: advance.rho, delta }, perSecond, rates })
  })
  return begins + Math.max(...times)
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
  settings: AdvanceSettings,
  site: Site,
  { percentage, seconds }: { percentage: number; seconds: number },
): number {
  let delta = settings.advance.delta ?? advanceDelta(percentage)
  while (delta < LARGEST_MARGIN && passSeconds(settings, site, percentage, delta) > seconds)
    delta *= MARGIN_STEP
  return Math.min(LARGEST_MARGIN, delta)
}
