/**
 * Text from outside, made plain: origins, visitors and documents name things, and people give reasons. Characters that
 * steer a terminal or a chat (controls, ends of lines), reorder text (bidirectional marks) or hide (zero width) appear as
 * escapes, wherever such text becomes part of a sentence, a message, a record or a screen.
 */

/** Everything that is no visible character: `\p{C}`, and the separators of lines and paragraphs. */
const UNSEEN = /[\p{C}\p{Zl}\p{Zp}]/gu
const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }
const HALF_LETTER = /[\ud800-\udbff]$/
/** Names that need no quotes in a sentence: they have no end but their own. */
const WORD = /^[\p{L}\p{N}_$@:.+/-]+$/u

/**
 * One value, on one line.
 *
 * @example printable('ok\n\x1b[31mforged') // 'ok\\n\\u{1b}[31mforged'
 */
export function printable(text: string): string {
  return text.replace(UNSEEN, escapeOf)
}

/** One character as an escape. */
export function escapeOf(character: string): string {
  return SHORT[character] ?? `\\u{${character.codePointAt(0)?.toString(16)}}`
}

/** The same with at most so many characters, the last of which says that there were more. */
export function printableUpTo(longest: number, text: string): string {
  const plain = printable(text)
  return plain.length <= longest ? plain : `${plain.slice(0, longest - 1).replace(HALF_LETTER, '')}…`
}

/** All strings of a value, keys included. */
export function printableDeep<T>(value: T, longest = Number.POSITIVE_INFINITY): T {
  return deep(value, longest) as T
}

function deep(value: unknown, longest: number): unknown {
  if (typeof value === 'string') return printableUpTo(longest, value)
  if (Array.isArray(value)) return value.map((each) => deep(each, longest))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [printableUpTo(longest, key), deep(each, longest)]),
  )
}

/**
 * A name for a path or a sentence: as a JSON string unless it is a word, so that it can't go on as the sentence.
 *
 * @example quotedName('price in 0 of 9\n') // '"price in 0 of 9\\n"'
 */
export function quotedName(name: string): string {
  return isWord(name) ? name : jsonText(name)
}

/** Whether a name needs no quotes. */
export function isWord(name: string): boolean {
  return WORD.test(name)
}

/** JSON of the very value, with escapes for what would not show. */
export function jsonText(value: unknown, indent?: number): string {
  return JSON.stringify(value, null, indent).replace(/[^\P{C}\n]|[\p{Zl}\p{Zp}]/gu, (character) =>
    Array.from({ length: character.length }, (_, at) => unit(character.charCodeAt(at))).join(''),
  )
}

const unit = (code: number) => `\\u${code.toString(16).padStart(4, '0')}`
