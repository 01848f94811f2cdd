/**
 * JsonLogic's conditions as alternatives of conditions that all hold (a disjunction of conjunctions): rules are
 * alternatives, and a rule's conditions must all hold, so that is what fits into a document.
 */
import type { ConditionInput } from '../../core/config/schema/document.ts'
import type { Json } from '../../core/flags/flag.ts'
import { compileOperator, type Operator } from '../../core/flags/operators.ts'
import { operationIn } from './file.ts'

/** Alternatives; none is "never", one without conditions is "always". */
export type Alternatives = readonly (readonly ConditionInput[])[]

export const ALWAYS: Alternatives = [[]]
const NEVER: Alternatives = []

/** `missing` holds when any of the attributes is not there. */
function absence(names: readonly Json[], wanted: boolean): Alternatives {
  const parts = names.map((attribute): Alternatives => {
    if (typeof attribute !== 'string') throw new Untranslatable('"missing" of anything but names')
    return [[{ attribute, op: 'exists', ...(wanted && { negate: true }) }]]
  })
  return wanted ? bounded(parts.flat()) : allOf(parts)
}

/** More alternatives than this would make the document unreadable. */
const MOST_ALTERNATIVES = 64

/** Something in the logic that a document can't say. */
export class Untranslatable extends Error {}

/** When a condition holds, or with `wanted` false, when it doesn't. */
export function alternativesOf(logic: Json, wanted = true): Alternatives {
  if (typeof logic === 'boolean') return logic === wanted ? ALWAYS : NEVER
  const operation = operationIn(logic)
  if (operation === undefined) throw new Untranslatable(`${JSON.stringify(logic)} as a condition`)
  const { op, operands } = operation
  switch (op) {
    case 'and':
    case 'or': {
      if (operands.length === 0) throw new Untranslatable(`"${op}" of nothing`)
      const parts = operands.map((operand) => alternativesOf(operand, wanted))
      return (op === 'and') === wanted ? allOf(parts) : bounded(parts.flat())
    }
    case '!':
      return alternativesOf(operands[0] ?? null, !wanted)
    case '!!':
      return alternativesOf(operands[0] ?? null, wanted)
    case '==':
    case '===':
      return equality(operands, wanted, op === '===')
    case '!=':
    case '!==':
      return equality(operands, !wanted, op === '!==')
    case '<':
    case '<=':
    case '>':
    case '>=':
      return ordered(op, operands, wanted)
    case 'in':
      return membership(operands, wanted)
    case 'starts_with':
    case 'ends_with':
      return single(textOperands(op, operands), op, wanted)
    case 'sem_ver':
      return versions(operands, wanted)
    case 'missing':
      return absence(operands, wanted)
    default:
      throw new Untranslatable(`the operation "${op}" as a condition`)
  }
}

export function allOf(parts: readonly Alternatives[]): Alternatives {
  return parts.reduce<Alternatives>(
    (sofar, part) => bounded(sofar.flatMap((one) => part.map((other) => [...one, ...other]))),
    ALWAYS,
  )
}

function bounded(alternatives: Alternatives): Alternatives {
  if (alternatives.length <= MOST_ALTERNATIVES) return alternatives
  throw new Untranslatable(`a condition of more than ${MOST_ALTERNATIVES} alternatives`)
}

const TIMESTAMP = '$flagd.timestamp'

/** The attribute that a `var` names; undefined for what is no `var`. */
export function variableIn(logic: Json | undefined): string | undefined {
  const operation = logic === undefined ? undefined : operationIn(logic)
  if (operation?.op !== 'var') return undefined
  const [name, otherwise] = operation.operands
  if (typeof name !== 'string' || name === '') throw new Untranslatable('a "var" without a name')
  if (otherwise !== undefined && otherwise !== null) throw new Untranslatable('a "var" with a default')
  return name
}

type Compared = { attribute: string; value: string | number | boolean | null; isFlipped: boolean }

