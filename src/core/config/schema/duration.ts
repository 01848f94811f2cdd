const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1e3, m: 6e4, h: 3.6e6, d: 8.64e7 }
const SHAPE = /^(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+$/

/** Parses `"10m"`, `"1h30m"`, `"500ms"` to milliseconds; undefined for other texts. */
export function parseDurationMs(text: string): number | undefined {
  if (!SHAPE.test(text)) return undefined
  let totalMs = 0
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/gy)) {
    totalMs += Number(amount) * (UNITS_MS[unit ?? ''] ?? 0)
  }
  return totalMs
}
