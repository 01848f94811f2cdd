/**
 * Since when the evidence of a test rises. A verdict names what was counted since then, beside the whole attempt: after
 * an hour of health the rate of the attempt tells nothing of the minute that decided.
 */

import type { Counts } from '../evidence/formula.ts'
import { type Judged, NOTHING_JUDGED } from '../evidence/judged.ts'
import { NO_TOTALS, type Totals } from './totals.ts'

export type Measure = 'errors' | 'latency' | 'answers' | 'collapse' | 'traffic'

/** The attempt's sums when the evidence last was at its start or below; what was counted since is the difference. */
export type Rise = { atMs: number; totals: Totals; slow: readonly Counts[] }
export type Rises = Readonly<Record<Measure, Rise>>

export function initialRises(atMs: number): Rises {
  return risesAt({ atMs, totals: NO_TOTALS, slow: NOTHING_JUDGED.slow })
}

function risesAt(rise: Rise): Rises {
  return { errors: rise, latency: rise, answers: rise, collapse: rise, traffic: rise }
}

/** What was known before a tick. */
export type Before = { atMs: number; totals: Totals; judged: Judged }

/**
 * The rises before a tick is counted.
 *
 * @param rises undefined in a state that an earlier release has stored
 * @param isCalm whether a test has no evidence, and no counts that it hasn't judged
 */
export function noteRises(
  rises: Rises | undefined,
  before: Before,
  isCalm: Readonly<Record<Measure, boolean>>,
): Rises {
  const now: Rise = { atMs: before.atMs, totals: before.totals, slow: before.judged.slow }
  if (rises === undefined) return risesAt(now)
  const at = (measure: Measure) => (isCalm[measure] ? now : rises[measure])
  return {
    errors: at('errors'),
    latency: at('latency'),
    answers: at('answers'),
    collapse: at('collapse'),
    traffic: at('traffic'),
  }
}
