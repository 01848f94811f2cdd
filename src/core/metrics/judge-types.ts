/** What the judge of a flag's metrics gets and gives. */
import type { Arrivals } from './arrivals.ts'
import type { MetricResults, SeriesPoint } from './results.ts'
import type { Measures, MetricAction } from './spec.ts'

/** What the judge knows besides the summaries. */
export type JudgeSpec = {
  flag: string
  measures: Measures
  /** Shares (0–1) of `measures.variants` among compared visitors, by `sharesOf`; fixed while a stage lasts. */
  shares: readonly number[]
  /** The guard's α, of which its metrics have a part; 0 where nothing guards. */
  guardAlpha: number
  /** Visits without a proven identity: shown, never evidence. */
  unproven: number
  /** Entries that did not count for reasons that the ledger doesn't know. */
  refused?: Readonly<Record<string, number>>
  /** How visitors come; without it nothing is said of how long it still takes. */
  arrivals?: Arrivals
}

/** The comparisons of one metric over time; once there are too many points, every second one goes and the gap doubles. */
export type Series = { gapMs: number; points: readonly SeriesPoint[] }

/** Kept between looks and over restarts; plain JSON. Of one generation: the judge starts anew with the next. */
export type JudgeState = {
  generation: number
  /** Stage and shares: visitors dealt otherwise are compared anew. */
  period: string
  /** Periods before. */
  periods: number
  /** By `metric variant`: the guard's evidence from the periods before, weighted. */
  before: Readonly<Record<string, number>>
  /** By `metric variant`: ln of the guard's evidence in this period. */
  now: Readonly<Record<string, number>>
  /** Guard lines that were crossed, as `metric variant`: what was decided stays. */
  crossed: readonly string[]
  series: Readonly<Record<string, Series>>
  /** By metric: when it began, where that was later than the ledger. */
  begunMs?: Readonly<Record<string, number>>
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
