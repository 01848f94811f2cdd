import { jsonPath, type PathKey, type Problem } from './problems.ts'

/** No document nests deeper by hand, and recursive walks must not exhaust the stack. */
export const DEEPEST_LEVEL = 64

/** JavaScript treats these keys specially, so they would get lost silently. */
const RESERVED_KEYS: ReadonlySet<PathKey> = new Set(['__proto__', 'constructor', 'prototype'])

export type Readable = { problems: Problem[]; valueCount: number }

/** Finds what can't be read faithfully in a JSON value, and counts its values. */
export function inspectJson(value: unknown): Readable {
  const found: Readable = { problems: [], valueCount: 0 }
  visit(value, [], found)
  return found
}

/** Whether lists and objects nest more than `levels` deep. */
export function isDeeperThan(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return levels === 0 || Object.values(value).some((inner) => isDeeperThan(inner, levels - 1))
}

function visit(value: unknown, path: PathKey[], found: Readable): void {
  found.valueCount++
  if (typeof value !== 'object' || value === null) return
  if (path.length === DEEPEST_LEVEL) {
    found.problems.push({
      path: jsonPath(path),
      found: 'one more level of nesting',
      expected: `at most ${DEEPEST_LEVEL} levels`,
      fix: 'nest less, or store the value as a JSON string',
    })
    return
  }
  const isList = Array.isArray(value)
  for (const name of Object.keys(value)) {
    path.push(isList ? Number(name) : name)
    if (!isList && RESERVED_KEYS.has(name)) {
      found.problems.push({
        path: jsonPath(path),
        found: `the key ${JSON.stringify(name)}`,
        expected: 'a key other than "__proto__", "constructor" and "prototype"',
        fix: 'choose another name',
      })
    } else visit((value as Record<string, unknown>)[name], path, found)
    path.pop()
  }
}
