/** A tick as counts for the tests: errors by visitor slot, slow requests by control's thresholds. */

import type { ArmTick } from '../counters/ticks.ts'
import type { DedupeResult, Eligible } from './dedupe/dedupe.ts'
import type { ExposureFactors } from './dedupe/exposure.ts'
import type { Batch } from './evidence/batch.ts'
import type { Counts } from './evidence/formula.ts'
import { countSlow } from './evidence/latency.ts'
import type { GuardSettings } from './evidence/settings.ts'
import type { GuardTick } from './evidence/types.ts'
import type { GuardState } from './tests/guard-state.ts'

/** What the tick adds to the open batch. */
export function tickBatch(
  settings: GuardSettings,
  state: GuardState,
  tick: GuardTick,
  dedupe: DedupeResult,
  factors: ExposureFactors,
): Batch {
  const { canary, control } = tick
  const { eligible, counted } = dedupe
  const { latency, advance } = settings
  const edges = latency.enabled ? state.latency.edges : null
  const timingEdges = latency.enabled ? state.timings.edges : null
  return {
    canaryRequests: canary.requests,
    controlRequests: control.requests,
    errors: {
      ...errorExposure(tick, eligible, factors),
      canaryBad: counted.strictCanary,
      controlBad: mostErrors(control, counted.plainControl),
    },
    advanceErrors: {
      canaryN: canary.requests * eligible.plainCanary * factors.advance,
      controlN: control.requests * eligible.strictControl,
      canaryBad: mostErrors(canary, counted.plainCanary),
      controlBad: counted.strictControl,
    },
    slow: countSlow(canary.latency, control.latency, edges, latency.marginBuckets, factors.rollback),
    advanceSlow: countSlow(canary.latency, control.latency, edges, advance.marginBuckets, factors.advance),
    slowTimings: countSlow(canary.timings, control.timings, timingEdges, latency.marginBuckets, 1),
  }
}

/** The exposure of a tick's errors in the rollback test; no error is counted yet. */
export function errorExposure(
  { canary, control }: GuardTick,
  eligible: Eligible,
  factors: ExposureFactors,
): Counts {
  return {
    canaryN: canary.requests * eligible.strictCanary * factors.rollback,
    controlN: control.requests * eligible.plainControl,
    canaryBad: 0,
    controlBad: 0,
  }
}

/**
 * The errors that speak against a test's claim. When a cell was full, all errors: too many are safe here, while too
 * few of control in a shared outage would roll the canary back.
 */
export function mostErrors(arm: ArmTick, counted: number): number {
  return arm.slotsCut ? Math.max(counted, arm.errors) : counted
}
