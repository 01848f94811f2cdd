/** How visitors come, and how long it takes until so many more have come. */

/** Of one ledger: those whom it follows, of all variants. */
export type Arrivals = {
  /** Visitors by slot, the latest slot last; it ends now. */
  counts: readonly number[]
  slotMs: number
  /** So many more are followed until half of all positions are left. */
  room: number
  /** So many are followed at most. */
  most: number
}

const HOUR_MS = 3_600_000
const DAY_SLOTS = 24
const WEEK_SLOTS = 7 * DAY_SLOTS
const LONGEST_MS = 365 * 86_400_000

/**
 * Counts visitors by hours; in the first day by twenty-fourths of the time since the first came.
 *
 * @param visitors those who are followed, each with the second in which they came
 * @param most so many are followed at most
 */
export function arrivalsOf(
  visitors: { size: number; secondOf(number: number): number },
  { sinceMs, nowMs, most }: { sinceMs: number; nowMs: number; most: number },
): Arrivals {
  const elapsedMs = Math.max(1, nowMs - sinceMs)
  const slotMs = Math.min(HOUR_MS, elapsedMs / DAY_SLOTS)
  const counts = new Array<number>(Math.min(WEEK_SLOTS, Math.floor(elapsedMs / slotMs))).fill(0)
  for (let number = 0; number < visitors.size; number++) {
    const age = Math.ceil((nowMs - visitors.secondOf(number) * 1_000) / slotMs)
    const at = counts.length - Math.max(1, age)
    const count = counts[at]
    if (count !== undefined) counts[at] = count + 1
  }
  return { counts, slotMs, room: Math.max(0, most - visitors.size), most }
}

const sumOf = (counts: readonly number[]) => counts.reduce((sum, count) => sum + count, 0)

/** How many come until so many more are followed: beyond the room it is every second one, then every fourth, and so on. */
function comingFor(more: number, room: number, most: number): number {
  if (more <= room) return more
  return more > 10 * most ? Infinity : room + 2 * comingFor(more - room, most / 2, most)
}

/**
 * The time until so many more visitors are followed, in ms; Infinity for more than a year, or where no one comes.
 *
 * What comes is what came, slot by slot and then again: in the last week; before there is one, on the last day; in the first
 * day, in the later half of it, as those who come every day come first.
 */
export function timeUntil(more: number, { counts, slotMs, room, most }: Arrivals): number {
  const day = counts.slice(counts.length > DAY_SLOTS ? -DAY_SLOTS : -DAY_SLOTS / 2)
  const cycle = counts.length < WEEK_SLOTS ? day : counts
  const inCycle = sumOf(cycle)
  const coming = comingFor(more, room, most)
  if (sumOf(day) === 0 || coming === Infinity) return Infinity
  let left = coming % inCycle
  let slots = Math.floor(coming / inCycle) * cycle.length
  for (const count of cycle) {
    if (left <= count) {
      slots += left / (count || 1)
      break
    }
    left -= count
    slots++
  }
  return slots * slotMs <= LONGEST_MS ? slots * slotMs : Infinity
}
