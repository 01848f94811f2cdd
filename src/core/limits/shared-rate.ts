/**
 * A token bucket that is one of several equal ones: each member earns its part of a common rate, whose size may change at any
 * time. It begins empty, so that many new members take nothing at once. Callers pass the time.
 *
 * @example rate.take(10, members, nowMs) // true at most 10 ÷ members times a second
 */
export class SharedRate {
  #tokens = 0
  #atMs: number | undefined

  /** @param perSecond what all members may take together */
  take(perSecond: number, members: number, nowMs: number): boolean {
    const earned = perSecond / Math.max(1, members)
    const elapsedSeconds = Math.max(0, nowMs - (this.#atMs ?? nowMs)) / 1_000
    this.#atMs = nowMs
    this.#tokens = Math.min(Math.max(1, earned), this.#tokens + elapsedSeconds * earned)
    if (this.#tokens < 1) return false
    this.#tokens -= 1
    return true
  }
}
