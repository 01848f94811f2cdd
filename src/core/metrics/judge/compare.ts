/** One metric of a variant against control: interval, guard's evidence, and word. */
import type { Word } from '../results.ts'
import type { Metric } from '../spec.ts'
import type { MetricSums } from '../summary.ts'
import { type Labels, lnEvidenceBeyond, rateInterval, ratioInterval } from './labels.ts'
import { type Interval, lnMeanEvidenceBeyond, meanInterval, meanOf, meanRatioInterval } from './means.ts'

export type Arm = { visitors: number; share: number } & MetricSums

/** As shares: −0.2 is 20 % lower. Null where nothing bounds it. */
export type Relative = { relative: number | null; low: number | null; high: number | null }

/** A ratio's margin: 0.95 for a drop of 5 %, 1.05 for a rise. */
export function marginOf({ better, guard }: Metric): number | undefined {
  if (guard === undefined) return undefined
  return 1 + ((better === 'higher' ? -1 : 1) * guard.marginPercent) / 100
}

/** The mean of an arm, with its interval. */
export function armInterval(metric: Metric, arm: Arm, alpha: number): Interval | null {
  if (metric.type !== 'conversion') return meanInterval(arm, alpha)
  return arm.visitors === 0 ? null : rateInterval(arm.nonzero, arm.visitors, alpha)
}

const labelsOf = (variant: Arm, control: Arm): Labels => ({
  variant: variant.nonzero,
  control: control.nonzero,
  share: variant.share / (variant.share + control.share),
})

/** With fewer visitors in either, or conversions in both together, nothing is said of a difference. */
const LEAST_VISITORS = 20
const LEAST_CONVERSIONS = 10

/** Whether there is too little to compare: a share of three visitors is no share. */
export function isEarly({ type }: Metric, [variant, control]: readonly [Arm, Arm]): boolean {
  if (Math.min(variant.visitors, control.visitors) < LEAST_VISITORS) return true
  return type === 'conversion' && variant.nonzero + control.nonzero < LEAST_CONVERSIONS
}

/** Whether the split deals visitors to both. */
export function areDealt(variant: Arm, control: Arm): boolean {
  return variant.share > 0 && control.share > 0
}

/** @param isCapped whether a sum's cap is known: no claim before */
export function relativeOf(
  metric: Metric,
  [variant, control]: readonly [Arm, Arm],
  { alpha, isCapped }: { alpha: number; isCapped: boolean },
): Relative {
  if (isEarly(metric, [variant, control])) return { relative: null, low: null, high: null }
  const base = meanOf(control)
  const relative = base > 0 ? meanOf(variant) / base - 1 : null
  if (!areDealt(variant, control) || !isCapped) return { relative, low: null, high: null }
  const interval =
    metric.type === 'conversion'
      ? ratioInterval(labelsOf(variant, control), alpha)
      : meanRatioInterval(variant, control, alpha)
  // Every ratio that there is: nothing is known.
  if (interval === null || (interval.low <= 0 && interval.high === Infinity))
    return { relative, low: null, high: null }
  return {
    relative,
    low: interval.low - 1,
    high: interval.high === Infinity ? null : interval.high - 1,
  }
}

/** ln of the evidence against "within the margin"; 0 where nothing is said yet. */
export function lnGuardEvidence(
  metric: Metric,
  [variant, control]: readonly [Arm, Arm],
  { alpha, isCapped }: { alpha: number; isCapped: boolean },
): number {
  const margin = marginOf(metric)
  if (margin === undefined || !areDealt(variant, control) || !isCapped) return 0
  if (isEarly(metric, [variant, control])) return 0
  if (metric.type === 'conversion') return lnEvidenceBeyond(labelsOf(variant, control), margin)
  const ln = lnMeanEvidenceBeyond(variant, control, { margin, alpha })
  return ln === Number.NEGATIVE_INFINITY ? 0 : ln
}

/** The word for an interval; `isBeyond`: the guard's evidence says that the margin is crossed. */
export function wordOf(metric: Metric, { low, high }: Relative, isBeyond: boolean): Word {
  if (isBeyond) return 'worse'
  const [worst, best] = metric.better === 'higher' ? [low, high] : [negated(high), negated(low)]
  if (best !== null && best < 0) return 'worse'
  if (worst !== null && worst > 0) return 'better'
  const margin = metric.guard && metric.guard.marginPercent / 100
  return worst !== null && margin !== undefined && worst >= -margin ? 'not worse' : 'undecided'
}

const negated = (value: number | null) => (value === null ? null : -value)
