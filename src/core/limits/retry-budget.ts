/**
 * How many requests may be repeated at another origin. A repetition that works out costs nothing: it is the request
 * that this origin would have got anyway, had the failing one been closed. One that fails as well means that both
 * suffer, and then repeating makes it worse: each costs a token, and only further requests bring tokens back. So
 * with both origins down, repetitions add no more than `share` to the load.
 */

/** Repetitions on their way at once, and lost ones before the budget is empty. */
const MOST_TOKENS = 200

export class RetryBudget {
  readonly #mostTokens: number
  #tokens: number

  constructor(mostTokens = MOST_TOKENS) {
    this.#mostTokens = mostTokens
    this.#tokens = mostTokens
  }

  /** Every request brings its share of a repetition. */
  earn(share: number): void {
    this.#tokens = Math.min(this.#mostTokens, this.#tokens + share)
  }

  /** Whether one more may be repeated; takes the token for it. */
  take(): boolean {
    if (this.#tokens < 1) return false
    this.#tokens--
    return true
  }

  /** The repetition worked out. */
  giveBack(): void {
    this.earn(1)
  }
}
