/** The context of a query as attributes: objects by dotted paths, lists of plain values as they are, no nulls. */
import type { AttributeValue, Scalar } from '../../core/context/attributes.ts'

/** Real contexts are shallower; deeper values are ignored. */
const DEEPEST = 8
/** Of an object's dotted path, in characters: whatever is in it repeats that. Objects with longer ones are ignored. */
const LONGEST_PATH = 1_000

export function attributesIn(context: Readonly<Record<string, unknown>>): Record<string, AttributeValue> {
  const attributes: Record<string, AttributeValue> = {}
  collect(context, '', attributes, 0)
  return attributes
}

function collect(object: object, prefix: string, into: Record<string, AttributeValue>, depth: number): void {
  for (const [name, value] of Object.entries(object)) {
    const path = prefix + name
    if (isScalar(value)) into[path] = value
    else if (Array.isArray(value)) into[path] = value.filter(isScalar)
    else if (typeof value === 'object' && value !== null && depth < DEEPEST && path.length <= LONGEST_PATH) {
      collect(value, `${path}.`, into, depth + 1)
    }
  }
}

function isScalar(value: unknown): value is Scalar {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
}
