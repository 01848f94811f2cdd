/** From evidence to a verdict: who is at fault, and what follows. sentences.ts has the wording. */

import type { GuardSettings } from '../evidence/settings.ts'
import type { Judgement, Verdict } from '../evidence/types.ts'
import type { GuardDecision, GuardState } from '../tests/guard-state.ts'
import { rollbackCause, slotsNeeded } from '../tests/rollback.ts'
import { hasTrafficDropped } from '../tests/share.ts'
import type { Findings } from './findings.ts'
import { find } from './findings.ts'
import {
  COLLAPSE_SENTENCE,
  causeSentence,
  ceilingSentence,
  type Hold,
  holdSentence,
  sharedSentence,
  splitSentence,
} from './sentences.ts'

/** No stage advances with even this much evidence of harm. */
const MOST_WEALTH_TO_ADVANCE = 2

/** The verdict on a state, and the decision if there is a new one. */
export function judge(
  settings: GuardSettings,
  state: GuardState,
): { verdict: Verdict; decision: GuardDecision | null } {
  const findings = find(settings, state)
  const { evidence } = findings
  const decision = state.decision ?? decide(findings)
  if (decision !== null) {
    const { trigger, sentence } = decision
    return { verdict: { kind: 'failing', action: settings.action, trigger, sentence, evidence }, decision }
  }
  return { verdict: { ...(frozen(findings) ?? watch(findings)), evidence }, decision: null }
}

/** Why the canary is rolled back, surest reason first; null for none. */
function decide(findings: Findings): GuardDecision | null {
  const { settings, state, ceilings } = findings
  const atMs = state.lastAtMs
  const cause = rollbackCause(settings, state.rollback, slotsNeeded(settings, state.percentage))
  if (cause !== null) {
    const trigger = cause === 'errors' ? 'errors' : 'latency'
    return { trigger, sentence: causeSentence(findings, cause), atMs }
  }
  if (findings.hasCollapsed) {
    return { trigger: settings.errors.enabled ? 'errors' : 'ceiling', sentence: COLLAPSE_SENTENCE, atMs }
  }
  if (ceilings.errors === 'breached' || ceilings.latency === 'breached') {
    const which = ceilings.errors === 'breached' ? 'errors' : 'latency'
    return { trigger: 'ceiling', sentence: ceilingSentence(findings, which), atMs }
  }
  const over = overThreshold(settings, state)
  if (over !== null && !over.shared) return { trigger: 'threshold', sentence: over.sentence, atMs }
  if (hasTrafficDropped(settings, state.share)) {
    const percent = settings.traffic.maxDropPercent
    const sentence = `the canary completes over ${percent} % fewer journeys than its share of visitors should`
    return { trigger: 'traffic', sentence, atMs }
  }
  return null
}

/**
 * Plain counts of all visitors who are served the flag, compared or not; `shared` when control's rate is no better.
 */
function overThreshold(
  settings: GuardSettings,
  state: GuardState,
): { sentence: string; shared: boolean } | null {
  const { errors, slow } = settings.thresholds
  const { totals } = state
  const requests = totals.canaryRequests + totals.otherRequests
  const shared = (bad: number, controlBad: number) =>
    totals.controlRequests > 0 && bad * totals.controlRequests <= settings.errors.rho * controlBad * requests
  const whose = (others: number) => (others > 0 ? '' : 'canary ')
  const failed = totals.canaryErrors + totals.otherErrors
  if (errors !== null && failed > errors) {
    const sentence = `${failed} ${whose(totals.otherErrors)}errors, more than the threshold of ${errors}`
    return { sentence, shared: shared(failed, totals.controlErrors) }
  }
  const late = totals.canarySlow + totals.otherSlow
  if (slow !== null && late > slow.count) {
    const sentence =
      `${late} ${whose(totals.otherSlow)}requests slower than ${slow.baselineMs} ms, ` +
      `more than the threshold of ${slow.count}`
    return { sentence, shared: shared(late, totals.controlSlow) }
  }
  return null
}

type Worded = Judgement & { sentence: string }

/** Something is wrong, but not shown to be the canary's fault: freeze and call a person. */
function frozen(findings: Findings): Worded | null {
  const { settings, state, evidence, ceilings, missing } = findings
  if (missing === null && settings.split.enabled && evidence.splitPValue < settings.split.alpha) {
    return { kind: 'broken-split', sentence: splitSentence(findings) }
  }
  if (ceilings.errors === 'shared' || ceilings.latency === 'shared') {
    const which = ceilings.errors === 'shared' ? 'errors' : 'latency'
    return { kind: 'shared-outage', trigger: 'ceiling', sentence: sharedSentence(which) }
  }
  const over = overThreshold(settings, state)
  if (over === null) return null
  const sentence = `${over.sentence}, but control fares no better: a shared outage`
  return { kind: 'shared-outage', trigger: 'threshold', sentence }
}

/** Nothing is wrong: healthy, or held with the reason. */
function watch(findings: Findings): Worded {
  const { settings, evidence } = findings
  const hold = holdOf(findings)
  const sentence = holdSentence(findings, hold)
  if (hold === undefined) return { kind: 'healthy', sentence }
  const isLate = settings.maxBakeMs !== null && evidence.stageElapsedMs >= settings.maxBakeMs
  const alert = isLate ? `the stage is past its longest bake: ${sentence}` : null
  if (hold === 'bake') return { kind: 'baking', alert, sentence }
  return { kind: 'collecting', lacks: hold === 'no-requests' ? 'requests' : 'evidence', alert, sentence }
}

/** The first reason why the stage can't advance; undefined when it may. */
function holdOf({ settings, state, evidence, progress, hasControl, missing }: Findings): Hold | undefined {
  if (missing !== null || state.stageTotals.canaryRequests === 0) return 'no-requests'
  if (evidence.wealth >= MOST_WEALTH_TO_ADVANCE) return 'possible-harm'
  const isCompared = hasControl && (settings.errors.enabled || settings.latency.enabled)
  if (isCompared && !progress.passed) return 'unproven'
  return evidence.stageElapsedMs < settings.bakeMs ? 'bake' : undefined
}
