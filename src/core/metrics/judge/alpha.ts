/**
 * How the probabilities of false alarms are divided.
 *
 * Intervals: all intervals of differences of a flag hold together with 95 %, and so do those of means: each is made at
 * its metric's part, divided by their number (Bonferroni; no independence is assumed).
 *
 * Guard lines share one part of the guard's α alike. Evidence of several lines and of several stages is a weighted sum of e-processes, with
 * weights that add up to 1, which is an e-process itself.
 */
import type { Metric } from '../spec.ts'

/** The probability that any interval of a flag's differences ever misses the truth. */
export const INTERVAL_ALPHA = 0.05
const PRIMARY_SHARE = 0.5

/** The parts of `INTERVAL_ALPHA` of metrics: half for the primary one, the rest alike. */
export function metricAlphas(metrics: readonly Metric[]): number[] {
  const others = metrics.filter(({ role }) => role !== 'primary').length
  const hasPrimary = others < metrics.length
  const forOthers = hasPrimary ? 1 - PRIMARY_SHARE : 1
  return metrics.map(({ role }) => {
    if (role !== 'primary') return (INTERVAL_ALPHA * forOthers) / others
    return INTERVAL_ALPHA * (others === 0 ? 1 : PRIMARY_SHARE)
  })
}

/** The part of the guard's α for all its metrics; core/guard/evidence/alpha.ts has the others. */
export const METRICS_SHARE = 0.015

/** Stages that a document plans have nine tenths; what follows (a stage entered again) the rest, halved each time. */
const PLANNED_SHARE = 0.9

/** The weight of a period's evidence; those of all periods add up to 1. */
export function periodWeight(period: number, planned: number): number {
  if (period < planned) return PLANNED_SHARE / planned
  return (1 - PLANNED_SHARE) * 2 ** -(period - planned + 1)
}
