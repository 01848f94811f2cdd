/** Columns for people: as wide as their widest cell. */

// biome-ignore lint/suspicious/noControlCharactersInRegex: the escape that colours begin with is one
const COLOUR = /\x1b\[[0-9;]*m/g

/** Lines of aligned columns; the last column is not padded. */
export function table(rows: readonly (readonly string[])[], gap = '  '): string {
  const widths: number[] = []
  for (const row of rows) {
    row.forEach((cell, index) => {
      widths[index] = Math.max(widths[index] ?? 0, widthOf(cell))
    })
  }
  return rows
    .map((row) =>
      row
        .map((cell, index) => pad(cell, widths[index] ?? 0))
        .join(gap)
        .trimEnd(),
    )
    .join('\n')
}

function pad(cell: string, width: number): string {
  return cell + ' '.repeat(Math.max(0, width - widthOf(cell)))
}

function widthOf(text: string): number {
  return withoutColours(text).length
}

export function withoutColours(text: string): string {
  return text.replace(COLOUR, '')
}
