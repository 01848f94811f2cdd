/**
 * Keeps code fast. The engine drops what it has compiled for objects of some shape once a collection finds none of that
 * shape, and a gate between two requests has none of any: after each collection it would run slowly for hundreds of
 * requests, and compile everything anew. So the objects of a few requests are kept, whatever they hold.
 */

const KEPT = 8
/** Kept objects outlive collections, which costs more than those that don't. */
const EVERY = 61

export class HiddenClasses {
  readonly #kept: unknown[] = []
  #requests = 0

  /** Objects of one request: now and then they take the place of an earlier one's. */
  offer(one: object, two?: object, three?: object): void {
    if (this.#requests++ % EVERY > 0) return
    this.#kept.push([one, two, three])
    if (this.#kept.length > KEPT) this.#kept.shift()
  }
}
