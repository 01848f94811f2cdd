/**
 * What a terminal shows, made safe: characters that steer it (controls, escape sequences), reorder it (bidirectional
 * marks) or hide in it (zero width) appear as escapes. Reasons, token names, headers and documents may hold any.
 */

/** Everything that is no visible character: `\p{C}`, and the separators of lines and paragraphs. */
const UNSEEN = /[\p{C}\p{Zl}\p{Zp}]/gu
/** The same without the layout of our own texts, and our own colours. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: colours start with the escape character
const UNSEEN_IN_TEXT = /\x1b\[(?:[12]|22|3[12369])m|[^\P{C}\n\t]|[\p{Zl}\p{Zp}]/gu
const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/**
 * One value, on one line.
 *
 * @example printable('ok\n\x1b[31mforged') // 'ok\\n\\u{1b}[31mforged'
 */
export function printable(text: string): string {
  return text.replace(UNSEEN, escapeOf)
}

/** All strings of a value, keys included. */
export function printableDeep<T>(value: T): T {
  return deep(value) as T
}

function deep(value: unknown): unknown {
  if (typeof value === 'string') return printable(value)
  if (Array.isArray(value)) return value.map(deep)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [printable(key), deep(each)]))
}

/** A text of several lines that this program laid out and coloured. */
export function printableText(text: string): string {
  return text.replace(UNSEEN_IN_TEXT, (found) => (found.startsWith('\x1b[') ? found : escapeOf(found)))
}

/** The content of a file: its lines and tabs stay. */
export function printableFile(text: string): string {
  return text
    .split(/\r?\n/)
    .map((line) => line.split('\t').map(printable).join('\t'))
    .join('\n')
}

function escapeOf(character: string): string {
  return SHORT[character] ?? `\\u{${character.codePointAt(0)?.toString(16)}}`
}

/** JSON of the very value, with escapes for what a terminal would not show. */
export function jsonText(value: unknown, indent?: number): string {
  return JSON.stringify(value, null, indent).replace(/[^\P{C}\n]|[\p{Zl}\p{Zp}]/gu, (character) =>
    Array.from({ length: character.length }, (_, at) => unit(character.charCodeAt(at))).join(''),
  )
}

const unit = (code: number) => `\\u${code.toString(16).padStart(4, '0')}`
