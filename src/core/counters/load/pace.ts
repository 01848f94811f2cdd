/**
 * How fast counts travel to the Controller and its word comes back: the faster, the dearer. By the platform's prices a
 * second in which a Durable Object is kept active, with a reply that is held for instance, costs ten of its requests; a
 * row written costs seven. So replies are held while an operator is at the controls, and where the traffic is worth a
 * hundred times that; else isolates ask again soon enough. docs/costs.md has the sums.
 */

/** What the Controller asks of its shards, and they of their isolates. All times in milliseconds. */
export type Pace = {
  /** Between two flushes of an isolate with many requests, and of one with few. */
  flushMs: number
  sparseFlushMs: number
  /** Between two forwards with counts that a verdict may depend on, and with others. */
  urgentForwardMs: number
  forwardMs: number
  /** Which replies to flushes are held until there is news: all, or those of busy shards. */
  hold: 'always' | 'busy'
  /** Between two times at which the Controller stores what it has counted. A crash loses no more than that. */
  saveMs: number
}

/**
 * - `prompt`: nothing is paid by the request: development, and a workerd of one's own
 * - `attended`: an operator has given a command within the last ten minutes
 * - `live`: canary and control are compared
 * - `calm`: nothing to judge
 */
export const PACES = {
  prompt: {
    flushMs: 1_000,
    sparseFlushMs: 1_000,
    urgentForwardMs: 1_000,
    forwardMs: 1_000,
    hold: 'always',
    saveMs: 0,
  },
  attended: {
    flushMs: 1_000,
    sparseFlushMs: 1_800,
    urgentForwardMs: 1_000,
    forwardMs: 1_500,
    hold: 'always',
    saveMs: 5_000,
  },
  live: {
    flushMs: 1_000,
    sparseFlushMs: 1_800,
    urgentForwardMs: 1_000,
    forwardMs: 10_000,
    hold: 'busy',
    saveMs: 5_000,
  },
  // A forward is due with each flush: an alarm in between would cost more.
  calm: {
    flushMs: 4_500,
    sparseFlushMs: 4_500,
    urgentForwardMs: 4_000,
    forwardMs: 4_000,
    hold: 'busy',
    saveMs: 10_000,
  },
} as const satisfies Record<string, Pace>

/** How long a command keeps the gate attended. */
export const ATTENDED_MS = 600_000

/** A flush of fewer requests is of a sparse isolate. */
const SPARSE_REQUESTS = 10
/** Counts of so many compared requests are evidence that should not wait. */
export const URGENT_REQUESTS = 10
/**
 * Requests per second at which one object that never sleeps costs 1 % of what they do: 0.128 GB at $12.50 a million
 * GB-s, and $0.30 a million requests.
 */
const BUSY_REQUESTS_PER_SECOND = (0.128 * 12.5) / 0.3 / 0.01

/** With so few shards the limits of the Free plan matter more than prices, by which a forward costs less than a row. */
const FEW_SHARDS = 3

/** The pace of a gate whose requests are paid for, with so many shards that forward. */
export function paceOf(gate: { isLive: boolean; commandAtMs: number; shards: number }, nowMs: number): Pace {
  if (nowMs - gate.commandAtMs < ATTENDED_MS) return PACES.attended
  return gate.isLive ? livePace(gate.shards) : PACES.calm
}

export function livePace(shards: number): Pace {
  return shards <= FEW_SHARDS ? PACES.live : { ...PACES.live, forwardMs: PACES.attended.forwardMs }
}

/** When the next flush of an isolate is welcome that has just flushed this many requests. */
export function flushMsAt(pace: Pace, requests: number): number {
  return requests < SPARSE_REQUESTS ? pace.sparseFlushMs : pace.flushMs
}

/** Whether a shard with this much traffic holds its replies. */
export function holdsAt(pace: Pace, requestsPerSecond: number): boolean {
  return pace.hold === 'always' || requestsPerSecond >= BUSY_REQUESTS_PER_SECOND
}
