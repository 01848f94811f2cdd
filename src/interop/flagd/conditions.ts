/** JsonLogic's conditions as alternatives of the document's. */
import type { ConditionInput } from '../../core/config/schema/document.ts'
import type { Json } from '../../core/flags/flag.ts'
import type { Operator } from '../../core/flags/operators.ts'
import { parseFlagdVersion } from '../../core/flags/version.ts'
import { ALWAYS, type Alternatives, allOf, anyOf, NEVER, single, Untranslatable } from '../alternatives.ts'
import { operationIn } from './file.ts'
import { fractionsIn, placeOf } from './fractions.ts'
import { attributeIn, variableIn } from './variables.ts'

/** `missing` holds when any of the attributes is not there. */
function absence(names: readonly Json[], wanted: boolean): Alternatives {
  const parts = names.map((attribute): Alternatives => {
    if (typeof attribute !== 'string') throw new Untranslatable('"missing" of anything but names')
    attributeIn({ var: attribute })
    return [[{ attribute, op: 'exists', ...(wanted && { negate: true }) }]]
  })
  return wanted ? anyOf(parts) : allOf(parts)
}

/** When a condition holds, or with `wanted` false, when it doesn't. */
export function alternativesOf(logic: Json, wanted = true): Alternatives {
  if (typeof logic !== 'object' || logic === null) return Boolean(logic) === wanted ? ALWAYS : NEVER
  const variable = variableIn(logic)
  if (variable !== undefined) return truth(variable, wanted)
  const operation = operationIn(logic)
  if (operation === undefined) throw new Untranslatable(`${JSON.stringify(logic)} as a condition`)
  const { op, operands } = operation
  switch (op) {
    case 'and':
    case 'or': {
      if (operands.length === 0) throw new Untranslatable(`"${op}" of nothing`)
      const parts = operands.map((operand) => alternativesOf(operand, wanted))
      return (op === 'and') === wanted ? allOf(parts) : anyOf(parts)
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
      return operands.length === 2 ? single(textOperands(op, operands), wanted) : wanted ? NEVER : ALWAYS
    case 'sem_ver':
      return versions(operands, wanted)
    case 'missing':
      return absence(operands, wanted)
    case 'fractional':
      return fraction(operands, wanted, (named) => alternativesOf(named))
    default:
      throw new Untranslatable(`the operation "${op}" as a condition`)
  }
}

/** When an operation has an answer at all: some have none of what they can't compare. */
export function isAnswered(logic: Json): Alternatives {
  const { op, operands } = operationIn(logic) ?? { op: '', operands: [] }
  const [subject, operator, version] = operands
  switch (op) {
    case 'starts_with':
    case 'ends_with': {
      if (operands.length !== 2 || typeof operator !== 'string') return NEVER
      return [[{ attribute: attributeIn(subject) ?? '', op: 'exists', type: 'string' }]]
    }
    case 'sem_ver': {
      const isKnown = typeof operator === 'string' && (operator in VERSIONS || '!=^~'.includes(operator))
      if (operands.length !== 3 || !isKnown || parseFlagdVersion(String(version)) === undefined) return NEVER
      const attribute = attributeIn(subject) ?? ''
      return single({ attribute, op: 'semver_gte', values: [LEAST], versions: 'flagd' })
    }
    default:
      return ALWAYS
  }
}

const TIMESTAMP = '$flagd.timestamp'

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

/** An attribute by itself holds unless it is missing, 0, false or empty. */
function truth(attribute: string, wanted: boolean): Alternatives {
  if (attribute.startsWith('$flagd.')) return wanted ? ALWAYS : NEVER
  const falsy: ConditionInput[] = [
    { attribute, op: 'in', values: [''], type: 'string' },
    { attribute, op: 'eq', values: [0], type: 'number' },
    { attribute, op: 'in', values: [false], type: 'boolean' },
  ]
  if (wanted) {
    return [
      [{ attribute, op: 'exists' }, ...falsy.map((each): ConditionInput => ({ ...each, negate: true }))],
    ]
  }
  return [[{ attribute, op: 'exists', negate: true }], ...falsy.map((each) => [each])]
}

/** Holds where the part that a visitor falls on does; no part is `null`. */
function fraction(
  operands: readonly Json[],
  wanted: boolean,
  holds: (named: Json) => Alternatives,
): Alternatives {
  const { parts, total, hash } = fractionsIn(operands)
  if (total === 0) return wanted ? NEVER : ALWAYS
  const inside = parts.map((part) => ({ part, when: holds(part.named) }))
  if (inside.every(({ when }) => when.length === 0 || when[0]?.length === 0)) {
    const held = inside.filter(({ when }) => when.length > 0 === wanted).map(({ part }) => part)
    return [[placeOf(held, hash, !wanted)]]
  }
  if (!wanted) throw new Untranslatable('the opposite of "fractional" with conditions in it')
  return anyOf(inside.map(({ part, when }) => allOf([[[placeOf([part], hash, false)]], when])))
}

/** What is missing is `null`, which `==` takes for 0 and for false, and `===` for nothing else. */
function equality(operands: readonly Json[], wanted: boolean, isStrict: boolean): Alternatives {
  const shares = operands.map((each) => operationIn(each)).find((each) => each?.op === 'fractional')
  const text = operands.find((each) => typeof each === 'string')
  if (shares !== undefined && text !== undefined) {
    return fraction(shares.operands, wanted, (named) => {
      if (typeof named === 'string' || named === null) return named === text ? ALWAYS : NEVER
      throw new Untranslatable('"==" with "fractional" of other than texts')
    })
  }
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
  const equal = single({ attribute, op, values: [value] }, wanted)
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
  attributeIn({ var: attribute })
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
  const attribute = attributeIn(needle)
  if (attribute !== undefined && Array.isArray(haystack)) {
    if (!haystack.every((each) => ['string', 'number', 'boolean'].includes(typeof each)))
      throw new Untranslatable('"in" a list of other than plain values')
    if (haystack.length === 0) return wanted ? NEVER : ALWAYS
    return single({ attribute, op: 'in', values: haystack as (string | number | boolean)[] }, wanted)
  }
  const whole = attributeIn(haystack)
  if (whole !== undefined && typeof needle === 'string') {
    return single({ attribute: whole, op: 'contains', values: [needle] }, wanted)
  }
  throw new Untranslatable('"in" of anything but an attribute and texts')
}

function textOperands(op: Operator, [subject, text]: readonly Json[]): ConditionInput {
  const attribute = attributeIn(subject)
  if (attribute === undefined || typeof text !== 'string') {
    throw new Untranslatable(`"${op}" of anything but an attribute and a text`)
  }
  return { attribute, op, values: [text] }
}

/** No version comes before it. */
const LEAST = '0.0.0-0'

const VERSIONS: Readonly<Record<string, Operator>> = {
  '=': 'semver_eq',
  '<': 'semver_lt',
  '<=': 'semver_lte',
  '>': 'semver_gt',
  '>=': 'semver_gte',
}

/** flagd reads what is not in full ("v2.1", 2), and has no answer for what is no version: a condition is false then. */
function versions([subject, op, written, ...more]: readonly Json[], wanted: boolean): Alternatives {
  const attribute = attributeIn(subject)
  if (attribute === undefined || (typeof written === 'object' && written !== null)) {
    throw new Untranslatable('"sem_ver" of anything but an attribute and a version')
  }
  const version = parseFlagdVersion(String(written))
  if (version === undefined || more.length > 0 || typeof op !== 'string') return wanted ? NEVER : ALWAYS
  const [major = 0, minor = 0] = version.numbers
  const text = [version.numbers.join('.'), version.prerelease.join('.')].filter(Boolean).join('-')
  const compare = (operator: Operator, value: string, isWanted = true) =>
    single({ attribute, op: operator, values: [value], versions: 'flagd' }, isWanted)
  const between = (low: string, high: string) =>
    wanted
      ? allOf([compare('semver_gte', low), compare('semver_lt', high)])
      : anyOf([compare('semver_gte', low, false), compare('semver_lt', high, false)])
  const operator = VERSIONS[op]
  if (operator !== undefined) return compare(operator, text, wanted)
  switch (op) {
    case '!=': {
      const [isVersion, isEqual] = [compare('semver_gte', LEAST), compare('semver_eq', text, false)]
      if (wanted) return allOf([isVersion, isEqual])
      return anyOf([compare('semver_gte', LEAST, false), compare('semver_eq', text)])
    }
    case '^':
      return between(`${major}.0.0-0`, `${major + 1}.0.0-0`)
    case '~':
      return between(`${major}.${minor}.0-0`, `${major}.${minor + 1}.0-0`)
    default:
      return wanted ? NEVER : ALWAYS
  }
}
