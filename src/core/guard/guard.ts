/**
 * The guard: compares a canary with its concurrent control, tick by tick; its error probabilities hold at every look.
 * docs/guard.md explains the tests.
 *
 * Pure: plain data in, plain data out; time comes with the tick; the state is never changed in place.
 */

import type { ArmTick } from '../counters/ticks.ts'
import { type DedupeResult, stepDedupe } from './dedupe/dedupe.ts'
import { exposureFactors, type Part } from './dedupe/exposure.ts'
import { isRepeating } from './dedupe/failing-runs.ts'
import { NONE_ASKED, noteAsked } from './evidence/asked.ts'
import { addBatch, EMPTY_BATCH, isFull } from './evidence/batch.ts'
import { addCounts, cleanCount } from './evidence/formula.ts'
import { addJudged, NOTHING_JUDGED } from './evidence/judged.ts'
import type { LearnedLatency } from './evidence/latency.ts'
import { learn } from './evidence/latency.ts'
import { meter } from './evidence/meter.ts'
import type { GuardSettings } from './evidence/settings.ts'
import type { GuardTick, Verdict } from './evidence/types.ts'
import { instalmentsAfter } from './evidence/wealth.ts'
import { noteBlocks } from './latency/bursts.ts'
import { enterStageOfPopulation, noteSlices } from './latency/population.ts'
import { slowCap } from './latency/slow.ts'
import {
  enterStageOfNetworks,
  failuresOf,
  type NetworkState,
  noteNetworks,
  requestsByGroup,
  standingOf,
  sumOf,
  takingPart,
} from './networks/groups.ts'
import { risesBefore } from './rising.ts'
import { advanceNulls, initialAdvance, stepAdvance } from './tests/advance.ts'
import { type AffectedState, isLikeControl, stepAffected } from './tests/affected.ts'
import { ceilingCap, stepCeilings } from './tests/ceilings.ts'
import { closeClientErrors, stepClientErrors } from './tests/client-errors.ts'
import { stepCollapse } from './tests/collapse.ts'
import type { GuardState } from './tests/guard-state.ts'
import { initialGuardState } from './tests/guard-state.ts'
import { NOTHING_REQUIRED, stepRequired } from './tests/requirements.ts'
import { ERROR_BETS, meterCap, noteSlots, slotsNeeded, stepRollback } from './tests/rollback.ts'
import { stepShare } from './tests/share.ts'
import { chosenMargin, withLateMargin } from './tests/stage-margin.ts'
import { addRecent, addServed, addTotals, NO_TOTALS, tickTotals } from './tests/totals.ts'
import { NO_VISITORS, noteVisitors } from './tests/visitors.ts'
import { errorExposure, tickBatch } from './tick-batch.ts'
import { judge } from './verdict/verdict.ts'

/**
 * Judges one tick.
 *
 * 1. A new generation starts afresh; a tick of an older one is ignored. A decision is final.
 * 2. A new stage closes the open batch and starts its advance test; the rollback test continues.
 * 3. Networks tell whose requests are compared, and failures which of them are evidence.
 * 4. Errors count by visitor, slow requests by thresholds from the past. The tick joins the open batch; a full batch moves the tests' wealth.
 * 5. Ceilings, traffic shares and plain sums move on; control's latencies are learned.
 * 6. The verdict.
 *
 * @param settings from `resolveGuardSettings`; bake times may differ from tick to tick
 * @param state from `initialGuardState` or the tick before
 * @param tick counts since the tick before, of one generation and stage; numbers that are not positive and finite
 *   count as 0
 * @example const { state, verdict } = stepGuard(settings, before, tick)
 */
export function stepGuard(
  settings: GuardSettings,
  state: GuardState,
  tick: GuardTick,
): { state: GuardState; verdict: Verdict } {
  if (tick.generation < state.generation) return unmoved(settings, state)
  const begun = tick.generation > state.generation ? initialGuardState(tick) : state
  if (begun.decision !== null) return unmoved(settings, begun)
  const clean = cleanTick(tick, begun.lastAtMs)
  const next = observe(settings, enterStage(settings, begun, clean), clean)
  const { verdict, decision } = judge(settings, next)
  return { state: decision === null ? next : { ...next, decision }, verdict }
}

