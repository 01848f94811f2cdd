/**
 * Character sets. The platform's own regular expressions know `\p{Greek}` and case folding: each set becomes one that
 * tests a single character, so it takes constant time and no Unicode table is shipped.
 */

import { ownOf } from '../../json-object.ts'
import type { CharSet, Cursor } from './syntax.ts'

type CharTest = CharSet['has']

/** A set in progress: source of a native class, and sets to complement. */
type SetParts = { members: string; complements: string[] }

const PERL_CLASSES: Readonly<Record<string, string>> = { d: '0-9', s: '\\t\\n\\f\\r ', w: '0-9A-Za-z_' }

const POSIX_CLASSES: Readonly<Record<string, string>> = {
  alnum: '0-9A-Za-z',
  alpha: 'A-Za-z',
  ascii: '\\0-\\x7f',
  blank: '\\t ',
  cntrl: '\\0-\\x1f\\x7f',
  digit: '0-9',
  graph: '!-~',
  lower: 'a-z',
  print: ' -~',
  punct: '!-\\/:-@\\[-`{-~',
  space: '\\t-\\r ',
  upper: 'A-Z',
  word: '0-9A-Za-z_',
  xdigit: '0-9A-Fa-f',
}

const SIMPLE_ESCAPES: Readonly<Record<string, number>> = { a: 7, f: 12, t: 9, n: 10, r: 13, v: 11 }
const LARGEST_CODE_POINT = 0x10ffff

/** The set of one character. */
export function charSet(code: number, ignoreCase: boolean): CharSet {
  const source = escaped(code)
  return ignoreCase && isCased(code)
    ? { key: `i${source}`, has: nativeTest(source, true) }
    : { key: source, has: (other) => other === code }
}

/** `.`: every character, or all but line feed. */
export function anyChar(alsoNewline: boolean): CharSet {
  return alsoNewline ? { key: 's.', has: () => true } : { key: '.', has: (code) => code !== 10 }
}

/** Reads `\d`, `\W`, `\pL`, `\P{Greek}` and the like; undefined, with nothing read, for other escapes. */
export function parseClassEscape(cursor: Cursor, ignoreCase: boolean): CharSet | undefined {
  const parts: SetParts = { members: '', complements: [] }
  return readClassEscape(cursor, parts) ? setOf(parts, { negated: false, ignoreCase }) : undefined
}

/** Reads a bracketed class, after its `[`. */
export function parseClass(cursor: Cursor, ignoreCase: boolean): CharSet {
  const start = cursor.at - 1
  const negated = cursor.take('^')
  const parts: SetParts = { members: '', complements: [] }
  const first = cursor.at
  while (cursor.at === first || !cursor.take(']')) {
    if (cursor.done) cursor.fail('a class without its "]"', start)
    if (!readPosixClass(cursor, parts) && !readClassEscape(cursor, parts)) readRange(cursor, parts)
  }
  return setOf(parts, { negated, ignoreCase })
}

/** Reads `\n`, `\x{1F600}`, `\.` and the like, from the backslash on. */
export function parseCharEscape(cursor: Cursor): number {
  const start = cursor.at
  cursor.take('\\')
  const hex = cursor.takeMatch(/x(?:([\da-fA-F]{2})|\{([\da-fA-F]+)\})/y)
  if (hex !== undefined) {
    const code = Number.parseInt(hex[1] ?? hex[2] ?? '', 16)
    return code <= LARGEST_CODE_POINT ? code : cursor.fail('a character beyond Unicode', start)
  }
  const octal = cursor.takeMatch(/0[0-7]{0,2}|[1-7][0-7]{1,2}/y)
  if (octal !== undefined) return Number.parseInt(octal[0], 8)
  const char = cursor.next()
  const simple = ownOf(SIMPLE_ESCAPES, char)
  if (simple !== undefined) return simple
  if (/^[!-/:-@[-`{-~\s]$/.test(char)) return char.charCodeAt(0)
  return cursor.fail(/^[1-9]$/.test(char) ? 'a back-reference' : 'an unknown escape', start)
}

function readRange(cursor: Cursor, parts: SetParts): void {
  const start = cursor.at
  const low = readClassChar(cursor)
  const isRange = cursor.looksAt('-') && cursor.text.length > cursor.at + 1 && !cursor.looksAt('-]')
  if (isRange) cursor.take('-')
  const high = isRange ? readClassChar(cursor) : low
  if (high < low) cursor.fail('a range that runs backwards', start)
  parts.members += isRange ? `${escaped(low)}-${escaped(high)}` : escaped(low)
}

function readClassChar(cursor: Cursor): number {
  if (cursor.looksAt('\\')) return parseCharEscape(cursor)
  return cursor.next().codePointAt(0) ?? cursor.fail('a class without its "]"')
}

function readPosixClass(cursor: Cursor, parts: SetParts): boolean {
  const start = cursor.at
  const match = cursor.takeMatch(/\[:(\^?)((?:(?!:\]).)*):\]/sy)
  if (match === undefined) return false
  const name = match[2] ?? ''
  const members = ownOf(POSIX_CLASSES, name)
  add(parts, members ?? cursor.fail('an unknown class', start), match[1] === '^')
  return true
}

function readClassEscape(cursor: Cursor, parts: SetParts): boolean {
  const start = cursor.at
  const perl = cursor.takeMatch(/\\([dsw])/iy)?.[1]
  if (perl !== undefined) {
    add(parts, PERL_CLASSES[perl.toLowerCase()] ?? '', perl < 'a')
    return true
  }
  const match = cursor.takeMatch(/\\([pP])(?:\{(\^?)([^}]*)\}|([^{]))/y)
  if (match === undefined) return false
  const [, sign, caret, name, letter] = match
  const members = unicodeSet(name ?? letter ?? '')
  add(parts, members ?? cursor.fail('an unknown Unicode class', start), (sign === 'P') !== (caret === '^'))
  return true
}

/** RE2 names general categories by short name, scripts by full name. */
function unicodeSet(name: string): string | undefined {
  if (name === 'Any') return '\\p{Any}'
  const source = /^[A-Z][a-z]?$/.test(name) ? `\\p{gc=${name}}` : `\\p{sc=${name}}`
  try {
    new RegExp(source, 'u')
    return source
  } catch {
    return undefined
  }
}

function add(parts: SetParts, members: string, complement: boolean): void {
  if (complement) parts.complements.push(members)
  else parts.members += members
}

/** RE2 complements after case folding; a native class would fold after complementing. */
function setOf(parts: SetParts, { negated, ignoreCase }: { negated: boolean; ignoreCase: boolean }): CharSet {
  const { members, complements } = parts
  const member = members === '' ? () => false : nativeTest(members, ignoreCase)
  const excluding = complements.map((complement) => nativeTest(complement, ignoreCase))
  return {
    key: JSON.stringify([members, complements, negated, ignoreCase]),
    has: (code) => (member(code) || excluding.some((test) => !test(code))) !== negated,
  }
}

function nativeTest(members: string, ignoreCase: boolean): CharTest {
  const expression = new RegExp(`[${members}]`, ignoreCase ? 'iu' : 'u')
  return (code) => expression.test(String.fromCodePoint(code))
}

/** Whether another character may differ from this one in case only. */
function isCased(code: number): boolean {
  const char = String.fromCodePoint(code)
  return char.toLowerCase() !== char || char.toUpperCase() !== char
}

function escaped(code: number): string {
  return `\\u{${code.toString(16)}}`
}