/** A variable and a plain value, in either order. */
function compared(op: string, [left, right, ...more]: readonly Json[]): Compared {
  const name = variableIn(left) ?? variableIn(right)
  const isFlipped = variableIn(left) === undefined
  const value = isFlipped ? left : right
  const isPlain = value === null || ['string', 'number', 'boolean'].includes(typeof value)
  if (name === undefined || value === undefined || !isPlain || more.length > 0) {
    throw new Untranslatable(`"${op}" of anything but an attribute and a plain value`)
  }
  return { attribute: name, value: value as Compared['value'], isFlipped }
}

function single(condition: ConditionInput, op: string, wanted: boolean): Alternatives {
  const compiled = compileOperator(condition.op, condition.values ?? [], condition)
  if ('problem' in compiled) throw new Untranslatable(`"${op}": it needs ${compiled.problem.expected}`)
  return [[wanted ? condition : { ...condition, negate: true }]]
}

/** What is missing is `null`, which `==` takes for 0 and for false, and `===` for nothing else. */
function equality(operands: readonly Json[], wanted: boolean, isStrict: boolean): Alternatives {
  const { attribute, value } = compared('==', operands)
  if (attribute.startsWith('$flagd.')) throw new Untranslatable(`"==" with ${attribute}`)
  const missing: ConditionInput = { attribute, op: 'exists', negate: true }
  const there: ConditionInput = { attribute, op: 'exists' }
  if (value === null) {
    if (isStrict) return wanted ? [[missing]] : [[there]]
    const nought: ConditionInput = { attribute, op: 'in', values: [0, false] }
    return wanted ? [[missing], [nought]] : [[there, { ...nought, negate: true }]]
  }
  const op = typeof value === 'number' ? 'eq' : 'in'
  const equal = single({ attribute, op, values: [value] }, '==', wanted)
  if (isStrict || (value !== 0 && value !== false)) return equal
  return wanted ? [...equal, [missing]] : allOf([equal, [[there]]])
}

const FLIPPED: Readonly<Record<string, string>> = { '<': '>', '<=': '>=', '>': '<', '>=': '<=' }
const OPPOSITE: Readonly<Record<string, string>> = { '<': '>=', '<=': '>', '>': '<=', '>=': '<' }
const NUMERIC: Readonly<Record<string, Operator>> = { '<': 'lt', '<=': 'lte', '>': 'gt', '>=': 'gte' }

function ordered(op: string, operands: readonly Json[], wanted: boolean): Alternatives {
  // `{"<": [1, {"var": "x"}, 9]}` is between.
  if (operands.length === 3) {
    const [low, middle, high] = operands as [Json, Json, Json]
    return alternativesOf({ and: [{ [op]: [low, middle] }, { [op]: [middle, high] }] }, wanted)
  }
  const { attribute, value, isFlipped } = compared(op, operands)
  if (typeof value !== 'number') throw new Untranslatable(`"${op}" with anything but a number`)
  const order = isFlipped ? (FLIPPED[op] ?? op) : op
  if (attribute === TIMESTAMP) return atTime(order, value, wanted)
  const condition: ConditionInput = { attribute, op: NUMERIC[order] ?? 'lt', values: [value] }
  // What is missing is nought to JsonLogic.
  const isNoughtIn = { '<': 0 < value, '<=': 0 <= value, '>': 0 > value, '>=': 0 >= value }[order] === true
  const missing: ConditionInput = { attribute, op: 'exists', negate: true }
  const there: ConditionInput = { attribute, op: 'exists' }
  if (wanted) return isNoughtIn ? [[condition], [missing]] : [[condition]]
  return [[{ ...condition, negate: true }, ...(isNoughtIn ? [there] : [])]]
}

