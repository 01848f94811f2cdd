/** Wakes every flush that is held, as soon as there is news for the isolates. */
export class NewsSignal {
  readonly #waiting = new Set<() => void>()

  /** Wakes all that wait. */
  send(): void {
    for (const wake of this.#waiting) wake()
  }

  /** Resolves with the next signal, or after the given time. */
  async within(longestMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const wake = () => {
        clearTimeout(timer)
        this.#waiting.delete(wake)
        resolve()
      }
      const timer = setTimeout(wake, longestMs)
      this.#waiting.add(wake)
    })
  }
}
