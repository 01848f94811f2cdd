export type JsonObject = { readonly [key: string]: unknown }

/** Whether a JSON value is an object, not a list or null. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The value of a text that has been parsed as a document before. Such a text may begin with a byte order mark. */
export function jsonOf(text: string): JsonObject {
  return JSON.parse(withoutByteOrderMark(text)) as JsonObject
}

/** Editors write a byte order mark, and JSON has none. */
export function withoutByteOrderMark(text: string): string {
  return text.replace(/^\uFEFF/, '')
}

/** What an object has under a key itself: names from outside may be those of every object, such as "constructor". */
export function ownOf<Value>(object: Readonly<Record<string, Value>>, key: string): Value | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined
}
