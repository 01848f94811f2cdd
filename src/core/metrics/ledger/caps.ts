/**
 * Caps of sums (winsorising): one order of 100,000 € would hide all others. A cap that the document doesn't give is
 * learned from the visitors of both arms together, so it can't favour one of them: the split is drawn by the hash, whatever visitors
 * do, and stays so given any figure that leaves out who got which variant. It is learned once, before the metric is judged.
 */
import { ownOf } from '../../json-object.ts'
import type { Metric } from '../spec.ts'

const SHARE_BELOW = 0.995
/** With fewer visitors who have a value, the largest two or three of them decide. */
export const LEAST_TO_LEARN = 500

/** What 99.5 % of values stay at or below (nearest rank); undefined for too few. */
export function learnedCap(values: Float64Array, least = LEAST_TO_LEARN): number | undefined {
  if (values.length < least) return undefined
  const sorted = values.toSorted()
  return sorted[Math.ceil(SHARE_BELOW * sorted.length) - 1]
}

/** The caps to begin with: null where one has to be learned, Infinity where none is needed. */
export function capsAtFirst(
  metrics: readonly Metric[],
  earlier: Readonly<Record<string, number>>,
): (number | null)[] {
  return metrics.map(({ name, type, cap }) =>
    type === 'sum' ? (cap ?? ownOf(earlier, name) ?? null) : Infinity,
  )
}
