import type { Scalar } from '../context/attributes.ts'
import { messageOf } from '../message-of.ts'
import { type AddressRange, isInRanges, toAddressRange } from './address-range.ts'
import { parseTimeMs } from './date-time.ts'
import { compileRegex, PatternTooLarge } from './regex/regex.ts'
import {
  coerceVersion,
  compareVersions,
  growthBookVersion,
  parseFlagdVersion,
  parseLaunchDarklyVersion,
  parseVersion,
} from './version.ts'

/** Whether a scalar of an attribute satisfies a condition. */
export type Predicate = (value: Scalar) => boolean

/** A compiled predicate, or the problem of a condition's values. */
export type CompiledOperator = { predicate: Predicate } | { problem: OperandProblem }
export type OperandProblem = { index: number | undefined; expected: string; fix: string }

export const OPERATORS = [
  'in',
  'not_in',
  'starts_with',
  'ends_with',
  'contains',
  'matches',
  'eq',
  'gt',
  'gte',
  'lt',
  'lte',
  'before',
  'after',
  'semver_eq',
  'semver_gt',
  'semver_gte',
  'semver_lt',
  'semver_lte',
  'in_cidr',
  'exists',
] as const
export type Operator = (typeof OPERATORS)[number]

/** Types that a condition may ask an attribute to have. */
export const ATTRIBUTE_TYPES = ['string', 'number', 'boolean', 'list'] as const
/** Other ways of reading versions than by coercion: in full only, or as another system does. */
export const VERSION_READINGS = ['exact', 'flagd', 'launchdarkly', 'growthbook'] as const

/** How an operator reads attributes, where it is not as they come. */
export type Reading = {
  ignoreCase?: boolean | undefined
  /** Another type satisfies no condition. */
  type?: (typeof ATTRIBUTE_TYPES)[number] | undefined
  versions?: (typeof VERSION_READINGS)[number] | undefined
}

type Comparison = (difference: number) => boolean
const COMPARISONS: Readonly<Record<string, Comparison>> = {
  eq: (difference) => difference === 0,
  gt: (difference) => difference > 0,
  gte: (difference) => difference >= 0,
  lt: (difference) => difference < 0,
  lte: (difference) => difference <= 0,
}

/**
 * Compiles an operator with its operands, so that evaluation allocates nothing. With several operands any of them
 * suffices (`not_in`: none may match).
 *
 * @example compileOperator('in', ['RO', 'DE'], false)
 */
export function compileOperator(
  op: Operator,
  values: readonly Scalar[],
  reading: Reading = {},
): CompiledOperator {
  const compiled = compileUntyped(op, values, reading)
  const { type } = reading
  if (type === undefined || 'problem' in compiled) return compiled
  const { predicate } = compiled
  return { predicate: (value) => typeof value === type && predicate(value) }
}

function compileUntyped(
  op: Operator,
  values: readonly Scalar[],
  { ignoreCase = false, versions }: Reading,
): CompiledOperator {
  if (op === 'exists') return compileExists(values)
  if (values.length === 0) {
    return {
      problem: { index: undefined, expected: 'at least one value', fix: 'add the values to compare with' },
    }
  }
  switch (op) {
    case 'in':
    case 'not_in':
      return compileMembership(op, values, ignoreCase)
    case 'starts_with':
      return compileText(values, ignoreCase, (text, operand) => text.startsWith(operand))
    case 'ends_with':
      return compileText(values, ignoreCase, (text, operand) => text.endsWith(operand))
    case 'contains':
      return compileText(values, ignoreCase, (text, operand) => text.includes(operand))
    case 'matches':
      return compileMatches(values, ignoreCase)
    case 'before':
      return compileOrdered(values, toTimeMs, COMPARISONS.lt as Comparison, DATE_OPERAND)
    case 'after':
      return compileOrdered(values, toTimeMs, COMPARISONS.gt as Comparison, DATE_OPERAND)
    case 'in_cidr':
      return compileCidr(values)
    default:
      return op.startsWith('semver_')
        ? compileVersions(values, COMPARISONS[op.slice('semver_'.length)] as Comparison, versions)
        : compileNumbers(values, COMPARISONS[op] as Comparison)
  }
}

const NUMBER_OPERAND = { expected: 'a finite number', fix: 'use a number such as 42 or 1.5' }
const DATE_OPERAND = {
  expected: 'an ISO 8601 date or date-time',
  fix: 'use a form such as "2026-12-01T00:00:00Z"',
}

function compileExists(values: readonly Scalar[]): CompiledOperator {
  if (values.length > 0) {
    return {
      problem: { index: 0, expected: 'no values', fix: 'remove "values"; use "negate" to ask for absence' },
    }
  }
  return { predicate: () => true }
}

function compileMembership(
  op: 'in' | 'not_in',
  values: readonly Scalar[],
  ignoreCase: boolean,
): CompiledOperator {
  const fold = (value: Scalar) => (ignoreCase ? String(value).toLowerCase() : String(value))
  const members = new Set(values.map(fold))
  return {
    predicate: op === 'in' ? (value) => members.has(fold(value)) : (value) => !members.has(fold(value)),
  }
}