function unmoved(settings: GuardSettings, state: GuardState): { state: GuardState; verdict: Verdict } {
  return { state, verdict: judge(settings, state).verdict }
}

/** Time never runs backwards; counts are numbers. */
function cleanTick(tick: GuardTick, lastAtMs: number): GuardTick {
  const clean = (arm: ArmTick): ArmTick => ({
    ...arm,
    requests: cleanCount(arm.requests),
    errors: cleanCount(arm.errors),
    journeys: cleanCount(arm.journeys),
    clientErrors: { requests: cleanCount(arm.clientErrors.requests), marks: arm.clientErrors.marks },
  })
  return {
    ...tick,
    atMs: Number.isFinite(tick.atMs) ? Math.max(tick.atMs, lastAtMs) : lastAtMs,
    canary: clean(tick.canary),
    control: clean(tick.control),
    ...(tick.others && { others: clean(tick.others) }),
  }
}

/** Evidence for a rollback spans stages; all else belongs to its stage. */
function enterStage(settings: GuardSettings, state: GuardState, tick: GuardTick): GuardState {
  if (tick.stage === state.stage && tick.percentage === state.percentage) return state
  const closed = closeBatch(settings, state, tick.atMs)
  return {
    ...closed,
    stage: tick.stage,
    stageStarts: state.stageStarts + (tick.stage === state.stage ? 0 : 1),
    percentage: tick.percentage,
    stageStartedAtMs: tick.atMs,
    advance: initialAdvance(),
    margin: chosenMargin(settings, tick.percentage, {
      totals: closed.stageTotals,
      elapsedMs: state.lastAtMs - state.stageStartedAtMs,
    }),
    required: NOTHING_REQUIRED,
    clientErrors: closeClientErrors(settings, closed.clientErrors, paidAt(state, tick.atMs)),
    networks: enterStageOfNetworks(closed.networks),
    population: enterStageOfPopulation(closed.population, {
      before: state.percentage,
      percentage: tick.percentage,
      canaryRequests: closed.stageTotals.canaryRequests,
      regime: standingOf(closed.networks, state.percentage).regime,
    }),
    visitors: NO_VISITORS,
    stageTotals: NO_TOTALS,
  }
}

function paidAt({ startedAtMs, stageStarts }: GuardState, atMs: number): number {
  return instalmentsAfter(atMs - startedAtMs, stageStarts)
}

function observe(settings: GuardSettings, state: GuardState, tick: GuardTick): GuardState {
  const { canary, control } = tick
  const paid = paidAt(state, tick.atMs)
  const networks = noteNetworks(state.networks, tick)
  const part = partOf(networks, tick)
  const nowS = Math.floor((tick.atMs - state.startedAtMs) / 1000)
  const affected = stepAffected(settings, state.affected, tick, { part, nowS, paid })
  const dedupe = countFailures(settings, { ...state, affected }, tick, { part, nowS })
  const counted = tickBatch(settings, state, tick, dedupe, part)
  const batch = addBatch(state.batch, counted.batch)
  const needed = slotsNeeded(settings, tick.percentage)
  const sums = tickTotals(settings, tick)
  const clientErrors = stepClientErrors(settings, state.clientErrors, tick, { part, nowS, paid })
  const next: GuardState = {
    ...state,
    lastAtMs: tick.atMs,
    rises: risesBefore(settings, state),
    canarySeenAtMs: canary.requests > 0 ? tick.atMs : state.canarySeenAtMs,
    controlSeenAtMs: control.requests > 0 ? tick.atMs : state.controlSeenAtMs,
    networks,
    dedupe: dedupe.state,
    population: settings.latency.enabled
      ? noteSlices(state.population, control.slices, {
          edges: state.latency.edges,
          percentage: tick.percentage,
          comingTo: tick.comingTo,
          isBatchOpen: state.batch.canaryRequests + state.batch.controlRequests > 0,
        })
      : state.population,
    batch,
    rollback: {
      ...state.rollback,
      slow: {
        ...state.rollback.slow,
        bursts: noteBlocks(state.rollback.slow.bursts, counted.slowSeen, tick.atMs),
      },
      erroredBuckets: noteSlots(state.rollback.erroredBuckets, dedupe.counted.strictCanary, needed),
    },
    ...stepCeilings(settings, state, tick, { standing: part.standing, paid, logCaps: logCapsOf(settings) }),
    affected,
    required: stepRequired(settings, state.required, tick),
    asked: noteAsked(state.asked ?? NONE_ASKED, control.pairing, tick.atMs - state.lastAtMs),
    collapse: stepCollapse(settings, state.collapse, tick, { standing: part.standing, paid }),
    clientErrors: clientErrors.state,
    judged: addJudged(state.judged ?? NOTHING_JUDGED, counted.batch, clientErrors.counted),
    share: stepShare(settings, state.share, tick, {
      before: state.stageTotals,
      regime: part.standing.regime,
      paid,
    }),
    visitors: noteVisitors(state.visitors, tick, settings.split.tolerance),
    served: addServed(state.served, settings, tick, sums),
    latency: settings.latency.enabled ? learn(state.latency, control.latency, tick.atMs) : state.latency,
    timings: learnTimings(settings, state, tick),
    totals: addTotals(state.totals, sums),
    ...(tick.late && {
      late: addTotals(state.late ?? NO_TOTALS, tickTotals(settings, { ...tick, ...tick.late })),
    }),
    stageTotals: addTotals(state.stageTotals, sums),
    recent: addRecent(state.recent, sums, tick.atMs - state.lastAtMs),
  }
  return withMargin(settings, isFull(batch) ? closeBatch(settings, next, tick.atMs) : next)
}

