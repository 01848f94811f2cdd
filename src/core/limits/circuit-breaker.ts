/**
 * A circuit breaker per origin. It opens on a failure rate: half of the requests or more can't reach the origin. It
 * also opens on failures in a row: many visitors failed, in whatever way, and none was served between. Both need
 * visitors of several networks. One or two networks that can't reach the origin open a circuit for themselves alone.
 *
 * While it is open, requests that have a fallback go there at once. Now and then it is half-open: one request probes the
 * origin, and the first success of any request closes it. An enemy's requests fail, at the URLs of its choice. So a
 * network that has not failed probes at once, whatever the others do; and networks that failed when the origin answered
 * another have no say for a while, so that an enemy with k of them holds up others for k probes at most.
 */
import { FailingNetworks, NO_NETWORK } from './failing-networks.ts'
import { FAILURES_TO_OPEN, isProbeDue, probeIntervalMs, WINDOW_MS } from './probes.ts'

/** The outcome of a request: `failed` got a bad answer, `away` none. */
export type Contact = 'answered' | 'failed' | 'away'

/** Who sent a request: the visitor's position in the split, or −1, and their network. */
export type Sender = { readonly visitor?: number; readonly network: number }
const UNKNOWN: Sender = { network: NO_NETWORK }

const FAILURE_RATE_THRESHOLD = 0.5
/** Distinct visitors: one who reloads a broken page says nothing about the others. */
const MIN_ROW = 20
/** A visitor can have many ids; not as many networks. */
const MIN_NETWORKS = 3
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
  readonly #failing = new FailingNetworks()
  #isOpen = false
  /** When the next request may probe, of networks that have failed, and of others: the first don't keep the second back. */
  #nextProbeMs = 0
  #nextFreshProbeMs = 0
  #probeEveryMs = probeIntervalMs(0)
  #answeredMs = Number.NEGATIVE_INFINITY

  /** Whether it is open for everybody. */
  get isOpen(): boolean {
    return this.#isOpen
  }

  isOpenFor({ network } = UNKNOWN): boolean {
    return this.#isOpen || this.#failing.isOpen(network)
  }

  /**
   * Counts a request that ended at `nowMs`, `tookMs` after its start; whether it says something of the origin: its network
   * has a say, or no one else is answered.
   */
  record(contact: Contact, tookMs: number, nowMs: number, sender = UNKNOWN): boolean {
    if (contact === 'answered') {
      this.#answered(sender, nowMs)
      return true
    }
    this.#keepWindow(nowMs)
    const { visitor = -1, network } = sender
    const probeEveryMs = probeIntervalMs(tookMs)
    const hasSay = this.#failing.fail(network, contact === 'away', nowMs + probeEveryMs, nowMs)
    if (!hasSay) return nowMs - this.#answeredMs >= WINDOW_MS
    this.#requests++
    if (this.#row.size < MIN_ROW) this.#row.add(visitor)
    if (this.#networks.size < MIN_NETWORKS) this.#networks.add(network)
    if (contact === 'away') this.#failures++
    this.#probeEveryMs = probeEveryMs
    if (!this.#isOpen && this.#areManyNetworks && (this.#isOutOfReach || this.#row.size >= MIN_ROW))
      this.#open(nowMs)
    return true
  }

  /**
   * Whether a request must not go to the origin. While open, one call per interval returns false: that request is the
   * probe. A request that has no retry (`mayProbe` is false) becomes the probe only when no other came for long.
   */
  blocks(nowMs: number, mayProbe = true, sender = UNKNOWN): boolean {
    if (!this.#isOpen && this.#failing.isEmpty) return false
    const { network } = sender
    const overdueMs = mayProbe ? 0 : PROBE_OVERDUE_MS
    if (!this.#isOpen) return this.#failing.blocks(network, overdueMs, this.#probeEveryMs, nowMs)
    if (this.#failing.isSuspect(network, nowMs)) {
      if (!isProbeDue(this.#nextProbeMs, overdueMs, nowMs)) return true
      this.#nextProbeMs = nowMs + this.#probeEveryMs
      return false
    }
    if (!isProbeDue(this.#nextFreshProbeMs, overdueMs, nowMs)) return true
    this.#nextFreshProbeMs = nowMs + this.#probeEveryMs
    this.#failing.fail(network, false, 0, nowMs)
    return false
  }

  #answered(sender: Sender, nowMs: number): void {
    if (this.#isOpen) {
      this.#isOpen = false
      this.#failing.discredit(nowMs)
      this.#startWindow(nowMs)
    } else this.#keepWindow(nowMs)
    this.#answeredMs = nowMs
    this.#requests++
    // Clearing an empty set allocates.
    if (this.#row.size > 0) this.#forgetRow()
    if (!this.#failing.isEmpty) this.#failing.answer(sender.network, nowMs)
  }

  #open(nowMs: number): void {
    this.#isOpen = true
    this.#nextProbeMs = nowMs + this.#probeEveryMs
    this.#nextFreshProbeMs = nowMs
  }

  get #isOutOfReach(): boolean {
    return this.#failures >= FAILURES_TO_OPEN && this.#failures >= this.#requests * FAILURE_RATE_THRESHOLD
  }

  get #areManyNetworks(): boolean {
    return this.#networks.size >= MIN_NETWORKS || this.#networks.has(NO_NETWORK)
  }

  #forgetRow(): void {
    this.#row.clear()
    this.#networks.clear()
  }

  #keepWindow(nowMs: number): void {
    if (nowMs < this.#windowStartMs || nowMs >= this.#windowStartMs + WINDOW_MS) this.#startWindow(nowMs)
  }

  #startWindow(nowMs: number): void {
    this.#windowStartMs = nowMs
    this.#requests = 0
    this.#failures = 0
    this.#forgetRow()
  }
}
