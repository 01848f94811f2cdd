/**
 * Requests that wait for an origin's answer. One that gets none must not be silent until its time is up, or for ever
 * where nothing ends it: at its flag's deadline it counts as slow, there and then.
 *
 * Nobody is woken for that, since one more timer for each request would cost as much as its decision: whoever comes
 * next looks, and each flush.
 */
import type { Decision } from '../../core/decision/decide.ts'

/** One request: it waits from the moment in which its origin has all of it until the answer. */
export class InFlightRequest {
  readonly decision: Decision
  readonly deadlineMs: number
  readonly #request: Request
  readonly #inFlight: InFlightRequests
  sentAtMs = 0
  /** Whether it has been counted as slow before its answer came. */
  isCounted = false

  constructor(decision: Decision, deadlineMs: number, request: Request, waits: InFlightRequests) {
    this.decision = decision
    this.deadlineMs = deadlineMs
    this.#request = request
    this.#inFlight = waits
  }

  /** The runtime drops what a request was about to do when its visitor leaves; the signal is what is left of it. */
  get hasVisitor(): boolean {
    return !this.#request.signal.aborted
  }

  sent(nowMs: number): void {
    if (this.isCounted) return
    this.sentAtMs = nowMs
    this.#inFlight.add(this)
  }

  ended(): void {
    this.#inFlight.remove(this)
  }
}

export class InFlightRequests {
  /** By deadline; within one, those that were sent first come first. A deadline for which nobody waits has no set. */
  readonly #waiting = new Map<number, Set<InFlightRequest>>()

  add(wait: InFlightRequest): void {
    const waiting = this.#waiting.get(wait.deadlineMs)
    if (waiting) waiting.add(wait)
    else this.#waiting.set(wait.deadlineMs, new Set([wait]))
  }

  remove(wait: InFlightRequest): void {
    const waiting = this.#waiting.get(wait.deadlineMs)
    if (waiting?.delete(wait) && waiting.size === 0) this.#waiting.delete(wait.deadlineMs)
  }

  /** Hands over each that has passed its deadline, once, with how long it has waited; not those whose visitor has left. */
  takeOverdue(nowMs: number, take: (wait: InFlightRequest, ageMs: number) => void): void {
    for (const [deadlineMs, waiting] of this.#waiting) {
      for (const wait of waiting) {
        const ageMs = nowMs - wait.sentAtMs
        if (ageMs < deadlineMs) break
        this.remove(wait)
        if (!wait.hasVisitor) continue
        wait.isCounted = true
        take(wait, ageMs)
      }
    }
  }
}
