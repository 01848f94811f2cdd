/**
 * Durations that the app reports, as another process of the latency test.
 *
 * They are not multiplied into the wealth of request latencies: a slow answer makes a slow page, so the factors of a
 * batch depend on each other, and `E[f·g]` can exceed 1 where `E[f]` and `E[g]` don't. Sums are safe under any
 * dependence. So at the moment τ when both arms have first reported durations, a third of the latency wealth `L(τ)`
 * is bet on them instead: from then on the wealth is `⅔·L(t) + ⅓·L(τ)·T(t)`, where `T` starts at 1. τ follows from
 * numbers of reports, before any duration is judged, and nothing is paid in or out, so the sum stays a
 * supermartingale; an app that reports nothing loses nothing.
 */

import type { Counts } from '../evidence/formula.ts'
import { NO_COUNTS } from '../evidence/formula.ts'
import type { Test, Wealth } from '../evidence/wealth.ts'
import { grow, initialWealth, meanWealth } from '../evidence/wealth.ts'
import { sinceRise } from '../networks/without-two.ts'

/** Share of the latency wealth bet on reported durations. */
const TIMINGS_SHARE = 1 / 3

export type TimingState = {
  /** L(τ). */
  stake: number
  /** Instalments paid before τ. */
  paidBefore: number
  /** T, per quantile. */
  wealth: readonly Wealth[]
  slowSeen: readonly number[]
  /** Counts by group of networks since T last was below 2, per quantile. */
  since: readonly (readonly Counts[])[]
}

/** Per quantile: reported durations above control's edges, the canary's by a margin. */
type SlowTimings = { all: readonly Counts[]; groups: readonly (readonly Counts[])[] }

/**
 * State after a closed batch; null until a batch has reports of both arms.
 *
 * @param latencyWealth before this batch
 */
export function stepTimings(
  state: TimingState | null,
  { all: counts, groups }: SlowTimings,
  latencyWealth: number,
  paid: number,
  test: Test,
): TimingState | null {
  const reported = counts.some(({ canaryN, controlN }) => canaryN > 0 && controlN > 0)
  if (!reported) return state
  const before = state ?? {
    stake: latencyWealth,
    paidBefore: paid,
    wealth: counts.map(() => initialWealth(test.bets)),
    slowSeen: counts.map(() => 0),
    since: counts.map(() => []),
  }
  const instalments = paid - before.paidBefore
  return {
    ...before,
    wealth: before.wealth.map((wealth, k) => grow(wealth, counts[k] ?? NO_COUNTS, instalments, test)),
    slowSeen: before.slowSeen.map((seen, k) => seen + (counts[k]?.canaryBad ?? 0)),
    since: sinceRise(meanWealth(before.wealth), before.since, groups),
  }
}

/** The latency wealth and its two parts. */
export function withTimings(
  latency: number,
  state: TimingState | null,
): { all: number; latency: number; timings: number } {
  if (state === null) return { all: latency, latency, timings: 0 }
  const mean = meanWealth(state.wealth)
  const kept = (1 - TIMINGS_SHARE) * latency
  const timings = TIMINGS_SHARE * state.stake * mean
  return { all: kept + timings, latency: kept, timings }
}
