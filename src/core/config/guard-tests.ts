import type { GuardConfig } from './schema.ts'

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
