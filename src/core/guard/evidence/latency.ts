/**
 * Latency as counts of slow requests, judged by the same formula.
 *
 * "Slow" means above control's median, p90, p95 or p99, learned from past ticks only: a threshold that has seen the
 * requests it judges would break the martingale. A slow canary request must be a margin of histogram bins (9 % each)
 * above that, so a slightly slower canary is no evidence.
 */

import type { Histogram } from '../../counters/histogram.ts'
import { LAST_BIN } from '../../counters/histogram.ts'
import type { Counts } from './formula.ts'
import { cleanCount, NO_COUNTS } from './formula.ts'
import { equalBets } from './wealth.ts'

/** Ascending. All are counted; `latency.quantiles` says which are judged. */
export const LATENCY_QUANTILES: readonly number[] = [0.5, 0.9, 0.95, 0.99]
/**
 * Margin of a stage's first minutes, while its machines are cold: over three times control's quantile (3.08), which no
 * cold cache explains.
 */
export const COLD_MARGIN_BUCKETS = 13
export const SLOW_BETS = equalBets([1.25, 1.5, 2, 3, 5, 10])

/** Control's durations of the last 5–10 minutes, longer where there are few, and the thresholds that follow from them. */
export type LearnedLatency = {
  /** Counts by histogram bin. */
  current: readonly number[]
  previous: readonly number[]
  rotatedAtMs: number
  relearnedAtMs: number
  /** The last bin that is not slow, per quantile; null until enough is learned. */
  edges: readonly number[] | null
}

const WINDOW_MS = 300_000
const RELEARN_MS = 5_000
/** Too few durations say nothing about a p99. */
export const LEAST_LEARNED = 200

const noCounts = () => new Array<number>(LAST_BIN + 1).fill(0)

export function initialLatency(atMs: number): LearnedLatency {
  const none = noCounts()
  return { current: none, previous: none, rotatedAtMs: atMs, relearnedAtMs: atMs, edges: null }
}

/** Learns control's durations of a tick that has been judged. */
export function learn(state: LearnedLatency, control: Histogram, atMs: number): LearnedLatency {
  // A window of a small site lasts until it holds enough: else nothing would ever be learned there.
  const rotate = atMs - state.rotatedAtMs >= WINDOW_MS && sumOf(state.current) >= LEAST_LEARNED
  const current = rotate ? noCounts() : state.current.slice()
  const previous = rotate ? state.current : state.previous
  for (const key in control) {
    const bin = Math.min(LAST_BIN, Math.max(0, Number(key)))
    current[bin] = (current[bin] ?? 0) + cleanCount(control[Number(key)] ?? 0)
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

/** How many durations a threshold still lacks; 0 once there is one. */
export function durationsToLearn({ edges, current, previous }: LearnedLatency): number {
  return edges === null ? Math.max(0, LEAST_LEARNED - sumOf(current) - sumOf(previous)) : 0
}

function sumOf(counts: readonly number[]): number {
  let sum = 0
  for (const count of counts) sum += count
  return sum
}

function learnedEdges(current: readonly number[], previous: readonly number[]): number[] | null {
  let all = 0
  for (let bin = 0; bin <= LAST_BIN; bin++) all += (current[bin] ?? 0) + (previous[bin] ?? 0)
  if (all < LEAST_LEARNED) return null
  const edges: number[] = []
  let seen = 0
  for (let bin = 0; bin <= LAST_BIN; bin++) {
    seen += (current[bin] ?? 0) + (previous[bin] ?? 0)
    while (edges.length < LATENCY_QUANTILES.length && seen >= (LATENCY_QUANTILES[edges.length] ?? 1) * all) {
      edges.push(bin)
    }
  }
  return edges
}

/** Durations of both arms. */
export type Durations = { canary: Histogram; control: Histogram }

/**
 * Slow requests of both arms per quantile; none while control's edges are unknown.
 *
 * @param margin bins above the edge that a slow canary request needs
 * @param factor of the canary's exposure
 */
export function countSlow(
  { canary, control }: Durations,
  edges: readonly number[] | null,
  margin: number,
  factor: number,
): Counts[] {
  if (edges === null) return LATENCY_QUANTILES.map(() => NO_COUNTS)
  const canarySlow = countAbove(canary, edges, margin)
  const controlSlow = countAbove(control, edges, 0)
  return edges.map((_, k) => ({
    canaryN: canarySlow.all * factor,
    controlN: controlSlow.all,
    canaryBad: canarySlow.above[k] ?? 0,
    controlBad: controlSlow.above[k] ?? 0,
  }))
}

/** Durations more than `margin` bins above each edge, and all durations. */
function countAbove(
  histogram: Histogram,
  edges: readonly number[],
  margin: number,
): { above: number[]; all: number } {
  const above = new Array<number>(edges.length).fill(0)
  let all = 0
  for (const key in histogram) {
    const bin = Number(key)
    const count = cleanCount(histogram[bin] ?? 0)
    all += count
    for (let k = 0; k < edges.length; k++) {
      if (bin > (edges[k] ?? LAST_BIN) + margin) above[k] = (above[k] ?? 0) + count
    }
  }
  return { above, all }
}
