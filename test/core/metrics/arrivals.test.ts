import { describe, expect, it } from 'vitest'
import { type Arrivals, arrivalsOf, timeUntil } from '../../../src/core/metrics/arrivals.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const START_MS = 1_790_000_000_000
const MANY = 1_000_000

const came = (hours: readonly number[]) => ({
  size: hours.length,
  secondOf: (number: number) => START_MS / 1_000 + 3_600 * (hours[number] ?? 0),
})
const arrivals = (counts: readonly number[], parts: Partial<Arrivals> = {}): Arrivals => ({
  ...{ counts, slotMs: HOUR_MS, room: MANY, most: MANY },
  ...parts,
})
const days = (...visitors: number[]) => visitors.flatMap((each) => new Array<number>(24).fill(each / 24))

describe('visitors are counted', () => {
  it('by twenty-fourths of the time, before a day is over', () => {
    const { counts, slotMs } = arrivalsOf(came([0, 1, 1.5, 11.9]), {
      ...{ sinceMs: START_MS, nowMs: START_MS + 12 * HOUR_MS, most: 10 },
    })
    expect([slotMs, counts.length]).toEqual([HOUR_MS / 2, 24])
    expect(counts.flatMap((count, slot) => (count > 0 ? [[slot, count]] : []))).toEqual([
      [0, 1],
      [2, 1],
      [3, 1],
      [23, 1],
    ])
  })

  it('by hours up to now, at most of a week, with the room that is left', () => {
    const long = arrivalsOf(came([0, 500, 719.5]), {
      ...{ sinceMs: START_MS, nowMs: START_MS + 720 * HOUR_MS, most: 10 },
    })
    expect(long).toMatchObject({ slotMs: HOUR_MS, room: 7, most: 10 })
    expect(long.counts).toHaveLength(168)
    expect(long.counts.at(-1)).toBe(1)
    expect(long.counts.reduce((sum, count) => sum + count)).toBe(1)
  })

  it('where a clock is ahead, as now', () => {
    const { counts } = arrivalsOf(came([25]), { sinceMs: START_MS, nowMs: START_MS + DAY_MS, most: 10 })
    expect(counts.at(-1)).toBe(1)
  })
})

describe('the time until so many more', () => {
  it('goes by the later half of the first day: those who come every day come first', () => {
    const first = arrivals([...new Array<number>(12).fill(900), ...new Array<number>(12).fill(100)])
    expect(timeUntil(1_000, first)).toBe(10 * HOUR_MS)
  })

  it('goes by the hours of the last day after that', () => {
    const night = new Array<number>(12).fill(0)
    const day = new Array<number>(12).fill(100)
    expect(timeUntil(100, arrivals([...days(9_999), ...night, ...day]))).toBe(13 * HOUR_MS)
    expect(timeUntil(1_300, arrivals([...days(9_999), ...night, ...day]))).toBe(37 * HOUR_MS)
    expect(timeUntil(1_300, arrivals([...days(9_999), ...day, ...night]))).toBe(25 * HOUR_MS)
  })

  it('goes by the days of the last week once there is one', () => {
    const week = days(100, 100, 100, 100, 100, 1_000, 1_000)
    expect(timeUntil(500, arrivals(week))).toBeCloseTo(5 * DAY_MS)
    expect(timeUntil(1_500, arrivals(week))).toBeCloseTo(6 * DAY_MS)
    expect(timeUntil(4_900, arrivals(week))).toBeCloseTo(13.9 * DAY_MS)
    expect(timeUntil(500, arrivals(week.slice(1)))).toBeCloseTo(DAY_MS / 2)
  })

  it('takes longer once only every second one is followed', () => {
    const steady = { room: 100, most: 1_000 }
    expect(timeUntil(100, arrivals(days(2_400, 2_400), steady))).toBeCloseTo(HOUR_MS)
    expect(timeUntil(200, arrivals(days(2_400, 2_400), steady))).toBeCloseTo(3 * HOUR_MS)
    expect(timeUntil(700, arrivals(days(2_400, 2_400), steady))).toBeCloseTo(15 * HOUR_MS)
  })

  it('is not told where no one comes, or where it is more than a year', () => {
    expect(timeUntil(1, arrivals(days(0, 0)))).toBe(Infinity)
    expect(timeUntil(0.5, arrivals([...days(9), 1, ...new Array<number>(23).fill(0)]))).toBe(HOUR_MS / 2)
    expect(timeUntil(1, arrivals([...days(9), 1, ...new Array<number>(24).fill(0)]))).toBe(Infinity)
    expect(timeUntil(1, arrivals([9, 9, ...new Array<number>(12).fill(0)], { slotMs: 1_000 }))).toBe(Infinity)
    expect(timeUntil(1, arrivals([...days(...new Array<number>(7).fill(9)), ...days(0)].slice(-168)))).toBe(
      Infinity,
    )
    expect(timeUntil(1e9, arrivals(days(9e9, 9e9), { most: 1e8, room: 0 }))).toBe(Infinity)
    expect(timeUntil(364, arrivals(days(1, 1)))).toBeCloseTo(364 * DAY_MS, -3)
    expect(timeUntil(366, arrivals(days(1, 1)))).toBe(Infinity)
    expect(timeUntil(Infinity, arrivals(days(1, 1)))).toBe(Infinity)
    expect(timeUntil(0, arrivals(days(1, 1)))).toBe(0)
  })
})
