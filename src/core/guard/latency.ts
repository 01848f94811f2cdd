/**
 * Latency as counts of slow requests, so that the same formula judges it.
 *
 * "Slow" means above control's p90, p95 or p99, learned from past ticks only: a threshold that had seen the
 * requests it judges would break the martingale. The canary's slow ones must be a margin of histogram buckets
 * (9 % each) above that, so that a canary that is a little slower is no evidence.
 */

import type { Histogram } from '../counters/histogram.ts'
import { LAST_BUCKET } from '../counters/histogram.ts'
import { cleanCount } from './formula.ts'

export const LATENCY_QUANTILES: readonly number[] = [0.9, 0.95, 0.99]

/** Control's latencies of the last 5–10 minutes, and the thresholds that follow from them. */
export type LearnedLatency = {
  /** Counts per histogram bucket, index = bucket. */
  current: readonly number[]
  previous: readonly number[]
  rotatedAtMs: number
  relearnedAtMs: number
  /** Last bucket that is not slow, per quantile; null until enough has been seen. */
  edges: readonly number[] | null
}

const WINDOW_MS = 300_000
const RELEARN_MS = 5_000
/** Fewer say nothing about a p99. */
const LEAST_LEARNED = 200

export function initialLatency(atMs: number): LearnedLatency {
  const none = new Array<number>(LAST_BUCKET + 1).fill(0)
  return { current: none, previous: none, rotatedAtMs: atMs, relearnedAtMs: atMs, edges: null }
}

/** Adds control's latencies of a tick that has already been judged. */
export function learn(state: LearnedLatency, control: Histogram, atMs: number): LearnedLatency {
  const rotate = atMs - state.rotatedAtMs >= WINDOW_MS
  const current = rotate ? new Array<number>(LAST_BUCKET + 1).fill(0) : state.current.slice()
  const previous = rotate ? state.current : state.previous
  for (const key in control) {
    const bucket = Math.min(LAST_BUCKET, Math.max(0, Number(key)))
    current[bucket] = (current[bucket] ?? 0) + cleanCount(control[Number(key)] ?? 0)
  }
  const due = state.edges === null || atMs - state.relearnedAtMs >= RELEARN_MS
  return {
    current,
    previous,
    rotatedAtMs: rotate ? atMs : state.rotatedAtMs,
    relearnedAtMs: due ? atMs : state.relearnedAtMs,
    edges: due ? (learnedEdges(current, previous) ?? state.edges) : state.edges,
  }
}

function learnedEdges(current: readonly number[], previous: readonly number[]): number[] | null {
  let all = 0
  for (let bucket = 0; bucket <= LAST_BUCKET; bucket++)
    all += (current[bucket] ?? 0) + (previous[bucket] ?? 0)
  if (all < LEAST_LEARNED) return null
  const edges: number[] = []
  let seen = 0
  for (let bucket = 0; bucket <= LAST_BUCKET; bucket++) {
    seen += (current[bucket] ?? 0) + (previous[bucket] ?? 0)
    while (edges.length < LATENCY_QUANTILES.length && seen >= (LATENCY_QUANTILES[edges.length] ?? 1) * all) {
      edges.push(bucket)
    }
  }
  return edges
}

/** How many of the histogram are above each edge, and how many there are at all (last element). */
export function countAbove(histogram: Histogram, edges: readonly number[], margin: number): number[] {
  const counts = new Array<number>(edges.length + 1).fill(0)
  for (const key in histogram) {
    const bucket = Number(key)
    const count = cleanCount(histogram[bucket] ?? 0)
    counts[edges.length] = (counts[edges.length] ?? 0) + count
    for (let k = 0; k < edges.length; k++) {
      if (bucket > (edges[k] ?? LAST_BUCKET) + margin) counts[k] = (counts[k] ?? 0) + count
    }
  }
  return counts
}
