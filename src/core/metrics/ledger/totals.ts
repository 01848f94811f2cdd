/** Running sums over visitors, by variant, group of networks, and metric, after the cap. */
import { UNKNOWN_GROUP } from '../entries.ts'
import { type ArmSums, addedUp, type VariantSummary } from '../summary.ts'
import type { Dealt } from './visitors.ts'

type Arm = ReturnType<typeof addedUp>

export class Totals {
  readonly #variants: readonly string[]
  readonly #since: readonly number[]
  /** By variant and group. */
  readonly #arms: readonly (readonly Arm[])[]

  /**
   * @param since of each metric: the second in which it began, 0: with the ledger
   * @param from sums to begin with, as `summaries` gave them
   */
  constructor(variants: readonly string[], since: readonly number[], from: readonly VariantSummary[] = []) {
    this.#variants = variants
    this.#since = since
    this.#arms = variants.map((variant) => {
      const known = from.find((each) => each.variant === variant)
      const groups = known?.groups ?? (known ? [known] : [])
      return Array.from({ length: UNKNOWN_GROUP + 1 }, (_, group) =>
        this.#added(groups.slice(group, group + 1)),
      )
    })
  }

  /** Visitors who were exposed in a second; a metric that began later counts none of them. */
  addVisitors(dealt: Dealt, second: number, count: number): void {
    const arm = this.#arms[dealt.variant]?.[dealt.group]
    if (arm === undefined) return
    arm.visitors += count
    for (const [metric, sums] of arm.metrics.entries())
      if (second >= (this.#since[metric] ?? 0)) sums.visitors += count
  }

  /** A visitor's value of a metric goes from one to another, both after the cap. */
  change(dealt: Dealt, metric: number, from: number, to: number): void {
    const sums = this.#arms[dealt.variant]?.[dealt.group]?.metrics[metric]
    if (sums === undefined || from === to) return
    if (from === 0) sums.nonzero++
    else if (to === 0) sums.nonzero--
    sums.sum += to - from
    sums.sumOfSquares += to * to - from * from
  }

  /** Visitors with any event of a metric, of all variants. */
  nonzeroOf(metric: number): number {
    return this.#added(this.#arms.flat()).metrics[metric]?.nonzero ?? 0
  }

  summaries(): VariantSummary[] {
    return this.#arms.map((groups, at) => {
      const { visitors, metrics } = this.#added(groups)
      return {
        variant: this.#variants[at] ?? '',
        visitors,
        metrics: metrics.map(({ visitors: own, ...sums }, metric) =>
          this.#since[metric] ? { visitors: own, ...sums } : sums,
        ),
        ...(visitors > (groups[0]?.visitors ?? 0) && { groups: groups.map((sums) => this.#added([sums])) }),
      }
    })
  }

  #added(parts: readonly ArmSums[]): Arm {
    return addedUp(parts, this.#since.length)
  }
}
