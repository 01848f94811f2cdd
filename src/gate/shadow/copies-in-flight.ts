/** Copies that an isolate makes at present. Visitors' connections come first, so there are few. */
const MOST = 4
/** Two rounds of questions, each of which ends within 10 s. */
const LONGEST_MS = 25_000

export type CopyInFlight = { startedMs: number; network: number }

export class CopiesInFlight {
  readonly #copies = new Set<CopyInFlight>()

  /**
   * Whether one more would be too many. Hazard: work of a visitor who has left may stop anywhere, and never says so.
   *
   * @param part what a network may have of all places, 0–1: one that asks for slow pages must not hold up the others
   */
  isFull(network: number, part: number, nowMs: number): boolean {
    let own = 0
    for (const copy of this.#copies)
      if (nowMs - copy.startedMs > LONGEST_MS) this.#copies.delete(copy)
      else if (copy.network === network) own++
    return this.#copies.size >= MOST || own >= Math.max(1, Math.floor(MOST * part))
  }

  add(copy: CopyInFlight): void {
    this.#copies.add(copy)
  }

  delete(copy: CopyInFlight): void {
    this.#copies.delete(copy)
  }
}
