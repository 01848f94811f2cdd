import { describe, expect, it } from 'vitest'
import {
  countAt,
  type Hours,
  hoursToLearn,
  middleOf,
  usualAt,
  usualOfBlock,
  usualOfOthers,
  WEEK_HOURS,
  weeksKnown,
  withHour,
} from '../../../../src/core/guard/before-after/hours.ts'

const NOW = 10_000

/** Hours up to `NOW`, of which `given` are known, by how many hours ago they began; all others have none of it. */
function hoursAgo(given: Record<number, number | null>, journeys?: Record<number, number>): Hours {
  const of = <T>(from: Record<number, T>) =>
    Array.from({ length: 5 * WEEK_HOURS }, (_, index) => from[5 * WEEK_HOURS - index] ?? null)
  return { until: NOW, values: of(given), ...(journeys && { per: of(journeys) }) }
}

const empty = (length: number): Hours => ({ until: NOW, values: Array.from({ length }, () => 1) })

describe('a flag’s hours', () => {
  it('are known from the oldest to the newest, and no others', () => {
    const hours: Hours = { until: 10, values: [7, null, 9] }
    expect([6, 7, 8, 9, 10].map((hour) => countAt(hours, hour))).toEqual([null, 7, null, 9, null])
  })

  it('grow by the hour that ends, with its journeys, unless it is not known', () => {
    expect(withHour({ until: 10, values: [7] }, 8, 99)).toEqual({ until: 11, values: [7, 8] })
    const metric = withHour({ until: 10, values: [7], per: [70] }, 8, 80)
    expect(metric).toEqual({ until: 11, values: [7, 8], per: [70, 80] })
    expect(withHour(metric, null, 90)).toEqual({ until: 12, values: [7, 8, null], per: [70, 80, null] })
  })

  it('are kept for five weeks', () => {
    const five = 5 * 168
    const full = withHour({ until: 0, values: [1, ...Array<number>(five - 2).fill(2)], per: [3] }, 9, 9)
    expect([full.values.length, full.values[0], full.values.at(-1)]).toEqual([five, 1, 9])
    const more = withHour({ ...full, per: [3, ...Array<number>(five - 1).fill(4)] }, 10, 11)
    expect([more.values.length, more.values[0], more.values.at(-1)]).toEqual([five, 2, 10])
    expect([more.per?.length, more.per?.[0], more.per?.at(-1)]).toEqual([five, 4, 11])
  })

  it('tell of as many weeks, up to four, as a whole day before each has', () => {
    const known = [0, 24, 24 + 167, 24 + 168, 24 + 335, 24 + 336, 24 + 671, 24 + 672, 840]
    expect(known.map((length) => weeksKnown(empty(length)))).toEqual([0, 0, 0, 1, 1, 2, 3, 4, 4])
  })

  it('are learned for two weeks and a day', () => {
    expect([0, 1, 359, 360, 361].map((length) => hoursToLearn(empty(length)))).toEqual([360, 359, 1, 0, 0])
  })
})

it.each([
  [[], 0],
  [[4], 4],
  [[9, 4], 4],
  [[9, 1, 5], 5],
  [[8, 2, 100, 4], 6],
  [[1, 100, 2, 3, 50], 3],
])('the middle of %j is %d', (values, middle) => {
  expect(middleOf(values)).toBe(middle)
})

