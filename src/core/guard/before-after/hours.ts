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

/**
 * Counts of consecutive hours; the newest is the hour before `until`. Null: not counted from beginning to end.
 *
 * Counts are journeys, or events of a metric: those have `per`, the journeys of each hour, and are compared by how many there
 * are per journey, so that a quieter day is no fall.
 */
export type Hours = {
  until: number
  values: readonly (number | null)[]
  per?: readonly (number | null)[] | undefined
}

/** Adds the hour `until`, and drops the oldest. */
export function withHour({ until, values, per }: Hours, count: number | null, journeys: number): Hours {
  const kept = [...values, count].slice(-HOURS_KEPT)
  if (per === undefined) return { until: until + 1, values: kept }
  return {
    until: until + 1,
    values: kept,
    per: [...per, count === null ? null : journeys].slice(-HOURS_KEPT),
  }
}

/** The count of an hour; null where that is not known. */
export function countAt({ until, values }: Hours, hour: number): number | null {
  return values[values.length - (until - hour)] ?? null
}

function journeysAt({ until, values, per = [] }: Hours, hour: number): number {
  return per[values.length - (until - hour)] ?? 0
}

const weeksBefore = (hour: number, weeks: number) =>
  Array.from({ length: weeks }, (_, back) => hour - (back + 1) * WEEK_HOURS)

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
  return usualOf(hours, hour, weeksBefore(hour, weeks), atLeast)
}

/** What an hour has in the other weeks, before and after it; null where none is known. */
export function usualOfOthers(hours: Hours, hour: number): number | null {
  const others = Array.from(
    { length: 2 * MOST_WEEKS + 1 },
    (_, week) => hour + (week - MOST_WEEKS) * WEEK_HOURS,
  )
  return usualOf(
    hours,
    hour,
    others.filter((other) => other !== hour),
    1,
  )
}

/** The middle one of some hours' counts; of a metric, by the journeys that the hour itself has. */
function usualOf(hours: Hours, hour: number, of: readonly number[], atLeast: number): number | null {
  if (hours.per !== undefined) {
    const rate = middleRate(hours, of, atLeast)
    return rate === null ? null : rate * journeysAt(hours, hour)
  }
  const found = of.flatMap((other) => countAt(hours, other) ?? [])
  return found.length < atLeast ? null : middleOf(found)
}

/** An hour of few journeys tells little of its rate: it counts as if so many events more had come at the usual one. */
const EVENTS_ADDED = 5

/** Events per journey; null where none came in any hour that is known. */
function middleRate(hours: Hours, of: readonly number[], atLeast: number): number | null {
  const all = rateOf(hours)
  const found = of.flatMap((hour) => {
    const count = countAt(hours, hour)
    return count === null ? [] : [(count + EVENTS_ADDED) / (journeysAt(hours, hour) + EVENTS_ADDED / all)]
  })
  return found.length < atLeast || all === 0 ? null : middleOf(found)
}

/** Of all hours together. */
function rateOf({ values, per = [] }: Hours): number {
  const sum = (counts: readonly (number | null)[]) =>
    counts.reduce<number>((all, each) => all + Number(each), 0)
  const journeys = sum(per)
  return journeys === 0 ? 0 : sum(values) / journeys
}

/**
 * What a block usually has: its part of the hour, along lines from the middle of one hour to that of the next, since
 * the first minutes of a morning's hour have far fewer than the last. Of a metric: what so many journeys bring at that hour.
 */
export function usualOfBlock(hours: Hours, block: number, weeks: number, journeys = 0): number | null {
  const hour = Math.floor(block / HOUR_BLOCKS)
  if (hours.per !== undefined) {
    const rate = middleRate(hours, weeksBefore(hour, weeks), weeks)
    return rate === null ? null : rate * journeys
  }
  const usual = usualAt(hours, hour, weeks)
  if (usual === null || usual === 0) return usual
  const place = (block - hour * HOUR_BLOCKS + 0.5) / HOUR_BLOCKS
  const before = usualAt(hours, hour - 1, weeks) ?? usual
  const after = usualAt(hours, hour + 1, weeks) ?? usual
  const height =
    place < 0.5 ? usual + (before - usual) * (0.5 - place) : usual + (after - usual) * (place - 0.5)
  return ((usual / HOUR_BLOCKS) * height) / ((before + 6 * usual + after) / 8)
}
