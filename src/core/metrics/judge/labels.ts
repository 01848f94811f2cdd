/**
 * Conversions, compared exactly at every look. Unit: a visitor who has converted; what is random is their label, the
 * variant that the split gave them.
 *
 * The split draws labels by a hash, independent of what visitors do: a share π of the compared two is in the variant. If a
 * variant makes r times as many visitors convert as control does, then each visitor who converts, whenever that is, has its label
 * with probability p(r) = π·r / (π·r + 1 − π). So in the order in which visitors convert, labels are draws of a coin,
 * and for every r
 *
 *     E_r = ∫ q^x (1 − q)^y dBeta(q; κπ, κ(1 − π))  /  p(r)^x (1 − p(r))^y       (x, y: converted in variant, control)
 *
 * is a mixture of likelihood ratios against that coin: E ≤ 1 at the true r whenever one looks (Ville: it ever reaches 1/α
 * with probability ≤ α). The values of r with E_r < 1/α are a confidence sequence. Source: Robbins, "Statistical methods
 * related to the law of the iterated logarithm" (1970); Howard, Ramdas, McAuliffe, Sekhon, "Time-uniform, nonparametric,
 * nonasymptotic confidence sequences" (2021), section 3, for the beta-binomial mixture.
 *
 * Why on labels, and not on rates: a visitor may convert long after their exposure, more do so on Saturdays, and one who was
 * exposed just now hasn't had the time. All that changes when conversions come, in both arms alike, and never whose
 * they are. Nothing has to be waited for, and no model of rates can be wrong. The price: visitors who don't convert aren't
 * used. Where a share c of visitors converts, an interval takes 1 / (1 − c) as many visitors as one made of rates: 5 % more at
 * a rate of 5 %, twice as many at 50 %.
 */
import { crossing, lnBeta } from './special.ts'

/** Sharpest at about eight times as many conversions: α = 0.05, Howard et al. section 3.5. */
const KAPPA = 250
/** No ratio is outside. */
const [LEAST_LN_RATIO, MOST_LN_RATIO] = [-12, 12]

export type Labels = {
  /** Visitors who converted. */
  variant: number
  control: number
  /** The variant's share (0–1) of the two, by the split. */
  share: number
}

/** The probability that a converted visitor is the variant's, at a ratio of rates. */
const coinAt = (share: number, ratio: number) => (share * ratio) / (share * ratio + 1 - share)

/** ln E of a ratio of rates. */
export function lnEvidence(labels: Labels, ratio: number): number {
  return lnMixture(labels) - lnLikelihood(labels, ratio)
}

function lnMixture({ variant, control, share }: Labels): number {
  const [a, b] = [KAPPA * share, KAPPA * (1 - share)]
  return lnBeta(a + variant, b + control) - lnBeta(a, b)
}

function lnLikelihood({ variant, control, share }: Labels, ratio: number): number {
  const coin = coinAt(share, ratio)
  return variant * Math.log(coin) + control * Math.log1p(-coin)
}

/** The ratios of rates that can't be excluded at α: from `low`, which may be 0, to `high`, which may be Infinity. */
export function ratioInterval(labels: Labels, alpha: number): { low: number; high: number } {
  const beyond = lnMixture(labels) - Math.log(1 / alpha)
  const excess = (lnRatio: number) => beyond - lnLikelihood(labels, Math.exp(lnRatio))
  const { variant, control, share } = labels
  // E is smallest at the ratio that was seen; half a visitor keeps it finite.
  const best = Math.log(((variant + 0.5) * (1 - share)) / ((control + 0.5) * share))
  const from = Math.max(LEAST_LN_RATIO, Math.min(MOST_LN_RATIO, best))
  const low = excess(LEAST_LN_RATIO) <= 0 ? 0 : Math.exp(crossing((x) => -excess(x), LEAST_LN_RATIO, from))
  const high = excess(MOST_LN_RATIO) <= 0 ? Infinity : Math.exp(crossing(excess, from, MOST_LN_RATIO))
  return { low, high }
}

/** Of the ln of the ratio, by the normal approximation: its standard error, and how far it reaches with so many times the visitors, before their root. */
export function labelsReach(converted: number, share: number) {
  const error = 1 / Math.sqrt(converted * share * (1 - share))
  const reach = (factor: number, alpha: number) => {
    const [own, all] = [factor * converted, factor * converted + KAPPA]
    return error * Math.sqrt((all / own) * (2 * Math.log(1 / alpha) + Math.log(all / KAPPA)))
  }
  return { error, reach }
}

/** How far beyond the margin the guard looks, as factors of the ratio at the margin; equal bets. */
const BEYOND = [0.97, 0.93, 0.87, 0.8, 0.7, 0.55, 0.35, 0.1]

/**
 * ln of the evidence that a variant's rate is beyond a margin.
 *
 * Null: the ratio is at least `margin` (below 1: a drop), or at most `margin` (above 1: a rise). Each bet is a likelihood ratio
 * of a coin beyond the margin against the one at the margin. Under a coin on the null's side its expected factor is at
 * most 1, as the likelihood ratio falls where the coin moves away from the bet. So E ≤ 1 under the whole null.
 */
export function lnEvidenceBeyond({ variant, control, share }: Labels, margin: number): number {
  const atMargin = coinAt(share, margin)
  const logs = BEYOND.map((factor) => {
    const coin = coinAt(share, margin < 1 ? margin * factor : margin / factor)
    return variant * Math.log(coin / atMargin) + control * (Math.log1p(-coin) - Math.log1p(-atMargin))
  })
  const most = Math.max(...logs)
  return most + Math.log(logs.reduce((sum, log) => sum + Math.exp(log - most), 0) / logs.length)
}

/** Prior of a rate about which nothing is known (Krichevsky & Trofimov 1981). */
const HALF = 0.5

/**
 * The rate of converted visitors, so far: a confidence sequence of a coin, exact where visitors convert before the next
 * comes, and by the argument of means.ts otherwise.
 */
export function rateInterval(
  converted: number,
  visitors: number,
  alpha: number,
): { low: number; high: number } {
  const missed = visitors - converted
  const limit = Math.log(1 / alpha) - lnBeta(HALF + converted, HALF + missed) + lnBeta(HALF, HALF)
  const excess = (rate: number) => -converted * Math.log(rate) - missed * Math.log1p(-rate) - limit
  const best = (converted + HALF) / (visitors + 1)
  return {
    low: converted === 0 ? 0 : crossing((x) => -excess(x), 0, best),
    high: missed === 0 ? 1 : crossing(excess, best, 1),
  }
}
