/**
 * Corrects exposure for a few heavy visitors.
 *
 * The split is random by visitor, so control's requests predict the canary's. A bot that makes healthy requests all
 * day dilutes its arm's error rate: in control it makes a healthy canary look worse, in the canary it hides a bad
 * one. So when a stage's counts contradict the percentage by more than chance (2 standard deviations), each test
 * takes the exposure that is worse for its own claim. Factors depend on numbers of requests and never on outcomes, so
 * the tests stay valid.
 */

import type { Exposure, Standing } from '../networks/groups.ts'

/** A larger ratio is another kind of traffic than a heavy visitor; the split check covers it. */
const MOST_FACTOR = 4

/** Factors of the canary's exposure: `rollback` ≥ 1, `advance` ≤ 1. */
export type ExposureFactors = { rollback: number; advance: number }

/**
 * @param canaryRequests of the stage so far, this tick included
 * @param controlRequests the same of control
 * @param percentage the canary's, 0–100
 */
export function exposureFactors(
  canaryRequests: number,
  controlRequests: number,
  percentage: number,
): ExposureFactors {
  const share = percentage / 100
  if (!(share > 0 && share < 1 && canaryRequests > 0 && controlRequests > 0))
    return { rollback: 1, advance: 1 }
  const odds = share / (1 - share)
  const expected = controlRequests * odds
  const slack = 2 * Math.sqrt(expected * (1 + odds))
  return {
    rollback: Math.min(MOST_FACTOR, Math.max(1, (expected - slack) / canaryRequests)),
    advance: Math.max(1 / MOST_FACTOR, Math.min(1, (expected + slack) / canaryRequests)),
  }
}

/** What a tick's errors are counted by: who takes part, with how many requests and how large a part of them. */
export type Part = { standing: Standing; exposure: Exposure; factors: ExposureFactors }
