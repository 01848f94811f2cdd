/**
 * How many requests may be repeated at another origin. A repetition that works out costs nothing: it is the request
 * that this origin would have got anyway, had the failing one been closed. One that fails as well means that both
 * suffer, and then repeating makes it worse: each costs a token, and only further requests bring tokens back. So
 * with both origins down, repetitions add no more than `share` to the load.
 *
 * Those on their way are no loss yet: while repetitions work out there may be as many as there are slow answers. Once
 * half of the tokens are lost no more are on their way than there are tokens.
 */

/** Repetitions that may be lost before the budget is empty. */
const MOST_TOKENS = 200
/** An isolate bears no more requests at once. */
const MOST_ON_THEIR_WAY = 2_000
/** The end of one is not always heard of: a visitor who leaves takes it along. */
const FORGOTTEN_AFTER_MS = 60_000

export type Repetition = { readonly startedMs: number }

export class RetryBudget {
  readonly #mostTokens: number
  #tokens: number
  readonly #onTheirWay = new Set<Repetition>()

  constructor(mostTokens = MOST_TOKENS) {
    this.#mostTokens = mostTokens
    this.#tokens = mostTokens
  }

  /** Every request brings its share of a repetition. */
  earn(share: number): void {
    this.#tokens = Math.min(this.#mostTokens, this.#tokens + share)
  }

  /** Whether one may be repeated at any rate, whatever comes of it; takes the token for it. */
  spend(): boolean {
    if (this.#tokens < 1) return false
    this.#tokens--
    return true
  }

  /** Begins a repetition; undefined where none may be made. */
  start(nowMs: number): Repetition | undefined {
    for (const each of this.#onTheirWay) {
      if (Math.abs(nowMs - each.startedMs) < FORGOTTEN_AFTER_MS) break
      this.#onTheirWay.delete(each)
    }
    const most = this.#tokens > this.#mostTokens / 2 ? MOST_ON_THEIR_WAY : this.#tokens
    if (this.#onTheirWay.size + 1 > most) return undefined
    const repetition = { startedMs: nowMs }
    this.#onTheirWay.add(repetition)
    return repetition
  }

  /** The end of a repetition; one that has not worked out costs a token. */
  end(repetition: Repetition, hasWorked: boolean): void {
    this.#onTheirWay.delete(repetition)
    if (!hasWorked) this.#tokens--
  }
}
