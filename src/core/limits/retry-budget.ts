/**
 * A retry budget: how many failed requests may be retried at another origin. A retry that succeeds is free, for the
 * other origin would get that request anyway once the failing one is rolled back. A retry that fails means that both
 * origins suffer and retries make it worse, so it costs a token; only further requests earn tokens. With both origins
 * down, retries add at most `share` to the load.
 *
 * Retries in flight cost nothing yet. Once half of the tokens are gone, no more retries are in flight than there are
 * tokens left.
 *
 * No network takes more than a fair share of the tokens.
 */
import { FairShares } from './fair-shares.ts'

const MOST_TOKENS = 200
/** An isolate can't carry more requests at once. */
const MOST_IN_FLIGHT = 2_000
/** The end of a retry can get lost: a visitor who leaves takes it along. */
const FORGOTTEN_AFTER_MS = 60_000

export type Retry = { readonly startedMs: number; readonly network: number }

export class RetryBudget {
  readonly #mostTokens: number
  #tokens: number
  readonly #inFlight = new Set<Retry>()
  readonly #shares = new FairShares()

  constructor(mostTokens = MOST_TOKENS) {
    this.#mostTokens = mostTokens
    this.#tokens = mostTokens
  }

  /** Every request earns a share of a token. */
  earn(share: number): void {
    this.#tokens = Math.min(this.#mostTokens, this.#tokens + share)
    this.#shares.earn(share)
  }

  /** Takes a token for one retry, whatever its outcome; false when there is none for this network. */
  spend(nowMs: number, network = 0): boolean {
    if (this.#tokens < 1 || !this.#shares.take(network, this.#mostTokens, nowMs)) return false
    this.#tokens--
    return true
  }

  /** Starts a retry; undefined when the budget allows none for this network. */
  start(nowMs: number, network = 0): Retry | undefined {
    for (const each of this.#inFlight) {
      if (Math.abs(nowMs - each.startedMs) < FORGOTTEN_AFTER_MS) break
      this.#inFlight.delete(each)
    }
    const most = this.#tokens > this.#mostTokens / 2 ? MOST_IN_FLIGHT : this.#tokens
    if (this.#inFlight.size + 1 > most) return undefined
    if (!this.#shares.take(network, this.#mostTokens, nowMs)) return undefined
    const retry = { startedMs: nowMs, network }
    this.#inFlight.add(retry)
    return retry
  }

  /** Ends a retry; a failed one costs a token. */
  end(retry: Retry, succeeded: boolean): void {
    this.#inFlight.delete(retry)
    if (succeeded) this.#shares.reward(retry.network)
    else this.#tokens--
  }
}
