/** When a shard forwards: by the pace, by how much depends on its counts, and by whether the Controller answers. */
import { type Cell, errorsOf } from './cell.ts'
import { SHORTEST_INTERVAL_MS } from './load/back-pressure.ts'
import { holdsAt, PACES, type Pace, URGENT_REQUESTS } from './load/pace.ts'
import type { ForwardReply } from './protocol.ts'

const LONGEST_RETRY_MS = 30_000
/** So many isolates flush so often that a row each would cost more than a timer. */
const MANY_ISOLATES = 8
/** Of the mean of requests per second. */
const LOAD_HALF_LIFE_MS = 10_000

export class ForwardClock {
  /** Until the Controller has said what it wants. */
  #pace: Pace = PACES.live
  #isUrgent = false
  #newRequests = 0
  #requestsPerSecond = 0
  #lastMs = 0
  #backPressureMs = SHORTEST_INTERVAL_MS
  #failures = 0

  get pace(): Pace {
    return this.#pace
  }

  setPace(pace: Pace): void {
    this.#pace = pace
  }

  get isFailing(): boolean {
    return this.#failures > 0
  }

  /** Whether replies to flushes are held until there is news. */
  get holds(): boolean {
    return holdsAt(this.#pace, this.#requestsPerSecond)
  }

  /** What is to be forwarded is waited for. */
  hurry(): void {
    this.#isUrgent = true
  }

  /**
   * Counts are to be forwarded. A verdict may depend on failures and on what apps report, outside of control, and on many
   * requests.
   */
  note(cells: readonly Cell[]): void {
    for (const cell of cells) {
      this.#newRequests += cell.requests
      const isReported = Object.keys(cell.timings ?? {}).length > 0
      if (cell.arm !== 'control' && (errorsOf(cell) > 0 || isReported)) this.hurry()
    }
    if (this.#newRequests >= URGENT_REQUESTS) this.hurry()
  }

  /** When to forward what there is, ms since 1970. */
  get dueMs(): number {
    return this.#lastMs + this.#waitMs
  }

  get #waitMs(): number {
    if (this.#failures > 0)
      return Math.min(LONGEST_RETRY_MS, SHORTEST_INTERVAL_MS * 2 ** (this.#failures - 1))
    const { urgentForwardMs, forwardMs } = this.#pace
    return Math.max(this.#backPressureMs, this.#isUrgent ? urgentForwardMs : forwardMs)
  }

  /**
   * Whether a forward in so many milliseconds is waited for with a timer, which keeps the object active; else what is
   * to be forwarded is stored, and goes with the next flush.
   */
  waitsFor(dueInMs: number, isolates: number): boolean {
    return this.#failures === 0 && (dueInMs <= SHORTEST_INTERVAL_MS || isolates >= MANY_ISOLATES)
  }

  start(nowMs: number): void {
    const elapsedMs = nowMs - this.#lastMs
    const keep = 0.5 ** (Math.max(1, elapsedMs) / LOAD_HALF_LIFE_MS)
    const latest = (this.#newRequests * 1_000) / Math.max(1_000, elapsedMs)
    this.#requestsPerSecond = keep * this.#requestsPerSecond + (1 - keep) * latest
    this.#newRequests = 0
    this.#isUrgent = false
    this.#lastMs = nowMs
  }

  succeed({ pace, intervalMs }: Pick<ForwardReply, 'pace' | 'intervalMs'>): void {
    this.#failures = 0
    this.#backPressureMs = intervalMs
    // A Controller of an older version knows of no pace, and no price.
    this.#pace = pace ?? PACES.prompt
  }

  fail(): void {
    this.#failures++
  }
}
