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
  /** As `slow`, in a stage's first minutes: far above the edge. `slow` and `advanceSlow` are empty then. */
  coldSlow: readonly Counts[]
  /** As `slow`, of the durations that the app reported. */
  slowTimings: readonly Counts[]
  /** The same by group of networks; each list is empty while no network is known. */
  byGroup: {
    errors: readonly Counts[]
    advanceErrors: readonly Counts[]
    slow: readonly (readonly Counts[])[]
    advanceSlow: readonly (readonly Counts[])[]
    coldSlow: readonly (readonly Counts[])[]
    slowTimings: readonly (readonly Counts[])[]
  }
}

/** Two batches decide at the least, so a dead canary is found after four requests. */
export const LEAST_BATCH_REQUESTS = 2

const noGroups = () => LATENCY_QUANTILES.map(() => [])
const noSlow = (): Counts[] => LATENCY_QUANTILES.map(() => NO_COUNTS)

export const EMPTY_BATCH: Batch = {
  canaryRequests: 0,
  controlRequests: 0,
  errors: NO_COUNTS,
  advanceErrors: NO_COUNTS,
  slow: noSlow(),
  advanceSlow: noSlow(),
  coldSlow: noSlow(),
  slowTimings: noSlow(),
  byGroup: {
    errors: [],
    advanceErrors: [],
    slow: noGroups(),
    advanceSlow: noGroups(),
    coldSlow: noGroups(),
    slowTimings: noGroups(),
  },
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
    coldSlow: addEach(a.coldSlow, b.coldSlow),
    slowTimings: addEach(a.slowTimings, b.slowTimings),
    byGroup: {
      errors: addGroups(a.byGroup.errors, b.byGroup.errors),
      advanceErrors: addGroups(a.byGroup.advanceErrors, b.byGroup.advanceErrors),
      slow: addGroupsOfEach(a.byGroup.slow, b.byGroup.slow),
      advanceSlow: addGroupsOfEach(a.byGroup.advanceSlow, b.byGroup.advanceSlow),
      coldSlow: addGroupsOfEach(a.byGroup.coldSlow, b.byGroup.coldSlow),
      slowTimings: addGroupsOfEach(a.byGroup.slowTimings, b.byGroup.slowTimings),
    },
  }
}

function addEach(a: readonly Counts[], b: readonly Counts[]): Counts[] {
  return a.map((counts, k) => addCounts(counts, b[k] ?? NO_COUNTS))
}

export function isFull(batch: Batch): boolean {
  return batch.canaryRequests >= LEAST_BATCH_REQUESTS && batch.controlRequests >= LEAST_BATCH_REQUESTS
}

/** Sum by group; an empty list knows no groups. */
export function addGroups(a: readonly Counts[], b: readonly Counts[]): readonly Counts[] {
  if (a.length === 0) return b
  return b.length === 0 ? a : addEach(a, b)
}

/** The same per latency quantile. */
export function addGroupsOfEach(
  a: readonly (readonly Counts[])[],
  b: readonly (readonly Counts[])[],
): readonly (readonly Counts[])[] {
  return a.map((groups, k) => addGroups(groups, b[k] ?? []))
}
