/** A discrete-event clock of whole milliseconds: what is due next happens next, in the order in which it was asked for. */
export class SimulatedClock {
  nowMs = 0
  readonly #due = new Map<number, (() => void)[]>()

  after(delayMs: number, run: () => void): void {
    const atMs = this.nowMs + Math.max(0, Math.ceil(delayMs))
    const others = this.#due.get(atMs)
    if (others) others.push(run)
    else this.#due.set(atMs, [run])
  }

  runUntil(endMs: number): void {
    for (; this.nowMs < endMs; this.nowMs++) this.#runNow()
    this.#runNow()
  }

  /** What happens may ask for more to happen in the same moment. */
  #runNow(): void {
    const runs = this.#due.get(this.nowMs)
    if (runs === undefined) return
    for (const run of runs) run()
    this.#due.delete(this.nowMs)
  }
}
