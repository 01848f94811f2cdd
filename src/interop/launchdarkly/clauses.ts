/** LaunchDarkly's clauses and segments as alternatives of conditions. */
import type { ConditionInput } from '../../core/config/schema/document.ts'
import type { Operator } from '../../core/flags/operators.ts'
import { parseLaunchDarklyVersion } from '../../core/flags/version.ts'
import { ownOf } from '../../core/json-object.ts'
import {
  ALWAYS,
  type Alternatives,
  allOf,
  anyOf,
  NEVER,
  opposite,
  type PlaceInput,
  single,
  Untranslatable,
} from '../alternatives.ts'
import { isPattern } from '../patterns.ts'
import type { Clause, Segment } from './file.ts'

export type Targeting = {
  segments: Readonly<Record<string, Segment>>
  /** The kind of context that is carried over; its key is the targeting key. */
  kind: string
}

const USER = 'user'
const WHOLE = 100_000
type Scalar = string | number | boolean

/** Operator → how one of its values is compared; the table of what is carried over. */
export const OPERATORS: Readonly<
  Record<string, (attribute: string, values: readonly unknown[]) => Alternatives>
> = {
  in: (attribute, values) =>
    anyOf(
      (['string', 'number', 'boolean'] as const).map((type) =>
        some({ attribute, op: 'in', type }, values.filter((value) => typeof value === type) as Scalar[]),
      ),
    ),
  startsWith: textual('starts_with'),
  endsWith: textual('ends_with'),
  contains: textual('contains'),
  matches: (attribute, values) =>
    some({ attribute, op: 'matches', type: 'string' }, texts(values).filter(isPattern)),
  lessThan: numeric('lt'),
  lessThanOrEqual: numeric('lte'),
  greaterThan: numeric('gt'),
  greaterThanOrEqual: numeric('gte'),
  before: dated('before'),
  after: dated('after'),
  semVerEqual: versioned('semver_eq'),
  semVerLessThan: versioned('semver_lt'),
  semVerGreaterThan: versioned('semver_gt'),
}

/** When all clauses hold, or with `wanted` false, when one doesn't. */
export function clausesHold(
  clauses: readonly Clause[],
  targeting: Targeting,
  wanted = true,
  above: readonly string[] = [],
): Alternatives {
  const parts = clauses.map((clause) => clauseHolds(clause, targeting, wanted, above))
  return wanted ? allOf(parts) : anyOf(parts)
}

function clauseHolds(
  clause: Clause,
  targeting: Targeting,
  wanted: boolean,
  above: readonly string[],
): Alternatives {
  const negated = clause.negate === true
  if (clause.op === 'segmentMatch') {
    const isMember = wanted !== negated
    const parts = clause.values.map((key) => segmentHolds(String(key), targeting, isMember, above))
    return isMember ? anyOf(parts) : allOf(parts)
  }
  const attribute = attributeNamed(clause.attribute, clause.contextKind, targeting.kind)
  const translate = ownOf(OPERATORS, clause.op)
  const positive = translate === undefined ? NEVER : translate(attribute, clause.values)
  // What is missing satisfies no clause, not even a negated one.
  const isThere: ConditionInput = { attribute, op: 'exists' }
  if (!negated) return wanted ? positive : opposite(positive)
  if (wanted) return allOf([[[isThere]], opposite(positive)])
  return anyOf([[[{ ...isThere, negate: true }]], positive])
}

/** `kind` and `/address/city` are LaunchDarkly's own ways of naming attributes. */
export function attributeNamed(written: string, ofKind: string | undefined, kind: string): string {
  if ((ofKind ?? USER) !== kind) throw new Untranslatable(`a context of the kind "${ofKind ?? USER}"`)
  if (written === '') throw new Untranslatable('a clause without an attribute')
  const isPath = ofKind !== undefined && written.startsWith('/')
  const path = isPath ? written.slice(1).split('/').map(unescaped).join('.') : written
  if (path === 'kind') throw new Untranslatable('the kind of a context as an attribute')
  return path === 'key' ? 'targetingKey' : path
}

function unescaped(part: string): string {
  return part.replaceAll('~1', '/').replaceAll('~0', '~')
}

