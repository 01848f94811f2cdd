/** `sluice export flagd`: the flags of a gate document as a file for flagd. Percentages and weights keep their places. */

import { compileFlag } from '../../core/config/compile/compile-flag.ts'
import { jsonPath } from '../../core/config/parse/problems.ts'
import type { FlagConfig, GateDocument } from '../../core/config/schema/document.ts'
import type { CompiledCondition } from '../../core/flags/conditions.ts'
import type { CompiledFlag, CompiledRule, Json } from '../../core/flags/flag.ts'
import type { FlagdBucketing } from '../../core/flags/flagd-bucketing.ts'
import { THOUSANDTHS } from '../../core/flags/position.ts'
import type { Loss } from '../imported.ts'

export type Exported = { file: Json; losses: Loss[] }

const KEY: Json = { var: 'targetingKey' }
const TIMESTAMP: Json = { var: '$flagd.timestamp' }

export function exportFlagd(document: GateDocument): Exported {
  const losses: Loss[] = []
  const flags: Record<string, Json> = {}
  for (const [key, config] of Object.entries(document.flags)) {
    const path = jsonPath(['flags', key])
    losses.push(...unsaidOf(path, config))
    flags[key] = flagOf(path, compileFlag(key, config), config, losses)
  }
  return { file: { $schema: 'https://flagd.dev/schema/v0/flags.json', flags }, losses }
}

/** Parts of a flag that decide, and that flagd has no word for. */
function unsaidOf(path: string, flag: FlagConfig): Loss[] {
  const parts = {
    schedule: flag.schedule,
    environments: flag.environments,
    requires: flag.requires.length > 0 ? flag.requires : undefined,
    private: flag.private || undefined,
    guard: flag.guard,
  }
  return Object.entries(parts)
    .filter(([, value]) => value !== undefined)
    .map(([name]) => ({ path: `${path}.${name}`, what: `flagd has no "${name}"`, instead: 'it is left out' }))
}

function flagOf(path: string, flag: CompiledFlag, config: FlagConfig, losses: Loss[]): Json {
  const { description, owner } = config
  const variants = Object.fromEntries([...flag.values].filter(([, value]) => value !== null))
  const chain: Json[] = []
  for (const [index, rule] of flag.rules.entries()) {
    const logic = ruleOf(`${path}.rules[${index}]`, flag, rule, losses)
    if (logic === undefined) continue
    chain.push(logic.when, logic.serve)
  }
  const metadata = { ...flag.metadata, ...(description && { description }), ...(owner && { owner }) }
  return {
    state: flag.enabled ? 'ENABLED' : 'DISABLED',
    variants,
    defaultVariant: flag.off in variants ? flag.off : null,
    ...(chain.length > 0 && { targeting: { if: chain } }),
    ...(Object.keys(metadata).length > 0 && { metadata }),
  }
}

function ruleOf(
  path: string,
  flag: CompiledFlag,
  rule: CompiledRule,
  losses: Loss[],
): { when: Json; serve: Json } | undefined {
  const lose = (place: string, what: string) => {
    losses.push({ path: path + place, what, instead: 'the rule is left out' })
    return undefined
  }
  if (rule.stages !== undefined) return lose('.stages', 'flagd has no stages')
  const { bucketing } = rule
  if (bucketing !== undefined && bucketing.scheme !== 'flagd') {
    return lose('.bucketing', `flagd has no bucketing like "${bucketing.scheme}"`)
  }
  const conditions: Json[] = []
  for (const [index, condition] of rule.conditions.entries()) {
    const logic = conditionOf(condition)
    if (logic === undefined) return lose(`.when[${index}]`, `flagd can't say this "${condition.op}"`)
    conditions.push(logic)
  }
  const hashed = bucketing && hashedBy(bucketing)
  const { thousandths } = rule
  if (thousandths === 0) return undefined
  if (thousandths !== undefined && thousandths < THOUSANDTHS) {
    const share = fraction(hashed ?? { cat: [`${flag.salt.text}:`, KEY] }, [
      ['in', thousandths],
      ['out', THOUSANDTHS - thousandths],
    ])
    const needed = bucketing ? neededBy(bucketing) : ['targetingKey']
    conditions.push(...needed.map(isThere), { '==': [share, 'in'] })
  }
  const when: Json =
    conditions.length === 0 ? true : conditions.length === 1 ? (conditions[0] ?? true) : { and: conditions }
  if (rule.serve.kind === 'variant') return { when, serve: servable(flag, rule.serve.variant) }
  const { variants, cumulative, salt } = rule.serve
  const parts = variants.map((variant, index): [Json, number] => [
    servable(flag, variant),
    (cumulative[index] ?? 0) - (cumulative[index - 1] ?? 0),
  ])
  return { when, serve: fraction(hashed ?? { cat: [`${salt.text}:`, KEY] }, parts) }
}

