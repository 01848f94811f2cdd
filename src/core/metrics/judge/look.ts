/** What one look at the summaries shows: means, comparisons, the split. */
import type { JudgeSpec } from '../judge-types.ts'
import type { Comparison, MetricResults, VariantResult, Word } from '../results.ts'
import type { Metric } from '../spec.ts'
import type { Summaries, VariantSummary } from '../summary.ts'
import { type Arm, armInterval, lnGuardEvidence, relativeOf, wordOf } from './compare.ts'
import { meanOf } from './means.ts'
import { lnHeld, type Standing, standingOf, withoutTwo } from './networks.ts'
import { comparisonSentence, splitResult } from './sentences.ts'
import { type Wait, waitOf } from './wait.ts'
import { UNTIL_MORE_NETWORKS, waitWords } from './wait-words.ts'

/** The level at which the guard's evidence of means is sharpest. */
const SHARPEST_ALPHA = 0.000_15

/** Sums of amounts such as 0.1 + 0.2, to a millionth: doubles have no such fractions. */
const withoutDust = (sum: number) => Number(sum.toFixed(6))

type Pair = readonly [variant: Arm, control: Arm]

/** A comparison without its words. */
export type Compared = Pick<Comparison, 'variant' | 'against' | 'relative' | 'low' | 'high'>

export class Look {
  readonly visitors: MetricResults['variants']
  /** Whether visitors are not split as planned: then nothing can be compared. */
  readonly isBroken: boolean
  readonly split: MetricResults['split']
  /** Variants other than control. */
  readonly others: readonly string[]
  readonly #summaries: Summaries
  readonly #spec: JudgeSpec
  readonly #standing: Standing
  #withoutTwo: readonly (readonly VariantSummary[])[] | undefined

  constructor(summaries: Summaries, spec: JudgeSpec) {
    const { measures, shares } = spec
    this.#summaries = summaries
    this.#spec = spec
    this.others = measures.variants.filter((variant) => variant !== measures.control)
    const arms = measures.variants.map(
      (variant) =>
        summaries.variants.find((each) => each.variant === variant) ?? { variant, visitors: 0, metrics: [] },
    )
    this.#standing = standingOf(arms, shares)
    this.visitors = measures.variants.map((variant) => ({ variant, visitors: this.visitorsOf(variant) }))
    this.isBroken = this.#standing.isBroken
    this.split = splitResult(this.visitors, shares, this.#standing)
  }

  visitorsOf(variant: string): number {
    return this.#standing.arms.find((each) => each.variant === variant)?.visitors ?? 0
  }

  /** The variants of a metric with their intervals, `alpha` for all together. */
  means(metric: Metric, at: number, alpha: number): VariantResult[] {
    const { variants } = this.#spec.measures
    return variants.map((variant) => {
      const arm = this.#armOf(variant, at)
      const interval = armInterval(metric, arm, alpha / variants.length)
      return {
        ...{ variant, visitors: arm.visitors, converted: arm.nonzero, total: withoutDust(arm.sum) },
        mean: arm.visitors === 0 ? null : withoutDust(meanOf(arm)),
        low: interval?.low ?? null,
        high: interval?.high ?? null,
      }
    })
  }

  /** A variant against control, with ln of the guard's evidence without any two groups of networks; `alpha` for all variants together. */
  compare(metric: Metric, at: number, variant: string, alpha: number): { compared: Compared; ln: number } {
    const arms = this.#armsOf(variant, at)
    const isCapped = this.#isCapped(metric, at)
    const lnOf = (pair: Pair) => lnGuardEvidence(metric, pair, { alpha: SHARPEST_ALPHA, isCapped })
    const ln = lnOf(arms)
    // Less than none adds nothing either.
    const rests = ln > 0 ? this.#armsWithoutTwo(variant, at).map(lnOf) : []
    const found = relativeOf(metric, arms, { alpha: alpha / this.others.length, isCapped })
    return {
      compared: { variant, against: this.#spec.measures.control, ...found },
      ln: lnHeld(ln, Math.min(ln, ...rests)),
    }
  }

  /** A comparison in words; `isBeyond`: the guard's line is crossed; `alpha` for all variants together. */
  worded(metric: Metric, compared: Compared, isBeyond: boolean, alpha: number): Comparison {
    const seen = this.isBroken ? 'undecided' : wordOf(metric, compared, isBeyond)
    const word = seen === 'undecided' || isBeyond ? seen : this.#wordWithoutTwo(metric, compared, seen, alpha)
    const said = { ...compared, word }
    const sentence = comparisonSentence(metric, said)
    if (word !== seen && word === 'undecided') return { ...said, sentence, ...UNTIL_MORE_NETWORKS }
    const wait = word === 'undecided' && !this.isBroken && this.#waitOf(metric, compared, alpha)
    return { ...said, sentence, ...(wait && waitWords(metric, wait)) }
  }

  /** The word that holds without any two groups of networks. */
  #wordWithoutTwo(metric: Metric, { variant }: Compared, seen: Word, alpha: number): Word {
    const at = this.#spec.measures.metrics.indexOf(metric)
    const asked = { alpha: alpha / this.others.length, isCapped: this.#isCapped(metric, at) }
    const words = new Set(
      this.#armsWithoutTwo(variant, at).map((pair) => wordOf(metric, relativeOf(metric, pair, asked), false)),
    ).add(seen)
    if (words.size === 1) return seen
    return words.has('worse') || words.has('undecided') ? 'undecided' : 'not worse'
  }

  #isCapped(metric: Metric, at: number): boolean {
    return metric.type !== 'sum' || this.capOf(metric, at) !== undefined
  }

  #waitOf(metric: Metric, compared: Compared, alpha: number): Wait | undefined {
    const { arrivals } = this.#spec
    const { relative } = compared
    if (arrivals === undefined || relative === null) return undefined
    const { metrics, variants } = this.#spec.measures
    const at = metrics.indexOf(metric)
    const arms = this.#armsOf(compared.variant, at)
    const visitors = variants.reduce((sum, variant) => sum + this.#armOf(variant, at).visitors, 0)
    return waitOf(metric, arms, { relative, alpha: alpha / this.others.length, arrivals, visitors })
  }

  /** The cap of a sum; undefined where none is known. */
  capOf(metric: Metric, at: number): number | undefined {
    return metric.cap ?? this.#summaries.caps[at] ?? undefined
  }

  /** When a metric began, where that was later than the ledger. */
  begunMsOf(metric: Metric): number | undefined {
    return this.#summaries.begunMs?.[this.#spec.measures.metrics.indexOf(metric)] || undefined
  }

  /** A variant and control. */
  #armsOf(variant: string, at: number, arms = this.#standing.arms): Pair {
    return [this.#armOf(variant, at, arms), this.#armOf(this.#spec.measures.control, at, arms)]
  }

  #armsWithoutTwo(variant: string, at: number): Pair[] {
    this.#withoutTwo ??= withoutTwo(this.#standing.arms)
    return this.#withoutTwo.map((arms) => this.#armsOf(variant, at, arms))
  }

  #armOf(variant: string, at: number, arms = this.#standing.arms): Arm {
    const { measures, shares } = this.#spec
    const number = measures.variants.indexOf(variant)
    return {
      ...{ visitors: arms[number]?.visitors ?? 0, nonzero: 0, sum: 0, sumOfSquares: 0 },
      ...arms[number]?.metrics[at],
      share: shares[number] ?? 0,
    }
  }
}
