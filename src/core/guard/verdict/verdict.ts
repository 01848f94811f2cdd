/** From evidence to a verdict: who is at fault, and what follows. sentences.ts has the wording. */

import { type GuardSettings, judgesNothing, showsNothing } from '../evidence/settings.ts'
import type { Judgement, Trigger, Verdict } from '../evidence/types.ts'
import { totalWealth } from '../evidence/wealth.ts'
import type { ByGroup } from '../networks/groups.ts'
import { withoutTwoLargest } from '../networks/without-two.ts'
import { isAdvanceCarried } from '../tests/advance.ts'
import { isBreachCarried, P95_CEILING_RATE } from '../tests/ceilings.ts'
import { isCollapseCarried } from '../tests/collapse.ts'
import type { GuardDecision, GuardState } from '../tests/guard-state.ts'
import { rollbackCause, slotsNeeded } from '../tests/rollback.ts'
import { hasTrafficDropped, isDropCarried, isDropping } from '../tests/share.ts'
import type { Findings } from './findings.ts'
import { find } from './findings.ts'
import { type Hold, holdSentence, holdsText, unjudgedSentence } from './hold-sentences.ts'
import {
  affectedSentence,
  causeSentence,
  ceilingSentence,
  clientErrorSentence,
  collapseSentence,
  sharedSentence,
  splitSentence,
  trafficSentence,
} from './sentences.ts'

/** No stage advances with even this much evidence of harm. */
const MOST_WEALTH_TO_ADVANCE = 2

const CLIENT_ERRORS_TO_HOLD = 4
const AFFECTED_TO_HOLD = 4
const JOURNEYS_TO_HOLD = 4

/** The verdict on a state, and the decision if there is a new one. */
export function judge(
  settings: GuardSettings,
  state: GuardState,
): { verdict: Verdict; decision: GuardDecision | null } {
  const findings = find(settings, state)
  const { evidence } = findings
  const asked = findings.requirements.length === 0 ? {} : { requirements: [...findings.requirements] }
  const charges = state.decision === null ? chargesOf(findings) : []
  const decision = state.decision ?? charges.find(({ carried }) => carried)?.decision ?? null
  if (decision !== null) {
    const { trigger, sentence } = decision
    const failing = { kind: 'failing', action: settings.action, trigger, sentence } as const
    return { verdict: { ...failing, evidence, ...asked }, decision }
  }
  const alarms = alarmsOf(findings)
  const alarm = alarms.find(({ carried }) => carried)
  const isWaiting = charges.length + alarms.length > 0
  const worded = alarm?.worded ?? watch(findings, isWaiting)
  return { verdict: { ...worded, evidence, ...asked }, decision: null }
}

/** A reason to act, and whether it holds without two networks; until then it waits. */
type Charge = { decision: GuardDecision; carried: boolean }

/** Why the canary should be rolled back, surest reason first. */
function chargesOf(findings: Findings): Charge[] {
  const { settings, state, ceilings, standing } = findings
  const charges: Charge[] = []
  const charge = (trigger: Trigger, sentence: string, carried: boolean) =>
    charges.push({ decision: { trigger, sentence, atMs: state.lastAtMs }, carried })
  const needed = slotsNeeded(settings, state.percentage)
  const carriedCause = rollbackCause(settings, state.rollback, needed, standing)
  const cause =
    carriedCause ?? rollbackCause(settings, state.rollback, needed, { ...standing, regime: 'none' })
  if (cause !== null)
    charge(cause === 'errors' ? 'errors' : 'latency', causeSentence(findings, cause), carriedCause !== null)
  if (findings.affected.decides) charge('errors', affectedSentence(findings), findings.affected.carried)
  if (findings.hasCollapsed) {
    const trigger = settings.errors.enabled ? 'errors' : 'ceiling'
    charge(trigger, collapseSentence(findings), isCollapseCarried(settings, state.collapse, standing))
  }
  if (settings.clientErrors.action === 'rollback' && findings.clientErrors.decides)
    charge('client-errors', clientErrorSentence(findings), findings.clientErrors.carried)
  for (const which of ['errors', 'latency'] as const)
    if (ceilings[which] === 'breached')
      charge('ceiling', ceilingSentence(findings, which), isCeilingCarried(findings, which))
  for (const over of overThresholds(findings))
    if (!over.shared) charge('threshold', over.sentence, over.carried)
  if (hasTrafficDropped(settings, state.share))
    charge('traffic', trafficSentence(findings), isDropCarried(settings, state.share, standing))
  return charges
}

