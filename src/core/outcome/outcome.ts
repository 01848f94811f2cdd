import type { Decision } from '../decision/decide.ts'

/**
 * How an origin fails a visitor: a 5xx answer, a timeout, no connection, a body broken off, or an error that the app
 * itself reports. A visitor who leaves is none of these.
 */
export const FAILURE_KINDS = ['status', 'timeout', 'connect', 'aborted-by-origin', 'reported'] as const
export type FailureKind = (typeof FAILURE_KINDS)[number]

/**
 * What a failure proves. A failed request that may be asked twice is asked at the other origin as well, in both arms:
 *
 * - `discordant`: the other origin answered the same request, and well
 * - `shared`: the other origin failed it too; evidence for nothing
 * - `unasked`: the other origin could have been asked, and was not: the budget was spent, or its circuit open
 * - `unpaired`: it can't be asked: an unsafe method, a body, an upgrade, an answer that broke off, a report of the app.
 *   Any visitor can cause these, so they are evidence only from several networks.
 */
export type PairedAs = 'discordant' | 'shared' | 'unasked' | 'unpaired'

/** The outcome of a decided request. */
export type Outcome = {
  decision: Decision
  failure: FailureKind | undefined
  /** What the failure proves; `unpaired` unless set. */
  pairedAs?: PairedAs | undefined
  /** Whether the other origin was asked in the background, for the comparison alone. */
  questioned?: boolean | undefined
  /** Milliseconds to the first byte; for a timeout, the time waited; undefined where the visitor's upload took them. */
  latencyMs: number | undefined
  /** Whether the answer turned the visitor away (core/flags/answers/judged-answers.ts); false where it is a failure. */
  isClientError?: boolean | undefined
  /** Ids of what the answer counts as besides (core/flags/answers/watched-answers.ts). */
  watched?: readonly string[] | undefined
  /** Whether the visitor asked for a document and got it. */
  journey: boolean
  /** Whether the fallback answered for the failed origin. */
  rescued: boolean
}

/** What fallback and circuit breaker go by; a flag's guard may count other statuses (core/flags/answers/judged-answers.ts). */
export function failureOfStatus(status: number): FailureKind | undefined {
  return status >= 500 ? 'status' : undefined
}
