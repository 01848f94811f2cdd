import type { EvaluationContext, Scalar } from '../context/attributes.ts'
import type { Operator, Predicate, Reading } from './operators.ts'

/** A compiled condition. */
export type CompiledCondition = {
  attribute: string
  op: Operator
  negate: boolean
  ignoreCase: boolean
  type?: Reading['type']
  versions?: Reading['versions']
  /** As in the document; the predicate is made of them. */
  values: readonly unknown[]
  predicate: Predicate
}

/**
 * Whether a condition holds. A missing attribute is false for every operator except `not_in`, where it is true.
 * `negate` inverts the result last, so a negated `exists` asks for absence.
 */
export function holds(condition: CompiledCondition, context: EvaluationContext): boolean {
  const value = context.attribute(condition.attribute)
  if (value === undefined) return (condition.op === 'not_in') !== condition.negate
  const answer =
    typeof value === 'object' ? holdsForList(condition, value) : condition.predicate(value as Scalar)
  return answer !== condition.negate
}

/** Whether every condition holds. A plain loop, as requests spend their decision time here. */
export function holdsAll(conditions: readonly CompiledCondition[], context: EvaluationContext): boolean {
  for (const condition of conditions) if (!holds(condition, context)) return false
  return true
}

/** `not_in` needs every element unlisted; other operators need one element that satisfies them. */
function holdsForList(condition: CompiledCondition, values: readonly Scalar[]): boolean {
  if (condition.type === 'list') return true
  return condition.op === 'not_in' ? values.every(condition.predicate) : values.some(condition.predicate)
}
