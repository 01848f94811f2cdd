/**
 * How long a stage takes a healthy canary, and how small a regression it finds: from the traffic alone, before anything
 * has been counted (guard/tests/pass-time.ts).
 */

import type { GuardSettings } from '../guard/index.ts'
import { passSeconds, type Site, secondsTo } from '../guard/tests/pass-time.ts'
import { ERROR_BETS } from '../guard/tests/rollback.ts'

export type { Site } from '../guard/tests/pass-time.ts'

export type StageSizing = {
  percentage: number
  /** Until a healthy canary has passed, with 90 %; at least the bake and the warm-up. */
  passMs: number
  /** The lowest error rate (0–1) that the stage finds with 90 % in that time; null: none below 1. */
  findsErrorRate: number | null
}

/** Share of the wealth in M, and what is bet at once. */
const STAKE = 0.6 * 0.6

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
  const seconds = passSeconds(settings, { requestsPerSecond, errorRate }, percentage)
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
    return secondsTo(wanted, requestsPerSecond, percentage, test) * 1000 <= withinMs
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
