/**
 * How long a stage takes a healthy canary, and how small a regression it finds: from the traffic alone, before anything
 * has been counted (guard/tests/pass-time.ts).
 */

import { durationText, marginTold, rateText } from '../figures.ts'
import { secondsTo } from '../guard/evidence/course.ts'
import { type GuardSettings, showsNothing } from '../guard/index.ts'
import { latencyPassSeconds, passSeconds, perSecondAt, type Site } from '../guard/tests/pass-time.ts'
import { askedTexts } from '../guard/tests/requirements.ts'
import { ERROR_BETS, weightsOf } from '../guard/tests/rollback.ts'
import { chosenMargin, lookMs, marginOf } from '../guard/tests/stage-margin.ts'
import type { StagePlan } from './plan.ts'

export type { Site } from '../guard/tests/pass-time.ts'

export type StageSizing = {
  percentage: number
  /** Until a healthy canary has passed, with 90 %; at least the bake and the warm-up. */
  passMs: number
  /** The lowest error rate (0–1) that the stage finds with 90 % in that time; null: none below 1. */
  findsErrorRate: number | null
  /** By how much the canary may be worse (a rate), where that is more than usual for the stage to be left `within` its time. */
  allows: number | null
  /** What the stage asks for besides that, which no traffic foretells. */
  asks: readonly string[]
}

type SizedStage = Pick<StagePlan, 'percentage' | 'bakeMs' | 'withinMs' | 'require'>

type Arm = { requests: number; errors: number }
/** Where there is no control to tell. */
const USUAL_ERROR_RATE = 0.005

/** The traffic of a flag's points in time; undefined where there was none. */
export function siteOf({
  points,
  stepMs,
}: {
  points: readonly { canary: Arm; control: Arm }[]
  stepMs: number
}): Site | undefined {
  let [requests, control, errors] = [0, 0, 0]
  for (const point of points) {
    requests += point.canary.requests + point.control.requests
    control += point.control.requests
    errors += point.control.errors
  }
  if (requests === 0) return undefined
  const requestsPerSecond = (requests * 1000) / (points.length * stepMs)
  return { requestsPerSecond, errorRate: control === 0 ? USUAL_ERROR_RATE : errors / control }
}

/** What the test of errors bets at once; later bets only bring it forward. */
const BET_AT_ONCE = 0.6

/** Sizing of each stage, in turn; 100 % without a holdback has no control, so only its bake counts. */
export function sizeStages(
  settings: GuardSettings,
  site: Site,
  stages: readonly SizedStage[],
): StageSizing[] {
  let before: StageSizing | undefined
  return stages.map(({ percentage, bakeMs, withinMs, require }) => {
    const { margin, looksMs } = expectedMargin({ ...settings, ...(withinMs && { withinMs }) }, site, {
      percentage,
      before,
    })
    const usual = marginOf(settings, { percentage, margin: null })
    const advance = { ...settings.advance, delta: margin ?? usual }
    const passMs = Math.max(bakeMs, passTimeMs({ ...settings, advance }, site, percentage, looksMs))
    before = {
      percentage,
      passMs,
      findsErrorRate: foundIn(settings, site, percentage, passMs),
      allows: margin !== null && margin > usual ? margin : null,
      asks: require === undefined ? [] : askedTexts(require),
    }
    return before
  })
}

/** The margin that the guard will choose (tests/stage-margin.ts): by the stage before, or by a first look of the stage's own. */
function expectedMargin(
  settings: GuardSettings,
  site: Site,
  { percentage, before }: { percentage: number; before: StageSizing | undefined },
): { margin: number | null; looksMs: number } {
  const { withinMs } = settings
  if (!withinMs || settings.advance.byTime || !(percentage > 0 && percentage < 100))
    return { margin: null, looksMs: 0 }
  const at = (place: number, elapsedMs: number) => {
    const { canary, control } = perSecondAt(site, place)
    const controlRequests = (control * elapsedMs) / 1000
    const totals = {
      canaryRequests: (canary * elapsedMs) / 1000,
      controlRequests,
      controlErrors: controlRequests * site.errorRate,
    }
    return chosenMargin(settings, percentage, { totals, elapsedMs })
  }
  const known =
    before === undefined || !Number.isFinite(before.passMs) ? null : at(before.percentage, before.passMs)
  if (known !== null) return { margin: known, looksMs: 0 }
  const looksMs = lookMs(withinMs, site.requestsPerSecond)
  return { margin: at(percentage, looksMs), looksMs }
}

/** In a rollout the holdback stays control until the end. */
const HOLDBACK_PERCENT = 1

