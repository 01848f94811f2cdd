import { jsonPath, type PathKey, type Problem } from './problems.ts'

/** Nobody nests deeper by hand, and whatever walks a document by calling itself must not run out of stack. */
export const DEEPEST_LEVEL = 64

/** Keys that JavaScript has a use of its own for; they would be lost on the way, without a word. */
const RESERVED_KEYS: ReadonlySet<PathKey> = new Set(['__proto__', 'constructor', 'prototype'])

export type Readable = { problems: Problem[]; valueCount: number }

/** What keeps a value that was JSON from being read faithfully, and how many values it holds. */
export function inspectJson(value: unknown): Readable {
  const found: Readable = { problems: [], valueCount: 0 }
  visit(value, [], found)
  return found
}

/** Whether lists and objects lie in each other more than so many levels deep. */
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
      fix: 'make it flatter, or keep the value as a text of JSON',
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
        expected: 'none of "__proto__", "constructor", "prototype"',
        fix: 'choose another name',
      })
    } else visit((value as Record<string, unknown>)[name], path, found)
    path.pop()
  }
}
