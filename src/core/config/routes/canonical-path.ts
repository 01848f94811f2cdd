/**
 * One spelling for the paths that are one path to apps. Patterns and requests are compared in it; the origin gets the path as
 * the visitor wrote it.
 */

/** What may have another spelling: escapes, parameters of a segment, slashes in a row, letters beyond ASCII. */
const MAY_DIFFER = /[%;\u0080-\uffff]|\/\//
const ESCAPE = /%[\da-f]{2}/gi
/** Signs that mean something else when they are written out. A pattern takes `*` and `:` for open segments. */
const STAYS_ESCAPED = /[^!-~]|[%/?#;\\*:]/
const BEYOND_ASCII = /[\u0080-\uffff]+/g
/** Of a character with two halves; URL parsers replace it. */
const HALF_LETTER = /\p{Cs}/gu
const SLASHES = /\/{2,}/g

/**
 * A path as routes compare it (RFC 3986, 6.2.2, and what servers do besides): characters that need no escape are written
 * out, others are escaped in capitals, slashes in a row are one, and `;jsessionid=…` or other parameters of a segment don't
 * count.
 *
 * @example canonicalPath('//%63af%c3%a9;jsessionid=1/x') // '/caf%C3%A9/x'
 */
export function canonicalPath(path: string): string {
  return MAY_DIFFER.test(path) ? canonical(path, /;[^/]*/g) : path
}

/** A route's pattern in the same spelling. It may end with `*`, also behind a parameter. */
export function canonicalPattern(pattern: string): string {
  return canonical(pattern.replaceAll('\\', '/'), /;[^/*]*/g)
}

function canonical(text: string, parameters: RegExp): string {
  return text
    .replace(BEYOND_ASCII, (letters) => encodeURIComponent(letters.replace(HALF_LETTER, '\ufffd')))
    .replace(parameters, '')
    .replace(ESCAPE, unescaped)
    .replace(SLASHES, '/')
}

function unescaped(escaped: string): string {
  const sign = String.fromCharCode(Number.parseInt(escaped.slice(1), 16))
  return STAYS_ESCAPED.test(sign) ? escaped.toUpperCase() : sign
}
