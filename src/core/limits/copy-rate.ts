/**
 * The rate of copies in a shadow stage, shared out: what is copied is what a release is judged by, so neither one network
 * nor one route may take all of it. Within a minute none gets more than twice an even share, nor less than a fixed part where
 * there are many. Requests of no network (loopback, private addresses) share nothing. Callers pass the time.
 */
import { SharedRate } from './shared-rate.ts'

const WINDOW_MS = 60_000
const EVEN_SHARES = 2
const LEAST_PART_OF_NETWORK = 1 / 8
const LEAST_PART_OF_ROUTE = 1 / 4
const MOST_KNOWN = 1_000
/** Not a network: its visitors share nothing. */
const NO_NETWORK = 0

/** Who asked, and for what. */
export type Asking = { network: number; route: string }

/**
 * @example rate.take({ network, route: 'GET /' }, { perSecond: 2, members: 3 }, nowMs) // whether it may be copied
 */
export class CopyRate {
  readonly #rate = new SharedRate()
  readonly #networks = new Shares<number>(LEAST_PART_OF_NETWORK)
  readonly #routes = new Shares<string>(LEAST_PART_OF_ROUTE)

  /** @param rate what all members may copy together */
  take(
    { network, route }: Asking,
    { perSecond, members }: { perSecond: number; members: number },
    nowMs: number,
  ): boolean {
    if (network === NO_NETWORK) return this.#rate.take(perSecond, members, nowMs)
    const most = (perSecond * WINDOW_MS) / 1_000 / Math.max(1, members)
    const [ofNetwork, ofRoute] = [this.#networks.see(network, nowMs), this.#routes.see(route, nowMs)]
    if (ofNetwork >= Math.max(1, most * this.#networks.part)) return false
    if (ofRoute >= Math.max(1, most * this.#routes.part)) return false
    if (!this.#rate.take(perSecond, members, nowMs)) return false
    this.#networks.use(network)
    this.#routes.use(route)
    return true
  }

  /** What one network may have of anything that copies use, 0–1. */
  get partOfNetwork(): number {
    return this.#networks.part
  }
}

class Shares<K> {
  readonly #leastPart: number
  readonly #used = new Map<K, number>()
  /** How many the last minute had: a new one begins without knowing them. */
  #lately = 0
  #sinceMs = Number.NEGATIVE_INFINITY

  constructor(leastPart: number) {
    this.#leastPart = leastPart
  }

  get part(): number {
    const known = Math.max(this.#used.size, this.#lately)
    return Math.min(1, Math.max(this.#leastPart, EVEN_SHARES / known))
  }

  /** Notes one that asks; how much it has had within the minute. */
  see(key: K, nowMs: number): number {
    const elapsedMs = nowMs - this.#sinceMs
    if (elapsedMs >= WINDOW_MS || elapsedMs < 0) {
      this.#lately = elapsedMs < 2 * WINDOW_MS ? this.#used.size : 0
      this.#used.clear()
      this.#sinceMs = nowMs
    }
    const used = this.#used.get(key) ?? 0
    if (used === 0 && this.#used.size < MOST_KNOWN) this.#used.set(key, 0)
    return used
  }

  use(key: K): void {
    const used = this.#used.get(key)
    if (used !== undefined) this.#used.set(key, used + 1)
  }
}
