/**
 * Token buckets by key: each holds `burst` tokens and gets `perSecond` new ones; whoever takes the last one waits.
 * The clock is the caller's.
 */
export type RateLimit = { burst: number; perSecond: number }

/** Keys that are remembered; past that the one that has been known longest is forgotten, and starts full again. */
const MOST_KEYS = 10_000

type Bucket = { tokens: number; atMs: number }

export class RateLimiter {
  readonly #limit: RateLimit
  readonly #buckets = new Map<string, Bucket>()

  constructor(limit: RateLimit) {
    this.#limit = limit
  }

  /** Takes `count` tokens of a key. 0 when they were there; otherwise the milliseconds until they will be. */
  take(key: string, nowMs: number, count = 1): number {
    const waitMs = this.waitMs(key, nowMs, count)
    if (waitMs === 0) this.#filled(key, nowMs).tokens -= count
    return waitMs
  }

  /** What `take` would say; takes nothing. */
  waitMs(key: string, nowMs: number, count = 1): number {
    const { tokens } = this.#filled(key, nowMs)
    return tokens < count ? Math.ceil(((count - tokens) / this.#limit.perSecond) * 1_000) : 0
  }

  /** Gives back a token that was taken for nothing. */
  giveBack(key: string): void {
    const bucket = this.#buckets.get(key)
    if (bucket !== undefined) bucket.tokens = Math.min(this.#limit.burst, bucket.tokens + 1)
  }

  #filled(key: string, nowMs: number): Bucket {
    const { burst, perSecond } = this.#limit
    const known = this.#buckets.get(key)
    if (known !== undefined) {
      const elapsedSeconds = Math.max(0, nowMs - known.atMs) / 1_000
      known.tokens = Math.min(burst, known.tokens + elapsedSeconds * perSecond)
      known.atMs = nowMs
      return known
    }
    if (this.#buckets.size >= MOST_KEYS) {
      const oldest = this.#buckets.keys().next().value
      if (oldest !== undefined) this.#buckets.delete(oldest)
    }
    const bucket = { tokens: burst, atMs: nowMs }
    this.#buckets.set(key, bucket)
    return bucket
  }
}
