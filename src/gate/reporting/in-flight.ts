/**
 * In-flight requests: those that wait for an origin's answer. A request without a response counts as slow once its
 * flag's deadline passes.
 *
 * There is no timer for that, since one more timer per request would cost as much as its decision: the next request
 * looks for overdue ones, and so does each flush.
 */
import type { Decision } from '../../core/decision/decide.ts'

/** Whose request it is. */
export type Asker = { decision: Decision; network: number }

/** One request, in flight from the moment its origin has all of it until the answer. */
export class InFlightRequest {
  readonly decision: Decision
  readonly network: number
  readonly deadlineMs: number
  readonly #request: Request
  readonly #all: InFlightRequests
  sentAtMs = 0
  /** Whether it counted as slow before its answer came. */
  isCounted = false

  constructor({ decision, network }: Asker, deadlineMs: number, request: Request, all: InFlightRequests) {
    this.decision = decision
    this.network = network
    this.deadlineMs = deadlineMs
    this.#request = request
    this.#all = all
  }

  /** When a visitor leaves, the runtime drops what the request was about to do; only the signal tells. */
  get hasVisitor(): boolean {
    return !this.#request.signal.aborted
  }

  sent(nowMs: number): void {
    if (this.isCounted) return
    this.sentAtMs = nowMs
    this.#all.add(this)
  }

  ended(): void {
    this.#all.remove(this)
  }
}

export class InFlightRequests {
  /** By deadline, oldest first. A deadline without requests has no set. */
  readonly #byDeadline = new Map<number, Set<InFlightRequest>>()

  add(request: InFlightRequest): void {
    const waiting = this.#byDeadline.get(request.deadlineMs)
    if (waiting) waiting.add(request)
    else this.#byDeadline.set(request.deadlineMs, new Set([request]))
  }

  remove(request: InFlightRequest): void {
    const waiting = this.#byDeadline.get(request.deadlineMs)
    if (waiting?.delete(request) && waiting.size === 0) this.#byDeadline.delete(request.deadlineMs)
  }

  /** Hands over each request past its deadline, once, with its age; not those whose visitor has left. */
  takeOverdue(nowMs: number, take: (request: InFlightRequest, ageMs: number) => void): void {
    for (const [deadlineMs, waiting] of this.#byDeadline) {
      for (const request of waiting) {
        const ageMs = nowMs - request.sentAtMs
        if (ageMs < deadlineMs) break
        this.remove(request)
        if (!request.hasVisitor) continue
        request.isCounted = true
        take(request, ageMs)
      }
    }
  }
}
