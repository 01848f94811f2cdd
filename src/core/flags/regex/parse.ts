import { anyChar, charSet, parseCharEscape, parseClass, parseClassEscape } from './char-class.ts'
import { type Assertion, Cursor, type Node } from './syntax.ts'

type Flags = { ignoreCase: boolean; multiline: boolean; dotAll: boolean }

/** RE2's limit; more would make the compiled pattern too large. */
const MOST_REPETITIONS = 1_000
/** Parsing is recursive. */
const DEEPEST_NESTING = 200

/** Parses RE2's syntax (https://github.com/google/re2/wiki/Syntax); throws a `PatternError`. */
export function parsePattern(pattern: string, ignoreCase: boolean): Node {
  const cursor = new Cursor(pattern)
  const node = parseAlternatives(cursor, { ignoreCase, multiline: false, dotAll: false }, 0)
  return cursor.done ? node : cursor.fail('a ")" without its "("')
}

/** Flags apply until the group ends, across bars: in `a(?i)b|c`, `c` ignores case too. */
function parseAlternatives(cursor: Cursor, outer: Flags, depth: number): Node {
  if (depth > DEEPEST_NESTING) cursor.fail('groups nested too deep')
  const flags = { ...outer }
  const options: Node[] = []
  do options.push(parseSequence(cursor, flags, depth))
  while (cursor.take('|'))
  return options.length === 1 && options[0] !== undefined ? options[0] : { kind: 'alternate', options }
}

/** A repetition applies to the part before it, even with flags in between: `a(?i)*`. */
function parseSequence(cursor: Cursor, flags: Flags, depth: number): Node {
  const parts: Node[] = []
  while (!cursor.done && !cursor.looksAt('|') && !cursor.looksAt(')')) {
    const bounds = readRepetition(cursor)
    if (bounds === undefined) {
      parts.push(...parseAtom(cursor, flags, depth))
      continue
    }
    const node = parts.pop() ?? cursor.fail('nothing to repeat', bounds.start)
    const again = readRepetition(cursor)
    if (again !== undefined) cursor.fail('a repetition of a repetition', again.start)
    parts.push({ kind: 'repeat', node, min: bounds.min, max: bounds.max })
  }
  return { kind: 'concat', parts }
}

type Bounds = { min: number; max: number; start: number }

/** A brace without a count, as in `{,2}`, is literal. */
function readRepetition(cursor: Cursor): Bounds | undefined {
  const start = cursor.at
  const match = cursor.takeMatch(/(?:([*+?])|\{(0|[1-9]\d*)(?:(,)(0|[1-9]\d*)?)?\})\??/y)
  if (match === undefined) return undefined
  const [, sign, from, comma, to] = match
  if (sign !== undefined) {
    return { min: sign === '+' ? 1 : 0, max: sign === '?' ? 1 : Number.POSITIVE_INFINITY, start }
  }
  const min = Number(from)
  const max = comma === undefined ? min : Number(to ?? Number.POSITIVE_INFINITY)
  if (min > MOST_REPETITIONS || (to !== undefined && max > MOST_REPETITIONS) || min > max) {
    cursor.fail(`a repetition outside 0 to ${MOST_REPETITIONS}`, start)
  }
  return { min, max, start }
}

/** A repeatable part; several for a quotation `\Q…\E`, none for a group that only sets flags. */
function parseAtom(cursor: Cursor, flags: Flags, depth: number): Node[] {
  if (cursor.looksAt('(')) return parseGroup(cursor, flags, depth)
  if (cursor.take('[')) return [{ kind: 'char', set: parseClass(cursor, flags.ignoreCase) }]
  if (cursor.take('.')) return [{ kind: 'char', set: anyChar(flags.dotAll) }]
  if (cursor.take('^')) return assert(flags.multiline ? 'line-start' : 'text-start')
  if (cursor.take('$')) return assert(flags.multiline ? 'line-end' : 'text-end')
  if (!cursor.looksAt('\\')) return literal(cursor.next(), flags)
  const quotation = cursor.takeMatch(/\\Q(.*?)(?:\\E|$)/sy)
  if (quotation !== undefined) return literal(quotation[1] ?? '', flags)
  const assertion = cursor.takeMatch(/\\([AzbB])/y)?.[1]
  if (assertion !== undefined) return assert(ASSERTION_ESCAPES[assertion] ?? 'text-start')
  const set = parseClassEscape(cursor, flags.ignoreCase)
  return set === undefined
    ? literal(String.fromCodePoint(parseCharEscape(cursor)), flags)
    : [{ kind: 'char', set }]
}

const ASSERTION_ESCAPES: Readonly<Record<string, Assertion>> = {
  A: 'text-start',
  z: 'text-end',
  b: 'word-edge',
  B: 'no-word-edge',
}

function parseGroup(cursor: Cursor, flags: Flags, depth: number): Node[] {
  const start = cursor.at
  cursor.take('(')
  let inner = flags
  if (cursor.take('?')) {
    const group = cursor.takeMatch(/P?<\w+>|([imsU]*)(?:-([imsU]+))?([:)])/y)
    if (group === undefined) return cursor.fail('a group that RE2 does not have', start)
    const [, on = '', off = '', end] = group
    if (end === ')') {
      applyFlags(flags, on, off)
      return []
    }
    inner = { ...flags }
    applyFlags(inner, on, off)
  }
  const node = parseAlternatives(cursor, inner, depth + 1)
  return cursor.take(')') ? [node] : cursor.fail('a "(" without its ")"', start)
}

/** `U` swaps greedy and lazy, which doesn't matter here. */
function applyFlags(flags: Flags, on: string, off: string): void {
  for (const [letters, value] of [
    [on, true],
    [off, false],
  ] as const) {
    if (letters.includes('i')) flags.ignoreCase = value
    if (letters.includes('m')) flags.multiline = value
    if (letters.includes('s')) flags.dotAll = value
  }
}

function literal(text: string, { ignoreCase }: Flags): Node[] {
  return Array.from(text, (char) => ({ kind: 'char', set: charSet(char.codePointAt(0) ?? 0, ignoreCase) }))
}

function assert(assertion: Assertion): Node[] {
  return [{ kind: 'assert', assertion }]
}
