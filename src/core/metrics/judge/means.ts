/**
 * Means per visitor of counts and sums: asymptotic confidence sequences.
 *
 * Source: Waudby-Smith, Arbour, Sinha, Kennedy, Ramdas, "Time-uniform central limit theory and asymptotic confidence
 * sequences" (Annals of Statistics 2024), eq. (8): with t visitors and the estimated standard error s,
 *
 *     mean ± s · √( 2·(tρ² + 1)/(tρ²) · ln( √(tρ² + 1) / α ) )
 *
 * covers the truth at all looks at once with probability 1 − α, in the limit of a late first look. In finite samples that is
 * as good as the normal approximation is at the first look, so nothing is said below `LEAST_VISITORS` visitors and
 * `LEAST_NONZERO` visitors with a value, in either arm; sums are capped. the benchmark of metrics measures what is left.
 *
 * A ratio of means r is tested by the linear combination D = mean(variant) − r·mean(control), whose standard error needs
 * no division (Fieller 1954): all r whose sequence for D contains 0 are a confidence sequence for the ratio.
 *
 * Values of visitors who are already in grow later: a visitor's label is drawn once, and weighs on all that they do. So D moves
 * less freely than a walk of fresh visitors would with the same variance: values grow, so for s < t the covariance of D(s)
 * and D(t) is at least the variance of D(s), which is what a walk has. By Slepian's lemma ("The one-sided barrier problem for
 * Gaussian noise", 1962) a Gaussian process with the same variances and larger covariances crosses a boundary with a smaller
 * probability. Hence a boundary that holds for new visitors also holds for those who come back.
 */
import { normalBelow } from './special.ts'

export const LEAST_VISITORS = 200
export const LEAST_NONZERO = 150
/** Visitors at which sequences are sharpest. */
const BEST_VISITORS = 20_000

/** Of one arm. */
export type Sample = { visitors: number; nonzero: number; sum: number; sumOfSquares: number }

export type Interval = { low: number; high: number }

export function meanOf({ visitors, sum }: Sample): number {
  return visitors === 0 ? 0 : sum / visitors
}

/** The variance of a mean. */
function varianceOfMean({ visitors, sum, sumOfSquares }: Sample): number {
  if (visitors < 2) return Infinity
  const mean = sum / visitors
  return Math.max(0, sumOfSquares / visitors - mean * mean) / (visitors - 1)
}

export function isEnough({ visitors, nonzero }: Sample): boolean {
  return visitors >= LEAST_VISITORS && nonzero >= LEAST_NONZERO
}

/** tρ², with ρ chosen for `BEST_VISITORS`: eq. (9) of the source. */
function precision(visitors: number, alpha: number): number {
  const lnTwo = -2 * Math.log(alpha)
  return (visitors * (lnTwo + Math.log(lnTwo + 1))) / BEST_VISITORS
}

/** Standard errors that an interval reaches to either side. */
function reachOf(visitors: number, alpha: number): number {
  const p = precision(visitors, alpha)
  return Math.sqrt(((2 * (p + 1)) / p) * (0.5 * Math.log(p + 1) + Math.log(1 / alpha)))
}

/**
 * Whether the guard may judge: by the rate of both arms together, as one that sells nothing, or whose control never had a ticket,
 * would otherwise never be seen.
 */
function isEnoughTogether(variant: Sample, control: Sample): boolean {
  const least = Math.min(variant.visitors, control.visitors)
  const rate = (variant.nonzero + control.nonzero) / (variant.visitors + control.visitors)
  return least >= LEAST_VISITORS && rate * least >= LEAST_NONZERO
}

/** Of the mean of an arm; null where nothing is said yet. */
export function meanInterval(sample: Sample, alpha: number): Interval | null {
  if (!isEnough(sample)) return null
  const reach = reachOf(sample.visitors, alpha) * Math.sqrt(varianceOfMean(sample))
  return { low: Math.max(0, meanOf(sample) - reach), high: meanOf(sample) + reach }
}

/** Of the ratio variant / control; `high` is Infinity where control's mean may be 0. Null where nothing is said yet. */
export function meanRatioInterval(variant: Sample, control: Sample, alpha: number): Interval | null {
  if (!isEnough(variant) || !isEnough(control)) return null
  const q = reachOf(variant.visitors + control.visitors, alpha) ** 2
  const [a, b] = [meanOf(variant), meanOf(control)]
  // (a − r·b)² ≤ q·(Va + r²·Vb), a quadratic inequality in r.
  const square = b * b - q * varianceOfMean(control)
  const rest = a * a - q * varianceOfMean(variant)
  if (square <= 0) return { low: 0, high: Infinity }
  const root = Math.sqrt(Math.max(0, a * a * b * b - square * rest))
  return { low: Math.max(0, (a * b - root) / square), high: (a * b + root) / square }
}

/** How many times as many visitors there must be until anything is said of both; at most 1 where it is. */
export function factorToEnough(variant: Sample, control: Sample): number {
  return Math.max(
    LEAST_VISITORS / Math.min(variant.visitors, control.visitors),
    LEAST_NONZERO / Math.min(variant.nonzero, control.nonzero),
  )
}

/** Of the ln of the ratio of means: its standard error, and how far its interval reaches with so many times the visitors, before their root. */
export function meansReach(variant: Sample, control: Sample) {
  const error = Math.hypot(
    ...[variant, control].map((each) => Math.sqrt(varianceOfMean(each)) / meanOf(each)),
  )
  const visitors = variant.visitors + control.visitors
  return { error, reach: (factor: number, alpha: number) => error * reachOf(factor * visitors, alpha) }
}

/**
 * ln of the evidence that a ratio of means is beyond a margin: below one that is less than 1, above one that is more.
 *
 * A mixture of likelihood ratios of a normal drift over the harmful side, half-normal with precision ρ⁻²:
 * E = 2/√(tρ² + 1) · exp( z²·tρ² / 2(tρ² + 1) ) · Φ( z·√(tρ² / (tρ² + 1)) ), with z standard errors beyond the margin. At the
 * margin its expectation is 1 in the limit, within it less; −∞ where nothing is said yet. The variance is the larger one of that of the two arms, and
 * that of both together: a small arm without the rare large values would seem too certain.
 */
export function lnMeanEvidenceBeyond(
  variant: Sample,
  control: Sample,
  { margin, alpha }: { margin: number; alpha: number },
): number {
  if (!isEnoughTogether(variant, control)) return Number.NEGATIVE_INFINITY
  const difference = meanOf(variant) - margin * meanOf(control)
  const own = varianceOfMean(variant) + margin * margin * varianceOfMean(control)
  const together = varianceOfMean(control) * control.visitors * margin * margin
  const variance = Math.max(own, together / variant.visitors + together / control.visitors)
  if (variance === 0) return Number.NEGATIVE_INFINITY
  const z = (margin < 1 ? -difference : difference) / Math.sqrt(variance)
  const p = precision(variant.visitors + control.visitors, alpha)
  const below = normalBelow(z * Math.sqrt(p / (p + 1)))
  if (below <= 0) return Number.NEGATIVE_INFINITY
  return Math.LN2 - 0.5 * Math.log(p + 1) + (z * z * p) / (2 * (p + 1)) + Math.log(below)
}
