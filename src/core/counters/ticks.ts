/**
 * The counts of one flag between two looks of the guard: canary against control, of the current generation and
 * stage only. What comes late, from another generation or stage, is part of the totals but is never judged.
 */
import { type Cell, errorsOf, MOST_ERRORED_BUCKETS } from './cell.ts'
import { type Histogram, merge as mergeHistogram } from './histogram.ts'

/** What one arm did between two looks. */
export type ArmCounts = {
  requests: number
  errors: number
  latency: Histogram
  /** Distinct routing buckets (0 … 65535) that met an error. */
  erroredBuckets: readonly number[]
  /** Whether a cell was full, so that there may have been more. */
  bucketsCut: boolean
  journeys: number
  /** Durations that the app reported. */
  timings: Histogram
}

export type ArmPair = { canary: ArmCounts; control: ArmCounts }

export const EMPTY_ARM: ArmCounts = {
  requests: 0,
  errors: 0,
  latency: {},
  erroredBuckets: [],
  bucketsCut: false,
  journeys: 0,
  timings: {},
}

/** Adds up the cells of a flag that belong to a generation and stage, by arm. */
export function armPair(cells: readonly Cell[], generation: number, stage: number): ArmPair {
  const current = cells.filter((cell) => cell.generation === generation && cell.stage === stage)
  return { canary: sumArm(current, 'canary'), control: sumArm(current, 'control') }
}

function sumArm(cells: readonly Cell[], arm: Cell['arm']): ArmCounts {
  const latency: Histogram = {}
  const timings: Histogram = {}
  const buckets = new Set<number>()
  let requests = 0
  let errors = 0
  let journeys = 0
  let bucketsCut = false
  for (const cell of cells) {
    if (cell.arm !== arm) continue
    requests += cell.requests
    errors += errorsOf(cell)
    journeys += cell.journeys
    mergeHistogram(latency, cell.latency)
    mergeHistogram(timings, cell.timings)
    bucketsCut ||= cell.erroredBuckets.length >= MOST_ERRORED_BUCKETS
    for (const erroredBucket of cell.erroredBuckets) buckets.add(erroredBucket)
  }
  return { requests, errors, latency, erroredBuckets: [...buckets], bucketsCut, journeys, timings }
}
