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

import type { GuardSettings } from '../evidence/settings.ts'
import type { Test } from '../evidence/wealth.ts'
import { initialProcess, type SlowCounts, type SlowProcess, stepProcess } from './slow-process.ts'

/** Share of the latency wealth bet on reported durations. */
const TIMINGS_SHARE = 1 / 3

/** T, and what was bet on it. */
export type TimingState = SlowProcess & {
  /** L(τ). */
  stake: number
  /** Instalments paid before τ. */
  paidBefore: number
}

/**
 * State after a closed batch; null until a batch has reports of both arms.
 *
 * @param batch `counts` are reported durations above control's edges, the canary's by a margin; `stake` is the latency
 *   wealth before the batch
 */
export function stepTimings(
  settings: GuardSettings,
  state: TimingState | null,
  { counts, stake, paid, tests }: { counts: SlowCounts; stake: number; paid: number; tests: readonly Test[] },
): TimingState | null {
  const reported = counts.all.some(({ canaryN, controlN }) => canaryN > 0 && controlN > 0)
  if (!reported) return state
  const before = state ?? { ...initialProcess(), stake, paidBefore: paid }
  return { ...before, ...stepProcess(settings, before, counts, paid - before.paidBefore, tests) }
}

/** The share of the requests' wealth that is still bet on them, and what is added to it; `mean` is T. */
export function timingShares(state: TimingState | null, mean: number): { kept: number; timings: number } {
  if (state === null) return { kept: 1, timings: 0 }
  return { kept: 1 - TIMINGS_SHARE, timings: TIMINGS_SHARE * state.stake * mean }
}
