/** `2026-11-21 08:30:05Z`: to the second, and to be sorted as text. */
export function timeText(iso: string): string {
  return iso.replace('T', ' ').replace(/(\.\d+)?Z$/, 'Z')
}

/** How long ago, in the largest unit that says something. */
export function agoText(iso: string | null, nowMs: number): string {
  if (iso === null) return 'never'
  const seconds = Math.max(0, Math.round((nowMs - Date.parse(iso)) / 1_000))
  if (seconds < 120) return `${seconds} s ago`
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min ago`
  if (seconds < 172_800) return `${Math.round(seconds / 3_600)} h ago`
  return `${Math.round(seconds / 86_400)} days ago`
}
