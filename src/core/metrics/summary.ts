/** Sums over visitors: all that the judge reads of a ledger. */

/** Of one metric and variant; `sum` and `sumOfSquares` are over visitors, after the cap. */
export type MetricSums = {
  /** Of a metric that began later than the ledger: those who were exposed since. */
  visitors?: number
  /** Visitors with any event. */
  nonzero: number
  sum: number
  sumOfSquares: number
}

export type VariantSummary = {
  variant: string
  visitors: number
  /** In the order of the ledger's metrics. */
  metrics: readonly MetricSums[]
}

export type Summaries = {
  generation: number
  stage: number
  /** The first exposure; 0 without one. */
  sinceMs: number
  variants: readonly VariantSummary[]
  /** When each metric began, in ms since 1970, in the order of the ledger's; 0: with the ledger. */
  begunMs?: readonly number[]
  /** Caps of sums, in the order of the ledger's metrics: null where none is needed, or none is learned yet. */
  caps: readonly (number | null)[]
  kept: { visitors: number; bytes: number; share: number; mixed: number; refused: Record<string, number> }
}
