/** Exact expectation of one batch's factor: every outcome of two binomials, weighed by its probability. */

import type { Null } from '../../src/core/guard/evidence/formula.ts'
import { logFactor } from '../../src/core/guard/evidence/formula.ts'

/** One batch with its true error rates (0–1). Numbers of requests are whole. */
export type TrueBatch = { canaryN: number; controlN: number; canaryRate: number; controlRate: number }

/** E[f(λ)], optionally of `min(f, e^cap)`. */
export function exactExpectation(batch: TrueBatch, lambda: number, null_: Null, cap = Infinity): number {
  const canary = binomialLogs(batch.canaryN, batch.canaryRate)
  const control = binomialLogs(batch.controlN, batch.controlRate)
  let expectation = 0
  for (let canaryBad = 0; canaryBad <= batch.canaryN; canaryBad++) {
    for (let controlBad = 0; controlBad <= batch.controlN; controlBad++) {
      const counts = { canaryN: batch.canaryN, controlN: batch.controlN, canaryBad, controlBad }
      const log = Math.min(cap, logFactor(counts, lambda, null_))
      expectation += Math.exp((canary[canaryBad] ?? 0) + (control[controlBad] ?? 0) + log)
    }
  }
  return expectation
}

/** ln P(k successes of n) for k = 0…n. */
function binomialLogs(n: number, p: number): number[] {
  const logs: number[] = []
  let choose = 0
  for (let k = 0; k <= n; k++) {
    if (k > 0) choose += Math.log((n - k + 1) / k)
    const hits = k === 0 ? 0 : k * Math.log(p)
    const misses = k === n ? 0 : (n - k) * Math.log1p(-p)
    logs.push(choose + hits + misses)
  }
  return logs
}

/** The largest E[f] over shares, batch sizes and rates up to 60 %, for all λ of the guard. */
export function worstExpectation(
  cases: readonly { lambdas: readonly number[]; null_: Null }[],
  mostRequests: number,
): { worst: number; checked: number } {
  let worst = 0
  let checked = 0
  const sizes = [1, 2, 4, 7, 15, 40, 100].filter((size) => size <= mostRequests)
  for (const { lambdas, null_ } of cases) {
    for (const canaryN of sizes) {
      for (const controlN of sizes) {
        for (const controlRate of [0, 1e-4, 1e-3, 0.01, 0.05, 0.2, 0.4, 0.6]) {
          const canaryRate = null_.rho * controlRate + null_.delta
          if (canaryRate > 1) continue
          for (const lambda of lambdas) {
            const value = exactExpectation({ canaryN, controlN, canaryRate, controlRate }, lambda, null_)
            worst = Math.max(worst, value)
            checked++
          }
        }
      }
    }
  }
  return { worst, checked }
}
