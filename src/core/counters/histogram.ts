/**
 * Latency histogram with logarithmic buckets: 8 per octave, so that neighbouring edges differ by a factor of 2^(1/8),
 * about 9 %. Bucket `i` holds durations above 2^((i-1)/8) and up to 2^(i/8) milliseconds; bucket 0 holds everything
 * up to 1 ms. Sparse: bucket index → count, so that JSON stays small and merging is addition.
 */

export type Histogram = Record<number, number>

const BUCKETS_PER_OCTAVE = 8

/** 2^20 ms is 17 minutes: longer than any request that a gate waits for, and a bound on the histogram's size. */
export const LAST_BUCKET = 20 * BUCKETS_PER_OCTAVE

/** The bucket that a duration in milliseconds belongs to; NaN and negatives count as 0 ms. */
export function bucketOf(durationMs: number): number {
  if (!(durationMs > 1)) return 0
  return Math.min(LAST_BUCKET, Math.ceil(Math.log2(durationMs) * BUCKETS_PER_OCTAVE - 1e-9))
}

/** The upper edge of a bucket, in milliseconds. */
export function upperEdgeMs(bucket: number): number {
  return 2 ** (bucket / BUCKETS_PER_OCTAVE)
}

/** Counts one duration, in place. */
export function record(histogram: Histogram, durationMs: number): void {
  const bucket = bucketOf(durationMs)
  histogram[bucket] = (histogram[bucket] ?? 0) + 1
}

/** Adds `source` to `target`, in place. */
export function merge(target: Histogram, source: Histogram): void {
  for (const key in source) {
    const bucket = Number(key)
    target[bucket] = (target[bucket] ?? 0) + (source[bucket] ?? 0)
  }
}

/** How many durations the histogram holds. */
export function total(histogram: Histogram): number {
  let count = 0
  for (const key in histogram) count += histogram[Number(key)] ?? 0
  return count
}

/**
 * The smallest bucket whose cumulative share reaches `quantile` (0–1); undefined when the histogram is empty.
 */
function quantileBucket(histogram: Histogram, quantile: number): number | undefined {
  const needed = quantile * total(histogram)
  let seen = 0
  let last: number | undefined
  // Integer keys of an object are iterated in ascending order (ECMA-262, OrdinaryOwnPropertyKeys).
  for (const key in histogram) {
    const count = histogram[Number(key)] ?? 0
    if (count === 0) continue
    last = Number(key)
    seen += count
    if (seen >= needed) return last
  }
  return last
}

/** Upper edge of the quantile's bucket in milliseconds, so never below the true quantile by more than a bucket. */
export function quantileMs(histogram: Histogram, quantile: number): number | undefined {
  const bucket = quantileBucket(histogram, quantile)
  return bucket === undefined ? undefined : upperEdgeMs(bucket)
}
