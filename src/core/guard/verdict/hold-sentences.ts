/** Why a stage waits, in one sentence with its numbers, without a final period. */

import { countText, durationText, estimateText, marginTold, quantileText, rateText } from '../../figures.ts'
import { durationsToLearn } from '../evidence/latency.ts'
import { marginOf } from '../tests/stage-margin.ts'
import type { Findings } from './findings.ts'
import { affectedSentence, clientErrorSentence, journeyText, pText } from './sentences.ts'
import { clockText, FAILED, sinceRise, sinceText, slowSince } from './since.ts'

/** Why a stage can't advance yet. */
export type Hold =
  | 'no-requests'
  | 'possible-harm'
  | 'turned-away'
  | 'fewer-journeys'
  | 'affected'
  | 'compares-nothing'
  | 'near-ceiling'
  | 'unchecked'
  | 'networks'
  | 'warm-up'
  | 'unproven'
  | 'health-of-networks'
  | 'bake'
  | 'required'

/** Why a stage waits; without a `hold`, that it may advance. */
export function holdSentence(findings: Findings, hold: Hold | undefined): string {
  const { settings, evidence, hasControl } = findings
  switch (hold) {
    case 'no-requests':
      return silenceSentence(findings)
    case 'possible-harm': {
      const few = evidence.wealth >= 1 / settings.alpha ? ', but from too few visitors' : ''
      return `some evidence of harm${few}: ${harmText(findings)}; waiting until it clears or grows`
    }
    case 'turned-away':
      return `${clientErrorSentence(findings)}; waiting until that clears or grows`
    case 'fewer-journeys':
      return `the canary completes fewer journeys than its share of visitors should, ${journeyText(findings.state)}; waiting until that clears or grows`
    case 'affected':
      return `${affectedSentence(findings)}; waiting until that clears or grows`
    case 'compares-nothing':
      return 'the guard compares neither errors nor latency, so nothing can show the canary to be not worse'
    case 'near-ceiling':
      return 'some evidence that the canary is above a ceiling; waiting until that clears or grows'
    case 'unchecked':
      return `${countText(findings.state.stageTotals.canaryRequests)} of the ${countText(settings.ceilings.minRequests)} canary requests that a ceiling needs have come in this stage`
    case 'networks':
      return 'evidence of harm comes from too few networks; waits for others'
    case 'health-of-networks':
      return 'evidence of health comes from too few networks; waits for others'
    case 'warm-up': {
      const leftMs = settings.latency.warmUpMs - evidence.stageElapsedMs
      return `the canary warms up: its latency is compared in ${durationText(leftMs)}`
    }
    case 'unproven':
      return waitSentence(findings)
    case 'bake': {
      const left = `bakes for another ${durationText(settings.bakeMs - evidence.stageElapsedMs)}`
      return isByTime(findings) ? `${byTimeText(findings)}; ${left}` : `healthy so far; ${left}`
    }
    case 'required':
      return requiredSentence(findings)
    case undefined:
      break
  }
  if (isByTime(findings)) return `the bake time is over; ${byTimeText(findings)}`
  if (hasControl) return `healthy: the canary is shown to be no worse than control${marginText(findings)}`
  return 'healthy: no control at 100 %, judged by its limits alone'
}

/** That no test can act, and why. */
export function unjudgedSentence({ hasControl }: Findings): string {
  const why = hasControl
    ? 'the guard compares nothing and has no limit'
    : 'at 100 % there is no control to compare with, and the guard has no ceiling or threshold'
  return `nothing is judged: ${why}`
}

/** No count of requests and no time ends it. */
const ENDLESS = '; no end in sight'

/** What a stage waits for, as in "waits for …", where neither its bake nor the tests' estimate tells how long. */
export function holdsText(findings: Findings, hold: Hold): string | undefined {
  const { settings, state, missing } = findings
  switch (hold) {
    case 'no-requests':
      return `${missing ?? 'canary'} requests`
    case 'possible-harm':
      return `the evidence of harm to clear or grow${ENDLESS}`
    case 'turned-away':
      return `fewer visitors to be turned away${ENDLESS}`
    case 'fewer-journeys':
      return `as many journeys as its share of visitors${ENDLESS}`
    case 'affected':
      return `fewer visitors who fail again and again${ENDLESS}`
    case 'compares-nothing':
      return `an operator${ENDLESS}`
    case 'near-ceiling':
      return `the evidence that it is above a ceiling to clear or grow${ENDLESS}`
    case 'networks':
    case 'health-of-networks':
      return `visitors of more networks${ENDLESS}`
    case 'unchecked':
      return `${countText(settings.ceilings.minRequests - state.stageTotals.canaryRequests)} more canary requests`
    case 'warm-up':
    case 'unproven':
    case 'bake':
    case 'required':
      return unmetText(findings)
  }
}

