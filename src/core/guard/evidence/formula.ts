/**
 * The one formula that every test of the guard is built on.
 *
 * A batch holds requests `n_c, n_b` and bad ones `e_c, e_b` of canary and control. The null hypothesis is
 * `r_c ≤ ρ·r_b + δ`, whatever `r_b` is and however it drifts. With `π = ρ·n_c / (ρ·n_c + n_b)` and
 * `D = 1 + π(λ − 1)`:
 *
 *     ln f(λ) = e_c·ln λ − (e_c + e_b)·ln D − n_c·δ·(λ/D − 1)
 *
 * Why `E[f] ≤ 1`: for independent requests `E[x^e] ≤ exp(n·r·(x − 1))` (from 1 + y ≤ e^y), so
 * `ln E[f] ≤ n_c·r_c·(λ/D − 1) + n_b·r_b·(1/D − 1) − n_c·δ·(λ/D − 1)`. On the boundary `r_c = ρ·r_b + δ` this is
 * `(r_b/D)·(λ − 1)·(ρ·n_c·(1 − π) − n_b·π)`, and π is chosen so that the bracket is 0. Inside the null it is less.
 * Products of `f` over batches are therefore test martingales, and Ville's inequality gives
 * `P(ever ≥ 1/α) ≤ α`, looked at as often as one likes.
 *
 * λ > 1 tests "canary worse". λ < 1 turns the null round (`r_c ≥ ρ·r_b + δ`) and tests "canary not worse".
 * ρ = 0 tests the canary alone against an absolute rate δ.
 *
 * Sources: Lindon & Malek, "Anytime-valid inference for multinomial count data" (arXiv 2011.03567);
 * Grünwald, de Heide & Koolen, "Safe testing".
 */

/** Exposure (requests, possibly scaled, so not always whole) and bad outcomes of both arms. */
export type Counts = { canaryN: number; controlN: number; canaryBad: number; controlBad: number }

export const NO_COUNTS: Readonly<Counts> = { canaryN: 0, controlN: 0, canaryBad: 0, controlBad: 0 }

/** A null hypothesis: canary's rate is at most (λ > 1) or at least (λ < 1) `rho` × control's rate + `delta`. */
export type Null = { rho: number; delta: number }

/** Counts are external input: values that are not positive and finite become 0. */
export function cleanCount(value: number): number {
  return value > 0 && value < Number.MAX_SAFE_INTEGER ? value : 0
}

/**
 * `ln f(λ)` of one batch.
 *
 * @param counts exposure and bad ones; anything but positive finite numbers counts as 0
 * @param lambda the alternative's ratio, > 0, not 1
 * @param null_ `rho ≥ 0` (a ratio) and `delta ≥ 0` (a rate, 0–1)
 * @returns natural log of the factor; always finite. 0 (f = 1) when the canary has no requests, and, unless
 *   `rho` is 0, when control has none.
 */
export function logFactor(counts: Counts, lambda: number, null_: Null): number {
  return logFactorAt(counts, canaryShare(counts, null_), lambda, null_)
}

/** π: the canary's share of all bad ones if it is at the null's boundary; null where an arm that is needed is empty. */
export function canaryShare(counts: Counts, { rho }: Null): number | null {
  const weighted = rho * cleanCount(counts.canaryN)
  const controlN = cleanCount(counts.controlN)
  if (cleanCount(counts.canaryN) === 0 || (rho > 0 && controlN === 0)) return null
  return weighted === 0 ? 0 : weighted / (weighted + controlN)
}

/** `ln f(λ)` of a part of a batch, with the batch's π: the parts' sum is that of the batch. */
export function logFactorAt(counts: Counts, share: number | null, lambda: number, { delta }: Null): number {
  if (share === null) return 0
  const canaryBad = cleanCount(counts.canaryBad)
  const bad = canaryBad + cleanCount(counts.controlBad)
  const excess = share * (lambda - 1)
  return (
    canaryBad * Math.log(lambda) -
    bad * Math.log1p(excess) -
    cleanCount(counts.canaryN) * delta * (lambda / (1 + excess) - 1)
  )
}

/** The sum of two batches' counts; only of one stage. */
export function addCounts(a: Counts, b: Counts): Counts {
  return {
    canaryN: a.canaryN + b.canaryN,
    controlN: a.controlN + b.controlN,
    canaryBad: a.canaryBad + b.canaryBad,
    controlBad: a.controlBad + b.controlBad,
  }
}

/**
 * Counts with no more bad ones of an arm than it has requests. Reports of an app come without a request of their own, so
 * there could be; fewer of the arm that speaks for a test's claim only lower its factor.
 */
export function atMostRequests(counts: Counts, arm: 'canary' | 'control', requests: number): Counts {
  return arm === 'canary'
    ? { ...counts, canaryBad: Math.min(counts.canaryBad, requests) }
    : { ...counts, controlBad: Math.min(counts.controlBad, requests) }
}
