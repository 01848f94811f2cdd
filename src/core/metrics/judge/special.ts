/** Functions that the language lacks. */

const LANCZOS = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
  12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
]

/** ln Γ(x) for x > 0, to 13 digits. Source: Lanczos (1964) with g = 7, n = 9. */
export function lnGamma(x: number): number {
  const base = x + 6.5
  const sum = LANCZOS.reduce((total, each, k) => (k === 0 ? each : total + each / (x - 1 + k)), 0)
  return 0.5 * Math.log(2 * Math.PI) + (x - 0.5) * Math.log(base) - base + Math.log(sum)
}

export function lnBeta(a: number, b: number): number {
  return lnGamma(a) + lnGamma(b) - lnGamma(a + b)
}

/** The standard normal's probability below x, to 1.5e-7. Source: Abramowitz & Stegun 7.1.26. */
export function normalBelow(x: number): number {
  const t = 1 / (1 + (0.3275911 * Math.abs(x)) / Math.SQRT2)
  const series =
    t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
  const above = 0.5 * series * Math.exp((-x * x) / 2)
  return x < 0 ? above : 1 - above
}

/** Where a function that grows from `low` to `high` passes 0, to nine digits. */
export function crossing(grows: (x: number) => number, low: number, high: number): number {
  let [from, to] = [low, high]
  for (let step = 0; step < 60 && to - from > 1e-9 * Math.abs(from + to); step++) {
    const middle = (from + to) / 2
    if (grows(middle) < 0) from = middle
    else to = middle
  }
  return (from + to) / 2
}
