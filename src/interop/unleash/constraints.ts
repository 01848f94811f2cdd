/** Unleash's constraints as conditions. Many are decided already: Unleash counts what is malformed as false. */
import type { ConditionInput } from '../../core/config/schema/document.ts'
import { parseTimeMs } from '../../core/flags/date-time.ts'
import { compileOperator, type Operator } from '../../core/flags/operators.ts'
import type { UnleashConstraint } from './state.ts'

/** A condition, or what it always answers. */
export type Translated = ConditionInput | boolean

type Untold =
  | {
      op: Operator
      values: (string | number)[]
      attribute?: string
      ignoreCase?: boolean
      versions?: 'exact'
    }
  | boolean

/** Translates one constraint. `null` is a missing segment, which matches no visitor. */
export function translateConstraint(constraint: UnleashConstraint | null): Translated {
  if (constraint === null) return false
  const translate = OPERATORS.get(constraint.operator ?? '')
  // An unknown operator is false even when inverted.
  if (translate === undefined) return false
  const inverted = constraint.inverted === true
  const answer = translate(constraint)
  if (typeof answer === 'boolean') return answer !== inverted
  const { op, values, ignoreCase = false, versions, attribute = constraint.contextName ?? '' } = answer
  // What the gate's operator would refuse to be compared with is false in Unleash.
  if (attribute === '' || 'problem' in compileOperator(op, values, { ignoreCase, versions })) {
    return (op === 'not_in') !== inverted
  }
  return {
    attribute,
    op,
    values,
    ...(ignoreCase && { ignoreCase }),
    ...(versions && { versions }),
    ...(inverted && { negate: true }),
  }
}

export const OPERATORS: ReadonlyMap<string, (constraint: UnleashConstraint) => Untold> = new Map<
  string,
  (constraint: UnleashConstraint) => Untold
>(
  Object.entries({
    IN: (constraint) => listed('in', constraint) ?? false,
    NOT_IN: (constraint) => listed('not_in', constraint) ?? true,
    STR_STARTS_WITH: (constraint) => text('starts_with', constraint),
    STR_ENDS_WITH: (constraint) => text('ends_with', constraint),
    STR_CONTAINS: (constraint) => text('contains', constraint),
    NUM_EQ: (constraint) => number('eq', constraint),
    NUM_GT: (constraint) => number('gt', constraint),
    NUM_GTE: (constraint) => number('gte', constraint),
    NUM_LT: (constraint) => number('lt', constraint),
    NUM_LTE: (constraint) => number('lte', constraint),
    DATE_AFTER: (constraint) => date('after', constraint),
    DATE_BEFORE: (constraint) => date('before', constraint),
    SEMVER_EQ: (constraint) => version('semver_eq', constraint),
    SEMVER_GT: (constraint) => version('semver_gt', constraint),
    SEMVER_GTE: (constraint) => version('semver_gte', constraint),
    SEMVER_LT: (constraint) => version('semver_lt', constraint),
    SEMVER_LTE: (constraint) => version('semver_lte', constraint),
    REGEX: ({ value, caseInsensitive }) =>
      value !== undefined && { op: 'matches', values: [value], ignoreCase: caseInsensitive === true },
    IN_CIDR: (constraint) => {
      const values = cleaned(constraint).filter((range) => 'predicate' in compileOperator('in_cidr', [range]))
      return values.length > 0 && { op: 'in_cidr', values }
    },
  }),
)

/** Empty values are dropped, the rest is trimmed, in this order, as Unleash's own client does. */
function cleaned({ values }: UnleashConstraint): string[] {
  return (values ?? []).filter((value) => value !== '').map((value) => value.trim())
}

function listed(op: 'in' | 'not_in', constraint: UnleashConstraint): Untold | undefined {
  const values = cleaned(constraint)
  return values.length > 0 ? { op, values } : undefined
}

function text(op: Operator, constraint: UnleashConstraint): Untold {
  const values = cleaned(constraint)
  return values.length > 0 && { op, values, ignoreCase: constraint.caseInsensitive === true }
}

function number(op: Operator, { value }: UnleashConstraint): Untold {
  const operand = Number(value)
  if (Number.isNaN(operand)) return false
  // An empty text is zero to Unleash.
  const zero = compileOperator(op, [operand])
  const takesEmpty = 'predicate' in zero && zero.predicate(0)
  return { op, values: takesEmpty ? [operand, ''] : [operand] }
}

/** Whatever name the constraint gives, Unleash compares the current time. */
function date(op: Operator, { value }: UnleashConstraint): Untold {
  const iso = parseTimeMs(value ?? '')
  // Without a zone it is UTC: a file means the same wherever it is imported.
  const atMs = Number.isNaN(iso) ? Date.parse(value ?? '') : iso
  return !Number.isNaN(atMs) && { op, values: [new Date(atMs).toISOString()], attribute: 'now' }
}

/** A constraint's own version may have a leading v; a visitor's may not. */
function version(op: Operator, { value }: UnleashConstraint): Untold {
  return value !== undefined && { op, values: [value.trim().replace(/^v/, '')], versions: 'exact' }
}
