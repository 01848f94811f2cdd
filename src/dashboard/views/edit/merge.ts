/** Three-way merge of a flag that two users have edited. Pure. */

import { jsonPath, type PathKey } from '../../../core/config/parse/problems.ts'
import { isObject, ownOf } from '../../../core/json-object.ts'

export type Merged = {
  value: unknown
  /** Places that both have changed differently; `mine` wins there. */
  clashes: readonly string[]
}

/** `base` is what both started from. Lists are merged item by item while all three are equally long. */
export function merge(base: unknown, mine: unknown, theirs: unknown): Merged {
  const clashes: string[] = []
  return { value: mergeAt([], { base, mine, theirs }, clashes), clashes }
}

type Three = { base: unknown; mine: unknown; theirs: unknown }

function mergeAt(path: readonly PathKey[], { base, mine, theirs }: Three, clashes: string[]): unknown {
  if (isSame(mine, theirs) || isSame(theirs, base)) return mine
  if (isSame(mine, base)) return theirs
  if (isList(base) && isList(mine) && isList(theirs)) {
    const isEqualInLength = base.length === mine.length && base.length === theirs.length
    if (isEqualInLength) {
      return mine.map((item, index) =>
        mergeAt([...path, index], { base: base[index], mine: item, theirs: theirs[index] }, clashes),
      )
    }
  } else if (isObject(mine) && isObject(theirs)) {
    const before = isObject(base) ? base : {}
    const keys = new Set([...Object.keys(theirs), ...Object.keys(mine)])
    const entries = [...keys].map((key): [string, unknown] => [
      key,
      mergeAt(
        [...path, key],
        { base: ownOf(before, key), mine: ownOf(mine, key), theirs: ownOf(theirs, key) },
        clashes,
      ),
    ])
    return Object.fromEntries(entries.filter(([, value]) => value !== undefined))
  }
  clashes.push(jsonPath(path).replace(/^\$\.?/, ''))
  return mine
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value)
}

/** Deep equality; the order of keys does not matter. */
function isSame(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true
  if (isList(a) && isList(b)) return a.length === b.length && a.every((item, at) => isSame(item, b[at]))
  if (!isObject(a) || !isObject(b)) return false
  const keys = Object.keys(a)
  return keys.length === Object.keys(b).length && keys.every((key) => isSame(a[key], ownOf(b, key)))
}