function fraction(hashed: Json, parts: readonly (readonly [Json, number])[]): Json {
  return { fractional: [hashed, ...parts] }
}

/** An attribute by itself stays so: a visitor without it is not bucketed, while `cat` would turn it into text. */
function hashedBy({ hash }: FlagdBucketing): Json {
  const [first] = hash
  const isAlone = hash.length === 1 && first !== undefined && 'attribute' in first
  if (isAlone && first.missing === undefined) return { var: first.attribute }
  return { cat: hash.map((part): Json => ('text' in part ? part.text : { var: part.attribute })) }
}

/** Attributes without which a visitor is outside of every share. */
function neededBy({ hash }: FlagdBucketing): string[] {
  return hash.flatMap((part) => ('text' in part || part.missing !== undefined ? [] : [part.attribute]))
}

/** A variant without value is no variant to flagd, and leaves the value to the app. */
function servable(flag: CompiledFlag, variant: string): Json {
  return flag.values.get(variant) === null ? null : variant
}

/** Not by comparing with null, which is nought to some evaluators. */
function isThere(attribute: string): Json {
  return { '!': [{ missing: [attribute] }] }
}

function conditionOf(condition: CompiledCondition): Json | undefined {
  const { attribute, op, negate, ignoreCase, values, type, versions } = condition
  // flagd's way of reading versions is between the two.
  const isTold = versions === undefined || versions === 'exact'
  if (ignoreCase || type !== undefined || !isTold) return undefined
  const positive = positiveOf(attribute, op, values as readonly (string | number | boolean)[])
  return positive === undefined || !negate ? positive : { '!': [positive] }
}

function positiveOf(
  attribute: string,
  op: CompiledCondition['op'],
  values: readonly (string | number | boolean)[],
): Json | undefined {
  const subject: Json = { var: attribute }
  const any = (each: (value: string | number | boolean) => Json): Json =>
    values.length === 1 && values[0] !== undefined ? each(values[0]) : { or: values.map(each) }
  // What is missing equals 0 and false to some evaluators.
  const equal = (value: string | number | boolean): Json => {
    const isEqual = { '==': [subject, value] }
    return value === 0 || value === false ? { and: [isThere(attribute), isEqual] } : isEqual
  }
  const numeric = (operator: string): Json => ({
    and: [isThere(attribute), any((value) => ({ [operator]: [subject, value] }))],
  })
  // An empty attribute that passes for a number is nothing that flagd could say.
  if (/^(eq|[gl]te?)$/.test(op) && values.includes('')) return undefined
  switch (op) {
    case 'in':
      return any(equal)
    case 'not_in':
      return { '!': [any(equal)] }
    case 'starts_with':
    case 'ends_with':
      return any((value) => ({ [op]: [subject, String(value)] }))
    case 'contains':
      return any((value) => ({ in: [String(value), subject] }))
    case 'eq':
      return any(equal)
    case 'gt':
      return numeric('>')
    case 'gte':
      return numeric('>=')
    case 'lt':
      return numeric('<')
    case 'lte':
      return numeric('<=')
    case 'exists':
      return isThere(attribute)
    case 'before':
    case 'after': {
      if (attribute !== 'now') return undefined
      return any((value) => ({
        [op === 'before' ? '<' : '>=']: [TIMESTAMP, Math.floor(Date.parse(String(value)) / 1_000)],
      }))
    }
    case 'matches':
    case 'in_cidr':
      return undefined
    default:
      return any((value) => ({ sem_ver: [subject, VERSION_SIGNS[op] ?? '=', String(value)] }))
  }
}

const VERSION_SIGNS: Readonly<Record<string, string>> = {
  semver_eq: '=',
  semver_gt: '>',
  semver_gte: '>=',
  semver_lt: '<',
  semver_lte: '<=',
}
