/** Collects ticks of a stage until both arms have enough requests for a factor. */

import type { Counts } from './formula.ts'
import { addCounts, NO_COUNTS } from './formula.ts'
import { LATENCY_QUANTILES } from './latency.ts'

export type Batch = {
  /** Raw requests. Closing depends on these and never on outcomes, so the tests stay valid. */
  canaryRequests: number
  controlRequests: number
  /** For the rollback test: canary counted strictly, control plainly (see dedupe.ts). */
  errors: Counts
  /** For the advance test: the reverse. */
  advanceErrors: Counts
  /** Per latency quantile: canary a margin above the edge, control above the edge. */
  slow: readonly Counts[]
  advanceSlow: readonly Counts[]
  /** As `slow`, of the durations that the app reported. */
  slowTimings: readonly Counts[]
}

/** Fewer requests make a factor that says nothing and costs a rounding of the cap. */
const LEAST_BATCH_REQUESTS = 4

const noSlow = (): Counts[] => LATENCY_QUANTILES.map(() => NO_COUNTS)

export const EMPTY_BATCH: Batch = {
  canaryRequests: 0,
  controlRequests: 0,
  errors: NO_COUNTS,
  advanceErrors: NO_COUNTS,
  slow: noSlow(),
  advanceSlow: noSlow(),
  slowTimings: noSlow(),
}

/** Sum of two batches; only of the same stage. */
export function addBatch(a: Batch, b: Batch): Batch {
  if (a === EMPTY_BATCH) return b
  return {
    canaryRequests: a.canaryRequests + b.canaryRequests,
    controlRequests: a.controlRequests + b.controlRequests,
    errors: addCounts(a.errors, b.errors),
    advanceErrors: addCounts(a.advanceErrors, b.advanceErrors),
    slow: addEach(a.slow, b.slow),
    advanceSlow: addEach(a.advanceSlow, b.advanceSlow),
    slowTimings: addEach(a.slowTimings, b.slowTimings),
  }
}

function addEach(a: readonly Counts[], b: readonly Counts[]): Counts[] {
  return a.map((counts, k) => addCounts(counts, b[k] ?? NO_COUNTS))
}

export function isFull(batch: Batch): boolean {
  return batch.canaryRequests >= LEAST_BATCH_REQUESTS && batch.controlRequests >= LEAST_BATCH_REQUESTS
}
