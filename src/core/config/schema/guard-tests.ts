import { type JudgedAnswers, judgedAnswers } from '../../flags/answers/judged-answers.ts'
import type { GuardConfig } from './document.ts'

/** `guard.clientErrors`, where it isn't `false`. */
type ClientErrorTest = NonNullable<Exclude<GuardConfig['clientErrors'], false>>

export type ComparisonTests = {
  clientErrors: false | ClientErrorTest
  errors: false | NonNullable<Exclude<GuardConfig['errors'], false>>
  latency: false | NonNullable<Exclude<GuardConfig['latency'], false>>
}

/**
 * The comparisons that a guard runs: all for an empty guard, otherwise those that it names. Client errors belong to
 * errors unless they are named. Metrics come on top, and switch nothing off.
 */
export function comparisonTestsOf(guard: GuardConfig): ComparisonTests {
  const { errors, latency, clientErrors, traffic, ceilings, thresholds } = guard
  const named = [errors, latency, clientErrors || undefined, traffic, ceilings, thresholds]
  if (named.every((test) => test === undefined))
    return { errors: {}, latency: {}, clientErrors: clientErrors ?? {} }
  return {
    errors: errors ?? false,
    latency: latency ?? false,
    clientErrors: clientErrors ?? (errors === undefined || errors === false ? false : {}),
  }
}

/** Whether a guard needs a control. */
export function comparesArms(guard: GuardConfig | undefined): boolean {
  if (guard === undefined || !guard.enabled) return false
  const { errors, latency, clientErrors } = comparisonTestsOf(guard)
  const metrics = Object.keys(guard.metrics ?? {})
  return errors !== false || latency !== false || clientErrors !== false || metrics.length > 0
}

/** What answers count as; as usual where there is no guard. */
export function answersOf(guard: GuardConfig | undefined): JudgedAnswers {
  const { errors, grpc } = guard ?? {}
  const statuses = errors === false ? undefined : errors?.statuses
  return judgedAnswers(statuses, grpc === false ? false : grpc?.statuses)
}

/** Of a stage's latency, where the document names none: the guard's own (guard/evidence/settings.ts). */
export const WARM_UP = '2m'

/** Where the document names no deadline. */
export const DEADLINE_MS = 5_000
/** Puts the deadline in a bin entirely above the limit. */
const BEYOND = 1.2

/**
 * Milliseconds after which a request without a response counts as slow; Infinity when the guard ignores latency.
 */
export function deadlineMsOf(guard: GuardConfig | undefined): number {
  if (guard === undefined || !guard.enabled) return Number.POSITIVE_INFINITY
  const { latency } = comparisonTestsOf(guard)
  const limits = [guard.ceilings?.p95Ms, guard.thresholds?.slow?.baselineMs].filter(
    (limit) => limit !== undefined,
  )
  if (latency === false && limits.length === 0) return Number.POSITIVE_INFINITY
  const wanted = latency === false ? DEADLINE_MS : (latency.deadlineMs ?? DEADLINE_MS)
  return Math.max(wanted, ...limits.map((limit) => limit * BEYOND))
}