/** A limit of the stage that isn't kept, or else the visitors that it asks for: those come. */
function unmetText({ requirements, settings }: Findings): string | undefined {
  const { minVisitors = null } = settings.require ?? {}
  const limits = minVisitors === null ? requirements : requirements.slice(1)
  const limit = limits.find(({ met }) => !met)
  const first = limit ?? requirements.find(({ met }) => !met)
  return first && `${first.text}, ${first.found} so far${limit === undefined ? '' : ENDLESS}`
}

/** Which of the two comparisons has more evidence, with its figures. */
function harmText({ evidence, state }: Findings): string {
  const slow = slowSince(state)
  const found =
    evidence.errorWealth >= evidence.latencyWealth
      ? `it fails ${sinceText(sinceRise(state, 'errors', FAILED))}`
      : `slower than control's ${quantileText(slow.quantile)} ${sinceText(slow)}`
  return `${found} (${pText(evidence.pValue)})`
}

/** Which arm is silent, and since when: read long after this look, a duration would be too short. */
function silenceSentence({ state, missing }: Findings): string {
  const { stageTotals, totals, lastAtMs, stageStartedAtMs } = state
  const [canary, control] = [stageTotals.canaryRequests, stageTotals.controlRequests]
  const arm = missing ?? 'canary'
  if (totals[`${arm}Requests`] === 0) return `no ${arm} requests to judge`
  if (stageTotals[`${arm}Requests`] === 0) {
    const whose = canary + control === 0 ? '' : `${arm} `
    return `no ${whose}requests since this stage began, at ${clockText(stageStartedAtMs, lastAtMs)}`
  }
  const seenAtMs = (arm === 'canary' ? state.canarySeenAtMs : state.controlSeenAtMs) ?? stageStartedAtMs
  return `no ${arm} requests to judge since ${clockText(seenAtMs, lastAtMs)}`
}

/** The first limit of the stage that isn't kept, and how many others. */
function requiredSentence({ requirements }: Findings): string {
  const [first, ...others] = requirements.filter(({ met }) => !met)
  const more = others.length === 0 ? '' : `, and ${countText(others.length)} more`
  return `no harm found, but the stage asks for ${first?.text}: ${first?.found}${more}`
}

/** What a stage with a time to be left in doesn't exclude, where that is more than usual. */
function marginText({ settings, state, evidence }: Findings): string {
  if (state.margin === null || state.margin <= marginOf(settings, { ...state, margin: null })) return ''
  return `; ${marginTold(evidence.advanceMargin)} in the time of this stage`
}

/** At 100 % without a control nothing is compared in any case. */
const isByTime = ({ settings, hasControl }: Findings) => hasControl && settings.advance.byTime

/** How a rollout climbs that no test leads on. */
function byTimeText(findings: Findings): string {
  return `it climbs by time: ${checkedText(findings)}, and the canary is not shown to be as good as control`
}

/** What a stage that advances by time is checked for. */
function checkedText({
  settings: { errors, latency, clientErrors, ceilings, thresholds, traffic, metrics },
}: Findings): string {
  const compared = [
    errors.enabled && 'errors',
    latency.enabled && 'latency',
    clientErrors.enabled && 'answers',
  ]
  const checked = [
    compared.some(Boolean) && `no harm by ${compared.filter(Boolean).join(', ')}`,
    ceilings.errorRate !== null && `an error rate below ${rateText(ceilings.errorRate)}`,
    ceilings.p95Ms !== null && `a p95 below ${ceilings.p95Ms} ms`,
    (thresholds.errors !== null || thresholds.slow !== null) && 'no threshold passed',
    traffic.maxDropPercent !== null && 'no lost journeys',
    metrics !== undefined && 'no metric beyond its limit',
  ].filter((each) => each !== false)
  return `what is checked holds (${checked.join('; ')})`
}

function waitSentence(findings: Findings): string {
  const { progress, state } = findings
  const isLatency = progress.waitsFor === 'latency'
  const toLearn = durationsToLearn(state.latency)
  if (isLatency && toLearn > 0)
    return `learning how long control takes: ${countText(toLearn)} more answers of control`
  if (progress.requestsToGo === null) {
    if (progress.isEarly)
      return `collecting evidence on ${isLatency ? 'latency' : 'the error rate'}: too early to tell how many requests it takes`
    return `the canary's ${isLatency ? 'latency' : 'error rate'} is not shown to be as good as control's, and is not getting closer`
  }
  const { canaryRequests } = state.stageTotals
  const waitMs = (progress.requestsToGo * (state.lastAtMs - state.stageStartedAtMs)) / canaryRequests
  const at = canaryRequests > 0 && waitMs > 0 ? `, about ${durationText(waitMs)} at the present rate` : ''
  const left = `needs about ${estimateText(progress.requestsToGo)} more canary requests${at}`
  return `collecting evidence on ${isLatency ? 'latency' : 'the error rate'}: ${left}${marginText(findings)}`
}
