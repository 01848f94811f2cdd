import type { GuardConfig } from './document.ts'

export type ComparisonTests = {
  errors: false | NonNullable<Exclude<GuardConfig['errors'], false>>
  latency: false | NonNullable<Exclude<GuardConfig['latency'], false>>
}

/**
 * Which comparisons of canary and control a guard runs. An empty guard runs both; one that names tests runs those
 * that it names.
 */
export function comparisonTestsOf(guard: GuardConfig): ComparisonTests {
  const { errors, latency, traffic, ceilings, thresholds } = guard
  const namesNone = [errors, latency, traffic, ceilings, thresholds].every((test) => test === undefined)
  if (namesNone) return { errors: {}, latency: {} }
  return { errors: errors ?? false, latency: latency ?? false }
}

/** Whether a guard needs a control to compare with. */
export function comparesArms(guard: GuardConfig | undefined): boolean {
  if (guard === undefined || !guard.enabled) return false
  const { errors, latency } = comparisonTestsOf(guard)
  return errors !== false || latency !== false
}

const DEADLINE_MS = 5_000
/** A request must be counted in a bin of the histogram that is all above a limit. */
const BEYOND = 1.2

/** How long a request may be without an answer before it counts as slow; Infinity where nobody judges latency. */
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
