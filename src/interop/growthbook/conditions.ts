/** GrowthBook's conditions (as MongoDB writes them) as alternatives of the document's. */
import type { ConditionInput } from '../../core/config/schema/document.ts'
import type { Operator } from '../../core/flags/operators.ts'
import { compileRegex } from '../../core/flags/regex/regex.ts'
import { growthBookVersion } from '../../core/flags/version.ts'
import { isObject, ownOf } from '../../core/json-object.ts'
import {
  ALWAYS,
  type Alternatives,
  allOf,
  anyOf,
  NEVER,
  opposite,
  single,
  Untranslatable,
} from '../alternatives.ts'
import { isPattern } from '../patterns.ts'

type Groups = Readonly<Record<string, unknown>>
type Scalar = string | number | boolean
type Translate = (attribute: string, expected: unknown, groups: Groups) => Alternatives
const TARGETING_KEY = 'targetingKey'
const TYPES = ['string', 'number', 'boolean'] as const

/** Operator of a value → how it is translated; the table of what is carried over. */
export const OPERATORS: Readonly<Record<string, Translate>> = {
  $eq: (attribute, expected) => isIn(attribute, [expected]),
  $ne: (attribute, expected) => opposite(isIn(attribute, [expected])),
  $in: (attribute, expected) => (Array.isArray(expected) ? isIn(attribute, expected) : NEVER),
  $nin: (attribute, expected) => (Array.isArray(expected) ? opposite(isIn(attribute, expected)) : NEVER),
  $ini: (attribute, expected) => (Array.isArray(expected) ? isIn(attribute, expected, true) : NEVER),
  $nini: (attribute, expected) =>
    Array.isArray(expected) ? opposite(isIn(attribute, expected, true)) : NEVER,
  $inGroup: (attribute, expected, groups) => isIn(attribute, groupValues(groups, expected) ?? []),
  $notInGroup: (attribute, expected, groups) => {
    const values = groupValues(groups, expected)
    return values === undefined ? NEVER : opposite(isIn(attribute, values))
  },
  $lt: ordered('lt', (a, b) => a < b),
  $lte: ordered('lte', (a, b) => a <= b),
  $gt: ordered('gt', (a, b) => a > b),
  $gte: ordered('gte', (a, b) => a >= b),
  $veq: versioned('semver_eq', (a, b) => a === b),
  $vne: (attribute, expected) => opposite(equalVersion(attribute, expected)),
  $vlt: versioned('semver_lt', (a, b) => a < b),
  $vlte: versioned('semver_lte', (a, b) => a <= b),
  $vgt: versioned('semver_gt', (a, b) => a > b),
  $vgte: versioned('semver_gte', (a, b) => a >= b),
  $regex: (attribute, expected) => matching(attribute, expected, false),
  $regexi: (attribute, expected) => matching(attribute, expected, true),
  $exists: (attribute, expected) => (expected ? present(attribute) : missing(attribute)),
  $type: typed,
  $all: (attribute, expected) => {
    if (!Array.isArray(expected)) return NEVER
    const parts = expected.map((each) => {
      if (typeof each === 'string' || typeof each === 'number') return equal(attribute, each)
      throw new Untranslatable('"$all" of other than texts and numbers')
    })
    return allOf([[[{ attribute, op: 'exists', type: 'list' }]], ...parts])
  },
  $elemMatch: (attribute, expected, groups) => {
    const [[operator = '', value] = [], ...more] = isObject(expected) ? Object.entries(expected) : []
    if (more.length > 0 || !ELEMENT_OPERATORS.has(operator)) {
      throw new Untranslatable('"$elemMatch" of other than one comparison')
    }
    return allOf([
      [[{ attribute, op: 'exists', type: 'list' }]],
      operation(attribute, operator, value, groups),
    ])
  },
  $not: (attribute, expected, groups) => opposite(valueHolds(attribute, expected, groups)),
}

