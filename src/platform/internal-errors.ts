/**
 * Exceptions that the gate survives. The visitor is served all the same, so nothing but this trace tells that something
 * broke: one structured log line per place and second at most, and a count that the reporter sends with the next flush.
 */

import { isNewer, type Numbered, PROTOCOL } from '../core/counters/protocol.ts'

/** Where the exception was swallowed, such as `gate.decide` or `kv.read`: a fixed list of short names, used as a label. */
export type InternalErrorPlace = string

/** A place that fails with every request must not fill the log. */
const LOG_EVERY_MS = 1_000

const counts = new Map<InternalErrorPlace, number>()
const loggedAtMs = new Map<InternalErrorPlace, number>()

/**
 * Counts and logs an exception that goes no further. Never throws.
 *
 * @param place where it happened; appears as `sluice_internal_errors_total{place}`
 * @param error what was thrown; only its name and message are logged, never a request's headers or body
 * @param about the flag that was being decided, where there is one
 * @example
 * try { decide() } catch (error) { noteInternalError('gate.decide', error, { flag: 'new-checkout' }) }
 */
export function noteInternalError(
  place: InternalErrorPlace,
  error: unknown,
  about: { flag?: string | undefined } = {},
): void {
  counts.set(place, (counts.get(place) ?? 0) + 1)
  const nowMs = Date.now()
  if (nowMs - (loggedAtMs.get(place) ?? Number.NEGATIVE_INFINITY) < LOG_EVERY_MS) return
  loggedAtMs.set(place, nowMs)
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  console.error({ event: 'sluice.internal_error', place, error: text, ...about })
}

/** Notes a message that a newer version of the code has sent: what this one knows of it is taken, the rest ignored. */
export function noteIfNewer(what: string, message: Numbered): void {
  if (!isNewer(message)) return
  const newer = `the ${what} is of protocol ${message.protocol}, this version speaks ${PROTOCOL}`
  noteInternalError('protocol.newer', new Error(newer))
}

/** Hands over the counts by place since the last call. */
export function takeInternalErrors(): Record<InternalErrorPlace, number> {
  const taken = Object.fromEntries(counts)
  counts.clear()
  return taken
}
