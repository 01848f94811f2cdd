/**
 * A flag's journeys hour by hour, by the clock of a place: what the same hour of the same weekday usually has.
 *
 * Hours and five-minute blocks are numbered from 1970 in local time, so that an hour of a week ago is 168 before.
 */

export const HOUR_MS = 3_600_000
export const WEEK_HOURS = 168
/** Of a week in four the baseline is made; the fifth lets each hour of the last week have its four. */
const HOURS_KEPT = 5 * WEEK_HOURS
/** Weeks whose hours are compared with: with a single one, a campaign of a week ago would make today look poor. */
export const LEAST_WEEKS = 2
export const MOST_WEEKS = 4

export const BLOCK_MS = 300_000
export const HOUR_BLOCKS = HOUR_MS / BLOCK_MS

/** Journeys of consecutive hours; the newest is the hour before `until`. Null: not counted from beginning to end. */
export type Hours = { until: number; values: readonly (number | null)[] }

/** Adds the hour `until`, and drops the oldest. */
export function withHour({ until, values }: Hours, journeys: number | null): Hours {
  return { until: until + 1, values: [...values, journeys].slice(-HOURS_KEPT) }
}

/** Journeys of an hour; null where that is not known. */
export function journeysAt({ until, values }: Hours, hour: number): number | null {
  return values[values.length - (until - hour)] ?? null
}

/** How many weeks each hour of the last day can be compared with, 0 to `MOST_WEEKS`. */
export function weeksKnown({ values }: Hours): number {
  return Math.max(0, Math.min(MOST_WEEKS, Math.floor((values.length - 24) / WEEK_HOURS)))
}

/** Hours to go until there are so many weeks. */
export function hoursToLearn({ values }: Hours): number {
  return Math.max(0, LEAST_WEEKS * WEEK_HOURS + 24 - values.length)
}

/**
 * The middle of a few values: one odd week in four, be it a holiday or a campaign, moves it little. Of two the lower
 * one, since that is the side on which no fall is seen where there is none.
 */
export function middleOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (index: number) => sorted[index] ?? 0
  if (sorted.length <= 2) return at(0)
  const half = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? at(half) : (at(half - 1) + at(half)) / 2
}

/** What an hour had in the `weeks` weeks before it; null where fewer than `atLeast` are known. */
export function usualAt(hours: Hours, hour: number, weeks: number, atLeast = weeks): number | null {
  const found: number[] = []
  for (let back = 1; back <= weeks; back++) {
    const journeys = journeysAt(hours, hour - back * WEEK_HOURS)
    if (journeys !== null) found.push(journeys)
  }
  return found.length < atLeast ? null : middleOf(found)
}

/**
 * What a block usually has: its part of the hour, along lines from the middle of one hour to that of the next, since
 * the first minutes of a morning's hour have far fewer than the last.
 */
export function usualOfBlock(hours: Hours, block: number, weeks: number): number | null {
  const hour = Math.floor(block / HOUR_BLOCKS)
  const usual = usualAt(hours, hour, weeks)
  if (usual === null || usual === 0) return usual
  const place = (block - hour * HOUR_BLOCKS + 0.5) / HOUR_BLOCKS
  const before = usualAt(hours, hour - 1, weeks) ?? usual
  const after = usualAt(hours, hour + 1, weeks) ?? usual
  const height =
    place < 0.5 ? usual + (before - usual) * (0.5 - place) : usual + (after - usual) * (place - 0.5)
  return ((usual / HOUR_BLOCKS) * height) / ((before + 6 * usual + after) / 8)
}
