/**
 * What the metrics of a flag show, variant by variant. Times are in ms since 1970. A figure is null where nothing bounds
 * it yet: without visitors there is no mean, and an interval may be open.
 */
import * as v from 'valibot'
import { count } from './values.ts'

const ms = v.number()
const figure = v.nullable(v.number())

/** How a variant differs from another one, as a share: -0.2 is 20 % lower. The interval holds at every look. */
const comparison = v.strictObject({
  variant: v.string(),
  against: v.string(),
  relative: figure,
  low: figure,
  high: figure,
  word: v.picklist(['worse', 'not worse', 'better', 'undecided']),
  sentence: v.string(),
  /** How much longer until it is decided, at this rate; missing for more than a year, and where it can't be told. */
  etaMs: v.optional(ms),
  /** Between which that is in two of three cases. */
  etaRangeMs: v.optional(v.tuple([ms, ms])),
  /** The same in words: "about 3 more days at this rate". */
  wait: v.optional(v.string()),
  /** The same as a sentence, with its range, and until what. */
  why: v.optional(v.string()),
})

const metricResult = v.strictObject({
  name: v.string(),
  type: v.picklist(['conversion', 'count', 'sum']),
  better: v.picklist(['higher', 'lower']),
  role: v.picklist(['primary', 'guard', 'secondary']),
  /** The share of false alarms that this metric may spend. */
  alpha: v.number(),
  /** What `guard.metrics` tolerates: a drop, or a rise where lower is better. */
  marginPercent: v.optional(v.number()),
  action: v.optional(v.string()),
  /** Of a sum: what one visitor adds at most, fixed before the attempt. */
  cap: v.optional(v.number()),
  /** Where it began, or was defined anew, later than the count of visitors: it counts those who met the flag since. */
  sinceMs: v.optional(ms),
  variants: v.array(
    v.strictObject({
      variant: v.string(),
      visitors: count,
      /** Visitors with any event of the metric. */
      converted: count,
      total: v.number(),
      /** Per visitor; of a conversion the share of visitors. */
      mean: figure,
      low: figure,
      high: figure,
    }),
  ),
  comparisons: v.array(comparison),
  series: v.array(
    v.strictObject({ atMs: ms, variant: v.string(), relative: figure, low: figure, high: figure }),
  ),
})

export const getResults = v.strictObject({
  flag: v.string(),
  generation: count,
  /** When the first visitor met the flag; null before. */
  sinceMs: v.nullable(ms),
  atMs: ms,
  /** The variant that the others are compared with. */
  control: v.string(),
  variants: v.array(v.strictObject({ variant: v.string(), visitors: count })),
  /** Whether visitors are split as the document says (sample ratio mismatch). */
  split: v.strictObject({ word: v.picklist(['ok', 'collecting', 'broken']), sentence: v.string() }),
  /** What is stored, and what was left out. */
  kept: v.strictObject({
    visitors: count,
    bytes: count,
    /** The share of visitors that is kept: 1 until there are too many. */
    share: v.number(),
    /** Visitors who met two variants. */
    mixed: count,
    /** Visits of whom nothing proves who they are: of one visitor there may be many. */
    unproven: count,
    /** Events that did not count, by reason. */
    refused: v.record(v.string(), count),
  }),
  metrics: v.array(metricResult),
  /** Which is better, by how much, how sure, how long still. */
  sentence: v.string(),
  /** Where the flag was rolled back, by its guard or a person: visitors get `off` since. */
  rolledBack: v.optional(v.strictObject({ atMs: ms, reason: v.string() })),
})

export type ResultsView = v.InferOutput<typeof getResults>
export type MetricView = ResultsView['metrics'][number]
export type ComparisonView = MetricView['comparisons'][number]
