/**
 * How often whom may ask. A Durable Object handles about 1,000 requests/s at most; each is asked for a fifth of that.
 * What is more than one shard of a colo can take is spread over several: flushing less often would make kills late.
 */
import { murmur3 } from '../flags/bucket.ts'

export const SHORTEST_INTERVAL_MS = 1_000
/** Only an outage of shards brings so many isolates to one. */
const LONGEST_INTERVAL_MS = 30_000
const REQUESTS_PER_SECOND = 200
/** Shards are added when one is full and taken away when one is nearly empty, and then filled to three quarters. */
const WANTED_ISOLATES = 150
const FEWEST_ISOLATES = 40
const MOST_SHARDS_PER_COLO = 256

/** The interval in milliseconds at which so many senders ask one Durable Object no more than it should be asked. */
export function intervalMsFor(senders: number): number {
  const neededMs = (senders / REQUESTS_PER_SECOND) * 1_000
  return Math.min(LONGEST_INTERVAL_MS, Math.max(SHORTEST_INTERVAL_MS, Math.ceil(neededMs)))
}

/** How many shards a colo should have, by what one of its `shards` sees: isolates that have flushed lately. */
export function shardsFor(isolates: number, shards: number): number {
  const isRight = isolates <= REQUESTS_PER_SECOND && (shards === 1 || isolates >= FEWEST_ISOLATES)
  if (isRight) return shards
  return Math.min(MOST_SHARDS_PER_COLO, Math.max(1, Math.ceil((isolates * shards) / WANTED_ISOLATES)))
}

const SEPARATOR = '#'

/** The name of the shard that an isolate flushes to, where its colo has so many. */
export function shardName(colo: string, isolate: string, shards: number): string {
  const index = shards > 1 ? murmur3(isolate, 0) % shards : 0
  return index === 0 ? colo : `${colo}${SEPARATOR}${index}`
}

/** The colo of a shard. */
export function coloOf(shard: string): string {
  return shard.split(SEPARATOR, 1)[0] ?? shard
}
