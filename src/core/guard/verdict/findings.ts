/** The findings of a look, gathered before anything is decided. */

import type { GuardSettings } from '../evidence/settings.ts'
import type { Evidence, Requirement } from '../evidence/types.ts'
import { totalWealth } from '../evidence/wealth.ts'
import { isColdAt } from '../latency/cold.ts'
import { type Standing, standingOf } from '../networks/groups.ts'
import type { AdvanceProgress } from '../tests/advance.ts'
import { advanceProgress } from '../tests/advance.ts'
import { affectedFinding } from '../tests/affected.ts'
import type { CeilingVerdict } from '../tests/ceilings.ts'
import { erroredSince, isWidespread, judgeCeiling, P95_CEILING_RATE } from '../tests/ceilings.ts'
import { clientErrorFinding } from '../tests/client-errors.ts'
import { collapsePValue } from '../tests/collapse.ts'
import type { GuardState } from '../tests/guard-state.ts'
import { requirementsOf } from '../tests/requirements.ts'
import { carriedWealth, rollbackWealth, slotsNeeded } from '../tests/rollback.ts'
import { splitPValue } from '../tests/share.ts'
import { marginOf } from '../tests/stage-margin.ts'
import { attemptTotals } from '../tests/totals.ts'

/** An arm without a request for this long, or for so many times its usual pause, has no data. */
const NO_DATA_MS = 60_000
/** By chance a pause is that long once in 3,000 times, so the word doesn't flap where requests are rare. */
const NO_DATA_PAUSES = 8

export type Findings = {
  settings: GuardSettings
  state: GuardState
  evidence: Evidence
  progress: AdvanceProgress
  ceilings: { errors: CeilingVerdict; latency: CeilingVerdict }
  hasCollapsed: boolean
  standing: Standing
  clientErrors: ReturnType<typeof clientErrorFinding>
  /** Of visitors who fail again and again. */
  affected: ReturnType<typeof affectedFinding>
  requirements: readonly Requirement[]
  /** Wealth of the evidence of harm that doesn't depend on two networks. */
  carriedWealth: number
  hasControl: boolean
  /** Whether the stage is so young that latency is compared only by a large margin. */
  isCold: boolean
  missing: 'canary' | 'control' | null
}

export function find(settings: GuardSettings, state: GuardState): Findings {
  const standing = standingOf(state.networks, state.percentage)
  const isCold = isColdAt(settings, state, state.lastAtMs)
  const progress = advanceProgress(settings, state.advance, { ...state, isCold })
  const hasControl = state.percentage < 100
  const silent = (seenAtMs: number | null, requests: number) =>
    seenAtMs === null || state.lastAtMs - seenAtMs > longestPauseMs(state, requests)
  const noControl = hasControl && silent(state.controlSeenAtMs, state.stageTotals.controlRequests)
  const collapse = collapsePValue(settings, state.collapse)
  const affected = affectedFinding(settings, state.affected, standing)
  return {
    settings,
    state,
    progress,
    evidence: gather(settings, state, progress, {
      others: Math.min(collapse ?? 1, affected.decides ? affected.pValue : 1),
      split: state.visitors.split?.pValue ?? splitPValue(state.share),
    }),
    standing,
    clientErrors: clientErrorFinding(settings, state.clientErrors, standing),
    affected,
    requirements: requirementsOf(settings, state.required, {
      visitors: state.visitors,
      regime: standing.regime,
    }),
    carriedWealth: carriedWealth(settings, state.rollback, standing),
    ceilings: judgeCeilings(settings, state, hasControl),
    hasCollapsed: collapse !== undefined,
    hasControl,
    isCold,
    missing: silent(state.canarySeenAtMs, state.stageTotals.canaryRequests)
      ? 'canary'
      : noControl
        ? 'control'
        : null,
  }
}

/** How long an arm with so many requests in the stage may pause. */
function longestPauseMs({ lastAtMs, stageStartedAtMs }: GuardState, requests: number): number {
  return Math.max(NO_DATA_MS, (NO_DATA_PAUSES * (lastAtMs - stageStartedAtMs)) / (requests + 1))
}

function judgeCeilings(
  settings: GuardSettings,
  state: GuardState,
  hasControl: boolean,
): Findings['ceilings'] {
  const { alpha, ceilings } = settings
  const enough = state.totals.canaryRequests >= ceilings.minRequests
  const { errorRate, p95Ms } = ceilings
  // Within the judged time: visitors with errors long ago don't turn a lone visitor into several.
  const isBroad =
    erroredSince(state.errorCeiling) >= slotsNeeded(settings, state.percentage) &&
    isWidespread(state.errorCeiling, errorRate ?? 1)
  return {
    errors:
      errorRate !== null && enough && isBroad
        ? judgeCeiling(state.errorCeiling, errorRate, alpha, hasControl)
        : 'below',
    latency:
      p95Ms !== null && enough
        ? judgeCeiling(state.latencyCeiling, P95_CEILING_RATE, alpha, hasControl)
        : 'below',
  }
}

function gather(
  settings: GuardSettings,
  state: GuardState,
  progress: AdvanceProgress,
  pValues: { others: number; split: number },
): Evidence {
  const wealth = rollbackWealth(settings, state.rollback)
  const { recent, dedupe } = state
  const totals = attemptTotals(state)
  const rate = (bad: number, all: number) => (all > 0 ? Math.min(1, bad / all) : 0)
  return {
    wealth: wealth.all,
    errorWealth: wealth.errors,
    latencyWealth: wealth.latency,
    pValue: Math.min(state.rollback.pValue, pValues.others),
    canaryRequests: totals.canaryRequests,
    controlRequests: totals.controlRequests,
    canaryErrors: Math.min(totals.canaryErrors, totals.canaryRequests),
    controlErrors: Math.min(totals.controlErrors, totals.controlRequests),
    canaryErrorRate: rate(recent.canaryErrors, recent.canaryRequests),
    controlErrorRate: rate(recent.controlErrors, recent.controlRequests),
    clientErrorWealth: totalWealth(state.clientErrors.wealth),
    canaryClientErrorRate: rate(recent.canaryClientErrors, recent.canaryRequests),
    controlClientErrorRate: rate(recent.controlClientErrors, recent.controlRequests),
    erroredBuckets: state.rollback.erroredBuckets.length,
    advanceErrorWealth: progress.errorWealth,
    advanceLatencyWealth: progress.latencyWealth,
    canaryRequestsToGo: progress.requestsToGo,
    splitPValue: pValues.split,
    restingBuckets: dedupe.strict.canary + dedupe.strict.control,
    stageElapsedMs: state.lastAtMs - state.stageStartedAtMs,
    advanceMargin: marginOf(settings, state),
  }
}
