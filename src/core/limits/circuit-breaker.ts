/**
 * Whether an origin is known to be away. It is after some failures to reach it that make up half of the requests or
 * more. While it is, a request that has somewhere else to go goes there at once; now and then one is let through to
 * see, and the first that succeeds, whichever it is, ends it.
 */

const WINDOW_MS = 10_000
/** Fewer than this may be a hiccup of the network. */
const MIN_FAILURES = 5
const MIN_SHARE = 0.5
/** Time between two requests that are let through to see. */
const SHORTEST_PROBE_MS = 1_000
/** An origin that hangs holds each of them up: it is tried less often, but still often enough. */
const LONGEST_PROBE_MS = 5_000

export class CircuitBreaker {
  #windowStartMs = 0
  #requests = 0
  #failures = 0
  #isOpen = false
  #nextProbeMs = 0
  #probeEveryMs = SHORTEST_PROBE_MS

  get isOpen(): boolean {
    return this.#isOpen
  }

  /** Counts a request that ended at `nowMs`; `tookMs` is how long it took to fail. */
  record(isAway: boolean, tookMs: number, nowMs: number): void {
    if (!isAway && this.#isOpen) {
      this.#isOpen = false
      this.#startWindow(nowMs)
    }
    if (nowMs < this.#windowStartMs || nowMs >= this.#windowStartMs + WINDOW_MS) this.#startWindow(nowMs)
    this.#requests++
    if (!isAway) return
    this.#failures++
    this.#probeEveryMs = Math.min(Math.max(tookMs, SHORTEST_PROBE_MS), LONGEST_PROBE_MS)
    if (this.#isOpen || this.#failures < MIN_FAILURES || this.#failures < this.#requests * MIN_SHARE) return
    this.#isOpen = true
    this.#nextProbeMs = nowMs + this.#probeEveryMs
  }

  /** Whether to go round the origin. While it is away, one call in each interval says no: that request is to see. */
  blocks(nowMs: number): boolean {
    if (!this.#isOpen) return false
    const waitMs = this.#nextProbeMs - nowMs
    // A wait longer than any that was ever set means that the clock has jumped.
    if (waitMs > 0 && waitMs <= LONGEST_PROBE_MS) return true
    this.#nextProbeMs = nowMs + this.#probeEveryMs
    return false
  }

  #startWindow(nowMs: number): void {
    this.#windowStartMs = nowMs
    this.#requests = 0
    this.#failures = 0
  }
}
