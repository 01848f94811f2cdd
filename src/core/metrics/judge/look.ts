/** What one look at the summaries shows: means, comparisons, the split. */
import type { JudgeSpec } from '../judge-types.ts'
import type { Comparison, MetricResults, VariantResult } from '../results.ts'
import type { Metric } from '../spec.ts'
import type { Summaries, VariantSummary } from '../summary.ts'
import { type Arm, armInterval, lnGuardEvidence, relativeOf, wordOf } from './compare.ts'
import { meanOf } from './means.ts'
import { comparisonSentence, splitResult } from './sentences.ts'
import { lnSplitEvidence } from './split.ts'
import { type Wait, waitOf } from './wait.ts'
import { waitWords } from './wait-words.ts'

/** A split that is as planned is called broken with this probability, ever. */
const SPLIT_ALPHA = 0.000_1
/** The level at which the guard's evidence of means is sharpest. */
const SHARPEST_ALPHA = 0.000_15

/** Sums of amounts such as 0.1 + 0.2, to a millionth: doubles have no such fractions. */
const withoutDust = (sum: number) => Number(sum.toFixed(6))

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

  constructor(summaries: Summaries, spec: JudgeSpec) {
    const { measures, shares } = spec
    this.#summaries = summaries
    this.#spec = spec
    this.others = measures.variants.filter((variant) => variant !== measures.control)
    this.visitors = measures.variants.map((variant) => ({ variant, visitors: this.visitorsOf(variant) }))
    const counts = this.visitors.map(({ visitors }) => visitors)
    this.isBroken = lnSplitEvidence(counts, shares) >= Math.log(1 / SPLIT_ALPHA)
    this.split = splitResult(this.visitors, shares, this.isBroken)
  }

  visitorsOf(variant: string): number {
    return this.#summaryOf(variant)?.visitors ?? 0
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

  /** A variant against control, with ln of the guard's evidence; `alpha` for all variants together. */
  compare(metric: Metric, at: number, variant: string, alpha: number): { compared: Compared; ln: number } {
    const { control } = this.#spec.measures
    const arms = [this.#armOf(variant, at), this.#armOf(control, at)] as const
    const isCapped = metric.type !== 'sum' || this.capOf(metric, at) !== undefined
    const found = relativeOf(metric, arms, { alpha: alpha / this.others.length, isCapped })
    return {
      compared: { variant, against: control, ...found },
      ln: lnGuardEvidence(metric, arms, { alpha: SHARPEST_ALPHA, isCapped }),
    }
  }

  /** A comparison in words; `isBeyond`: the guard's line is crossed; `alpha` for all variants together. */
  worded(metric: Metric, compared: Compared, isBeyond: boolean, alpha: number): Comparison {
    const word = this.isBroken ? 'undecided' : wordOf(metric, compared, isBeyond)
    const isOpen = word === 'undecided' && !this.isBroken
    const wait = isOpen ? this.#waitOf(metric, compared, alpha) : undefined
    const said = { ...compared, word }
    const sentence = comparisonSentence(metric, said)
    if (wait === undefined) return { ...said, sentence }
    return { ...said, sentence, ...waitWords(metric, wait) }
  }

  #waitOf(metric: Metric, compared: Compared, alpha: number): Wait | undefined {
    const { arrivals } = this.#spec
    const { relative } = compared
    if (arrivals === undefined || relative === null) return undefined
    const { metrics, variants } = this.#spec.measures
    const at = metrics.indexOf(metric)
    const arms = [this.#armOf(compared.variant, at), this.#armOf(compared.against, at)] as const
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

  #summaryOf(variant: string): VariantSummary | undefined {
    return this.#summaries.variants.find((each) => each.variant === variant)
  }

  #armOf(variant: string, at: number): Arm {
    const { measures, shares } = this.#spec
    return {
      ...{ visitors: this.visitorsOf(variant), nonzero: 0, sum: 0, sumOfSquares: 0 },
      ...this.#summaryOf(variant)?.metrics[at],
      share: shares[measures.variants.indexOf(variant)] ?? 0,
    }
  }
}