/** Whether a context is a member of a segment, or with `wanted` false, is not. */
function segmentHolds(
  key: string,
  targeting: Targeting,
  wanted: boolean,
  above: readonly string[],
): Alternatives {
  const segment = ownOf(targeting.segments, key)
  if (segment === undefined) return wanted ? NEVER : ALWAYS
  if (above.includes(key)) throw new Untranslatable(`the segment "${key}", which leads back to itself`)
  if (segment.unbounded) throw new Untranslatable(`the big segment "${key}"`)
  const { included, excluded } = membersOf(segment, targeting.kind)
  const rules = segment.rules.map((rule): Alternatives => {
    const clauses = clausesHold(rule.clauses, targeting, wanted, [...above, key])
    if (rule.weight === undefined) return clauses
    const attribute = attributeNamed(rule.bucketBy ?? 'key', rule.rolloutContextKind, targeting.kind)
    const share = rule.weight / WHOLE
    const range: [number, number] = wanted ? [0, share] : [share, 2]
    const place: Alternatives = [[placeOf({ prefix: `${key}.${segment.salt}`, attribute, range })]]
    return wanted ? allOf([clauses, place]) : anyOf([clauses, place])
  })
  if (wanted) return anyOf([included, allOf([opposite(excluded), anyOf(rules)])])
  return allOf([opposite(included), anyOf([excluded, allOf(rules)])])
}

function membersOf(segment: Segment, kind: string): { included: Alternatives; excluded: Alternatives } {
  const keysOf = (plain: readonly string[], contexts: Segment['includedContexts']) => {
    const ofKind = contexts.filter(({ contextKind }) => (contextKind ?? USER) === kind)
    return isOneOf([...(kind === USER ? plain : []), ...ofKind.flatMap(({ values }) => values)])
  }
  return {
    included: keysOf(segment.included, segment.includedContexts),
    excluded: keysOf(segment.excluded, segment.excludedContexts),
  }
}

/** Contexts with one of these keys. */
export function isOneOf(keys: readonly string[]): Alternatives {
  return keys.length === 0 ? NEVER : single({ attribute: 'targetingKey', op: 'in', values: [...keys] })
}

/** LaunchDarkly's hash: of what cannot be hashed it is 0. */
export function placeOf({
  prefix,
  attribute,
  range,
}: {
  prefix: string
  attribute: string
  range: [number, number]
}): PlaceInput {
  return { algorithm: 'sha1', hash: [{ text: `${prefix}.` }, { attribute }], ranges: [range], missing: 0 }
}

function some(condition: Omit<ConditionInput, 'values'>, values: readonly Scalar[]): Alternatives {
  return values.length === 0 ? NEVER : single({ ...condition, values: [...values] })
}

function texts(values: readonly unknown[]): string[] {
  return values.filter((value) => typeof value === 'string')
}

function textual(op: Operator) {
  return (attribute: string, values: readonly unknown[]) =>
    some({ attribute, op, type: 'string' }, texts(values))
}

function numeric(op: Operator) {
  return (attribute: string, values: readonly unknown[]) =>
    some(
      { attribute, op, type: 'number' },
      values.filter((value) => typeof value === 'number'),
    )
}

function versioned(op: Operator) {
  return (attribute: string, values: readonly unknown[]) => {
    const read = texts(values).filter((value) => parseLaunchDarklyVersion(value) !== undefined)
    return some({ attribute, op, versions: 'launchdarkly' }, read)
  }
}

/** Dates are milliseconds, or texts with a time and a zone. */
const DATE = '^\\d\\d\\d\\d-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d\\d*)?(Z|[-+]\\d\\d(:\\d\\d)?)'

function dated(op: Operator) {
  return (attribute: string, values: readonly unknown[]): Alternatives => {
    const times = values.map((value) =>
      typeof value === 'number'
        ? value
        : typeof value === 'string' && new RegExp(DATE).test(value)
          ? Date.parse(value)
          : Number.NaN,
    )
    const condition: ConditionInput = { attribute, op, values: times.filter((time) => !Number.isNaN(time)) }
    if (condition.values?.length === 0) return NEVER
    return [
      [{ ...condition, type: 'number' }],
      [
        { ...condition, type: 'string' },
        { attribute, op: 'matches', values: [DATE] },
      ],
    ]
  }
}
