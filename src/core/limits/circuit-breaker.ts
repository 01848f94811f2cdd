/**
 * Whether an origin is known to be away. It is after some failures to reach it that make up half of the requests or
 * more; and when it has failed many visitors one after another, in whatever way, and served none between. While it
 * is, a request that has somewhere else to go goes there at once; now and then one is let through to see, and the
 * first that succeeds, whichever it is, ends it.
 */

/** What became of a request: `failed` was answered, though badly; `away` was not. */
export type Contact = 'answered' | 'failed' | 'away'

const WINDOW_MS = 10_000
/** Fewer than this may be a hiccup of the network. */
const MIN_FAILURES = 5
const MIN_SHARE = 0.5
/** Visitors, because one who asks for the same broken page again and again says nothing about the others. */
const MIN_ROW = 20
/** Time between two requests that are let through to see. */
const SHORTEST_PROBE_MS = 1_000
/** An origin that hangs holds each of them up: it is tried less often, but still often enough. */
const LONGEST_PROBE_MS = 5_000
/** For so long the try is left to those whom a failure costs nothing. */
const TRY_OVERDUE_MS = 10_000

export class CircuitBreaker {
  #windowStartMs = 0
  #requests = 0
  #failures = 0
  /** Whom it has failed since the last good answer. */
  readonly #row = new Set<number>()
  #isOpen = false
  #nextProbeMs = 0
  #probeEveryMs = SHORTEST_PROBE_MS

  get isOpen(): boolean {
    return this.#isOpen
  }

  /** Counts a request that ended at `nowMs`; `tookMs` is how long it took to fail, `visitor` whom. */
  record(contact: Contact, tookMs: number, nowMs: number, visitor: number): void {
    if (contact === 'answered' && this.#isOpen) {
      this.#isOpen = false
      this.#startWindow(nowMs)
    }
    if (nowMs < this.#windowStartMs || nowMs >= this.#windowStartMs + WINDOW_MS) this.#startWindow(nowMs)
    this.#requests++
    if (contact === 'answered') {
      // Clearing what is empty takes memory all the same.
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
   * Whether to go round the origin. While it is away, one call in each interval says no: that request is to see. One
   * that can't be made good where it fails (`mayTry` is false) is to see only if no other has come for long.
   */
  blocks(nowMs: number, mayTry = true): boolean {
    if (!this.#isOpen) return false
    const waitMs = this.#nextProbeMs - nowMs
    // A wait longer than any that was ever set means that the clock has jumped.
    if (waitMs > (mayTry ? 0 : -TRY_OVERDUE_MS) && waitMs <= LONGEST_PROBE_MS) return true
    this.#nextProbeMs = nowMs + this.#probeEveryMs
    return false
  }

  get #isOutOfReach(): boolean {
    return this.#failures >= MIN_FAILURES && this.#failures >= this.#requests * MIN_SHARE
  }

  #startWindow(nowMs: number): void {
    this.#windowStartMs = nowMs
    this.#requests = 0
    this.#failures = 0
    this.#row.clear()
  }
}
