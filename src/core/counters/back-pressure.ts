/**
 * How often whom may ask. A Durable Object handles about 1,000 requests/s at most; each is asked for a fifth of that.
 * What is more than one shard of a colo can take is spread over several: flushing less often would make kills late.
 */
import { murmur3 } from '../flags/murmur3.ts'

export const SHORTEST_INTERVAL_MS = 1_000
/** Kills don't wait for a flush: the shard holds the last one until there is news (durable/counters.ts). */
const RELAXED_INTERVAL_MS = 2_000
/** With so many there is something to forward every second, and so for the guard to see. */
const ENOUGH_FLUSHES_PER_SECOND = 2
/** After a rest, an isolate gathers outcomes for so long before its first flush. */
export const GATHER_MS = 500
/** The reply to a flush is to be with the isolate so long before the next one is due. */
export const REPLY_AHEAD_MS = 250
/** Only an outage of shards brings so many isolates to one. */
const LONGEST_INTERVAL_MS = 30_000
const REQUESTS_PER_SECOND = 200
const MOST_ISOLATES = 200
/** Shards are doubled when one is full and halved when one is nearly empty. */
const FEWEST_ISOLATES = 50
const WANTED_ISOLATES = 150
const MOST_SHARDS_PER_COLO = 256

/** The interval in milliseconds at which so many senders ask one Durable Object no more than it should be asked. */
export function intervalMsFor(senders: number): number {
  const neededMs = (senders / REQUESTS_PER_SECOND) * 1_000
  return Math.min(LONGEST_INTERVAL_MS, Math.max(SHORTEST_INTERVAL_MS, Math.ceil(neededMs)))
}

/** The interval at which each of so many isolates flushes to a shard. */
export function flushIntervalMsFor(isolates: number): number {
  const enoughMs = (isolates / ENOUGH_FLUSHES_PER_SECOND) * 1_000
  return Math.max(intervalMsFor(isolates), Math.min(RELAXED_INTERVAL_MS, enoughMs))
}

/**
 * How many shards a colo with so many isolates should have, where one of them believes in so many: a power of two, so
 * that isolates that hear of it at different times soon agree.
 */
export function shardsFor(isolates: number, shards: number): number {
  const each = isolates / shards
  if (each <= MOST_ISOLATES && (shards === 1 || each >= FEWEST_ISOLATES)) return shards
  const wanted = 2 ** Math.ceil(Math.log2(Math.max(1, isolates / WANTED_ISOLATES)))
  return Math.min(MOST_SHARDS_PER_COLO, wanted)
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
