import { METRICS_SHARE } from '../../metrics/judge/alpha.ts'

/**
 * How α, the probability that a healthy canary is ever closed or held for harm, is divided among the tests.
 *
 * Each test is an e-process: under its null its expected wealth is at most 1. A sum of e-processes weighted by shares
 * that add up to 1 is an e-process as well, whatever they have to do with each other, so by Ville's inequality the sum
 * reaches 1/α with probability at most α. A test alone has to reach 1/(share·α). Ceilings and thresholds are limits that
 * an operator sets, not claims about control, and have no part in it.
 */
export const ALPHA_SHARES = {
  errors: 0.45,
  latency: 0.35,
  collapse: 0.08,
  /** Visitors who fail again and again. */
  visitors: 0.05,
  clientErrors: 0.04,
  /** Dropped journeys. */
  traffic: 0.015,
  /** All lines of `guard.metrics`: core/metrics/judge spends it. */
  metrics: METRICS_SHARE,
} as const

/** The part of α that errors and latency share: all of it belongs to one of them where the other is off. */
export const COMPARED_SHARE = ALPHA_SHARES.errors + ALPHA_SHARES.latency

/** The wealth at which a test decides on its own. */
export function levelOf(test: keyof typeof ALPHA_SHARES, alpha: number): number {
  return 1 / (ALPHA_SHARES[test] * alpha)
}
