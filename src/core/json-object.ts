export type JsonObject = { readonly [key: string]: unknown }

/** Whether a value of JSON is an object: no list, not null. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
