/**
 * The KV key `kill`: written in a hurry, through shells that eat quotes or deliver them. `*`, `[*]`, `new-shop`, `[a, b]`,
 * `'["*"]'` and one key a line, with or without a byte order mark, mean what they look like.
 */
import { KILL_ALL } from './control.ts'
import { dangling, type Problem } from './parse/problems.ts'

/** What marks off names, in any number: white space, quotes of all kinds, commas, brackets, and escapes of quotes. */
const SEPARATORS = /[\s"'`´‘-‟«»,;|[\]{}()<>\\^]+/
/** Byte order marks, what is left of UTF-16 that was read as UTF-8, and signs without a width that pages and chats add. */
const ENCODING_MARKS = /[\0\ufeff\ufffd\u200b-\u200f\u2060]/g
/** What JSON writes for a sign, behind as many backslashes as shells add. */
const ESCAPED = /(?<!\\)\\+(?:u([\da-f]{4})|(?=\/))/gi
/** Nothing, or a list of nothing as any shell delivers it. */
const LIFTS = /^\s*$|^["'`\\\s]*\[\s*\]["'`\\\s]*$/

/** What a text does to a gate: the list that is in force with it, and what an operator must look at. */
export type KillOrder = {
  /** Undefined: the text names no flag that the gate knows, and the list before stays in force. */
  list: readonly string[] | undefined
  problems: readonly Problem[]
}

/** Flags by name. */
export type FlagNames = { has(name: string): boolean; keys(): Iterable<string> }

/** A longer list of problems helps no reader, and each looks for the closest name. */
const MOST_PROBLEMS = 5

/**
 * What a text orders, by the flags that the document has; without them every name counts. Only an absent or empty value,
 * or an empty list, lifts. Of a mixed list known names kill,
 * and unknown ones are reported; they stay on it, for a document to come. It never fails.
 *
 * @example killOrder("'[new-shop]'", snapshot.flags) // { list: ['new-shop'], problems: [] }
 */
export function killOrder(text: string | null, flags: FlagNames | undefined): KillOrder {
  const plain = (text ?? '').replace(ENCODING_MARKS, '')
  const isKnown = (name: string) => name === KILL_ALL || !flags || flags.has(name)
  const asWritten = namesIn(plain, flags)
  // A backslash that a shell has left before a name is no escape.
  const names = flags && asWritten.every(isKnown) ? asWritten : namesIn(unescaped(plain), flags)
  const unknown = names.filter((name) => !isKnown(name))
  if (names.length === 0 && !LIFTS.test(plain)) unknown.push(plain)
  const known = [...(flags?.keys() ?? [])]
  const problems = unknown.slice(0, MOST_PROBLEMS).map((name) => dangling([], name, 'a flag', known))
  return { list: unknown.length === 0 || names.some(isKnown) ? names : undefined, problems }
}

function namesIn(text: string, flags: FlagNames | undefined): string[] {
  const names = text.split(SEPARATORS).filter((name) => name !== '')
  return [...new Set(names.map((name) => asKnown(name, flags)))]
}

function unescaped(text: string): string {
  return text.replace(ESCAPED, (_, hex: string | undefined) =>
    hex === undefined ? '' : String.fromCharCode(Number.parseInt(hex, 16)),
  )
}

/** A name as a flag has it: letters with accents are one sign or two, depending on the system that wrote them. */
function asKnown(name: string, flags: FlagNames | undefined): string {
  if (flags === undefined || flags.has(name)) return name
  return [name.normalize('NFC'), name.normalize('NFD')].find((each) => flags.has(each)) ?? name
}

/** From here on a record has of the lists what is about its flag: whole ones would be the square of them. */
const MOST_LISTED = 100

/** A flag that enters or leaves a list, with the list before and after that; of long lists the flag itself and `*`. */
export type KillChange = { flag: string; before: readonly string[]; after: readonly string[] }

/**
 * From one list to another, flag by flag: those that enter, then those that leave.
 *
 * @example killChanges(['a'], ['b']) // b: ['a'] → ['a', 'b'], then a: ['a', 'b'] → ['b']
 */
export function killChanges(before: readonly string[], after: readonly string[]): KillChange[] {
  const [list, wanted] = [new Set(before), new Set(after)]
  const isLong = list.size + wanted.size > MOST_LISTED
  const listed = (flag: string) =>
    isLong ? [...new Set([flag, KILL_ALL])].filter((each) => list.has(each)) : [...list]
  const changed = [...wanted]
    .filter((flag) => !list.has(flag))
    .concat(before.filter((flag) => !wanted.has(flag)))
  return changed.map((flag) => {
    const was = listed(flag)
    if (!list.delete(flag)) list.add(flag)
    return { flag, before: was, after: listed(flag) }
  })
}
