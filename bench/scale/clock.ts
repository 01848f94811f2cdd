/** A discrete-event clock: what is due next happens next. */
export class SimulatedClock {
  nowMs = 0
  readonly #heap: { atMs: number; order: number; run: () => void }[] = []
  #order = 0

  after(delayMs: number, run: () => void): void {
    const heap = this.#heap
    heap.push({ atMs: this.nowMs + Math.max(0, delayMs), order: this.#order++, run })
    let child = heap.length - 1
    while (child > 0) {
      const parent = (child - 1) >> 1
      if (!this.#isBefore(child, parent)) break
      this.#swap(child, parent)
      child = parent
    }
  }

  runUntil(endMs: number): void {
    for (let next = this.#heap[0]; next !== undefined && next.atMs <= endMs; next = this.#heap[0]) {
      this.#removeFirst()
      this.nowMs = next.atMs
      next.run()
    }
    this.nowMs = endMs
  }

  #removeFirst(): void {
    const heap = this.#heap
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return
    heap[0] = last
    let parent = 0
    for (;;) {
      const left = 2 * parent + 1
      if (left >= heap.length) return
      const right = left + 1
      const least = right < heap.length && this.#isBefore(right, left) ? right : left
      if (!this.#isBefore(least, parent)) return
      this.#swap(least, parent)
      parent = least
    }
  }

  /** Events of the same moment happen in the order in which they were asked for. */
  #isBefore(a: number, b: number): boolean {
    const [one, other] = [this.#heap[a], this.#heap[b]]
    if (one === undefined || other === undefined) return false
    return one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order)
  }

  #swap(a: number, b: number): void {
    const [one, other] = [this.#heap[a], this.#heap[b]]
    if (one === undefined || other === undefined) return
    this.#heap[a] = other
    this.#heap[b] = one
  }
}
