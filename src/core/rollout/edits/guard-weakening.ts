/** In what a guard's new settings watch less than those before. */
import type { GuardConfig } from '../../config/schema/document.ts'
import { comparisonTestsOf } from '../../config/schema/guard-tests.ts'
import { resolveGuardSettings } from '../../guard/index.ts'

type Guard = GuardConfig | undefined

/** What is weaker, in a few words each; empty where nothing is. */
export function weakenings(before: Guard, after: Guard): string[] {
  if (before === undefined || !before.enabled) return []
  if (after === undefined) return ['the guard is removed']
  if (!after.enabled) return ['the guard is switched off']
  const weaker: string[] = []
  if (before.action === 'rollback' && after.action === 'freeze')
    weaker.push('it freezes in place of rolling back')
  for (const { name, was, is, weakerWhen } of limitsOf(before, after)) {
    if (was === undefined || was === is) continue
    if (is === undefined) weaker.push(`${name} is no longer watched`)
    else if (weakerWhen === 'higher' ? is > was : is < was) weaker.push(`${name} goes from ${was} to ${is}`)
  }
  return weaker
}

type Limit = {
  name: string
  was: number | undefined
  is: number | undefined
  weakerWhen: 'higher' | 'lower'
}

function limitsOf(before: GuardConfig, after: GuardConfig): Limit[] {
  const [was, is] = [numbersOf(before), numbersOf(after)]
  return Object.keys(was).map((name) => ({
    name,
    was: was[name],
    is: is[name],
    weakerWhen: name === 'alpha' ? ('lower' as const) : ('higher' as const),
  }))
}

/** A guard's limits with defaults filled in; undefined where nothing is watched. */
function numbersOf(guard: GuardConfig): Record<string, number | undefined> {
  const { alpha, traffic, ceilings, thresholds } = guard
  const settings = resolveGuardSettings({ alpha, traffic, ceilings, thresholds, ...comparisonTestsOf(guard) })
  const { errors, latency } = settings
  return {
    alpha: settings.alpha,
    'the tolerated ratio of errors': errors.enabled ? errors.rho : undefined,
    'the tolerated difference of errors': errors.enabled ? errors.delta : undefined,
    'the tolerated ratio of slow requests': latency.enabled ? latency.rho : undefined,
    'the tolerated difference of slow requests': latency.enabled ? latency.delta : undefined,
    'the tolerated drop of traffic (%)': traffic?.maxDropPercent,
    'the ceiling of the error rate': ceilings?.errorRate,
    'the ceiling of p95 (ms)': ceilings?.p95Ms,
    'the threshold of errors': thresholds?.errors,
    'the threshold of slow requests': thresholds?.slow?.count,
  }
}
