/**
 * A circuit breaker per origin. It opens on a failure rate: half of the requests or more can't reach the origin. It
 * also opens on failures in a row: many visitors failed, in whatever way, and none was served between. Both need
 * visitors of several networks, so that none opens it for the others by requests of its choice; or an origin that can't
 * be reached by anyone who asks. While it is open, requests that have a fallback go there at once. Now and then it is half-open: one request probes the origin,
 * and the first success of any request closes it.
 */

/** The outcome of a request: `failed` got a bad answer, `away` none. */
export type Contact = 'answered' | 'failed' | 'away'

/** Who sent a request: the visitor's position in the split, or −1, and their network. */
export type Sender = { visitor: number; network: number }
const UNKNOWN: Sender = { visitor: -1, network: 0 }

const WINDOW_MS = 10_000
/** Fewer may be a hiccup of the network. */
const MIN_FAILURES = 5
const FAILURE_RATE_THRESHOLD = 0.5
/** Distinct visitors: one who reloads a broken page says nothing about the others. */
const MIN_ROW = 20
/** A visitor can have many ids; not as many networks. */
const MIN_NETWORKS = 3
/** Of visitors whose network says nothing, such as private addresses. */
const NO_NETWORK = 0

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
  /** Networks that failed since then. */
  readonly #networks = new Set<number>()
  #isOpen = false
  #nextProbeMs = 0
  #probeEveryMs = SHORTEST_PROBE_MS

  get isOpen(): boolean {
    return this.#isOpen
  }

  /** Counts a request that ended at `nowMs`, `tookMs` after its start. */
  record(contact: Contact, tookMs: number, nowMs: number, { visitor, network }: Sender = UNKNOWN): void {
    if (contact === 'answered' && this.#isOpen) {
      this.#isOpen = false
      this.#startWindow(nowMs)
    }
    if (nowMs < this.#windowStartMs || nowMs >= this.#windowStartMs + WINDOW_MS) this.#startWindow(nowMs)
    this.#requests++
    if (contact === 'answered') {
      // Clearing an empty set allocates.
      if (this.#row.size > 0) this.#forgetRow()
      return
    }
    if (this.#row.size < MIN_ROW) this.#row.add(visitor)
    if (this.#networks.size < MIN_NETWORKS) this.#networks.add(network)
    if (contact === 'away') this.#failures++
    this.#probeEveryMs = Math.min(Math.max(tookMs, SHORTEST_PROBE_MS), LONGEST_PROBE_MS)
    if (this.#isOpen || !(this.#isOutOfReach || this.#isRowLong)) return
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
    if (this.#failures < MIN_FAILURES) return false
    if (this.#failures === this.#requests) return true
    return this.#failures >= this.#requests * FAILURE_RATE_THRESHOLD && this.#areManyNetworks
  }

  get #isRowLong(): boolean {
    return this.#row.size >= MIN_ROW && this.#areManyNetworks
  }

  get #areManyNetworks(): boolean {
    return this.#networks.size >= MIN_NETWORKS || this.#networks.has(NO_NETWORK)
  }

  #forgetRow(): void {
    this.#row.clear()
    this.#networks.clear()
  }

  #startWindow(nowMs: number): void {
    this.#windowStartMs = nowMs
    this.#requests = 0
    this.#failures = 0
    this.#forgetRow()
  }
}
