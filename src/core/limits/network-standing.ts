/**
 * Which networks take part in the comparison of an isolate. One that wastes questions (its failures are shared, or can't
 * be asked) is compared with no one for a minute, in either arm; each further time twice as long. This depends on the
 * past alone, and so can't lead a test astray.
 */
import { remember } from './remember.ts'

const WINDOW_MS = 60_000
const MOST_WASTED = 5
const SHORTEST_BAR_MS = 60_000
const LONGEST_BAR_MS = 600_000
/** With fewer there is no one else to compare. */
const FEWEST_NETWORKS = 3
const REMEMBERED_MS = 120_000
const MOST_KNOWN = 1_000
/** Not a network: it is as many visitors as it likes. */
const NO_NETWORK = 0

type Record = { wasted: number; sinceMs: number; barMs: number; barredUntilMs: number }

export class NetworkStanding {
  readonly #records = new Map<number, Record>()
  /** The networks seen last. */
  readonly #seen: { network: number; atMs: number }[] = []

  /** Notes a request of a network; whether it is to be compared. */
  takesPart(network: number, nowMs: number): boolean {
    if (network === NO_NETWORK) return true
    this.#see(network, nowMs)
    if (this.#records.size === 0) return true
    const record = this.#records.get(network)
    return record === undefined || nowMs >= record.barredUntilMs || this.#seenAt(nowMs) < FEWEST_NETWORKS
  }

  /** The network whose share of a budget a request uses up: none where no other has been seen lately, as nothing is to be shared then. */
  payer(network: number, nowMs: number): number {
    return this.#seenAt(nowMs) < 2 ? NO_NETWORK : network
  }

  /** Notes a failure of a network that proved nothing. */
  waste(network: number, nowMs: number): void {
    if (network === NO_NETWORK) return
    const record = this.#recordOf(network, nowMs)
    if (nowMs - record.sinceMs >= WINDOW_MS) {
      record.sinceMs = nowMs
      record.wasted = 0
    }
    record.wasted++
    if (record.wasted < MOST_WASTED || nowMs < record.barredUntilMs) return
    const isAgain = nowMs - record.barredUntilMs < LONGEST_BAR_MS
    record.barMs = isAgain ? Math.min(2 * record.barMs, LONGEST_BAR_MS) : SHORTEST_BAR_MS
    record.barredUntilMs = nowMs + record.barMs
  }

  #recordOf(network: number, nowMs: number): Record {
    const known = this.#records.get(network)
    if (known !== undefined) return known
    const record = { wasted: 0, sinceMs: nowMs, barMs: 0, barredUntilMs: Number.NEGATIVE_INFINITY }
    remember(this.#records, network, record, MOST_KNOWN)
    return record
  }

  #see(network: number, nowMs: number): void {
    const seen = this.#seen
    let oldest = 0
    for (let index = 0; index < seen.length; index++) {
      const each = seen[index] as { network: number; atMs: number }
      if (each.network === network) {
        each.atMs = nowMs
        return
      }
      if (each.atMs < (seen[oldest]?.atMs ?? 0)) oldest = index
    }
    if (seen.length < FEWEST_NETWORKS) seen.push({ network, atMs: nowMs })
    else seen[oldest] = { network, atMs: nowMs }
  }

  #seenAt(nowMs: number): number {
    let count = 0
    for (const { atMs } of this.#seen) if (Math.abs(nowMs - atMs) < REMEMBERED_MS) count++
    return count
  }
}
