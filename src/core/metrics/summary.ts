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

export type ArmSums = {
  visitors: number
  /** In the order of the ledger's metrics. */
  metrics: readonly MetricSums[]
}

export type VariantSummary = ArmSums & {
  variant: string
  /** The same by group of networks, 0 for those of none, 31 for those whose network is unknown; missing where no network is known. */
  groups?: readonly ArmSums[]
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

type Sums = { -readonly [key in keyof MetricSums]-?: MetricSums[key] }

const NOTHING: MetricSums = { nonzero: 0, sum: 0, sumOfSquares: 0 }

/** The sums of several together, of so many metrics. */
export function addedUp(parts: readonly ArmSums[], metrics: number) {
  const all = {
    visitors: 0,
    metrics: Array.from({ length: metrics }, (): Sums => ({ visitors: 0, ...NOTHING })),
  }
  for (const { visitors, metrics: own } of parts) {
    all.visitors += visitors
    all.metrics.forEach((sums, at) => {
      const more = own[at] ?? NOTHING
      sums.visitors += more.visitors ?? visitors
      sums.nonzero += more.nonzero
      sums.sum += more.sum
      sums.sumOfSquares += more.sumOfSquares
    })
  }
  return all
}
