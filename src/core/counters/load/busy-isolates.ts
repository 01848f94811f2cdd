/** Counts active isolates without visiting each: by the second in which they stop counting. */
export type Busy = {
  /** Shards among which the isolate chooses. */
  shards: number
  /** Counts until then unless it flushes again; ms since 1970. */
  busyUntilMs: number
}

export class BusyIsolates {
  readonly #bySecond = new Map<number, { isolates: number; inColo: number }>()

  add(isolate: Busy): void {
    this.#count(isolate, 1)
  }

  remove(isolate: Busy): void {
    this.#count(isolate, -1)
  }

  /**
   * Active isolates here, and in the whole colo: an isolate that chooses among `shards` comes here with probability
   * 1/`shards`, so it represents that many.
   */
  at(nowMs: number): { isolates: number; inColo: number } {
    const sum = { isolates: 0, inColo: 0 }
    for (const [second, { isolates, inColo }] of this.#bySecond) {
      if (second * 1_000 <= nowMs) this.#bySecond.delete(second)
      else {
        sum.isolates += isolates
        sum.inColo += inColo
      }
    }
    return sum
  }

  #count({ shards, busyUntilMs }: Busy, change: 1 | -1): void {
    const second = Math.ceil(busyUntilMs / 1_000)
    const counts = this.#bySecond.get(second)
    if (counts) {
      counts.isolates += change
      counts.inColo += change * shards
    } else if (change === 1) this.#bySecond.set(second, { isolates: 1, inColo: shards })
  }
}
