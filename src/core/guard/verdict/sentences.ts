/** The guard's wording: one sentence with its numbers, without a final period, for audit log and dashboard. */

import { countText, quantileText, rateText } from '../../figures.ts'
import { addCounts, NO_COUNTS } from '../evidence/formula.ts'
import { totalWealth } from '../evidence/wealth.ts'
import { controlAgainst, P95_CEILING_RATE } from '../tests/ceilings.ts'
import type { GuardState } from '../tests/guard-state.ts'
import type { RollbackCause } from '../tests/rollback.ts'
import { countsJourneys } from '../tests/share.ts'
import type { Findings } from './findings.ts'
import {
  FAILED,
  JOURNEYS,
  ofText,
  partText,
  shareOf,
  sinceRise,
  sinceText,
  slowSince,
  TURNED_AWAY,
  UNSERVED,
  wholeText,
} from './since.ts'

export const pText = (p: number): string => (p < 1e-6 ? 'p < 0.000001' : `p = ${Number(p.toPrecision(1))}`)

export function causeSentence({ evidence, state }: Findings, cause: RollbackCause): string {
  const p = pText(evidence.pValue)
  switch (cause) {
    case 'cold':
      return `the canary is over three times as slow as control, more often than chance explains (${p})`
    case 'timings':
      return `the app reports longer durations in the canary than chance explains (${p})`
    case 'latency': {
      const slow = slowSince(state)
      return `the canary is slower than control's ${quantileText(slow.quantile)} in more requests than chance explains ${sinceText(slow)} (${p})`
    }
    case 'errors':
      return `the canary fails more requests than control ${sinceText(sinceRise(state, 'errors', FAILED))} (${p})`
  }
}

export function collapseSentence({ state }: Findings): string {
  const since = sinceRise(state, 'collapse', UNSERVED)
  const away = sinceRise(state, 'collapse', TURNED_AWAY).recent.canary.bad
  const does = 2 * away > since.recent.canary.bad ? 'turns away' : 'fails'
  return `the canary ${does} most requests of all visitors, and control doesn't; ${sinceText(since)}`
}

export function trafficSentence({ state, settings }: Findings): string {
  return `the canary completes over ${settings.traffic.maxDropPercent} % fewer journeys than its share of visitors should, ${journeyText(state)}`
}

export function journeyText(state: GuardState): string {
  const { from, recent, whole } = sinceRise(state, 'traffic', JOURNEYS)
  const all = whole === null ? '' : `; whole attempt ${rateText(shareOf(whole.canary))}`
  return `${from}: ${partText(recent.canary)} where ${rateText(state.percentage / 100)} is set${all}`
}

export function ceilingSentence(
  { settings, state, hasControl }: Findings,
  which: 'errors' | 'latency',
): string {
  const { errorRate, p95Ms } = settings.ceilings
  const ceiling = which === 'errors' ? state.errorCeiling : state.latencyCeiling
  const { canaryN, canaryBad } = ceiling.since.reduce(addCounts, NO_COUNTS)
  const found = partText({ bad: canaryBad, all: canaryN })
  const what =
    which === 'errors'
      ? `the canary's error rate is above the ceiling of ${rateText(errorRate ?? 0)}: ${found}`
      : `the canary's p95 is above the ceiling of ${p95Ms} ms: ${found} take longer`
  return hasControl ? `${what}; control's is below` : `${what}; there is no control to compare with`
}

/** Whose fault it is, is not known: control is bad as well, or too small to tell. */
export function sharedSentence({ settings, state }: Findings, which: 'errors' | 'latency'): string {
  const isOfErrors = which === 'errors'
  const what = isOfErrors ? 'error rate' : 'p95'
  const ceiling = isOfErrors ? (settings.ceilings.errorRate ?? 1) : P95_CEILING_RATE
  const control = controlAgainst(isOfErrors ? state.errorCeiling : state.latencyCeiling, ceiling)
  const why =
    control === 'too-few'
      ? 'control has too few requests to compare'
      : 'control is not shown to be below: a shared outage'
  return `the canary's ${what} is above its ceiling, and ${why}`
}

export function clientErrorSentence({ state }: Findings): string {
  const { from, recent, whole } = sinceRise(state, 'answers', TURNED_AWAY)
  return (
    `the canary turns visitors away in ${rateText(shareOf(recent.canary))} of its answers ` +
    `(4xx, or a redirect to the page itself) ${from} ${ofText(recent.canary)}, ` +
    `control in ${partText(recent.control)}${wholeText(whole)}`
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

/** With the figures that were tested: visitors where they are told apart, otherwise journeys or requests of the stage. */
export function splitSentence({ state, evidence }: Findings): string {
  const figures = state.visitors.split?.figures
  const { canaryRequests, controlRequests, canaryJourneys, journeys } = state.stageTotals
  const counted = countsJourneys(state.stageTotals)
    ? { bad: canaryJourneys, all: journeys, unit: 'journeys' }
    : { bad: canaryRequests, all: canaryRequests + controlRequests, unit: 'requests' }
  const share = figures?.share ?? shareOf(counted)
  const what =
    figures === undefined
      ? `of ${counted.unit} ${ofText(counted)}`
      : `of visitors (sampled ${figures.canary} and ${figures.control}, without the two strongest networks)`
  return (
    `sample ratio mismatch: the canary got ${rateText(share)} ${what} ` +
    `where ${rateText(state.percentage / 100)} is set (${pText(evidence.splitPValue)})`
  )
}