/** In a few networks, errors above a ceiling are discordant ones, but no one could confirm durations. */
function isCeilingCarried(
  { settings: { alpha, ceilings }, state, standing }: Findings,
  which: 'errors' | 'latency',
): boolean {
  if (which === 'errors') return isBreachCarried(state.errorCeiling, ceilings.errorRate ?? 1, alpha, standing)
  return standing.regime !== 'few' && isBreachCarried(state.latencyCeiling, P95_CEILING_RATE, alpha, standing)
}

type Over = { sentence: string; shared: boolean; carried: boolean }

/**
 * Plain counts of all visitors who are served the flag, compared or not; `shared` when control's rate is no better.
 */
function overThresholds({ settings, state, standing: { regime } }: Findings): Over[] {
  const { errors, slow } = settings.thresholds
  const { totals, served } = state
  const requests = totals.canaryRequests + totals.otherRequests
  const shared = (bad: number, controlBad: number) =>
    totals.controlRequests > 0 && bad * totals.controlRequests <= settings.errors.rho * controlBad * requests
  const carried = (groups: ByGroup, limit: number) => regime !== 'few' && withoutTwoLargest(groups) > limit
  const whose = (others: number) => (others > 0 ? '' : 'canary ')
  const found: Over[] = []
  const failed = totals.canaryErrors + totals.otherErrors
  if (errors !== null && failed > errors)
    found.push({
      sentence: `${failed} ${whose(totals.otherErrors)}errors, more than the threshold of ${errors}`,
      shared: shared(failed, totals.controlErrors),
      carried: carried(served.errors, errors),
    })
  const late = totals.canarySlow + totals.otherSlow
  if (slow !== null && late > slow.count)
    found.push({
      sentence:
        `${late} ${whose(totals.otherSlow)}requests slower than ${slow.baselineMs} ms, ` +
        `more than the threshold of ${slow.count}`,
      shared: shared(late, totals.controlSlow),
      carried: carried(served.slow, slow.count),
    })
  return found
}

/** Whether the counts contradict the split. While journeys begin to be missing, its visitors leave the canary: no fault of the split. */
function hasOddSplit({ settings: { split }, evidence }: Findings): boolean {
  return split.enabled && evidence.splitPValue < split.alpha
}

type Worded = Judgement & { sentence: string; holds?: string }
type Alarm = { worded: Worded; carried: boolean }

/** What is wrong, but not shown to be the canary's fault: freeze and call a person. */
function alarmsOf(findings: Findings): Alarm[] {
  const { settings, state, standing, ceilings, missing } = findings
  const alarms: Alarm[] = []
  if (missing === null && hasOddSplit(findings) && !isDropping(settings, state.share))
    alarms.push({
      worded: { kind: 'broken-split', sentence: splitSentence(findings) },
      // Visitors are counted without the two networks that have most of them; requests prove nothing.
      carried: standing.regime === 'none' || state.visitors.split !== null,
    })
  if (settings.clientErrors.action === 'freeze' && findings.clientErrors.decides)
    alarms.push({
      worded: { kind: 'client-errors', sentence: clientErrorSentence(findings) },
      carried: findings.clientErrors.carried,
    })
  for (const which of ['errors', 'latency'] as const)
    if (ceilings[which] === 'shared')
      alarms.push({
        worded: { kind: 'shared-outage', trigger: 'ceiling', sentence: sharedSentence(findings, which) },
        carried: isCeilingCarried(findings, which),
      })
  for (const { sentence, shared, carried } of overThresholds(findings))
    if (shared) {
      const worded = `${sentence}, but control fares no better: a shared outage`
      alarms.push({ worded: { kind: 'shared-outage', trigger: 'threshold', sentence: worded }, carried })
    }
  return alarms
}

