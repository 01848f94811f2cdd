import type { Decision } from '../decision/decide.ts'

/**
 * How an origin can fail a visitor: it answered 5xx, took too long, could not be reached, or broke off its
 * answer. `reported` is what the app itself says went wrong. A visitor who goes away is none of these.
 */
export const FAILURE_KINDS = ['status', 'timeout', 'connect', 'aborted-by-origin', 'reported'] as const
export type FailureKind = (typeof FAILURE_KINDS)[number]

/** What became of one decided request. */
export type Outcome = {
  decision: Decision
  failure: FailureKind | undefined
  /** Milliseconds to the first byte; for a timeout, the time waited. */
  latencyMs: number
  /** Whether the visitor asked for a document, and got it. */
  journey: boolean
  /** Whether control answered in the place of an origin that failed. */
  rescued: boolean
}

/** A status that counts against the origin: 5xx is its fault, everything else may well be meant. */
export function failureOfStatus(status: number): FailureKind | undefined {
  return status >= 500 ? 'status' : undefined
}
