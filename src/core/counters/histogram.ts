/**
 * Histogram of durations with logarithmic bins, 8 per octave: neighbouring edges differ by 2^(1/8), about 9 %. Bin
 * `i` holds durations above 2^((i−1)/8) and up to 2^(i/8) milliseconds; bin 0 holds up to 1 ms. Sparse (bin → count),
 * so JSON stays small and merging is addition.
 */

export type Histogram = Record<number, number>

const BINS_PER_OCTAVE = 8

/** 2^20 ms is 17 minutes: longer than any request, and it bounds the histogram's size. */
export const LAST_BIN = 20 * BINS_PER_OCTAVE

/** The bin of a duration in milliseconds; NaN and negatives count as 0 ms. */
export function binOf(durationMs: number): number {
  if (!(durationMs > 1)) return 0
  return Math.min(LAST_BIN, Math.ceil(Math.log2(durationMs) * BINS_PER_OCTAVE - 1e-9))
}

/** Upper edge of a bin, in milliseconds. */
export function upperEdgeMs(bin: number): number {
  return 2 ** (bin / BINS_PER_OCTAVE)
}

/** Counts one duration, in place. */
export function record(histogram: Histogram, durationMs: number): void {
  const bin = binOf(durationMs)
  histogram[bin] = (histogram[bin] ?? 0) + 1
}

/** Adds `source` to `target`, in place. */
export function merge(target: Histogram, source: Histogram): void {
  for (const key in source) {
    const bin = Number(key)
    target[bin] = (target[bin] ?? 0) + (source[bin] ?? 0)
  }
}

/** The number of durations. */
export function total(histogram: Histogram): number {
  let count = 0
  for (const key in histogram) count += histogram[Number(key)] ?? 0
  return count
}

/**
 * Upper edge in milliseconds of the first bin whose cumulative share reaches `quantile` (0–1): at most one bin above the
 * true quantile. Undefined for an empty histogram.
 */
export function quantileMs(histogram: Histogram, quantile: number): number | undefined {
  const needed = quantile * total(histogram)
  let seen = 0
  let last: number | undefined
  // ECMA-262 iterates integer keys in ascending order (OrdinaryOwnPropertyKeys).
  for (const key in histogram) {
    const count = histogram[Number(key)] ?? 0
    if (count === 0) continue
    last = upperEdgeMs(Number(key))
    seen += count
    if (seen >= needed) break
  }
  return last
}
