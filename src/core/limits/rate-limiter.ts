/** A token bucket per key: each key starts with `burst` tokens and earns `perSecond` more. Callers pass the time. */
import { remember } from './remember.ts'

export type RateLimit = { burst: number; perSecond: number }

/** Bounds memory: beyond it the oldest key is dropped, and starts full when it comes back. */
const MOST_KEYS = 10_000

type Allowance = { tokens: number; atMs: number }

export class RateLimiter {
  readonly #limit: RateLimit
  readonly #allowances = new Map<string, Allowance>()

  constructor(limit: RateLimit) {
    this.#limit = limit
  }

  /** Takes `count` tokens; returns 0, or takes nothing and returns the milliseconds until they are there. */
  take(key: string, nowMs: number, count = 1): number {
    const waitMs = this.waitMs(key, nowMs, count)
    if (waitMs === 0) this.#filled(key, nowMs).tokens -= count
    return waitMs
  }

  /** What `take` would return; takes nothing. */
  waitMs(key: string, nowMs: number, count = 1): number {
    const { tokens } = this.#filled(key, nowMs)
    return tokens < count ? Math.ceil(((count - tokens) / this.#limit.perSecond) * 1_000) : 0
  }

  /** Returns an unused token. */
  giveBack(key: string): void {
    const allowance = this.#allowances.get(key)
    if (allowance !== undefined) allowance.tokens = Math.min(this.#limit.burst, allowance.tokens + 1)
  }

  #filled(key: string, nowMs: number): Allowance {
    const { burst, perSecond } = this.#limit
    const known = this.#allowances.get(key)
    if (known !== undefined) {
      const elapsedSeconds = Math.max(0, nowMs - known.atMs) / 1_000
      known.tokens = Math.min(burst, known.tokens + elapsedSeconds * perSecond)
      known.atMs = nowMs
      return known
    }
    const allowance = { tokens: burst, atMs: nowMs }
    remember(this.#allowances, key, allowance, MOST_KEYS)
    return allowance
  }
}
