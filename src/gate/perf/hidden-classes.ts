/**
 * Keeps code fast. V8 drops code that it has optimised for objects of one hidden class once a garbage collection finds
 * no such object, and between requests none of a request's objects is alive. After each collection the gate would run
 * slowly for hundreds of requests and optimise everything anew. So the objects of a few requests are kept.
 */

const KEPT = 8
/** Objects that survive collections cost more than those that don't. */
const EVERY = 61

export class HiddenClasses {
  readonly #kept: unknown[] = []
  #requests = 0

  /** Takes objects of one request; now and then they replace those of an earlier one. */
  keep(one: object, two?: object, three?: object): void {
    if (this.#requests++ % EVERY > 0) return
    this.#kept.push([one, two, three])
    if (this.#kept.length > KEPT) this.#kept.shift()
  }
}
