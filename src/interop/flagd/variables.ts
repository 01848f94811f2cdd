/** Attributes in flagd's logic, and what is hashed of them. */
import type { Json } from '../../core/flags/flag.ts'
import { type PlaceInput, Untranslatable } from '../alternatives.ts'
import { operationIn } from './file.ts'

/** Stands for the flag's key and the targeting key, which "fractional" hashes where it names nothing. */
export const DEFAULT_HASH = '$flagd.default'

/** The attribute that a `var` names; undefined for what is no `var`. */
export function variableIn(logic: Json | undefined): string | undefined {
  const operation = logic === undefined ? undefined : operationIn(logic)
  if (operation?.op !== 'var') return undefined
  const [name, otherwise] = operation.operands
  if (typeof name !== 'string' || name === '') throw new Untranslatable('a "var" without a name')
  if (otherwise !== undefined && otherwise !== null) throw new Untranslatable('a "var" with a default')
  return name
}

/** The same, of the visitor: nothing of flagd's own, such as the time. */
export function attributeIn(logic: Json | undefined): string | undefined {
  const name = variableIn(logic)
  if (name?.startsWith('$flagd')) throw new Untranslatable(`${name} here`)
  return name
}

/** What a piece of logic that makes a text hashes. */
export function hashOf(logic: Json, isPart = false): PlaceInput['hash'] {
  if (typeof logic === 'string') return [{ text: logic }]
  const operation = operationIn(logic)
  if (operation?.op === DEFAULT_HASH) {
    return [{ text: String(operation.operands[0]) }, { attribute: 'targetingKey' }]
  }
  if (operation?.op === 'cat') return operation.operands.flatMap((operand) => hashOf(operand, true))
  const attribute = attributeIn(logic)
  if (attribute === undefined) {
    throw new Untranslatable('what is hashed is not made of attributes and texts')
  }
  // Of texts that are put together, flagd's evaluator for JavaScript calls the missing ones "null".
  return [{ attribute, ...(isPart && { missing: 'null' }) }]
}
