/** The keys that a schema of the document knows. */

export type Schema = {
  type: string
  entries?: Record<string, Schema>
  wrapped?: Schema
  item?: Schema
  value?: Schema
  options?: Schema[]
}

/** The keys of a schema by path; lists and alternatives add nothing, a record's keys are `*`. */
export function keysOf(schema: Schema, at = ''): string[] {
  const below = (key: string, inner: Schema) => {
    const path = at === '' ? key : `${at}.${key}`
    return [path, ...keysOf(inner, path)]
  }
  if (schema.wrapped) return keysOf(schema.wrapped, at)
  if (schema.type === 'array' && schema.item) return keysOf(schema.item, at)
  if (schema.type === 'record' && schema.value) return below('*', schema.value)
  if (schema.options)
    return schema.options.flatMap((option) => (typeof option === 'object' ? keysOf(option, at) : []))
  return Object.entries(schema.entries ?? {}).flatMap(([key, inner]) => below(key, inner))
}

/** Those without keys below them. */
export function leavesOf(keys: readonly string[]): string[] {
  return keys.filter((key) => !keys.some((other) => other.startsWith(`${key}.`)))
}
