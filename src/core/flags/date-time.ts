const SHAPE = /^(\d{4})-(\d{2})-(\d{2})(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})?)?$/

/**
 * Parses an ISO 8601 date or date-time to milliseconds since 1970; NaN for other texts. Without an offset it is UTC,
 * so a document means the same on every machine.
 *
 * @example parseTimeMs('2026-12-01') // 1796083200000
 */
export function parseTimeMs(text: string): number {
  const parts = SHAPE.exec(text)
  if (parts === null) return Number.NaN
  const [, year, month, day, time, , , offset] = parts
  // Date.parse reads 30 February as 2 March.
  if (Number(day) > lastDayOf(Number(year), Number(month))) return Number.NaN
  return Date.parse(time !== undefined && offset === undefined ? `${text}Z` : text)
}

function lastDayOf(year: number, month: number): number {
  return new Date(Date.UTC(year, month, 0)).getUTCDate()
}
