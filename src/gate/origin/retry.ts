/**
 * Asking an origin, and taking note of how it did.
 *
 * An origin may close a connection that has been idle at the very moment at which the next request sets out on it
 * (RFC 9112, 9.3.1). Nothing has been done with that request, and nobody has failed: it is sent once more, at once.
 * From here such a connection looks like any other that breaks, so what may be sent again is small: a share of an
 * origin's requests that would neither help one that is dead, nor hide one that keeps breaking connections.
 */
import type { GateRequest } from '../request/gate-request.ts'
import { asItIs, askOrigin, type Conclude, type OriginAnswer, type Question } from './fetch-origin.ts'
import type { OriginHealth } from './origin-health.ts'

/** A connection that was closed before the request came fails within a round trip; later, the origin was at work. */
const AT_ONCE_MS = 1_000
/** Requests that ask and change nothing. */
const REPEATABLE: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])

/** Asks the origin of the question; what it came to is remembered once, however often it was sent. */
export function askAndNote(
  request: GateRequest,
  question: Question,
  health: OriginHealth,
  conclude: Conclude = asItIs,
): Promise<OriginAnswer> {
  const note: Conclude = (answer, nowMs) => {
    health.record(answer, nowMs, question.visitor ?? -1)
    return conclude(answer, nowMs)
  }
  return askOrigin(request, question, (first, nowMs) => {
    const isAgain = brokeAtOnce(request, first) && health.maySendAgain(question.origin)
    return isAgain
      ? askOrigin(request, question, (second, laterMs) => note(after(first, second), laterMs))
      : note(first, nowMs)
  })
}

function brokeAtOnce(
  { hasBody, method }: GateRequest,
  { failure, latencyMs, visitorLeft }: OriginAnswer,
): boolean {
  if (failure !== 'connect' || latencyMs > AT_ONCE_MS || visitorLeft) return false
  return !hasBody && REPEATABLE.has(method)
}

/** The visitor has waited for both. */
function after(first: OriginAnswer, second: OriginAnswer): OriginAnswer {
  return { ...second, latencyMs: first.latencyMs + second.latencyMs }
}
