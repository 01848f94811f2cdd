/** What a finite number of runs says: exact intervals, no normal approximation where it counts. */

export type Interval = { low: number; high: number }

/** 95 %: a value outside would have made what was seen a one-in-twenty accident. */
const MISS = 0.05

/** Clopper–Pearson interval of a probability, after `hits` of `runs`. */
export function proportionInterval(hits: number, runs: number): Interval {
  const low = hits === 0 ? 0 : bisect((p) => 1 - binomialBelow(hits, runs, p) > MISS / 2)
  const high = hits === runs ? 1 : bisect((p) => binomialBelow(hits + 1, runs, p) < MISS / 2)
  return { low, high }
}

/** Interval of a quantile from order statistics: no assumption about the distribution. */
export function quantileInterval(values: readonly number[], share: number): Interval {
  const sorted = values.toSorted((a, b) => a - b)
  const n = sorted.length
  let low = 0
  while (low < n - 1 && binomialBelow(low + 1, n, share) < MISS / 2) low++
  let high = n - 1
  while (high > 0 && 1 - binomialBelow(high, n, share) < MISS / 2) high--
  return { low: sorted[low] ?? Number.NaN, high: sorted[high] ?? Number.NaN }
}

/** P(X < k) for a binomial X. */
function binomialBelow(k: number, n: number, p: number): number {
  if (p <= 0) return k > 0 ? 1 : 0
  if (p >= 1) return k > n ? 1 : 0
  let log = n * Math.log1p(-p)
  let sum = 0
  for (let i = 0; i < k && i <= n; i++) {
    sum += Math.exp(log)
    log += Math.log((n - i) / (i + 1)) + Math.log(p) - Math.log1p(-p)
  }
  return Math.min(1, sum)
}

/** The point in 0–1 from which on a condition holds. */
function bisect(holds: (p: number) => boolean): number {
  let low = 0
  let high = 1
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2
    if (holds(middle)) high = middle
    else low = middle
  }
  return high
}
