/** What the judge of a flag's metrics gets and gives. */
import type { MetricResults, SeriesPoint } from './results.ts'
import type { Measures, MetricAction } from './spec.ts'

/** What the judge knows besides the summaries. */
export type JudgeSpec = {
  flag: string
  measures: Measures
  /** Shares (0–1) of `measures.variants` among compared visitors, by `sharesOf`; fixed while a stage lasts. */
  shares: readonly number[]
  /** The part of the guard's α that all its metrics share; 0 where nothing guards. */
  guardAlpha: number
  /** Visitors without a proven identity: shown, never evidence. */
  unproven: number
  /** Entries that did not count for reasons that the ledger doesn't know. */
  refused?: Readonly<Record<string, number>>
}

/** Kept between looks and over restarts; plain JSON. Of one generation: the judge starts anew with the next. */
export type JudgeState = {
  generation: number
  stage: number
  /** The stages before, by metric and variant: the largest evidence that the guard had, weighted. */
  before: Readonly<Record<string, number>>
  /** Guard lines that were crossed, `metric variant`: said once, and kept. */
  crossed: readonly string[]
  series: Readonly<Record<string, readonly SeriesPoint[]>>
}

/** A guard line that a variant is beyond. Repeated at each look: the first acts, and later ones say the same. */
export type MetricFinding = {
  metric: string
  variant: string
  verdict: 'worse'
  action: MetricAction
  sentence: string
  evidence: {
    /** Anytime-valid: at most the guard's part of α where it acts. */
    pValue: number
    relative: number | null
    low: number | null
    high: number | null
    marginPercent: number
    visitors: number
    controlVisitors: number
  }
}

export type Judged = { state: JudgeState; results: MetricResults; findings: MetricFinding[] }
