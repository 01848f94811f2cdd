/**
 * The counts of one flag between two looks of the guard: canary against control, of the current generation and
 * stage only. What comes late, from another generation or stage, is part of the totals but is never judged.
 */
import { type Cell, errorsOf } from './cell.ts'
import { type Histogram, merge as mergeHistogram } from './histogram.ts'

/** What one arm did between two looks. */
export type ArmCounts = {
  requests: number
  errors: number
  latency: Histogram
  /** Distinct routing buckets (0 … 65535) that met an error. */
  erroredBuckets: readonly number[]
  journeys: number
}

export type ArmPair = { canary: ArmCounts; control: ArmCounts }

export const EMPTY_ARM: ArmCounts = { requests: 0, errors: 0, latency: {}, erroredBuckets: [], journeys: 0 }

/** Adds up the cells of a flag that belong to a generation and stage, by arm. */
export function armPair(cells: readonly Cell[], generation: number, stage: number): ArmPair {
  const current = cells.filter((cell) => cell.generation === generation && cell.stage === stage)
  return { canary: sumArm(current, 'canary'), control: sumArm(current, 'control') }
}

function sumArm(cells: readonly Cell[], arm: Cell['arm']): ArmCounts {
  const latency: Histogram = {}
  const buckets = new Set<number>()
  let requests = 0
  let errors = 0
  let journeys = 0
  for (const cell of cells) {
    if (cell.arm !== arm) continue
    requests += cell.requests
    errors += errorsOf(cell)
    journeys += cell.journeys
    mergeHistogram(latency, cell.latency)
    for (const erroredBucket of cell.erroredBuckets) buckets.add(erroredBucket)
  }
  return { requests, errors, latency, erroredBuckets: [...buckets], journeys }
}
