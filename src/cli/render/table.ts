/** Tables of text. */
import type { Paint } from '../base/terminal.ts'

// biome-ignore lint/suspicious/noControlCharactersInRegex: colours start with the escape character
const COLOUR = /\x1b\[[0-9;]*m/g

/** Lines of aligned columns; the last column is not padded. A cell is one line, so that none can look like a row. */
export function table(cells: readonly (readonly string[])[], gap = '  '): string {
  const rows = cells.map((row) => row.map((cell) => cell.replaceAll('\n', '\\n')))
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

/** A table with a dimmed header. */
export function headed(
  columns: readonly string[],
  rows: readonly (readonly string[])[],
  paint: Paint,
): string {
  return table([columns.map((name) => paint('dim', name)), ...rows])
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
