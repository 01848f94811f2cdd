/** UTF-8 (RFC 3629); lone surrogates count as U+FFFD, as TextEncoder writes them. */

/** The bytes of a text. */
export function utf8Bytes(text: string): number[] {
  const bytes: number[] = []
  for (let i = 0; i < text.length; ) {
    const code = codePointAt(text, i)
    i += code >= 0x10000 ? 2 : 1
    const length = utf8Length(code)
    for (let rest = length - 1; rest >= 0; rest--) bytes.push(utf8Byte(code, length, rest))
  }
  return bytes
}

/** How many bytes a code point has. */
export function utf8Length(code: number): number {
  return code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4
}

/** The code point at an index of a text. */
export function codePointAt(text: string, index: number): number {
  const code = text.codePointAt(index) ?? 0
  return code >= 0xd800 && code <= 0xdfff ? 0xfffd : code
}

/** Byte of a code point's UTF-8 form that has `rest` bytes after it. */
export function utf8Byte(code: number, bytes: number, rest: number): number {
  if (bytes === 1) return code
  if (rest < bytes - 1) return 0x80 | ((code >> (6 * rest)) & 0x3f)
  const lead = bytes === 2 ? 0xc0 : bytes === 3 ? 0xe0 : 0xf0
  return lead | (code >> (6 * rest))
}