/** Whole seconds since 1970, as flagd counts them. */
function atTime(op: string, seconds: number, wanted: boolean): Alternatives {
  const order = wanted ? op : (OPPOSITE[op] ?? op)
  const at = (second: number) => new Date(second * 1_000).toISOString()
  const before = (second: number): ConditionInput => ({
    attribute: 'now',
    op: 'before',
    values: [at(second)],
  })
  switch (order) {
    case '<':
      return [[before(seconds)]]
    case '<=':
      return [[before(seconds + 1)]]
    case '>':
      return [[{ ...before(seconds + 1), negate: true }]]
    default:
      return [[{ ...before(seconds), negate: true }]]
  }
}

/** `{"in": [x, ["a", "b"]]}` is one of; `{"in": ["a", x]}` is part of. */
function membership([needle, haystack]: readonly Json[], wanted: boolean): Alternatives {
  const attribute = variableIn(needle)
  if (attribute !== undefined && Array.isArray(haystack)) {
    if (!haystack.every((each) => ['string', 'number', 'boolean'].includes(typeof each)))
      throw new Untranslatable('"in" a list of other than plain values')
    if (haystack.length === 0) return wanted ? NEVER : ALWAYS
    return single({ attribute, op: 'in', values: haystack as (string | number | boolean)[] }, 'in', wanted)
  }
  const whole = variableIn(haystack)
  if (whole !== undefined && typeof needle === 'string') {
    return single({ attribute: whole, op: 'contains', values: [needle] }, 'in', wanted)
  }
  throw new Untranslatable('"in" of anything but an attribute and texts')
}

function textOperands(op: Operator, [subject, text]: readonly Json[]): ConditionInput {
  const attribute = variableIn(subject)
  if (attribute === undefined || typeof text !== 'string') {
    throw new Untranslatable(`"${op}" of anything but an attribute and a text`)
  }
  return { attribute, op, values: [text] }
}

const VERSIONS: Readonly<Record<string, Operator>> = {
  '=': 'semver_eq',
  '<': 'semver_lt',
  '<=': 'semver_lte',
  '>': 'semver_gt',
  '>=': 'semver_gte',
}

function versions([subject, op, written]: readonly Json[], wanted: boolean): Alternatives {
  const attribute = variableIn(subject)
  if (attribute === undefined || typeof op !== 'string' || typeof written !== 'string') {
    throw new Untranslatable('"sem_ver" of anything but an attribute and a version')
  }
  const text = versionIn(written)
  const compare = (operator: Operator, version: string): ConditionInput => ({
    attribute,
    op: operator,
    values: [version],
  })
  if (op === '!=') {
    // What is no version is neither equal nor unequal.
    const isVersion = compare('semver_gte', '0.0.0-0')
    const parts = allOf([[[isVersion]], single(compare('semver_eq', text), 'sem_ver', false)])
    if (wanted) return parts
    throw new Untranslatable('"sem_ver" with "!=", turned round')
  }
  const operator = VERSIONS[op]
  if (operator !== undefined) return single(compare(operator, text), 'sem_ver', wanted)
  const [, major, minor] = /^(\d+)\.(\d+)\.\d+/.exec(text) ?? []
  if (major === undefined || minor === undefined || !wanted || (op !== '^' && op !== '~')) {
    throw new Untranslatable(`"sem_ver" with "${op}" and ${text}`)
  }
  const [low, high] =
    op === '^'
      ? [`${major}.0.0-0`, `${Number(major) + 1}.0.0-0`]
      : [`${major}.${minor}.0-0`, `${major}.${Number(minor) + 1}.0-0`]
  return [[compare('semver_gte', low), compare('semver_lt', high)]]
}

/** In full, as flagd reads it: "v2.1" is 2.1.0. */
function versionIn(written: string): string {
  const version = written.replace(/^v/i, '')
  const [, major, minor = '0'] = /^(\d+)(?:\.(\d+))?$/.exec(version) ?? []
  return major === undefined ? version : `${major}.${minor}.0`
}
