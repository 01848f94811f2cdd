/**
 * Logic of any shape as alternatives of conditions that all hold (a disjunction of conjunctions): rules are
 * alternatives, and a rule's conditions must all hold, so that is what fits into a document.
 */
import type { ConditionInput, RuleInput } from '../core/config/schema/document.ts'
import { compileOperator } from '../core/flags/operators.ts'

type Bucketing = NonNullable<RuleInput['bucketing']>
/** Ranges of a hash that visitors are inside of. */
export type PlaceInput = Extract<Bucketing, { scheme: 'ranges' }>['places'][number]
export type Alternative = readonly (ConditionInput | PlaceInput)[]
/** None is "never", one without conditions is "always". */
export type Alternatives = readonly Alternative[]

export const ALWAYS: Alternatives = [[]]
export const NEVER: Alternatives = []

/** More alternatives than this would make the document unreadable. */
const MOST_ALTERNATIVES = 64

/** Something in a source that a document can't say. */
export class Untranslatable extends Error {}

/** Holds where all parts do. */
export function allOf(parts: readonly Alternatives[]): Alternatives {
  return parts.reduce<Alternatives>(
    (sofar, part) => bounded(sofar.flatMap((one) => part.map((other) => [...one, ...other]))),
    ALWAYS,
  )
}

/** Holds where some part does. */
export function anyOf(parts: readonly Alternatives[]): Alternatives {
  const always = parts.some((part) => part.some((alternative) => alternative.length === 0))
  return always ? ALWAYS : bounded(parts.flat())
}

/** The opposite of alternatives: of each of them some condition doesn't hold. */
export function opposite(alternatives: Alternatives): Alternatives {
  return allOf(
    alternatives.map((alternative) =>
      alternative.map((part) => ['op' in part ? { ...part, negate: part.negate !== true } : part]),
    ),
  )
}

function bounded(alternatives: Alternatives): Alternatives {
  if (alternatives.length <= MOST_ALTERNATIVES) return alternatives
  throw new Untranslatable(`a condition of more than ${MOST_ALTERNATIVES} alternatives`)
}

/** One condition, or with `wanted` false, its opposite. */
export function single(condition: ConditionInput, wanted = true): Alternatives {
  const compiled = compileOperator(condition.op, condition.values ?? [], condition)
  if ('problem' in compiled)
    throw new Untranslatable(`"${condition.op}": it needs ${compiled.problem.expected}`)
  return [[wanted ? condition : { ...condition, negate: true }]]
}

/** `when` and `bucketing` of a rule for an alternative. */
export function headOf(alternative: Alternative): Pick<RuleInput, 'when' | 'bucketing'> {
  const when = alternative.filter((part) => 'op' in part)
  const places = alternative.filter((part) => 'ranges' in part)
  return {
    ...(when.length > 0 && { when }),
    ...(places.length > 0 && { bucketing: { scheme: 'ranges', places } }),
  }
}
