/**
 * JSON by its structure. A value's field is its path; the items of an array share the paths below it, so that a shuffled
 * list differs in its order and in nothing else. Where a key is declared, each item's values carry the key.
 */
import type { FieldList } from './fields.ts'
import { hashOf } from './fields.ts'

const DEEPEST = 12

/** Adds the fields of a JSON value. `root` is where it stands: `$` for a body. */
export function addJson(
  fields: FieldList,
  value: unknown,
  root: string,
  keys: Readonly<Record<string, string>>,
): void {
  walk({ fields, keys }, value, { path: root, mark: '', depth: 0 })
}

type Walk = { fields: FieldList; keys: Readonly<Record<string, string>> }
type Place = { path: string; mark: string; depth: number }

function walk(all: Walk, value: unknown, place: Place): void {
  const { path, mark, depth } = place
  if (depth > DEEPEST) all.fields.add(path, mark + hashOf(JSON.stringify(value)))
  else if (Array.isArray(value)) walkArray(all, value, place)
  else if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value)
    if (entries.length === 0) all.fields.add(path, `${mark}{}`)
    for (const [name, each] of entries) walk(all, each, { path: `${path}.${name}`, mark, depth: depth + 1 })
  } else all.fields.add(path, mark + JSON.stringify(value))
}

function walkArray(all: Walk, items: readonly unknown[], { path, mark, depth }: Place): void {
  all.fields.add(`${path} length`, `${mark}${items.length}`)
  const key = Object.hasOwn(all.keys, path) ? all.keys[path] : undefined
  const order = items.map((item) =>
    key === undefined ? JSON.stringify(item) : JSON.stringify(keyIn(item, key)),
  )
  if (items.length > 1) all.fields.add(`${path} order`, mark + hashOf(order.join('\n')))
  items.forEach((item, index) => {
    const own = key === undefined ? mark : `${mark}${order[index]}: `
    walk(all, item, { path: `${path}[]`, mark: own, depth: depth + 1 })
  })
}

function keyIn(item: unknown, key: string): unknown {
  return typeof item === 'object' && item !== null && Object.hasOwn(item, key)
    ? (item as Record<string, unknown>)[key]
    : null
}

/** The value; undefined for a text that is no JSON. */
export function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // Compared as the text that it is.
    return undefined
  }
}
