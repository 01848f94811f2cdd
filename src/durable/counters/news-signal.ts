/** Many wait for the same event, each no longer than it likes. */
export class Bell {
  readonly #sleepers = new Set<() => void>()

  ring(): void {
    for (const wake of this.#sleepers) wake()
  }

  /** Ends with the next ring, or after the given time. */
  async within(longestMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const wake = () => {
        clearTimeout(timer)
        this.#sleepers.delete(wake)
        resolve()
      }
      const timer = setTimeout(wake, longestMs)
      this.#sleepers.add(wake)
    })
  }
}
