/** Running sums over visitors, by variant and metric, after the cap. */
import type { MetricSums, VariantSummary } from '../summary.ts'

type Sums = { -readonly [key in keyof MetricSums]-?: MetricSums[key] }
type Arm = { visitors: number; metrics: Sums[] }

export class Totals {
  readonly #variants: readonly string[]
  readonly #since: readonly number[]
  readonly #arms: Arm[]

  /**
   * @param since of each metric: the second in which it began, 0: with the ledger
   * @param from sums to begin with, as `summaries` gave them
   */
  constructor(variants: readonly string[], since: readonly number[], from: readonly VariantSummary[] = []) {
    this.#variants = variants
    this.#since = since
    this.#arms = variants.map((variant) => {
      const known = from.find((each) => each.variant === variant)
      const visitors = known?.visitors ?? 0
      const metrics = since.map((_, metric) => ({
        ...{ visitors, nonzero: 0, sum: 0, sumOfSquares: 0 },
        ...known?.metrics[metric],
      }))
      return { visitors, metrics }
    })
  }

  /** Visitors of a variant, exposed in a second; a metric that began later counts none of them. */
  addVisitors(variant: number, second: number, count: number): void {
    const arm = this.#arms[variant]
    if (arm === undefined) return
    arm.visitors += count
    for (const [metric, sums] of arm.metrics.entries())
      if (second >= (this.#since[metric] ?? 0)) sums.visitors += count
  }

  /** A visitor's value of a metric goes from one to another, both after the cap. */
  change(variant: number, metric: number, from: number, to: number): void {
    const sums = this.#arms[variant]?.metrics[metric]
    if (sums === undefined || from === to) return
    if (from === 0) sums.nonzero++
    else if (to === 0) sums.nonzero--
    sums.sum += to - from
    sums.sumOfSquares += to * to - from * from
  }

  /** Visitors with any event of a metric, of all variants. */
  nonzeroOf(metric: number): number {
    return this.#arms.reduce((sum, { metrics }) => sum + (metrics[metric]?.nonzero ?? 0), 0)
  }

  summaries(): VariantSummary[] {
    return this.#variants.map((variant, at) => ({
      variant,
      visitors: this.#arms[at]?.visitors ?? 0,
      metrics: (this.#arms[at]?.metrics ?? []).map(({ visitors, ...sums }, metric) =>
        this.#since[metric] ? { visitors, ...sums } : sums,
      ),
    }))
  }
}
