/** Requests per simulated second to one Durable Object. */
export class Calls {
  readonly #bySecond = new Map<number, number>()

  note(nowMs: number): void {
    const second = Math.floor(nowMs / 1_000)
    this.#bySecond.set(second, (this.#bySecond.get(second) ?? 0) + 1)
  }

  /** The mean of some seconds. */
  mean(from: number, to: number): number {
    let sum = 0
    for (let second = from; second < to; second++) sum += this.#bySecond.get(second) ?? 0
    return sum / (to - from)
  }

  /** The largest mean over ten seconds that begin and end in the given time. */
  busiest(fromMs: number, toMs: number): number {
    let most = 0
    for (let second = fromMs / 1_000; second + 10 <= toMs / 1_000; second++)
      most = Math.max(most, this.mean(second, second + 10))
    return most
  }

  total(fromMs: number, toMs: number): number {
    let sum = 0
    for (const [second, calls] of this.#bySecond)
      if (second * 1_000 >= fromMs && second * 1_000 < toMs) sum += calls
    return sum
  }
}
