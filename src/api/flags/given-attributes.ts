/** The context of a query as attributes: objects by dotted paths, lists of plain values as they are, no nulls. */
import type { AttributeValue, Scalar } from '../../core/context/attributes.ts'

/** Real contexts are shallower; deeper values are ignored. */
const DEEPEST = 8
/**
 * Of the paths of objects, in characters: whatever is in an object repeats its path, and a small context would become a large
 * one. What comes beyond is ignored.
 */
const MOST_REPEATED = 64_000

export function attributesIn(context: Readonly<Record<string, unknown>>): Record<string, AttributeValue> {
  const attributes: Record<string, AttributeValue> = {}
  let repeated = 0
  const collect = (object: object, prefix: string, depth: number): void => {
    for (const [name, value] of Object.entries(object)) {
      repeated += prefix.length
      if (repeated > MOST_REPEATED) return
      const path = prefix + name
      if (isScalar(value)) attributes[path] = value
      else if (Array.isArray(value)) attributes[path] = value.filter(isScalar)
      else if (typeof value === 'object' && value !== null && depth < DEEPEST) {
        collect(value, `${path}.`, depth + 1)
      }
    }
  }
  collect(context, '', 0)
  return attributes
}

function isScalar(value: unknown): value is Scalar {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
}
