const SHAPE = /^(\d{4})-(\d{2})-(\d{2})(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})?)?$/

/**
 * A date or date-time of ISO 8601 in milliseconds since 1970; NaN for anything else. Without an offset it is UTC:
 * a document means the same on every machine, whatever its timezone.
 */
export function parseTimeMs(text: string): number {
  const parts = SHAPE.exec(text)
  if (parts === null) return Number.NaN
  const [, year, month, day, time, , , offset] = parts
  // Date.parse takes 30 February for 2 March.
  if (Number(day) > lastDayOf(Number(year), Number(month))) return Number.NaN
  return Date.parse(time !== undefined && offset === undefined ? `${text}Z` : text)
}

function lastDayOf(year: number, month: number): number {
  return new Date(Date.UTC(year, month, 0)).getUTCDate()
}
