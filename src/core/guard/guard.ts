/**
 * The guard: compares a canary with its concurrent control, tick by tick; its error probabilities hold at every look.
 * docs/guard.md explains the tests.
 *
 * Pure: plain data in, plain data out; time comes with the tick; the state is never changed in place.
 */

import type { ArmTick } from '../counters/ticks.ts'
import { stepDedupe } from './dedupe/dedupe.ts'
import { exposureFactors } from './dedupe/exposure.ts'
import { addBatch, EMPTY_BATCH, isFull } from './evidence/batch.ts'
import { addCounts, cleanCount } from './evidence/formula.ts'
import type { LearnedLatency } from './evidence/latency.ts'
import { learn } from './evidence/latency.ts'
import { meter } from './evidence/meter.ts'
import type { GuardSettings } from './evidence/settings.ts'
import type { GuardTick, Verdict } from './evidence/types.ts'
import { instalmentsAfter } from './evidence/wealth.ts'
import { advanceNull, initialAdvance, stepAdvance } from './tests/advance.ts'
import type { CeilingState } from './tests/ceilings.ts'
import { P95_CEILING_RATE, slowerThan, stepCeiling } from './tests/ceilings.ts'
import { stepCollapse } from './tests/collapse.ts'
import type { GuardState } from './tests/guard-state.ts'
import { initialGuardState } from './tests/guard-state.ts'
import {
  ERROR_BETS,
  errorCap,
  meterCap,
  noteSlots,
  slotsNeeded,
  slowCap,
  stepRollback,
} from './tests/rollback.ts'
import { stepShare } from './tests/share.ts'
import { addTotals, NO_TOTALS, tickTotals } from './tests/totals.ts'
import { errorExposure, mostErrors, tickBatch } from './tick-batch.ts'
import { judge } from './verdict/verdict.ts'

const RECENT_HALF_LIFE_MS = 30_000

/**
 * Judges one tick.
 *
 * 1. A new generation starts afresh; a tick of an older one is ignored. A decision is final.
 * 2. A new stage closes the open batch and starts its advance test; the rollback test continues.
 * 3. Errors count by visitor slot, slow requests by thresholds from the past.
 * 4. The tick joins the open batch; a full batch moves the tests' wealth.
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
    requests: cleanCount(arm.requests),
    errors: cleanCount(arm.errors),
    latency: arm.latency,
    erroredSlots: arm.erroredSlots,
    slotsCut: arm.slotsCut,
    pairing: arm.pairing,
    networks: arm.networks,
    visitors: arm.visitors,
    journeys: cleanCount(arm.journeys),
    timings: arm.timings,
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
    percentage: tick.percentage,
    stageStartedAtMs: tick.atMs,
    advance: initialAdvance(),
    stageTotals: NO_TOTALS,
  }
}

function observe(settings: GuardSettings, state: GuardState, tick: GuardTick): GuardState {
  const { canary, control } = tick
  const nowS = Math.floor((tick.atMs - state.startedAtMs) / 1000)
  const paid = instalmentsAfter(tick.atMs - state.startedAtMs)
  const sums = tickTotals(settings, tick)
  const stageTotals = addTotals(state.stageTotals, sums)
  const { canaryRequests, controlRequests } = stageTotals
  const factors = exposureFactors(canaryRequests, controlRequests, tick.percentage)
  const dedupe = stepDedupe(
    state.dedupe,
    { nowS, percentage: tick.percentage, canary: canary.erroredSlots, control: control.erroredSlots },
    (eligible) => {
      const exposure = addCounts(state.batch.errors, errorExposure(tick, eligible, factors))
      return meter(exposure, ERROR_BETS, settings.errors, meterCap(settings.alpha))
    },
  )
  const batch = addBatch(state.batch, tickBatch(settings, state, tick, dedupe, factors))
  const needed = slotsNeeded(settings, tick.percentage)
  const next: GuardState = {
    ...state,
    lastAtMs: tick.atMs,
    canarySeenAtMs: canary.requests > 0 ? tick.atMs : state.canarySeenAtMs,
    controlSeenAtMs: control.requests > 0 ? tick.atMs : state.controlSeenAtMs,
    dedupe: dedupe.state,
    batch,
    rollback: {
      ...state.rollback,
      erroredBuckets: noteSlots(state.rollback.erroredBuckets, dedupe.canarySlots, needed),
    },
    ...stepOthers(settings, state, tick, paid),
    latency: settings.latency.enabled ? learn(state.latency, control.latency, tick.atMs) : state.latency,
    timings: learnTimings(settings, state, tick),
    totals: addTotals(state.totals, sums),
    stageTotals,
    recent: addTotals(state.recent, sums, 0.5 ** ((tick.atMs - state.lastAtMs) / RECENT_HALF_LIFE_MS)),
  }
  return isFull(batch) ? closeBatch(settings, next, tick.atMs) : next
}

/** Moves the tests' wealth by the open batch and empties it. */
function closeBatch(settings: GuardSettings, state: GuardState, atMs: number): GuardState {
  const { batch } = state
  const paid = instalmentsAfter(atMs - state.startedAtMs)
  return {
    ...state,
    batch: EMPTY_BATCH,
    rollback: stepRollback(settings, state.rollback, batch, paid),
    advance: stepAdvance(state.advance, batch, advanceNull(settings, state.percentage)),
  }
}

