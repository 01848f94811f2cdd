/**
 * Back-pressure. A Durable Object handles about 1,000 requests/s; each is asked for a fifth of that. A colo that one
 * shard can't serve spreads over several: flushing less often would delay kills.
 */
import { murmur3 } from '../../flags/murmur3.ts'

export const SHORTEST_INTERVAL_MS = 1_000
/**
 * Kills don't wait for a flush: the shard holds the last one open until there is news (durable/counters/counters.ts).
 */
const RELAXED_INTERVAL_MS = 1_800
/** Enough for a forward, and so a look of the guard, every second. */
const ENOUGH_FLUSHES_PER_SECOND = 2
/** An idle isolate gathers outcomes this long before its first flush. */
export const GATHER_MS = 500
/** The reply to a flush arrives this long before the next is due. */
export const REPLY_AHEAD_MS = 250
/** Only a shard outage brings so many isolates to one shard. */
const LONGEST_INTERVAL_MS = 30_000
const REQUESTS_PER_SECOND = 200
const MOST_ISOLATES = 200
/** Shards double when one is full and halve when one is nearly empty. */
const FEWEST_ISOLATES = 50
const WANTED_ISOLATES = 150
const MOST_SHARDS_PER_COLO = 256

/** The interval in milliseconds at which this many senders don't overload one Durable Object. */
export function intervalMsFor(senders: number): number {
  const neededMs = (senders / REQUESTS_PER_SECOND) * 1_000
  return Math.min(LONGEST_INTERVAL_MS, Math.max(SHORTEST_INTERVAL_MS, Math.ceil(neededMs)))
}

/** The flush interval in milliseconds of each of this many isolates of a shard. */
export function flushIntervalMsFor(isolates: number): number {
  const enoughMs = (isolates / ENOUGH_FLUSHES_PER_SECOND) * 1_000
  return Math.max(intervalMsFor(isolates), Math.min(RELAXED_INTERVAL_MS, enoughMs))
}

/**
 * Shards for a colo with this many isolates, where an isolate assumes `shards`: a power of two, so isolates that
 * learn of it at different times soon agree.
 */
export function shardsFor(isolates: number, shards: number): number {
  const each = isolates / shards
  if (each <= MOST_ISOLATES && each >= FEWEST_ISOLATES) return shards
  const wanted = 2 ** Math.ceil(Math.log2(Math.max(1, isolates / WANTED_ISOLATES)))
  return Math.min(MOST_SHARDS_PER_COLO, wanted)
}

const SEPARATOR = '#'

/** The shard that an isolate flushes to, in a colo with `shards` of them. */
export function shardName(colo: string, isolate: string, shards: number): string {
  const index = murmur3(isolate, 0) % shards
  return index === 0 ? colo : `${colo}${SEPARATOR}${index}`
}

export function coloOf(shard: string): string {
  const [colo = shard] = shard.split(SEPARATOR, 1)
  return colo
}
