/** How simple flag files place visitors: SHA-256 of id and salt, as one number, modulo 100. */
import type { EvaluationContext } from '../context/attributes.ts'
import { digestModulo, sha256 } from './sha.ts'

const PERCENT = 100

export type FeaturesBucketing = {
  scheme: 'features'
  salt: string
  /** The attribute that identifies the visitor. */
  attribute: string
}

/** Whether the visitor is inside a percentage, given in thousandths of a percent. */
export function isInsideFeatures(
  { salt, attribute }: FeaturesBucketing,
  thousandths: number,
  context: EvaluationContext,
): boolean {
  const id = context.attribute(attribute)
  return id !== undefined && digestModulo(sha256(String(id) + salt), PERCENT) * 1_000 < thousandths
}
