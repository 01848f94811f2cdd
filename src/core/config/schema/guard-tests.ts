import type { GuardConfig } from './document.ts'

export type ComparisonTests = {
  errors: false | NonNullable<Exclude<GuardConfig['errors'], false>>
  latency: false | NonNullable<Exclude<GuardConfig['latency'], false>>
}

/** The comparisons that a guard runs: both for an empty guard, otherwise those that it names. */
export function comparisonTestsOf(guard: GuardConfig): ComparisonTests {
  const { errors, latency, traffic, ceilings, thresholds } = guard
  const namesNone = [errors, latency, traffic, ceilings, thresholds].every((test) => test === undefined)
  if (namesNone) return { errors: {}, latency: {} }
  return { errors: errors ?? false, latency: latency ?? false }
}

/** Whether a guard needs a control. */
export function comparesArms(guard: GuardConfig | undefined): boolean {
  if (guard === undefined || !guard.enabled) return false
  const { errors, latency } = comparisonTestsOf(guard)
  return errors !== false || latency !== false
}

const DEADLINE_MS = 5_000
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
