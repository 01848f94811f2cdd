/**
 * A circuit breaker per origin. It opens on a failure rate: half of the requests or more can't reach the origin. It
 * also opens on failures in a row: many visitors failed, in whatever way, and none was served between. While it is
 * open, requests that have a fallback go there at once. Now and then it is half-open: one request probes the origin,
 * and the first success of any request closes it.
 */

/** The outcome of a request: `failed` got a bad answer, `away` none. */
export type Contact = 'answered' | 'failed' | 'away'

const WINDOW_MS = 10_000
/** Fewer may be a hiccup of the network. */
const MIN_FAILURES = 5
const FAILURE_RATE_THRESHOLD = 0.5
/** Distinct visitors: one who reloads a broken page says nothing about the others. */
const MIN_ROW = 20

const SHORTEST_PROBE_MS = 1_000
/** A hanging origin holds every probe up, so it is probed less often. */
const LONGEST_PROBE_MS = 5_000
/** For this long, only requests to which a failure costs nothing may probe. */
const PROBE_OVERDUE_MS = 10_000

export class CircuitBreaker {
  #windowStartMs = 0
  #requests = 0
  #failures = 0
  /** Visitors failed since the last good answer. */
  readonly #row = new Set<number>()
  #isOpen = false
  #nextProbeMs = 0
  #probeEveryMs = SHORTEST_PROBE_MS

  get isOpen(): boolean {
    return this.#isOpen
  }

  /** Counts a request that ended at `nowMs`, `tookMs` after its start. `visitor` is a position, or −1. */
  record(contact: Contact, tookMs: number, nowMs: number, visitor: number): void {
    if (contact === 'answered' && this.#isOpen) {
      this.#isOpen = false
      this.#startWindow(nowMs)
    }
    if (nowMs < this.#windowStartMs || nowMs >= this.#windowStartMs + WINDOW_MS) this.#startWindow(nowMs)
    this.#requests++
    if (contact === 'answered') {
      // Clearing an empty set allocates.
      if (this.#row.size > 0) this.#row.clear()
      return
    }
    if (this.#row.size < MIN_ROW) this.#row.add(visitor)
    if (contact === 'away') this.#failures++
    this.#probeEveryMs = Math.min(Math.max(tookMs, SHORTEST_PROBE_MS), LONGEST_PROBE_MS)
    if (this.#isOpen || !(this.#isOutOfReach || this.#row.size >= MIN_ROW)) return
    this.#isOpen = true
    this.#nextProbeMs = nowMs + this.#probeEveryMs
  }

  /**
   * Whether a request must not go to the origin. While open, one call per interval returns false: that request is the
   * probe. A request that has no retry (`mayProbe` is false) becomes the probe only when no other came for long.
   */
  blocks(nowMs: number, mayProbe = true): boolean {
    if (!this.#isOpen) return false
    const waitMs = this.#nextProbeMs - nowMs
    // A longer wait than any that is ever set: the clock has jumped.
    if (waitMs > (mayProbe ? 0 : -PROBE_OVERDUE_MS) && waitMs <= LONGEST_PROBE_MS) return true
    this.#nextProbeMs = nowMs + this.#probeEveryMs
    return false
  }

  get #isOutOfReach(): boolean {
    return this.#failures >= MIN_FAILURES && this.#failures >= this.#requests * FAILURE_RATE_THRESHOLD
  }

  #startWindow(nowMs: number): void {
    this.#windowStartMs = nowMs
    this.#requests = 0
    this.#failures = 0
    this.#row.clear()
  }
}
