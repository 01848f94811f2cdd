/** Texts in the charsets of old pages, which Node can read but not write. */

/** The text in a charset of one or two bytes a character; throws for a character that it doesn't have. */
export function encoded(text: string, charset: string): Buffer {
  if (charset === 'utf-8') return Buffer.from(text)
  if (charset.startsWith('utf-16')) return utf16(text, charset)
  const table = tableOf(charset)
  return Buffer.concat(
    [...text].map((character) => {
      const bytes = table.get(character)
      if (bytes === undefined) throw new Error(`${charset} has no ${character}`)
      return bytes
    }),
  )
}

function utf16(text: string, charset: string): Buffer {
  const bytes = Buffer.from(text, 'utf16le')
  return charset === 'utf-16be' ? bytes.swap16() : bytes
}

function tableOf(charset: string): Map<string, Buffer> {
  const decoder = new TextDecoder(charset, { fatal: true })
  const table = new Map<string, Buffer>()
  const add = (bytes: number[]) => {
    try {
      const character = decoder.decode(Uint8Array.from(bytes))
      if ([...character].length === 1 && !table.has(character)) table.set(character, Buffer.from(bytes))
    } catch {
      // No character has these bytes.
    }
  }
  for (let first = 0; first < 256; first++) add([first])
  for (let first = 0x81; first < 255; first++)
    for (let second = 0x40; second < 255; second++) add([first, second])
  return table
}