/** Of these, "some element does" is what the document's conditions ask of a list. */
const ELEMENT_OPERATORS: ReadonlySet<string> = new Set(['$eq', '$in', '$lt', '$lte', '$gt', '$gte', '$regex'])

/** When a condition holds. */
export function conditionHolds(
  condition: Readonly<Record<string, unknown>>,
  groups: Groups,
  above: readonly string[] = [],
): Alternatives {
  const all = (parts: unknown) => {
    if (!Array.isArray(parts) || !parts.every(isObject))
      throw new Untranslatable('conditions that are no list')
    return parts.map((part) => conditionHolds(part, groups, above))
  }
  const parts = Object.entries(condition).map(([key, value]): Alternatives => {
    switch (key) {
      case '$or':
        return orOf(all(value))
      case '$nor':
        return opposite(orOf(all(value)))
      case '$and':
        return allOf(all(value))
      case '$not':
        if (!isObject(value)) throw new Untranslatable('"$not" of no condition')
        return opposite(conditionHolds(value, groups, above))
      case '$savedGroup':
        return savedGroup(value, groups, above)
      default:
        return valueHolds(attributeNamed(key), value, groups)
    }
  })
  return allOf(parts)
}

/** The id of a visitor is the targeting key. */
export function attributeNamed(path: string): string {
  return path === 'id' ? TARGETING_KEY : path
}

function orOf(parts: Alternatives[]): Alternatives {
  return parts.length === 0 ? ALWAYS : anyOf(parts)
}

function savedGroup(reference: unknown, groups: Groups, above: readonly string[]): Alternatives {
  const { id, attributeKey } = isObject(reference) ? reference : {}
  const group = typeof id === 'string' && ownOf(groups, id)
  if (typeof id !== 'string' || above.includes(id) || !isObject(group)) return NEVER
  if (attributeKey !== undefined && typeof attributeKey !== 'string') return NEVER
  if (group.type === 'list') {
    const key = attributeKey ?? group.attributeKey
    return typeof key === 'string' && Array.isArray(group.values)
      ? isIn(attributeNamed(key), group.values)
      : NEVER
  }
  if (group.type !== 'condition' || !isObject(group.condition)) return NEVER
  return conditionHolds(group.condition, groups, [...above, id])
}

function groupValues(groups: Groups, id: unknown): readonly unknown[] | undefined {
  const group = Object.hasOwn(groups, String(id)) ? groups[String(id)] : []
  if (Array.isArray(group)) return group
  return isObject(group) && group.type === 'list' && Array.isArray(group.values) ? group.values : undefined
}

/** A plain value, or operators that must all hold. */
function valueHolds(attribute: string, expected: unknown, groups: Groups): Alternatives {
  if (expected === null) return missing(attribute)
  if (typeof expected === 'boolean') return truth(attribute, expected)
  if (typeof expected === 'string' || typeof expected === 'number') return equal(attribute, expected)
  const operators = isObject(expected) ? Object.entries(expected) : []
  if (operators.length === 0 || !operators.every(([key]) => key.startsWith('$'))) {
    throw new Untranslatable('an object or a list that is compared as a whole')
  }
  return allOf(operators.map(([operator, value]) => operation(attribute, operator, value, groups)))
}

function operation(attribute: string, operator: string, value: unknown, groups: Groups): Alternatives {
  if (operator === '$size' || operator === '$alli') throw new Untranslatable(`"${operator}"`)
  const translate = ownOf(OPERATORS, operator)
  return translate === undefined ? NEVER : translate(attribute, value, groups)
}

const missing = (attribute: string): Alternatives => [[{ attribute, op: 'exists', negate: true }]]
const present = (attribute: string): Alternatives => [[{ attribute, op: 'exists' }]]

/** JavaScript's `value + "" === text` and `value * 1 === number`: what is missing is "null" and 0. */
function equal(attribute: string, expected: string | number): Alternatives {
  if (typeof expected === 'number') return numeric(attribute, 'eq', expected, (value) => value === expected)
  const same = single({ attribute, op: 'in', values: [expected] })
  return expected === 'null' ? anyOf([same, missing(attribute)]) : same
}

