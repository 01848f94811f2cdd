/**
 * The time that an origin has for its answer. An AbortController, joined with the visitor's signal, would end the
 * question too, but costs more than the decision does. What hangs past its time is dropped by the runtime when the
 * visitor has been answered.
 */
export class Deadline {
  #timer: ReturnType<typeof setTimeout> | undefined
  #isStopped = false
  #pass: () => void = () => {}
  isPassed = false

  /** Begins to count, unless the answer is there already. */
  start(timeoutMs: number): void {
    if (this.#isStopped) return
    this.#timer = setTimeout(() => {
      this.isPassed = true
      this.#pass()
    }, timeoutMs)
  }

  stop(): void {
    this.#isStopped = true
    if (this.#timer !== undefined) clearTimeout(this.#timer)
  }

  /** The answer; throws when time is up before it comes. */
  async within(asked: Promise<Response>): Promise<Response> {
    const passed = new Promise<never>((_, reject) => {
      this.#pass = () => reject(new Error('Time is up'))
    })
    try {
      return await Promise.race([asked, passed])
    } catch (error) {
      asked.then(
        ({ body }) => body?.cancel(),
        () => {},
      )
      throw error
    }
  }
}
