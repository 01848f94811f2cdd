/** A flag as it is being edited, and the document that it would make. Pure. */

import { jsonPath, type PathKey, type Problem } from '../../../core/config/parse/problems.ts'
import { isObject, type JsonObject, ownOf } from '../../../core/json-object.ts'

export type Draft = {
  key: string
  definition: JsonObject
  /** The version of the document that it is based on. */
  base: number
  /** The flag in that version; undefined where it had none. */
  original: JsonObject | undefined
}

/** A new flag, which is off for all visitors. */
export const NEW_FLAG: JsonObject = {
  description: '',
  variants: { on: true, off: false },
  off: 'off',
  rules: [{ percentage: 0, serve: 'on' }],
}

/** The value at a place; undefined where there is none. */
export function valueAt(definition: JsonObject, path: readonly PathKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) =>
      typeof value === 'object' && value !== null ? (value as Record<PathKey, unknown>)[key] : undefined,
    definition,
  )
}

/** The definition with another value at a place; undefined removes the place. */
export function withValue(definition: JsonObject, path: readonly PathKey[], value: unknown): JsonObject {
  return put(definition, path, value) as JsonObject
}

function put(target: unknown, [key, ...rest]: readonly PathKey[], value: unknown): unknown {
  if (key === undefined) return value
  if (Array.isArray(target)) {
    const list = [...target]
    if (rest.length === 0 && value === undefined) list.splice(Number(key), 1)
    else list[Number(key)] = put(list[Number(key)], rest, value)
    return list
  }
  const object: Record<string, unknown> = { ...(isObject(target) ? target : {}) }
  const next = put(object[key], rest, value)
  if (next === undefined) delete object[key]
  else object[key] = next
  return object
}

/** The definition with another name for a variant, also where rules and `off` name it. */
export function withVariantRenamed(definition: JsonObject, from: string, to: string): JsonObject {
  const name = (each: unknown) => (each === from ? to : each)
  const keys = (object: unknown) =>
    isObject(object)
      ? Object.fromEntries(Object.entries(object).map(([key, value]) => [name(key), value]))
      : object
  const { variants, off, rules } = definition
  return {
    ...definition,
    variants: keys(variants),
    off: name(off),
    ...(Array.isArray(rules) && {
      rules: rules.map((rule: unknown) =>
        isObject(rule)
          ? { ...rule, serve: isObject(rule.serve) ? keys(rule.serve) : name(rule.serve) }
          : rule,
      ),
    }),
  }
}

/** A flag of a document; undefined where it has none of this name. */
export function definitionIn({ flags }: JsonObject, key: string): JsonObject | undefined {
  const definition = isObject(flags) && ownOf(flags, key)
  return isObject(definition) ? definition : undefined
}

/** The document with the draft in it. */
export function documentWith(
  document: JsonObject,
  { key, definition }: Pick<Draft, 'key' | 'definition'>,
): JsonObject {
  const flags = isObject(document.flags) ? document.flags : {}
  return { ...document, flags: { ...flags, [key]: definition } }
}

/** Problems by their place below the flag; those elsewhere in the document are under the empty place. */
export function problemsByPlace(
  problems: readonly Problem[],
  key: string,
): ReadonlyMap<string, readonly Problem[]> {
  const prefix = jsonPath(['flags', key])
  const places = new Map<string, Problem[]>()
  for (const problem of problems) {
    const isOurs = problem.path.startsWith(prefix)
    const place = isOurs ? problem.path.slice(prefix.length) : ''
    places.set(place, [...(places.get(place) ?? []), problem])
  }
  return places
}

/** The place of a field, as `problemsByPlace` names it. */
export function placeOf(path: readonly PathKey[]): string {
  return jsonPath(path).slice(1)
}
