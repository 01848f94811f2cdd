/** A flag's counts over time: points of fixed width, summed up once over. */
import type { Arm } from '../decision/decide.ts'
import { type Cell, emptyCell, errorsOf, mergeCell, withoutPeople } from './cell.ts'
import { quantileMs } from './histogram.ts'

export const ARMS: readonly Arm[] = ['canary', 'control', 'other']

export type SeriesArm = {
  requests: number
  errors: number
  p50Ms: number | null
  p95Ms: number | null
  p99Ms: number | null
  /** Answers that turned visitors away, and documents that visitors asked for and got; missing in points of an earlier release. */
  clientErrors?: number
  journeys?: number
  /** Of the errors, those that the other origin had for the same request; missing in points of an earlier release. */
  sharedErrors?: number
}

/** Widths of points, and how long each is kept. */
export const SERIES = [
  { stepMs: 5_000, keptMs: 30 * 60_000 },
  { stepMs: 60_000, keptMs: 24 * 3_600_000 },
] as const

/** A point still being counted. */
export type OpenPoint = { startMs: number; arms: Record<Arm, Cell> }

export function openPoint(nowMs: number, stepMs: number): OpenPoint {
  const arm = (name: Arm) => emptyCell({ flag: '', variant: '', arm: name, generation: 0, stage: 0 })
  return {
    startMs: nowMs - (nowMs % stepMs),
    arms: { canary: arm('canary'), control: arm('control'), other: arm('other') },
  }
}

/** Adds a cell to a point, in place. */
export function addToPoint(point: OpenPoint, cell: Cell): void {
  mergeCell(point.arms[cell.arm], withoutPeople(cell))
}

/** The sums of a finished point. */
export function closePoint({ arms }: OpenPoint): Record<Arm, SeriesArm> {
  return { canary: sumUp(arms.canary), control: sumUp(arms.control), other: sumUp(arms.other) }
}

function sumUp(cell: Cell): SeriesArm {
  const quantile = (q: number) => {
    const ms = quantileMs(cell.latency, q)
    return ms === undefined ? null : Math.round(ms * 10) / 10
  }
  return {
    requests: cell.requests,
    errors: errorsOf(cell),
    p50Ms: quantile(0.5),
    p95Ms: quantile(0.95),
    p99Ms: quantile(0.99),
    clientErrors: cell.clientErrors?.requests ?? 0,
    journeys: cell.journeys,
    sharedErrors: cell.pairing?.sharedFailures ?? 0,
  }
}