function compileText(
  values: readonly Scalar[],
  ignoreCase: boolean,
  holds: (text: string, operand: string) => boolean,
): CompiledOperator {
  const operands = values.map((value) => (ignoreCase ? String(value).toLowerCase() : String(value)))
  return {
    predicate: (value) => {
      const text = ignoreCase ? String(value).toLowerCase() : String(value)
      return operands.some((operand) => holds(text, operand))
    },
  }
}

/** RE2 syntax in linear time: visitors choose the texts that a document's patterns meet. */
function compileMatches(values: readonly Scalar[], ignoreCase: boolean): CompiledOperator {
  const patterns: ((text: string) => boolean)[] = []
  for (const [index, value] of values.entries()) {
    try {
      patterns.push(compileRegex(String(value), ignoreCase))
    } catch (error) {
      return { problem: { index, ...patternProblem(error) } }
    }
  }
  return {
    predicate: (value) => {
      const text = String(value)
      return patterns.some((isFoundIn) => isFoundIn(text))
    },
  }
}

function patternProblem(error: unknown): Omit<OperandProblem, 'index'> {
  const reason = messageOf(error)
  return error instanceof PatternTooLarge
    ? {
        expected: 'a regular expression with at most 1,000 characters and classes, 100 of them different',
        fix: `shorten the pattern or its repetitions: it ${reason}`,
      }
    : {
        expected: 'a regular expression that RE2 accepts',
        fix: `fix the pattern (${reason}); RE2 has no lookahead or back-references`,
      }
}

function compileOrdered(
  values: readonly Scalar[],
  parse: (value: Scalar) => number,
  holds: Comparison,
  wanted: { expected: string; fix: string },
): CompiledOperator {
  const operands = values.map(parse)
  const bad = operands.findIndex(Number.isNaN)
  if (bad >= 0) return { problem: { index: bad, ...wanted } }
  return {
    predicate: (value) => {
      const number = parse(value)
      return !Number.isNaN(number) && operands.some((operand) => holds(number - operand))
    },
  }
}

/** An empty text among the numbers matches an empty attribute; some systems treat it as zero. */
function compileNumbers(values: readonly Scalar[], holds: Comparison): CompiledOperator {
  const last = values.length - 1
  const takesEmpty = last > 0 && values[last] === ''
  const compared = compileOrdered(
    takesEmpty ? values.slice(0, last) : values,
    toNumber,
    holds,
    NUMBER_OPERAND,
  )
  if (!takesEmpty || 'problem' in compared) return compared
  return { predicate: (value) => isBlank(value) || compared.predicate(value) }
}

function isBlank(value: Scalar): boolean {
  return typeof value === 'string' && value.trim() === ''
}

/** NaN for everything but finite numbers. */
function toNumber(value: Scalar): number {
  if (typeof value === 'boolean' || isBlank(value)) return Number.NaN
  const number = Number(value)
  return Number.isFinite(number) ? number : Number.NaN
}

/** Milliseconds since 1970, from a number or an ISO 8601 text. */
function toTimeMs(value: Scalar): number {
  if (typeof value === 'number') return Number.isFinite(value) ? value : Number.NaN
  return typeof value === 'string' ? parseTimeMs(value) : Number.NaN
}

/** Coerced, then by the precedence of semver.org 2.0.0; or in another way. */
function compileVersions(
  values: readonly Scalar[],
  holds: Comparison,
  versions: Reading['versions'],
): CompiledOperator {
  if (versions === 'growthbook') {
    const compare = (a: string, b: string) => (a < b ? -1 : Number(a > b))
    return compileCompared(values, holds, growthBookVersion, compare)
  }
  const read = (value: Scalar) => {
    if (versions === undefined) return typeof value === 'boolean' ? undefined : coerceVersion(String(value))
    if (versions === 'flagd') return parseFlagdVersion(String(value))
    if (typeof value !== 'string') return undefined
    return versions === 'exact' ? parseVersion(value) : parseLaunchDarklyVersion(value)
  }
  // A text that only contains a number is a slip in a document.
  const isOperand = (value: Scalar) => versions !== undefined || /^\s*v?\d/i.test(String(value))
  if (values.every(isOperand)) return compileCompared(values, holds, read, compareVersions)
  return { problem: { index: values.findIndex((value) => !isOperand(value)), ...VERSION_OPERAND } }
}

const VERSION_OPERAND = { expected: 'a semantic version', fix: 'write all three parts, such as "2.4.0"' }

function compileCompared<T>(
  values: readonly Scalar[],
  holds: Comparison,
  read: (value: Scalar) => T | undefined,
  compare: (a: T, b: T) => number,
): CompiledOperator {
  const operands = values.map(read)
  const bad = operands.indexOf(undefined)
  if (bad >= 0) {
    return {
      problem: { index: bad, ...VERSION_OPERAND },
    }
  }
  return {
    predicate: (value) => {
      const version = read(value)
      if (version === undefined) return false
      return operands.some((operand) => operand !== undefined && holds(compare(version, operand)))
    },
  }
}

function compileCidr(values: readonly Scalar[]): CompiledOperator {
  const ranges: AddressRange[] = []
  for (const [index, value] of values.entries()) {
    const range = toAddressRange(String(value))
    if (range === undefined) {
      return {
        problem: {
          index,
          expected: 'an IP address or a CIDR range',
          fix: 'use a form such as "203.0.113.0/24" or "2001:db8::/32"',
        },
      }
    }
    ranges.push(range)
  }
  return { predicate: (value) => isInRanges(String(value), ranges) }
}