/** Numbers, what looks like one, and what counts as 0 or 1. */
function numeric(
  attribute: string,
  op: Operator,
  expected: number,
  holds: (value: number) => boolean,
): Alternatives {
  const booleans = [false, true].filter((value) => holds(Number(value)))
  return anyOf([
    single({ attribute, op, values: holds(0) ? [expected, ''] : [expected] }),
    booleans.length > 0 ? single({ attribute, op: 'in', values: booleans, type: 'boolean' }) : NEVER,
    holds(0) ? missing(attribute) : NEVER,
  ])
}

function ordered(op: Operator, compare: (a: number, b: number) => boolean): Translate {
  return (attribute, expected) => {
    if (typeof expected !== 'number') throw new Untranslatable('an order of other than numbers')
    return numeric(attribute, op, expected, (value) => compare(value, expected))
  }
}

/** JavaScript's truth: all but false, 0 and the empty text. */
function truth(attribute: string, wanted: boolean): Alternatives {
  const falsy = [false, 0, ''].map((value): ConditionInput => {
    const type = typeof value as (typeof TYPES)[number]
    return { attribute, op: 'in', values: [value], type }
  })
  if (!wanted) return falsy.map((condition) => [condition])
  return allOf([present(attribute), opposite(falsy.map((condition) => [condition]))])
}

/** One of these, of the same type; `null` is what is missing. A targeting key is a text, also where ids are numbers. */
function isIn(attribute: string, expected: readonly unknown[], ignoreCase = false): Alternatives {
  if (attribute === TARGETING_KEY) {
    const values = expected.filter((value) => typeof value === 'string' || typeof value === 'number')
    const same =
      values.length === 0 ? NEVER : single({ attribute, op: 'in', values, ...(ignoreCase && { ignoreCase }) })
    return expected.includes(null) ? anyOf([same, missing(attribute)]) : same
  }
  const parts = TYPES.map((type): Alternatives => {
    const values = expected.filter((value) => typeof value === type) as Scalar[]
    const folded = ignoreCase && type === 'string'
    if (values.length === 0) return NEVER
    return single({ attribute, op: 'in', values, type, ...(folded && { ignoreCase }) })
  })
  return anyOf([...parts, expected.includes(null) ? missing(attribute) : NEVER])
}

/** What is missing is version 0. */
function versioned(op: Operator, compare: (a: string, b: string) => boolean): Translate {
  return (attribute, expected) => {
    const version = growthBookVersion(expected)
    const value = typeof expected === 'string' || typeof expected === 'number' ? expected : '0'
    return anyOf([
      single({ attribute, op, values: [value], versions: 'growthbook' }),
      compare(growthBookVersion(null), version) ? missing(attribute) : NEVER,
    ])
  }
}

function equalVersion(attribute: string, expected: unknown): Alternatives {
  return versioned('semver_eq', (a, b) => a === b)(attribute, expected, {})
}

/** What is missing is the text "null". */
function matching(attribute: string, expected: unknown, ignoreCase: boolean): Alternatives {
  if (typeof expected !== 'string' || !isPattern(expected)) return NEVER
  const matches = single({ attribute, op: 'matches', values: [expected], ...(ignoreCase && { ignoreCase }) })
  return compileRegex(expected, ignoreCase)('null') ? anyOf([matches, missing(attribute)]) : matches
}

function typed(attribute: string, expected: unknown): Alternatives {
  const isList: ConditionInput = { attribute, op: 'exists', type: 'list' }
  if (expected === 'array') return [[isList]]
  if (expected === 'null') return missing(attribute)
  if (expected === 'object') throw new Untranslatable('the type "object"')
  const type = TYPES.find((name) => name === expected)
  return type === undefined
    ? NEVER
    : [
        [
          { attribute, op: 'exists', type },
          { ...isList, negate: true },
        ],
      ]
}