describe('what an hour usually has', () => {
  const last = NOW - 1
  const ago = (weeks: number) => 1 + weeks * WEEK_HOURS

  it('is the middle of the same hour of weeks before, not of itself or of its neighbours', () => {
    const hours = hoursAgo({
      ...{ [ago(0)]: 1_000, [ago(1)]: 10, [ago(2)]: 30, [ago(3)]: 20, [ago(4)]: 90 },
      ...{ [ago(1) + 1]: 500, [ago(1) - 1]: 600 },
    })
    expect([1, 2, 3, 4].map((weeks) => usualAt(hours, last, weeks))).toEqual([10, 10, 20, 25])
  })

  it('is not known where one of the weeks is not, unless fewer do', () => {
    const hours = hoursAgo({ [ago(1)]: 10, [ago(3)]: 20, [ago(4)]: 40 })
    expect(usualAt(hours, last, 4)).toBeNull()
    expect([2, 3, 4].map((atLeast) => usualAt(hours, last, 4, atLeast))).toEqual([20, 20, null])
    expect(usualAt(hours, last, 1)).toBe(10)
  })

  it('is, of the other weeks, the middle of four before and four after', () => {
    const middle = NOW - ago(2)
    const hours = hoursAgo({ [ago(0)]: 50, [ago(1)]: 30, [ago(2)]: 999, [ago(3)]: 40, [ago(4)]: 10 })
    expect(usualOfOthers(hours, middle)).toBe(35)
    expect(usualOfOthers(hours, last)).toBe(35)
    expect(usualOfOthers(hoursAgo({ [ago(2)]: 999 }), middle)).toBeNull()
    expect(usualOfOthers(hoursAgo({ [ago(0)]: 7 }), NOW - ago(4))).toBe(7)
    expect(usualOfOthers(hoursAgo({ [ago(0)]: 7 }), NOW - ago(5))).toBeNull()
  })

  it('is, of a metric, the usual part of the journeys that the hour has', () => {
    // 40 events of 400 journeys in all: five events more count as 50 journeys more.
    const hours = hoursAgo(
      { [ago(0)]: 9, [ago(1)]: 11, [ago(2)]: 20 },
      { [ago(0)]: 80, [ago(1)]: 120, [ago(2)]: 200 },
    )
    expect(usualAt(hours, last, 1)).toBeCloseTo((16 / 170) * 80, 12)
    // Of two the lower rate: 16/170 against 25/250.
    expect(usualAt(hours, last, 2)).toBeCloseTo((16 / 170) * 80, 12)
    expect(usualAt(hours, NOW - ago(1), 1)).toBeCloseTo((25 / 250) * 120, 12)
    expect(usualAt(hours, last, 3)).toBeNull()
    // The others have 14/130 and 16/170.
    expect(usualOfOthers(hours, NOW - ago(2))).toBeCloseTo((16 / 170) * 200, 12)
  })

  it('is, of a metric, nothing in an hour without journeys', () => {
    const hours = hoursAgo({ [ago(1)]: 10, 168: 10 }, { [ago(1)]: 100, 168: 100 })
    expect([usualAt(hours, last, 1), usualAt(hours, NOW, 1)]).toEqual([0, 0])
  })

  it('is, of a metric, not known before the first event or journey', () => {
    expect(usualAt(hoursAgo({ [ago(1)]: 0 }, { [ago(1)]: 100 }), last, 1)).toBeNull()
    expect(usualAt(hoursAgo({ [ago(1)]: 5 }, {}), last, 1)).toBeNull()
    expect(usualOfBlock(hoursAgo({ [ago(1)]: 0 }, { [ago(1)]: 100 }), 12 * last, 1, 10)).toBeNull()
  })
})

describe('what five minutes usually have', () => {
  const hour = NOW - 5
  const ago = (weeks: number, after = 0) => 5 - after + weeks * WEEK_HOURS
  const blocks = (hours: Hours, weeks = 1) =>
    Array.from({ length: 12 }, (_, block) => usualOfBlock(hours, 12 * hour + block, weeks) ?? Number.NaN)

  it('is a twelfth of an hour between two like it', () => {
    const found = blocks(hoursAgo({ [ago(1)]: 120, [ago(1, -1)]: 120, [ago(1, 1)]: 120 }))
    for (const each of found) expect(each).toBeCloseTo(10, 12)
  })

  it('rises within the hour from where the one before is to where the next one is, all of it the hour', () => {
    const found = blocks(hoursAgo({ [ago(1)]: 120, [ago(1, -1)]: 60, [ago(1, 1)]: 240 }))
    // From the middles of the hours: 60 at -30 min, 120 at 30 min, 240 at 90 min, all of it times 120 / 127.5.
    const heights = [2.5, 27.5, 32.5, 57.5].map((minute) =>
      minute < 30 ? 90 + minute : 120 + 2 * (minute - 30),
    )
    expect([found[0], found[5], found[6], found[11]]).toEqual(
      heights.map((height) => expect.closeTo((height / 12) * (120 / 127.5), 10)),
    )
    expect(found.reduce((sum, each) => sum + each, 0)).toBeCloseTo(120, 10)
  })

  it('takes an hour that is not known for one like this', () => {
    const only = blocks(hoursAgo({ [ago(1)]: 120 }))
    for (const each of only) expect(each).toBeCloseTo(10, 12)
    const found = blocks(hoursAgo({ [ago(1)]: 120, [ago(1, 1)]: 240 }))
    expect(found[0]).toBeCloseTo((120 / 12) * (120 / 135), 10)
  })

  it('is nothing in an hour without journeys, and not known of an hour that is not', () => {
    expect(blocks(hoursAgo({ [ago(1)]: 0, [ago(1, -1)]: 60, [ago(1, 1)]: 240 }))).toEqual(Array(12).fill(0))
    const quiet = blocks(hoursAgo({ [ago(1)]: 0, [ago(1, -1)]: 0, [ago(1, 1)]: 0 }))
    expect(quiet).toEqual(Array(12).fill(0))
    expect(usualOfBlock(hoursAgo({ [ago(1, -1)]: 60 }), 12 * hour, 1)).toBeNull()
    expect(usualOfBlock(hoursAgo({ [ago(1)]: 60 }), 12 * hour, 2)).toBeNull()
  })

  it('is, of a metric, what so many journeys bring at this hour', () => {
    const hours = hoursAgo({ [ago(1)]: 10, [ago(2)]: 30 }, { [ago(1)]: 200, [ago(2)]: 200 })
    expect(usualOfBlock(hours, 12 * hour + 11, 1, 60)).toBeCloseTo((15 / 250) * 60, 12)
    expect(usualOfBlock(hours, 12 * hour + 12, 1, 60)).toBeNull()
    expect(usualOfBlock(hours, 12 * hour, 1)).toBe(0)
  })
})
