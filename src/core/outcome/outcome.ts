import type { Decision } from '../decision/decide.ts'

/**
 * How an origin fails a visitor: a 5xx answer, a timeout, no connection, a body broken off, or an error that the app
 * itself reports. A visitor who leaves is none of these.
 */
export const FAILURE_KINDS = ['status', 'timeout', 'connect', 'aborted-by-origin', 'reported'] as const
export type FailureKind = (typeof FAILURE_KINDS)[number]

/** The outcome of a decided request. */
export type Outcome = {
  decision: Decision
  failure: FailureKind | undefined
  /** Milliseconds to the first byte; for a timeout, the time waited. */
  latencyMs: number
  /** Whether the visitor asked for a document and got it. */
  journey: boolean
  /** Whether the fallback answered for the failed origin. */
  rescued: boolean
}

/** Only 5xx counts against the origin; everything else may be intended. */
export function failureOfStatus(status: number): FailureKind | undefined {
  return status >= 500 ? 'status' : undefined
}