/** Most apps report nothing: then there is nothing to learn. */
function learnTimings({ latency }: GuardSettings, { timings }: GuardState, tick: GuardTick): LearnedLatency {
  for (const _ in tick.control.timings)
    return latency.enabled ? learn(timings, tick.control.timings, tick.atMs) : timings
  return timings
}

/** Ceilings and shares move with each tick, as they don't need both arms. */
function stepOthers(
  settings: GuardSettings,
  state: GuardState,
  tick: GuardTick,
  paid: number,
): Pick<GuardState, 'errorCeiling' | 'latencyCeiling' | 'collapse' | 'share'> {
  const { errorRate, p95Ms } = settings.ceilings
  return {
    errorCeiling:
      errorRate === null ? state.errorCeiling : stepErrorCeiling(settings, state, tick, errorRate, paid),
    latencyCeiling:
      p95Ms === null ? state.latencyCeiling : stepLatencyCeiling(settings, state, tick, p95Ms, paid),
    collapse: stepCollapse(settings, state.collapse, tick, paid, errorCap(settings.alpha)),
    share: stepShare(settings, state.share, tick, state.stageTotals, paid),
  }
}

/** One error per slot and tick: ten retries a second are one failure a second. */
function stepErrorCeiling(
  settings: GuardSettings,
  { errorCeiling }: GuardState,
  { canary, control }: GuardTick,
  errorRate: number,
  paid: number,
): CeilingState {
  const tally = (arm: ArmTick, errors: number) => ({ n: arm.requests, bad: Math.min(arm.requests, errors) })
  const failing = tally(canary, canary.erroredSlots.length)
  const controls = tally(control, mostErrors(control, control.erroredSlots.length))
  const seen = { canary: failing, control: controls, canarySlots: canary.erroredSlots }
  return stepCeiling(errorCeiling, seen, { ceiling: errorRate, logCap: errorCap(settings.alpha) }, paid)
}

/** A p95 above the limit means over 5 % of requests slower than it. */
function stepLatencyCeiling(
  { alpha, latency }: GuardSettings,
  { latencyCeiling }: GuardState,
  { canary, control }: GuardTick,
  p95Ms: number,
  paid: number,
): CeilingState {
  const logCap = slowCap(alpha, latency.fewMachines)
  const seen = {
    canary: slowerThan(canary.latency, p95Ms),
    control: slowerThan(control.latency, p95Ms),
    canarySlots: [],
  }
  return stepCeiling(latencyCeiling, seen, { ceiling: P95_CEILING_RATE, logCap }, paid)
}
