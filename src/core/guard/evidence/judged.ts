/** What the tests have counted in a generation: exposure and bad ones of both arms, each visitor's failures once. */
import type { Batch } from './batch.ts'
import { addCounts, type Counts, NO_COUNTS } from './formula.ts'
import { LATENCY_QUANTILES } from './latency.ts'

/** Control's quantiles whose slow requests are kept: half, 5 % and 1 % of control’s requests are slower. */
export const SHOWN_QUANTILES = [0.5, 0.95, 0.99] as const

export type Judged = {
  errors: Counts
  clientErrors: Counts
  /** By SHOWN_QUANTILES. */
  slow: readonly Counts[]
}

export const NOTHING_JUDGED: Judged = {
  errors: NO_COUNTS,
  clientErrors: NO_COUNTS,
  slow: SHOWN_QUANTILES.map(() => NO_COUNTS),
}

/** The sums after a tick. */
export function addJudged(before: Judged, batch: Batch, clientErrors: Counts): Judged {
  return {
    errors: addCounts(before.errors, batch.errors),
    clientErrors: addCounts(before.clientErrors, clientErrors),
    slow: SHOWN_QUANTILES.map((quantile, k) =>
      addCounts(before.slow[k] ?? NO_COUNTS, batch.slow[LATENCY_QUANTILES.indexOf(quantile)] ?? NO_COUNTS),
    ),
  }
}
