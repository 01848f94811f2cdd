/** What of a flag is compared: which metrics, and which variants of its split. */
import type { Measures } from '../../metrics/spec.ts'
import type { FlagConfig } from '../schema/document.ts'
import { dealingRule } from './dealing-rule.ts'
import { hasSplit } from './split.ts'

/** Names of the metrics that a flag measures, the primary one first, each once. */
export function measuredNames({ guard, experiment }: Pick<FlagConfig, 'guard' | 'experiment'>): string[] {
  const guarded = guard?.enabled ? Object.keys(guard.metrics ?? {}) : []
  return [...new Set([...(experiment ? [experiment.primary, ...experiment.metrics] : []), ...guarded])]
}

/** Whether the metrics of a flag's guard are compared with the weeks before: its rule gives every visitor the same. */
export function comparesWeeks(flag: Pick<FlagConfig, 'guard' | 'experiment' | 'rules'>): boolean {
  const { guard, experiment, rules } = flag
  const isGuarded = guard?.enabled === true && Object.keys(guard.metrics ?? {}).length > 0
  if (!isGuarded || experiment !== undefined || hasSplit(flag)) return false
  const serve = rules[dealingRule(flag)]?.serve ?? ''
  return typeof serve === 'string' || Object.values(serve).filter((weight) => weight > 0).length < 2
}

/**
 * How a flag's dealing rule deals visitors; undefined where every visitor of the rule gets the same.
 *
 * @returns `inside`: shares (0–1) of the variants inside the percentage; `outside`: what visitors outside it are called
 */
export function dealtVariants(
  flag: Pick<FlagConfig, 'rules' | 'off'>,
): Pick<Measures, 'inside' | 'outside' | 'stages'> | undefined {
  const rule = flag.rules[dealingRule(flag)]
  if (rule === undefined) return undefined
  const weights = Object.entries(typeof rule.serve === 'string' ? { [rule.serve]: 1 } : rule.serve)
  const total = weights.reduce((sum, [, weight]) => sum + weight, 0)
  const inside = new Map(
    weights
      .filter(([, weight]) => weight > 0)
      .map(([variant, weight]): [string, number] => [variant, weight / total]),
  )
  const outside = rule.stages !== undefined || rule.percentage !== undefined ? flag.off : undefined
  const names = new Set([...inside.keys(), ...(outside === undefined ? [] : [outside])])
  return names.size < 2 ? undefined : { inside, outside, stages: rule.stages?.length ?? 1 }
}

/** The variants that a flag compares, control first. `dealt` is its split. */
export function comparedVariants(
  { experiment, off }: Pick<FlagConfig, 'experiment' | 'off'>,
  { inside, outside }: Pick<Measures, 'inside' | 'outside'>,
): string[] {
  const dealt = [...new Set([...inside.keys(), ...(outside === undefined ? [] : [outside])])]
  const variants = experiment?.variants ?? dealt
  const control = experiment?.control ?? (variants.includes(off) ? off : variants[0])
  return [
    ...variants.filter((variant) => variant === control),
    ...variants.filter((variant) => variant !== control),
  ]
}
