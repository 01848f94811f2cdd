/**
 * How often isolates may flush. A Durable Object handles about 1,000 requests/s at most; a shard that is asked for
 * more than a fifth of that by its isolates asks them to come less often.
 */

export const SHORTEST_INTERVAL_MS = 1_000
export const LONGEST_INTERVAL_MS = 30_000
const FLUSHES_PER_SECOND_AND_SHARD = 200

/** The flush interval in milliseconds for a shard that this many isolates report to. */
export function flushIntervalMs(activeIsolates: number): number {
  const neededMs = (activeIsolates / FLUSHES_PER_SECOND_AND_SHARD) * 1_000
  return Math.min(LONGEST_INTERVAL_MS, Math.max(SHORTEST_INTERVAL_MS, Math.ceil(neededMs)))
}
