/** `2026-11-21 08:30:05Z`: to the second, and to be sorted as text. */
export function timeText(iso: string): string {
  return iso.replace('T', ' ').replace(/(\.\d+)?Z$/, 'Z')
}
