/**
 * Absolute limits of the canary: the same formula with ρ = 0 and δ = the ceiling, so control plays no part in the
 * evidence. Control decides whose fault it is: if it breaches the ceiling too, the outage is shared.
 */

import type { Histogram } from '../counters/histogram.ts'
import { upperEdgeMs } from '../counters/histogram.ts'
import { cleanCount } from './formula.ts'
import { noteBuckets } from './rollback.ts'
import type { Wealth } from './wealth.ts'
import { grow, initialWealth, totalWealth } from './wealth.ts'

/** Share of requests that may be slower than a p95. */
export const P95_CEILING_RATE = 0.05

const CEILING_LAMBDAS: readonly number[] = [1.25, 1.5, 2, 3, 5, 10, 30, 100]

export type Tally = { n: number; bad: number }

export type CeilingState = {
  wealth: Wealth
  /** Control's counts since the canary's evidence began to rise. */
  controlSince: Tally
  /** Distinct canary buckets with errors since then, as many as are needed at most. */
  bucketsSince: readonly number[]
}

/** `shared`: control is not shown to be below the ceiling in the same time, so nobody knows whose fault it is. */
export type CeilingVerdict = 'below' | 'breached' | 'shared'

export function initialCeiling(): CeilingState {
  return { wealth: initialWealth(CEILING_LAMBDAS.length), controlSince: { n: 0, bad: 0 }, bucketsSince: [] }
}

/**
 * State after one tick.
 *
 * @param ceiling a rate, 0–1
 * @param logCap bounds ln f
 * @param canaryBuckets with errors in this tick, of which `bucketsNeeded` are noted
 */
export function stepCeiling(
  state: CeilingState,
  canary: Tally,
  control: Tally,
  ceiling: number,
  paid: number,
  logCap: number,
  canaryBuckets: readonly number[],
  bucketsNeeded: number,
): CeilingState {
  const rising = totalWealth(state.wealth) >= 2
  const { controlSince: since, bucketsSince } = rising ? state : initialCeiling()
  const counts = { canaryN: canary.n, canaryBad: canary.bad, controlN: 0, controlBad: 0 }
  return {
    wealth: grow(state.wealth, paid, counts, CEILING_LAMBDAS, { rho: 0, delta: ceiling }, logCap),
    controlSince: { n: since.n + cleanCount(control.n), bad: since.bad + cleanCount(control.bad) },
    bucketsSince: noteBuckets(bucketsSince, canaryBuckets, bucketsNeeded),
  }
}

/** `hasControl` false (100 %): the ceiling alone decides. */
export function judgeCeiling(
  state: CeilingState,
  ceiling: number,
  alpha: number,
  hasControl: boolean,
): CeilingVerdict {
  if (totalWealth(state.wealth) < 1 / alpha) return 'below'
  if (!hasControl) return 'breached'
  const limit = ceiling * state.controlSince.n
  return state.controlSince.bad + 2 * Math.sqrt(limit) >= limit ? 'shared' : 'breached'
}

/** Durations certainly above `limitMs`: those in buckets that begin at or above it. */
export function slowerThan(latency: Histogram, limitMs: number): Tally {
  const tally = { n: 0, bad: 0 }
  for (const key in latency) {
    const bucket = Number(key)
    const count = cleanCount(latency[bucket] ?? 0)
    tally.n += count
    if (bucket > 0 && upperEdgeMs(bucket - 1) >= limitMs * (1 - 1e-9)) tally.bad += count
  }
  return tally
}