const LACKS: Partial<Record<Hold, 'requests' | 'test'>> = {
  'no-requests': 'requests',
  'compares-nothing': 'test',
}

/** Nothing is done: healthy, or held with the reason. `isWaiting`: there is evidence, but it depends on two networks. */
function watch(findings: Findings, isWaiting: boolean): Worded {
  const { settings, evidence } = findings
  const hold = holdOf(findings, isWaiting)
  const isUnjudged = judgesNothing(settings, findings.hasControl)
  const sentence = isUnjudged ? unjudgedSentence(findings) : holdSentence(findings, hold)
  if (hold === undefined)
    return isUnjudged
      ? { kind: 'unjudged', mayAdvance: true, alert: null, sentence }
      : { kind: 'healthy', sentence }
  const isLate = settings.maxBakeMs !== null && evidence.stageElapsedMs >= settings.maxBakeMs
  const alert = isLate ? `the stage is past its longest bake: ${sentence}` : null
  const holds = holdsText(findings, hold)
  const words = { alert, sentence, ...(holds !== undefined && { holds }) }
  if (isUnjudged) return { kind: 'unjudged', mayAdvance: false, ...words }
  if (hold === 'bake') return { kind: 'baking', ...words }
  return { kind: 'collecting', lacks: LACKS[hold] ?? 'evidence', ...words }
}

/** The first reason why the stage can't advance; undefined when it may. */
function holdOf(findings: Findings, isWaiting: boolean): Hold | undefined {
  const { settings, state, standing, evidence, progress, hasControl, missing, carriedWealth } = findings
  if (missing !== null || state.stageTotals.canaryRequests === 0) return 'no-requests'
  if (carriedWealth >= MOST_WEALTH_TO_ADVANCE) return isWaiting ? 'networks' : 'possible-harm'
  // No promotion on the way to a verdict; the margin of that test makes a healthy canary's evidence vanish soon.
  if (findings.clientErrors.wealth >= CLIENT_ERRORS_TO_HOLD) return isWaiting ? 'networks' : 'turned-away'
  if (isDropping(settings, state.share, JOURNEYS_TO_HOLD) || hasOddSplit(findings))
    return isWaiting ? 'networks' : 'fewer-journeys'
  if (findings.affected.wealth >= AFFECTED_TO_HOLD) return isWaiting ? 'networks' : 'affected'
  const { byTime } = settings.advance
  if (hasControl && showsNothing(settings)) return 'compares-nothing'
  const isCompared = hasControl && !byTime
  if (!isCompared && isNearCeiling(findings)) return isWaiting ? 'networks' : 'near-ceiling'
  if (isCompared && !progress.passed) {
    if (isWaiting) return 'networks'
    return progress.waitsFor === 'latency' && findings.isCold ? 'warm-up' : 'unproven'
  }
  if (evidence.stageElapsedMs < settings.bakeMs) return 'bake'
  if (findings.requirements.some(({ met }) => !met)) return 'required'
  if (!isCompared && isUnchecked(findings)) return 'unchecked'
  const isCarried = !isCompared || isAdvanceCarried(settings, state.advance, state, standing)
  return isCarried ? undefined : 'health-of-networks'
}

/** Whether there is some evidence that the canary is above one of its ceilings. */
function isNearCeiling({ settings: { ceilings }, state }: Findings): boolean {
  const { errorCeiling, latencyCeiling } = state
  return (
    (ceilings.errorRate !== null && totalWealth(errorCeiling.wealth) >= MOST_WEALTH_TO_ADVANCE) ||
    (ceilings.p95Ms !== null && totalWealth(latencyCeiling.wealth) >= MOST_WEALTH_TO_ADVANCE)
  )
}

/** Whether too few of the stage's visitors have come for a ceiling to say anything of it. */
function isUnchecked({ settings: { ceilings }, state }: Findings): boolean {
  const hasCeiling = ceilings.errorRate !== null || ceilings.p95Ms !== null
  return hasCeiling && state.stageTotals.canaryRequests < ceilings.minRequests
}