function withMargin(settings: GuardSettings, state: GuardState): GuardState {
  const elapsedMs = state.lastAtMs - state.stageStartedAtMs
  return withLateMargin(settings, state, { totals: state.stageTotals, elapsedMs })
}

function logCapsOf({ alpha, latency }: GuardSettings): { errors: number; slow: number } {
  return { errors: ceilingCap(alpha), slow: slowCap(alpha, latency.fewMachines) }
}

function partOf(networks: NetworkState, tick: GuardTick): Part {
  const standing = standingOf(networks, tick.percentage)
  const stage = {
    canary: sumOf(takingPart(networks.stage.canary, standing)),
    control: sumOf(takingPart(networks.stage.control, standing)),
  }
  return {
    standing,
    exposure: {
      canary: takingPart(requestsByGroup(tick.canary), standing),
      control: takingPart(requestsByGroup(tick.control), standing),
    },
    factors: exposureFactors(stage.canary, stage.control, tick.percentage),
  }
}

function countFailures(
  settings: GuardSettings,
  state: GuardState,
  { canary, control, percentage }: GuardTick,
  { part, nowS }: { part: Part; nowS: number },
): DedupeResult {
  const failures = { canary: failuresOf(canary, part.standing), control: failuresOf(control, part.standing) }
  return stepDedupe(
    state.dedupe,
    {
      nowS,
      percentage,
      canary: failures.canary.certain,
      control: failures.control.certain,
      unasked: { canary: failures.canary.unasked, control: failures.control.unasked },
      groups: part.standing.groups,
      isLikeControl: repeatersLikeControl(state.affected),
    },
    (eligible) => {
      const exposure = addCounts(state.batch.errors, errorExposure(part, eligible))
      return meter(exposure, ERROR_BETS, settings.errors, meterCap(settings.alpha))
    },
  )
}

/** Tells the marks that fail again and again, where the canary has no more of them than control lets expect. */
function repeatersLikeControl(affected: AffectedState): ((mark: number) => boolean) | undefined {
  return isLikeControl(affected) ? (mark) => isRepeating(affected.runs, mark) : undefined
}

/** Moves the tests' wealth by the open batch and empties it. */
function closeBatch(settings: GuardSettings, state: GuardState, atMs: number): GuardState {
  const { batch } = state
  const paid = paidAt(state, atMs)
  return {
    ...state,
    batch: EMPTY_BATCH,
    rollback: stepRollback(settings, state.rollback, { batch, paid, widening: state.population.widening }),
    advance: stepAdvance(state.advance, batch, advanceNulls(settings, state)),
  }
}

/** Most apps report nothing: then there is nothing to learn. */
function learnTimings({ latency }: GuardSettings, { timings }: GuardState, tick: GuardTick): LearnedLatency {
  for (const _ in tick.control.timings)
    return latency.enabled ? learn(timings, tick.control.timings, tick.atMs) : timings
  return timings
}
