/**
 * What the metrics of a flag show. Shares: −0.2 is 20 % lower. A figure is null where nothing bounds it yet. The admin
 * API answers with this shape.
 */
import type { Better, MetricRole, MetricType } from './spec.ts'

export type Word = 'worse' | 'not worse' | 'better' | 'undecided'
export type SplitWord = 'ok' | 'collecting' | 'broken'

export type VariantResult = {
  variant: string
  visitors: number
  /** Visitors with any event of the metric. */
  converted: number
  /** After the cap. */
  total: number
  /** Per visitor; of a conversion the share of visitors. */
  mean: number | null
  low: number | null
  high: number | null
}

export type Comparison = {
  variant: string
  against: string
  relative: number | null
  low: number | null
  high: number | null
  word: Word
  sentence: string
  /** How long still at the present rate, as likely as not; missing for more than a year, and where it can't be told. */
  etaMs?: number
  /** Between which it is in two of three cases. */
  etaRangeMs?: [from: number, to: number]
  /** The same in words: "about 3 more days at this rate"; or what it waits for: "until it shows without any two networks". */
  wait?: string
  /** The same as a sentence, with its range, and until what: "About … until a difference shows or more than 5 % lower is excluded." */
  why?: string
}

export type SeriesPoint = {
  atMs: number
  variant: string
  relative: number | null
  low: number | null
  high: number | null
}

export type MetricResult = {
  name: string
  type: MetricType
  better: Better
  role: MetricRole
  /** The probability that any of its intervals ever misses the truth. */
  alpha: number
  marginPercent?: number
  action?: string
  cap?: number
  /** Where it began, or was defined anew, later than the count of visitors: it counts those who met the flag since. */
  sinceMs?: number
  variants: VariantResult[]
  comparisons: Comparison[]
  /** At most `MOST_POINTS` for all variants together. */
  series: SeriesPoint[]
}

/** Whether an interval lies on the bad side of "no difference"; where it doesn't, `worse` is what the guard's own test has found. */
export function isWorseByInterval(better: Better, { low, high }: Pick<Comparison, 'low' | 'high'>): boolean {
  return better === 'higher' ? high !== null && high < 0 : low !== null && low > 0
}

/** The reason of what a visitor's conversion adds nothing to: they have converted, which is no fault of the event's. */
export const CONVERTED_ALREADY = 'converted already'

export const MOST_POINTS = 200

/** What is stored, and what was left out. */
export type Kept = {
  visitors: number
  bytes: number
  /** Share (0–1) of new visitors who are followed: 1 until there are too many. */
  share: number
  /** Visitors who met two variants: they count for none. */
  mixed: number
  /** Visits of whom nothing proves who they are: of one visitor there may be many. */
  unproven: number
  /** Events that did not count, by reason. */
  refused: Record<string, number>
}

export type MetricResults = {
  flag: string
  generation: number
  /** The first exposure; null without one. */
  sinceMs: number | null
  atMs: number
  control: string
  variants: { variant: string; visitors: number }[]
  /** Whether visitors are split as the document says (sample ratio mismatch). */
  split: { word: SplitWord; sentence: string }
  kept: Kept
  metrics: MetricResult[]
  /** Which is better, by how much, how sure, how long still. */
  sentence: string
  /** Where the flag was rolled back, by its guard or a person: visitors get `off` since. */
  rolledBack?: { atMs: number; reason: string }
}
