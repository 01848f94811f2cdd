/**
 * Exceptions that the gate survives. The visitor is served all the same, so nothing but this trace tells that something
 * broke: one structured log line per place and second at most, and a count that travels with the next flush or forward.
 */
import {
  type InternalError,
  InternalErrors,
  messageWithoutSecrets,
} from '../core/counters/internal-errors.ts'
import { limitPlace, platformLimitIn } from '../core/counters/platform-limits.ts'
import { isNewer, type Numbered, PROTOCOL } from '../core/counters/protocol.ts'

/** Where the exception was swallowed, such as `gate.decide` or `kv.read`: a fixed list of short names, used as a label. */
export type InternalErrorPlace = string

/** A place that fails with every request must not fill the log. */
const LOG_EVERY_MS = 1_000

/** Since the isolate began, and the part not taken yet. */
const all = new InternalErrors()
const untaken = new InternalErrors()
const loggedAtMs = new Map<InternalErrorPlace, number>()

/**
 * Counts and logs an exception that goes no further. Never throws.
 *
 * @param place where it happened; appears as `sluice_internal_errors_total{place}`
 * @param error what was thrown; only its name and message are kept, without what could be a secret
 * @param about the flag that was being decided, where there is one
 * @example
 * try { decide() } catch (error) { noteInternalError('gate.decide', error, { flag: 'new-checkout' }) }
 */
export function noteInternalError(
  place: InternalErrorPlace,
  error: unknown,
  about: { flag?: string | undefined } = {},
): void {
  const nowMs = Date.now()
  const message = textOf(error)
  const one = { count: 1, firstAtMs: nowMs, lastAtMs: nowMs, message }
  const limit = platformLimitIn(message)
  const errors = [{ place, ...one }, ...(limit === undefined ? [] : [{ place: limitPlace(limit), ...one }])]
  all.add(errors)
  untaken.add(errors)
  if (Math.abs(nowMs - (loggedAtMs.get(place) ?? Number.NEGATIVE_INFINITY)) < LOG_EVERY_MS) return
  loggedAtMs.set(place, nowMs)
  console.error({ event: 'sluice.internal_error', place, error: message, ...(limit && { limit }), ...about })
}

/** What is thrown may be anything, a value that has no text included. */
function textOf(error: unknown): string {
  try {
    return messageWithoutSecrets(error)
  } catch {
    return 'an exception without a text'
  }
}

/** Notes a message that a newer version of the code has sent: what this one knows of it is taken, the rest ignored. */
export function noteIfNewer(what: string, message: Numbered): void {
  if (!isNewer(message)) return
  const newer = `the ${what} is of protocol ${message.protocol}, this version speaks ${PROTOCOL}`
  noteInternalError('protocol.newer', new Error(newer))
}

/** Counts since the isolate began, for when they can't be asked of the Controller. */
export function internalErrors(): InternalError[] {
  return all.toList()
}

/** Whether there is something to be taken. */
export function hasInternalErrors(): boolean {
  return !untaken.isEmpty
}

/** Hands over the counts since the last call, to be sent to the Controller. */
export function takeInternalErrors(): InternalError[] {
  return untaken.take()
}
