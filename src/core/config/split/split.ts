/**
 * A split: whom a rollout deals between canary and control, and what the two get. Two documents with the same digest
 * deal the same visitors to the same things, so counts of both may be added up.
 */

import { murmur3 } from '../../flags/murmur3.ts'
import { grouped } from '../../grouped.ts'
import type { FlagConfig, GateDocument, RouteConfig } from '../schema/document.ts'
import { canonical } from './canonical.ts'
import { dealingRule } from './dealing-rule.ts'

/** What of a document a split depends on, besides its flag. */
export type SplitSurroundings = {
  context: Pick<GateDocument['context'], 'targetingKey' | 'attributes'>
  origins: GateDocument['origins']
  /** The flag's routes. */
  routes: readonly RouteConfig[]
}

/** Whether a flag has a control: visitors whom a rule's share leaves out. */
export function hasSplit({
  rules,
}: {
  rules: readonly { stages?: unknown; percentage?: number | undefined }[]
}): boolean {
  return rules.some(({ stages, percentage = 100 }) => stages !== undefined || percentage < 100)
}

/** Whether a document's flag is an attempt that is judged: visitors are dealt, and stages or a guard follow them. */
export function isAttempt({ rules, guard }: Pick<FlagConfig, 'rules' | 'guard'>): boolean {
  return rules.some(
    ({ stages, percentage }) => stages !== undefined || (percentage !== undefined && guard !== undefined),
  )
}

/**
 * The text of a flag's split: targeting key, salt, conditions (those of earlier rules too, which decide who gets here),
 * serve, the values of the variants served, and the origins that they lead to. Percentages of the rule, names, order
 * without meaning, and the guard are not in it. Empty for a flag without rules.
 */
function textOf(key: string, flag: FlagConfig, { context, origins, routes }: SplitSurroundings): string {
  const at = dealingRule(flag)
  const rule = flag.rules[at]
  if (rule === undefined) return ''
  const rules = [...flag.rules.slice(0, at), { ...rule, percentage: 0, stages: 0 }]
  const { serve } = rule
  const served = [...(typeof serve === 'string' ? [serve] : Object.keys(serve)), flag.off].sort()
  return canonical([
    context.targetingKey,
    flag.salt ?? key,
    rules,
    rules.flatMap(({ when }) => when.map(({ attribute }) => [attribute, context.attributes[attribute]])),
    served.map((variant) => [variant, flag.variants[variant]]),
    routes.map(({ host, path, method, origins: chosen = {} }) => [
      host,
      path,
      method,
      served.map((variant) => identityOf(origins[chosen[variant] ?? ''])),
    ]),
  ])
}

/** What an origin is, not how it is asked: a timeout makes it no other one. */
function identityOf(origin: { url?: unknown; binding?: unknown } | undefined) {
  return [origin?.url, origin?.binding]
}

/**
 * The digest of a flag's split as the document writes it. Another spelling has another digest, and the same meaning
 * (normal-form.ts).
 *
 * @example splitOf('new-checkout', document.flags['new-checkout'], surroundingsOf(document)('new-checkout'))
 */
export function splitOf(key: string, flag: FlagConfig, around: SplitSurroundings): string {
  const text = textOf(key, flag, around)
  return text && `${murmur3(text, 0)}-${murmur3(text, 1)}`
}

/** Parsed routes never change, and all flags of a document are asked about, some of them several times. */
const SORTED = new WeakMap<readonly RouteConfig[], Map<string | undefined, RouteConfig[]>>()

/** The surroundings of each flag of a document, whose routes are sorted by flag once. */
export function surroundingsOf({
  context,
  origins,
  routes,
}: GateDocument): (flag: string) => SplitSurroundings {
  const byFlag = SORTED.get(routes) ?? grouped(routes, ({ flag }) => flag)
  SORTED.set(routes, byFlag)
  return (flag) => ({ context, origins, routes: byFlag.get(flag) ?? [] })
}
