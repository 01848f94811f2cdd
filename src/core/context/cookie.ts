/**
 * Reads one cookie of a Cookie header; the others, most of which the gate never needs, are skipped unparsed.
 */

/** Characters of a value (RFC 6265, 4.1.1), plus blanks and commas, which browsers send too. */
const VALUE = /^[ !#-:<-[\]-~]*$/

/**
 * The first valid value of that name, unquoted and percent-decoded, that is accepted; undefined for none.
 *
 * @example cookieIn('a=1; b=%20x', 'b') // ' x'
 */
export function cookieIn(
  header: string,
  name: string,
  accepts: (value: string) => boolean = () => true,
): string | undefined {
  for (let at = header.indexOf(name); at >= 0; at = header.indexOf(name, at + 1)) {
    const value = isAtStart(header, at) ? valueAt(header, afterBlanks(header, at + name.length)) : undefined
    if (value !== undefined && accepts(value)) return value
  }
  return undefined
}

/** Whether a pair starts here, after blanks only. */
function isAtStart(header: string, at: number): boolean {
  let before = at - 1
  while (isBlank(header[before])) before--
  return before < 0 || header[before] === ';'
}

/** The value after the required `=`. */
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

/** Decodes what can be decoded. */
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
