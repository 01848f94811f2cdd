import type { EvaluationContext, Scalar } from '../context/attributes.ts'
import type { Operator, Predicate } from './operators.ts'

/** A condition, ready to be asked. */
export type CompiledCondition = {
  attribute: string
  op: Operator
  negate: boolean
  ignoreCase: boolean
  /** As the document has them; the predicate is made of them. */
  values: readonly unknown[]
  predicate: Predicate
}

/**
 * Whether a condition holds. A missing attribute is false for every operator except `not_in`, where it is true;
 * `negate` turns the answer round afterwards, so that `exists` negated asks for absence.
 */
export function holds(condition: CompiledCondition, context: EvaluationContext): boolean {
  const value = context.attribute(condition.attribute)
  if (value === undefined) return (condition.op === 'not_in') !== condition.negate
  const answer =
    typeof value === 'object' ? holdsForList(condition, value) : condition.predicate(value as Scalar)
  return answer !== condition.negate
}

/** Whether every condition holds. A loop, since this is what requests spend their decision on. */
export function holdsAll(conditions: readonly CompiledCondition[], context: EvaluationContext): boolean {
  for (const condition of conditions) if (!holds(condition, context)) return false
  return true
}

/** `not_in` asks that no element is listed; every other operator that some element satisfies it. */
function holdsForList(condition: CompiledCondition, values: readonly Scalar[]): boolean {
  return condition.op === 'not_in' ? values.every(condition.predicate) : values.some(condition.predicate)
}
