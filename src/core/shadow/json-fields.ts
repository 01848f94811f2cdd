/**
 * JSON by its structure. A value's field is its path; the items of an array share the paths below it, so that a shuffled
 * list differs in its order and in nothing else. Where a key is declared, each item's values carry the key.
 */

import { ownOf } from '../json-object.ts'
import { isWord, jsonText } from '../plain-text.ts'
import type { FieldList, Steps } from './fields.ts'
import { hashOf, shortened } from './fields.ts'

const DEEPEST = 12

/** Adds the fields of a JSON value. `root` is where it stands: `$` for a body. */
export function* addJson(
  fields: FieldList,
  value: unknown,
  root: string,
  keys: Readonly<Record<string, string>>,
): Steps {
  const [all, place] = [
    { fields, keys },
    { path: shortened(root), mark: '', depth: 0 },
  ]
  if (!addLeaf(all, value, place)) yield* walk(all, value, place)
}

type Walk = { fields: FieldList; keys: Readonly<Record<string, string>> }
type Place = { path: string; mark: string; depth: number }

function* walk(all: Walk, value: unknown, place: Place): Steps {
  if (Array.isArray(value)) yield* walkArray(all, value, place)
  else {
    const { path, mark, depth } = place
    for (const [name, each] of Object.entries(value as object)) {
      const own = { path: below(path, name), mark, depth: depth + 1 }
      // A generator for each value would cost more than the value.
      if (!addLeaf(all, each, own)) yield* walk(all, each, own)
      if (all.fields.isStep()) yield
    }
  }
}

/** A property's path, as in JSONPath: origins choose names, and a name must not pass for more than a name. */
function below(path: string, name: string): string {
  const own = shortened(name)
  return isWord(own) ? `${path}.${own}` : `${path}[${jsonText(own)}]`
}

/** Whether the value is one that has nothing below. */
function addLeaf({ fields }: Walk, value: unknown, { path, mark, depth }: Place): boolean {
  const isNode = typeof value === 'object' && value !== null
  if (isNode && depth > DEEPEST) fields.add(path, mark + hashOf(JSON.stringify(value)))
  else if (!isNode) fields.add(path, mark + JSON.stringify(value))
  else if (!Array.isArray(value) && Object.keys(value).length === 0) fields.add(path, `${mark}{}`)
  else return false
  return true
}

function* walkArray(all: Walk, items: readonly unknown[], { path, mark, depth }: Place): Steps {
  all.fields.add(`${path} length`, `${mark}${items.length}`)
  const key = ownOf(all.keys, path)
  const order: string[] = []
  for (const item of items) {
    const own = JSON.stringify(key === undefined ? item : keyIn(item, key))
    order.push(own)
    all.fields.spend(own.length / 4)
    if (all.fields.isStep()) yield
  }
  if (items.length > 1) all.fields.add(`${path} order`, mark + hashOf(order.join('\n')))
  for (const [index, item] of items.entries()) {
    const own = key === undefined ? mark : `${mark}${shortened(order[index] ?? '')}: `
    const place = { path: `${path}[]`, mark: own, depth: depth + 1 }
    if (!addLeaf(all, item, place)) yield* walk(all, item, place)
    if (all.fields.isStep()) yield
  }
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
