/**
 * Sunsetting: a rollout whose canary is the absence of a feature. The variant that visitors have becomes `off`, so that
 * rollback and kill give it back; the one without the feature is served to a growing share, under a guard.
 */
import type { JsonObject } from '../../json-object.ts'
import type { FlagConfig } from '../schema/document.ts'
import { dealingRule } from './dealing-rule.ts'
import { isAttempt } from './split.ts'

export const SUNSET_RULE = 'sunset'

/** Slow at the end: nothing waits for what goes. */
const STAGES = [
  { percentage: 1, bake: '1h' },
  { percentage: 5, bake: '1h' },
  { percentage: 25, bake: '6h' },
  { percentage: 50, bake: '24h' },
  { percentage: 100 },
]

/** What of a flag must become another for its sunset, as a JSON merge patch; or why there is none to propose. */
export type Sunset =
  | { ok: true; keeps: string; without: string; patch: JsonObject }
  | { ok: false; why: string }

/**
 * The sunset of a flag that serves all visitors one variant.
 *
 * @example sunsetOf(document.flags['old-banner']) // { ok: true, keeps: 'on', without: 'off', patch: { off: 'on', … } }
 */
export function sunsetOf(flag: FlagConfig): Sunset {
  const { off, rules, variants, guard } = flag
  if (!flag.enabled) return { ok: false, why: 'it is disabled' }
  if (rules.some(({ name }) => name === SUNSET_RULE))
    return { ok: false, why: 'its sunset is in the document already' }
  const last = rules.findIndex(takesAll)
  if (last < 0) return { ok: false, why: 'not all visitors have it' }
  const [keeps, ...others] = new Set(rules.slice(0, last + 1).map(({ serve }) => serve))
  if (typeof keeps !== 'string' || others.length > 0)
    return { ok: false, why: 'its rules serve several variants' }
  if (keeps === off || isAbsence(variants[keeps]))
    return { ok: false, why: `all visitors are without it: they have "${keeps}"` }
  return {
    ok: true,
    keeps,
    without: off,
    patch: {
      off: keeps,
      rules: [{ name: SUNSET_RULE, serve: off, stages: STAGES }],
      ...((guard === undefined || !guard.enabled) && { guard: { errors: {}, latency: {} } }),
    },
  }
}

function takesAll({ when, percentage = 100, bucketing }: FlagConfig['rules'][number]): boolean {
  return when.length === 0 && percentage >= 100 && bucketing === undefined
}

function isAbsence(value: unknown): boolean {
  return value === false || value === null
}

/**
 * Index of the rule whose canary gets what the flag serves when it is closed; −1 without one. A rollback or a kill would
 * then give everybody what was found worse.
 */
export function ruleThatServesOff(flag: Pick<FlagConfig, 'rules' | 'guard' | 'off'>): number {
  if (!isAttempt(flag)) return -1
  const at = dealingRule(flag)
  const serve = flag.rules[at]?.serve
  const served = typeof serve === 'object' ? Object.keys(serve) : [serve]
  return served.every((variant) => variant === flag.off) ? at : -1
}
