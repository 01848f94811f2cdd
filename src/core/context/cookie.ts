/**
 * One cookie out of a Cookie header. Visitors bring many, and nearly all are none of the gate's business: those are
 * passed over and not parsed.
 */

/** What a value may consist of (RFC 6265, 4.1.1), and the blanks and commas that browsers send as well. */
const VALUE = /^[ !#-:<-[\]-~]*$/

/** The first good value of that name, without quotes and percent-encoding; undefined where there is none. */
export function cookieIn(header: string, name: string): string | undefined {
  for (let at = header.indexOf(name); at >= 0; at = header.indexOf(name, at + 1)) {
    const value = isAtStart(header, at) ? valueAt(header, afterBlanks(header, at + name.length)) : undefined
    if (value !== undefined) return value
  }
  return undefined
}

/** Whether a pair begins there, or blanks only are before. */
function isAtStart(header: string, at: number): boolean {
  let before = at - 1
  while (isBlank(header[before])) before--
  return before < 0 || header[before] === ';'
}

/** The value behind the `=` that must be there. */
function valueAt(header: string, equals: number): string | undefined {
  if (header[equals] !== '=') return undefined
  const semicolon = header.indexOf(';', equals)
  let end = semicolon < 0 ? header.length : semicolon
  let start = afterBlanks(header, equals + 1)
  while (end > start && isBlank(header[end - 1])) end--
  if (end > start && header[start] === '"' && header[end - 1] === '"') {
    start++
    end--
  }
  const value = header.slice(start, end)
  return VALUE.test(value) ? decoded(value) : undefined
}

function afterBlanks(text: string, start: number): number {
  let at = start
  while (isBlank(text[at])) at++
  return at
}

const isBlank = (character: string | undefined) => character === ' ' || character === '\t'

/** Where not all of it can be decoded, what can. */
function decoded(value: string): string {
  if (!value.includes('%')) return value
  return decodedOr(value, () => value.replace(/(?:%[0-9a-f]{2})+/gi, (part) => decodedOr(part, () => part)))
}

function decodedOr(text: string, otherwise: () => string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return otherwise()
  }
}
