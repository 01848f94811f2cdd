/**
 * What JSON.parse loses without a word: a key that stands twice in one object (the last one counts), and numbers that no
 * double carries (9007199254740993 becomes 9007199254740992). Two quick looks tell whether there may be any; only then is
 * the text read again, to say where.
 */
import { jsonPath, type PathKey, type Problem } from './problems.ts'

/** A longer list helps no reader. */
const MOST_PROBLEMS = 20
/** Deeper values have their own problem (readable.ts). */
const DEEPEST_LEVEL = 600

/** A whole number of fewer digits is exact; with an exponent it is looked at. */
const LONG_NUMBER = /\d{16}|\d[eE][+-]?\d/
/** Every key has one; texts that hold quotes may have more. */
const KEY_END = /"\s*:/g
/** A few milliseconds' worth. */
const KEYS_AT_ONCE = 2_000
/** A string, a mark, or anything else, in valid JSON. */
const TOKEN = /"[^"\\]*(?:\\[\s\S][^"\\]*)*(?:"|\\?$)|[{}[\],:]|[^\s"{}[\],:]+/g

/**
 * What `value`, parsed from `text`, does not say as the text does.
 *
 * @param text valid JSON
 * @example inexactProblems('{"a":1,"a":2}', { a: 2 })[0].path // '$.a'
 */
export function inexactProblems(text: string, value: unknown): Problem[] {
  const steps = inexactSteps(text, value)
  let step = steps.next()
  while (!step.done) step = steps.next()
  return step.value
}

/** `inexactProblems` in steps of some milliseconds. Only an inexact text, or one that may be, is read in one piece. */
export function* inexactSteps(text: string, value: unknown): Generator<undefined, Problem[]> {
  const keyEnd = new RegExp(KEY_END)
  let found = 0
  while (keyEnd.test(text)) if (++found % KEYS_AT_ONCE === 0) yield
  let keys = keysOf(value, 2)
  const inner = partsOf(value).flatMap(partsOf)
  for (const [place, each] of inner.entries()) {
    if (place % KEYS_AT_ONCE === 0) yield
    keys += keysOf(each, DEEPEST_LEVEL - 2)
  }
  return found !== keys || LONG_NUMBER.test(text) ? problemsIn(text) : []
}

/** Whether a whole number is exact, and a number at all: `1e400` is none. */
export function isExactNumber(literal: string): boolean {
  const number = Number(literal)
  return Number.isSafeInteger(number) || (Number.isFinite(number) && !Number.isInteger(number))
}

function keysOf(value: unknown, levels: number): number {
  if (typeof value !== 'object' || value === null || levels === 0) return 0
  let keys = Array.isArray(value) ? 0 : Object.keys(value).length
  for (const below of partsOf(value)) keys += keysOf(below, levels - 1)
  return keys
}

/** What an object or a list holds; a text holds nothing, though `Object.values` would list its characters. */
function partsOf(value: unknown): unknown[] {
  return typeof value === 'object' && value !== null ? Object.values(value) : []
}

/** An open object or list: where reading is in it, and the keys so far of an object. */
type Frame = { at: PathKey; keys?: Set<PathKey> }

function problemsIn(text: string): Problem[] {
  const found: Problem[] = []
  const open: Frame[] = []
  let last = ''
  for (const [token] of text.matchAll(TOKEN)) {
    const frame = open.at(-1)
    const report = (what: string, expected: string, fix: string) =>
      found.push({ path: jsonPath(open.map(({ at }) => at)), found: what, expected, fix })
    if (token === '{') open.push({ at: '', keys: new Set() })
    else if (token === '[') open.push({ at: 0 })
    else if (token === '}' || token === ']') open.pop()
    else if (token === ',' && typeof frame?.at === 'number') frame.at++
    else if (token === ':' && frame?.keys) {
      frame.at = JSON.parse(last) as string
      if (frame.keys.has(frame.at))
        report(`the key ${last} twice in one object`, 'each key once', 'remove one: only the last counts')
      frame.keys.add(frame.at)
    } else if (/^-?\d/.test(token) && !isExactNumber(token))
      report(token, `a whole number up to ${Number.MAX_SAFE_INTEGER}`, 'write it as a text, in quotes')
    if (found.length >= MOST_PROBLEMS) break
    last = token
  }
  return found
}
