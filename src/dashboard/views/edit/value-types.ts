/** Values of variants by type: one flag's variants are of one. Pure. */
import type { Choice } from '../../components/fields.tsx'

export type ValueType = 'boolean' | 'text' | 'number' | 'json'

export const VALUE_TYPES: readonly Choice[] = [
  ['boolean', 'On/off'],
  ['text', 'Text'],
  ['number', 'Number'],
  ['json', 'JSON'],
]

/** The type that all values have; JSON where they differ. */
export function typeOfValues(values: readonly unknown[]): ValueType {
  const isEvery = (type: string) => values.length > 0 && values.every((value) => typeof value === type)
  if (isEvery('boolean')) return 'boolean'
  if (isEvery('string')) return 'text'
  return isEvery('number') ? 'number' : 'json'
}

/**
 * A value as one of another type, as close as that gets.
 *
 * @example asType(true, 'text') // 'true'
 */
export function asType(value: unknown, type: ValueType): unknown {
  switch (type) {
    case 'boolean':
      return (
        value === true || value === 'true' || value === 'on' || (typeof value === 'number' && value !== 0)
      )
    case 'text':
      return typeof value === 'string' ? value : JSON.stringify(value ?? null)
    case 'number': {
      const number = typeof value === 'boolean' ? Number(value) : Number.parseFloat(String(value))
      return Number.isFinite(number) ? number : 0
    }
    case 'json':
      return value
  }
}

/** What a new variant begins with. */
export function freshValue(type: ValueType, name: string): unknown {
  return { boolean: true, text: name, number: 0, json: {} }[type]
}
