/**
 * Fair shares of a budget: no network uses more than a quarter of it within a minute. What succeeds is given back twice,
 * so that a network whose requests deserve the budget may use more of it.
 */

const WINDOW_MS = 60_000
const PARTS = 4
const MOST_NETWORKS = 1_000
/** Not a network: its visitors share nothing. */
const NO_NETWORK = 0

export class FairShares {
  readonly #used = new Map<number, number>()
  #sinceMs = Number.NEGATIVE_INFINITY
  #earned = 0

  /** What is added to the budget is there to be shared. */
  earn(share: number): void {
    this.#earned += share
  }

  /** Takes one for a network, of a budget that holds so many at most; whether its share allows that. */
  take(network: number, mostTokens: number, nowMs: number): boolean {
    if (network === NO_NETWORK) return true
    if (!(nowMs - this.#sinceMs < WINDOW_MS && nowMs >= this.#sinceMs)) {
      this.#used.clear()
      this.#sinceMs = nowMs
      this.#earned = 0
    }
    const used = this.#used.get(network) ?? 0
    if (used >= Math.max(1, (mostTokens + this.#earned) / PARTS)) return false
    if (this.#used.size < MOST_NETWORKS || this.#used.has(network)) this.#used.set(network, used + 1)
    return true
  }

  /** What a network took was worth it. */
  reward(network: number): void {
    const used = this.#used.get(network)
    if (used !== undefined) this.#used.set(network, used - 2)
  }
}
