/** The guard's wording: one sentence with its numbers, without a final period, for audit log and dashboard. */

import { countText, durationText, rateText } from '../../figures.ts'
import { durationsToLearn } from '../evidence/latency.ts'
import { totalWealth } from '../evidence/wealth.ts'
import type { RollbackCause } from '../tests/rollback.ts'
import { marginOf } from '../tests/stage-margin.ts'
import type { Findings } from './findings.ts'

const pText = (p: number): string => (p < 1e-6 ? 'p < 0.000001' : `p = ${Number(p.toPrecision(1))}`)

export function causeSentence({ evidence }: Findings, cause: RollbackCause): string {
  if (cause === 'cold') {
    return `the canary is over three times as slow as control, more often than chance explains (${pText(evidence.pValue)})`
  }
  if (cause === 'timings') {
    return `the app reports longer durations in the canary than chance explains (${pText(evidence.pValue)})`
  }
  if (cause === 'latency') {
    return `the canary is slower than control in more requests than chance explains (${pText(evidence.pValue)})`
  }
  return (
    `the canary fails ${rateText(evidence.canaryErrorRate)} of requests, ` +
    `control ${rateText(evidence.controlErrorRate)} (${pText(evidence.pValue)})`
  )
}

/** No numbers: the rates of the last minute still include the time before. */
export const COLLAPSE_SENTENCE = "the canary fails most requests of all visitors, and control doesn't"

export function ceilingSentence({ settings, hasControl }: Findings, which: 'errors' | 'latency'): string {
  const { errorRate, p95Ms } = settings.ceilings
  const what =
    which === 'errors'
      ? `the canary's error rate is above the ceiling of ${rateText(errorRate ?? 0)}`
      : `the canary's p95 is above the ceiling of ${p95Ms} ms`
  return hasControl ? `${what}, control's is below` : `${what}; there is no control to compare with`
}

export function sharedSentence(which: 'errors' | 'latency'): string {
  const what = which === 'errors' ? 'error rate' : 'p95'
  return `the canary's ${what} is above its ceiling, and control is not shown to be below: a shared outage`
}

export function clientErrorSentence({ evidence }: Findings): string {
  return (
    `the canary turns visitors away in ${rateText(evidence.canaryClientErrorRate)} of its answers ` +
    `(4xx, or a redirect to the page itself), control in ${rateText(evidence.controlClientErrorRate)}`
  )
}

/** With the figures of the level that says more. */
export function affectedSentence({ state: { affected, percentage }, evidence }: Findings): string {
  const [first = 0, second = 0] = affected.wealth.map(totalWealth)
  const level = second > first ? 1 : 0
  const [canary, control] = [affected.canary[level] ?? 0, affected.control[level] ?? 0]
  return (
    `${countText(canary)} ${canary === 1 ? 'visitor' : 'visitors'} of the canary failed ${level === 0 ? 'twice' : 'four times'} or more, ` +
    `${countText(control)} of control, where the canary has ${rateText(percentage / 100)} of visitors (${pText(evidence.pValue)})`
  )
}

/** With the figures that were tested. */
export function splitSentence({ state, evidence }: Findings): string {
  const { canaryRequests, controlRequests } = state.stageTotals
  const figures = state.visitors.split?.figures
  const share = figures?.share ?? canaryRequests / Math.max(1, canaryRequests + controlRequests)
  const what =
    figures === undefined
      ? 'of requests'
      : `of visitors (sampled ${figures.canary} and ${figures.control}, without the two strongest networks)`
  return (
    `sample ratio mismatch: the canary got ${rateText(share)} ${what} ` +
    `where ${rateText(state.percentage / 100)} is set (${pText(evidence.splitPValue)})`
  )
}

/** Why a stage can't advance yet. */
export type Hold =
  | 'no-requests'
  | 'possible-harm'
  | 'turned-away'
  | 'affected'
  | 'compares-nothing'
  | 'networks'
  | 'warm-up'
  | 'unproven'
  | 'health-of-networks'
  | 'bake'
  | 'required'

/** Why a stage waits; without a `hold`, that it may advance. */
export function holdSentence(findings: Findings, hold: Hold | undefined): string {
  const { settings, evidence, missing, hasControl } = findings
  switch (hold) {
    case 'no-requests':
      if (missing === null)
        return `no canary requests since this stage began ${durationText(evidence.stageElapsedMs)} ago`
      return `no ${missing ?? 'canary'} requests: nothing to judge`
    case 'possible-harm': {
      const few = evidence.wealth >= 1 / settings.alpha ? ', but from too few visitors' : ''
      return `some evidence of harm (${pText(evidence.pValue)})${few}; waiting until it clears or grows`
    }
    case 'turned-away':
      return `${clientErrorSentence(findings)}; waiting until that clears or grows`
    case 'affected':
      return `${affectedSentence(findings)}; waiting until that clears or grows`
    case 'compares-nothing':
      return (
        'the guard compares neither errors nor latency, so nothing can show the canary to be not worse: ' +
        'advance the stage yourself, or set the guard\'s advance to "time"'
      )
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
    case 'bake':
      return `healthy so far; bakes for another ${durationText(settings.bakeMs - evidence.stageElapsedMs)}`
    case 'required':
      return requiredSentence(findings)
    case undefined:
      break
  }
  if (hasControl && settings.advance.byTime)
    return `the bake time is over, and ${checkedText(findings)}; the canary is not shown to be as good as control`
  if (hasControl) return `healthy: the canary is shown to be no worse than control${marginText(findings)}`
  return settings.ceilings.errorRate === null && settings.ceilings.p95Ms === null
    ? 'healthy: no control at 100 % and no ceiling set, so nothing is compared'
    : 'healthy: no control at 100 %, judged by the ceiling alone'
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
  return `; worse by up to ${pointsText(evidence.advanceMargin)} is not excluded in the time of this stage`
}

/** 0.02 → "2 points". */
function pointsText(rate: number): string {
  const points = Number((rate * 100).toPrecision(2))
  return points === 1 ? '1 point' : `${points} points`
}

/** What a stage that advances by time was checked for. */
function checkedText({
  settings: { errors, latency, clientErrors, ceilings, thresholds, traffic },
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
  ].filter((each) => each !== false)
  return checked.length === 0 ? 'nothing was checked' : `what was checked holds (${checked.join('; ')})`
}

function waitSentence(findings: Findings): string {
  const { progress, state } = findings
  const isLatency = progress.waitsFor === 'latency'
  const toLearn = durationsToLearn(state.latency)
  if (isLatency && toLearn > 0)
    return `learning how long control takes: ${countText(toLearn)} more answers of control`
  if (progress.requestsToGo === null) {
    return `the canary's ${isLatency ? 'latency' : 'error rate'} is not shown to be as good as control's, and is not getting closer`
  }
  const { canaryRequests } = state.stageTotals
  const waitMs = (progress.requestsToGo * (state.lastAtMs - state.stageStartedAtMs)) / canaryRequests
  const left =
    canaryRequests > 0 && waitMs > 0
      ? `about ${durationText(waitMs)} at the present rate`
      : `about ${roundedText(progress.requestsToGo)} more canary requests`
  return `collecting evidence on ${isLatency ? 'latency' : 'the error rate'}: ${left}${marginText(findings)}`
}

/** 1234.5 → "1,200": two digits are all that an estimate has. */
function roundedText(value: number): string {
  return countText(value < 10 ? Math.ceil(value) : Number(value.toPrecision(2)))
}
