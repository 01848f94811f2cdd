/**
 * The cap of a sum, learned from values of the metric before an attempt: an upper bound of their 99.5 % quantile. Values are
 * counted in logarithmic bins, 16 per octave, so neighbouring edges differ by 4.4 %; sparse, so that JSON stays small and
 * adding up is addition.
 */

/** Count by bin. Bin `i` holds values above 2^((i−1)/16) and up to 2^(i/16). */
export type ValueBins = Record<number, number>

const BINS_PER_OCTAVE = 16
/** From 2^−10 to 2^40, about a millionth of a million millions: what is beyond counts at the edge. */
const FIRST_BIN = -10 * BINS_PER_OCTAVE
const LAST_BIN = 40 * BINS_PER_OCTAVE
const QUANTILE = 0.995
/** Below this many values their 99.5 % quantile is little more than the largest of them. */
export const FEWEST_VALUES = 200
/** Old prices count less: past this many values all bins are halved. */
const MOST_VALUES = 1_000_000

/** The bins with one more value, changed in place; values of 0 and below say nothing about a cap. */
export function addValue(bins: ValueBins, value: number): ValueBins {
  if (!(value > 0)) return bins
  const bin = Math.min(LAST_BIN, Math.max(FIRST_BIN, Math.ceil(Math.log2(value) * BINS_PER_OCTAVE - 1e-9)))
  bins[bin] = (bins[bin] ?? 0) + 1
  return bins
}

/** Adds `source` to `target`, in place. */
export function mergeValues(target: ValueBins, source: ValueBins): ValueBins {
  for (const [key, count] of Object.entries(source)) target[Number(key)] = (target[Number(key)] ?? 0) + count
  if (totalOf(target) > MOST_VALUES)
    for (const [key, count] of Object.entries(target)) target[Number(key)] = count / 2
  return target
}

/** The learned cap, in the metric's unit; undefined while too few values are known. */
export function learnedCap(bins: ValueBins): number | undefined {
  const total = totalOf(bins)
  if (total < FEWEST_VALUES) return undefined
  const ordered = Object.keys(bins)
    .map(Number)
    .sort((a, b) => a - b)
  let seen = 0
  for (const bin of ordered) {
    seen += bins[bin] ?? 0
    if (seen >= QUANTILE * total) return 2 ** (bin / BINS_PER_OCTAVE)
  }
  return undefined
}

function totalOf(bins: ValueBins): number {
  return Object.values(bins).reduce((sum, count) => sum + count, 0)
}
