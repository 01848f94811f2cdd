/** Parts of a document as text that is the same where they mean the same. */
import { isObject } from '../../json-object.ts'

/** Rules and their surroundings. Names don't count. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, meaningOf)
}

/** All conditions must hold, and any of a condition's values may: neither's order counts. That of weights does. */
function meaningOf(key: string, value: unknown): unknown {
  if (key === 'when' || key === 'values') return (value as unknown[]).map(canonical).sort()
  if (!isObject(value)) return key === 'name' ? undefined : value
  return key === 'serve' ? Object.entries(value) : sorted(value)
}

/** The value of a variant, of which only the order of keys doesn't count. */
export function plainText(value: unknown): string {
  return JSON.stringify(value, (_, each) => (isObject(each) ? sorted(each) : each))
}

function sorted(value: object): object {
  return Object.fromEntries(Object.entries(value).sort())
}

/** Header names ignore case; other attributes don't. */
export function normalisedAttribute(name: string): string {
  return name.startsWith('header.') ? name.toLowerCase() : name
}
