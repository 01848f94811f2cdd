/**
 * Whether visitors are split as the document says (sample ratio mismatch): the counts of visitors per variant against
 * the split's shares, at every look.
 *
 * E = ∫ Π q_i^n_i dDirichlet(q; κ·shares) / Π share_i^n_i, a mixture of likelihood ratios, is at most 1 in expectation when each new
 * visitor falls into a variant with its share. Source: Lindon & Malek, "Anytime-valid inference for multinomial count
 * data" (NeurIPS 2022, arXiv 2011.03567), section 3.
 */
import { lnGamma } from './special.ts'

/** A share that is 1 % off is seen with about 200,000 visitors. */
const KAPPA = 1_000

/** ln E of the shares; `counts` and `shares` in the same order. */
export function lnSplitEvidence(counts: readonly number[], shares: readonly number[]): number {
  const total = counts.reduce((sum, count) => sum + count, 0)
  let ln = lnGamma(KAPPA) - lnGamma(KAPPA + total)
  for (const [at, share] of shares.entries()) {
    const count = counts[at] ?? 0
    if (share <= 0) {
      if (count > 0) return Infinity
      continue
    }
    ln += lnGamma(KAPPA * share + count) - lnGamma(KAPPA * share) - count * Math.log(share)
  }
  return ln
}