/** The same with percentages as they are compared: a stage of 100 % keeps the holdback as its control. */
export function sizeLadder(
  settings: GuardSettings,
  site: Site,
  stages: readonly SizedStage[],
  holdbackPercent = HOLDBACK_PERCENT,
): StageSizing[] {
  const most = 100 - holdbackPercent
  return sizeStages(
    settings,
    site,
    stages.map((stage) => ({ ...stage, percentage: Math.min(stage.percentage, most) })),
  )
}

/** "12 min, given 50 visitors; worse by up to 2 points is not excluded"; "never" where the canary can't pass. */
export function passText({ passMs, allows, asks }: StageSizing): string {
  if (!Number.isFinite(passMs)) return 'never'
  const given = asks.length === 0 ? '' : `, given ${asks.join(', ')}`
  return durationText(passMs) + given + (allows === null ? '' : `; ${marginTold(allows)}`)
}

/** "errors from 1.4 % on" */
export function findsText({ findsErrorRate }: StageSizing): string {
  return findsErrorRate === null ? 'nothing by comparison' : `errors from ${rateText(findsErrorRate)} on`
}

/** Stages that suit a site: with few requests, a canary of 1 % shows nothing for days. */
export function proposedStages({ requestsPerSecond }: Site): readonly number[] {
  if (requestsPerSecond < 20) return [10, 50, 100]
  return requestsPerSecond < 200 ? [5, 25, 50, 100] : [1, 5, 25, 50, 100]
}

/** A rollout that takes longer is overtaken by the next release. */
const TOO_LONG_MS = 30 * 24 * 3_600_000

/** What to do about the sizes of a flag's stages, in one sentence. */
export function adviceText(settings: GuardSettings, site: Site, stages: readonly StageSizing[]): string {
  const instead = 'set the guard’s "advance" to "time", or advance the stages yourself'
  if (showsNothing(settings) && stages.some(({ passMs }) => passMs === Number.POSITIVE_INFINITY))
    return `The guard compares neither errors nor latency, so no stage advances by itself: ${instead}.`
  const totalMs = stages.reduce((sum, { passMs }) => sum + passMs, 0)
  if (totalMs > TOO_LONG_MS) return `This is too little traffic for the guard: ${instead}.`
  return `At this traffic, stages such as ${proposedStages(site).join('/')} suit.`
}

/** `looksMs`: after which the test of errors starts afresh. */
function passTimeMs(settings: GuardSettings, site: Site, percentage: number, looksMs: number): number {
  if (!(percentage > 0 && percentage < 100) || settings.advance.byTime) return 0
  if (showsNothing(settings)) return Number.POSITIVE_INFINITY
  const errors = settings.errors.enabled ? passSeconds(settings, site, percentage) : 0
  const latency = settings.latency.enabled ? latencyPassSeconds(settings, site, percentage) : 0
  return Math.max(errors * 1000 + looksMs, latency * 1000)
}

/** Seconds until errors alone bring M over its line, with 90 %. */
function findSeconds(settings: GuardSettings, site: Site, percentage: number, canary: number): number {
  const level = 1 / (settings.alpha * weightsOf(settings).errors * BET_AT_ONCE)
  return secondsTo(level, {
    bets: ERROR_BETS,
    null_: settings.errors,
    perSecond: perSecondAt(site, percentage),
    rates: { canary, control: site.errorRate },
  })
}

function foundIn(settings: GuardSettings, site: Site, percentage: number, withinMs: number): number | null {
  if (!settings.errors.enabled || !(percentage > 0 && percentage < 100) || !Number.isFinite(withinMs))
    return null
  const isFound = (canary: number) => findSeconds(settings, site, percentage, canary) * 1000 <= withinMs
  if (!isFound(1)) return null
  let [low, high] = [site.errorRate, 1]
  for (let step = 0; step < 20; step++) {
    const middle = Math.sqrt(Math.max(low, 1e-6) * high)
    if (isFound(middle)) high = middle
    else low = middle
  }
  return high
}

/** A site with one request of the canary each second. */
function siteOfOne(percentage: number, errorRate: number): Site {
  return { requestsPerSecond: 100 / percentage, errorRate }
}

/** The lowest error rate (0–1) that so many requests of the canary show with 90 %; null: none below 1. */
export function findsAfter(
  settings: GuardSettings,
  { requests, percentage, errorRate }: { requests: number; percentage: number; errorRate: number },
): number | null {
  return foundIn(settings, siteOfOne(percentage, errorRate), percentage, requests * 1000)
}

/** Requests of the canary until an error rate is found with 90 %; Infinity: never. */
export function requestsToFind(
  settings: GuardSettings,
  { canaryRate, percentage, errorRate }: { canaryRate: number; percentage: number; errorRate: number },
): number {
  return findSeconds(settings, siteOfOne(percentage, errorRate), percentage, canaryRate)
}
