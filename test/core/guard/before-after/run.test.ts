/** The arithmetic under the comparison with the weeks before: usual hours and blocks, noise, and the test's null. */
import { describe, expect, it } from 'vitest'
import { type Basis, basisOf, noiseOf } from '../../../../src/core/guard/before-after/basis.ts'
import {
  countAt,
  HOUR_BLOCKS,
  type Hours,
  hoursToLearn,
  middleOf,
  usualAt,
  usualOfBlock,
  WEEK_HOURS,
  weeksKnown,
  withHour,
} from '../../../../src/core/guard/before-after/hours.ts'
import { afterBlocks, beginRun, type Run } from '../../../../src/core/guard/before-after/run.ts'
import { totalWealth } from '../../../../src/core/guard/evidence/wealth.ts'
import { seeded } from '../../../../test-kit/simulation/random.ts'

/** A midnight. */
const FIRST = 490_008
function hoursOf(count: number, journeysIn: (hour: number) => number | null): Hours {
  const values = Array.from({ length: count }, (_, index) => journeysIn(FIRST + index))
  return { until: FIRST + count, values }
}

describe('the middle of a few weeks', () => {
  it.each([
    [[7], 7],
    [[9, 3], 3],
    [[9, 3, 4], 4],
    [[100, 4, 3, 6], 5],
    [[], 0],
  ])('%j is %d', (values, middle) => expect(middleOf(values)).toBe(middle))
})

describe('hours', () => {
  it('are kept for five weeks, newest last', () => {
    let hours = hoursOf(5 * WEEK_HOURS, (hour) => hour)
    hours = withHour(hours, 1, 0)
    expect(hours.values).toHaveLength(5 * WEEK_HOURS)
    expect(countAt(hours, hours.until - 1)).toBe(1)
    expect(countAt(hours, FIRST)).toBeNull()
    expect(countAt(hours, FIRST + 1)).toBe(FIRST + 1)
    expect(countAt(hours, hours.until)).toBeNull()
  })

  it('of two weeks and a day can be compared', () => {
    const at = (count: number) => {
      const hours = hoursOf(count, () => 1)
      return [weeksKnown(hours), hoursToLearn(hours)]
    }
    expect(at(2 * WEEK_HOURS + 23)).toEqual([1, 1])
    expect(at(2 * WEEK_HOURS + 24)).toEqual([2, 0])
    expect(at(4 * WEEK_HOURS + 24)).toEqual([4, 0])
    expect(at(5 * WEEK_HOURS)).toEqual([4, 0])
    expect(at(0)).toEqual([0, 2 * WEEK_HOURS + 24])
  })

  it('usually have what the same hour had; an unknown week leaves the hour unknown', () => {
    const hours = hoursOf(3 * WEEK_HOURS, (hour) => (hour === FIRST + 5 ? null : hour - FIRST))
    const hour = FIRST + 3 * WEEK_HOURS
    expect(usualAt(hours, hour + 7, 3)).toBe(7 + WEEK_HOURS)
    expect(usualAt(hours, hour + 7, 1)).toBe(7 + 2 * WEEK_HOURS)
    expect(usualAt(hours, hour + 5, 3)).toBeNull()
    expect(usualAt(hours, hour + 5, 3, 2)).toBe(5 + WEEK_HOURS)
  })

  it('of a metric are compared per journey; few journeys tell little', () => {
    const at = (hour: number) => (hour - FIRST) % 24
    const per = Array.from({ length: 3 * WEEK_HOURS }, (_, index) => (at(FIRST + index) === 3 ? 1 : 1_000))
    const values = per.map((journeys) => (journeys === 1 ? 1 : 50))
    const hours = { until: FIRST + 3 * WEEK_HOURS, values, per }
    // Twice the journeys let expect twice the events; an hour of one journey hardly any more than any other.
    const next = { ...hours, until: hours.until + 24, values: [...values, ...values.slice(0, 24)] }
    const busy = { ...next, per: [...per, ...per.slice(0, 24).map(() => 2_000)] }
    expect(usualAt(busy, hours.until + 5, 3)).toBeCloseTo(100, 0)
    expect(usualAt(busy, hours.until + 3, 3)).toBeLessThan(125)
    expect(usualOfBlock(hours, (hours.until + 5) * HOUR_BLOCKS, 3, 200)).toBeCloseTo(10, 0)
    // Nothing ever came.
    const none = { ...hours, values: values.map(() => 0) }
    expect(usualOfBlock(none, (hours.until + 5) * HOUR_BLOCKS, 3, 200)).toBeNull()
  })

  it('of which one is not known keep no journeys of it', () => {
    const hours = withHour({ until: FIRST, values: [], per: [] }, null, 7)
    expect(withHour(hours, 3, 8)).toEqual({ until: FIRST + 2, values: [null, 3], per: [null, 8] })
  })

  it('are dealt to their blocks along a slope, and the blocks sum up to the hour', () => {
    const levels = [100, 400, 900, 300]
    const hours = hoursOf(WEEK_HOURS, (hour) => levels[hour % 4] ?? 0)
    for (let hour = hours.until; hour < hours.until + 4; hour++) {
      const blocks = Array.from({ length: HOUR_BLOCKS }, (_, index) =>
        usualOfBlock(hours, hour * HOUR_BLOCKS + index, 1),
      ).map(Number)
      expect(blocks.reduce((sum, each) => sum + each, 0)).toBeCloseTo(levels[hour % 4] ?? 0, 8)
      const [before = 0, after = 0] = [levels[(hour + 3) % 4], levels[(hour + 1) % 4]]
      expect(Math.sign((blocks[11] ?? 0) - (blocks[0] ?? 0))).toBe(Math.sign(after - before))
    }
    expect(usualOfBlock(hours, (hours.until + WEEK_HOURS + 1) * HOUR_BLOCKS, 1)).toBeNull()
  })
})

describe('the noise of a site', () => {
  const noisy = (daySd: number, cluster: number) => {
    const random = seeded(`noise ${daySd} ${cluster}`, 1)
    const normal = () => Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next())
    let day = 1
    return hoursOf(5 * WEEK_HOURS, (hour) => {
      if (hour % 24 === 0) day = Math.exp(daySd * normal())
      return cluster * random.poisson((500 * day * (hour % 24 < 8 ? 0.3 : 1)) / cluster)
    })
  }

  it('is none without any', () => {
    expect(noiseOf(hoursOf(5 * WEEK_HOURS, (hour) => 100 + (hour % 24)))).toMatchObject({
      dispersion: 1,
      daySd: 0,
    })
  })

  it('is that of groups where journeys come in groups', () => {
    const { dispersion, daySd } = noiseOf(noisy(0, 8))
    expect(dispersion).toBeGreaterThan(7)
    expect(dispersion).toBeLessThan(16)
    expect(daySd).toBeLessThan(0.02)
  })

  it.each([0.05, 0.1, 0.2])('has days of ±%d, rather more than less', (daySd) => {
    const found = noiseOf(noisy(daySd, 1)).daySd
    expect(found).toBeGreaterThan(0.9 * daySd)
    expect(found).toBeLessThan(2.2 * daySd)
  })

  it('leaves out a day that is off', () => {
    const off = (hour: number) => (hour >= FIRST + 600 && hour < FIRST + 624 ? 20 : 100)
    expect(noiseOf(hoursOf(5 * WEEK_HOURS, off)).daySd).toBeLessThan(0.01)
  })

  it('of days that can’t be compared lets nothing be told', () => {
    const random = seeded('days', 1)
    const levels = Array.from({ length: 35 }, () => 10 ** (2 + 3 * random.next()))
    const uneven = (hour: number) => Math.round(levels[Math.floor((hour - FIRST) / 24)] ?? 0)
    expect(basisOf(hoursOf(5 * WEEK_HOURS, uneven), 0.3)).toMatchObject({ kind: 'uneven' })
    expect(
      basisOf(
        hoursOf(5 * WEEK_HOURS, () => 0),
        0.3,
      ),
    ).toMatchObject({ kind: 'few', perHour: 0 })
    // One day in two weeks has journeys: nothing is known of days that follow each other.
    const once = (hour: number) => (Math.floor((hour - FIRST) / 24) % 14 === 0 ? 10_000 : 0)
    expect(noiseOf(hoursOf(3 * WEEK_HOURS, once)).daySd).toBe(1)
  })
})

describe('the test of a block', () => {
  const LIMITS = { maxDropPercent: 30, level: 1 / (0.015 * 0.01) }
  const hours = hoursOf(5 * WEEK_HOURS, () => 1_200)
  const run = (part: Partial<Basis>): Run => {
    const begun = beginRun(hours, LIMITS, { generation: 1, block: hours.until * HOUR_BLOCKS })
    if (!('level' in begun.basis)) throw new Error('there is no basis')
    return { ...begun, basis: { ...begun.basis, ...part } }
  }
  /** Expected wealth after a block of `rate` × what is expected, in groups of `size`. */
  function expectedWealth(from: Run, rate: number, size: number, weeks = hours): number {
    const block = hours.until * HOUR_BLOCKS
    const level = 'level' in from.basis ? from.basis.level : 1
    // Of a metric: a tenth of 1,000 journeys.
    const per = weeks.per === undefined ? 0 : 1_000
    const mean = (100 * level * rate) / size
    let [sum, log] = [0, -mean]
    for (let groups = 0; groups < mean + 12 * Math.sqrt(mean) + 30; groups++) {
      if (groups > 0) log += Math.log(mean / groups)
      const counts = { from: block, to: block + 1, journeys: groups * size, per }
      sum += Math.exp(log) * totalWealth(afterBlocks(from, weeks, LIMITS, counts).wealth)
    }
    return sum
  }

  it.each([
    [0.15, 1, 1],
    [0.15, 4, 4],
    [0.15, 2, 4],
    [0.4, 1, 1],
    [0.15, 20, 20],
  ])(
    'with a margin of %d, groups of %d and dispersion %d expects at most what it had',
    (margin, size, dispersion) => {
      for (const level of [0.1, 1, 5]) {
        const before = run({ margin, dispersion, level })
        for (const rate of [1 - margin, 1, 1.3])
          expect(expectedWealth(before, rate, size)).toBeLessThanOrEqual(1 + 1e-9)
      }
    },
  )

  it('of a metric, given its journeys, either, whatever the traffic does', () => {
    const journeys = hours.values.map((_, hour) => 12_000 * (1 + (hour % 5)))
    const weeks = { ...hours, values: journeys.map((count) => count / 10), per: journeys }
    for (const level of [0.1, 1, 5])
      for (const rate of [0.85, 1, 1.3])
        expect(
          expectedWealth(run({ margin: 0.15, dispersion: 4, level }), rate, 4, weeks),
        ).toBeLessThanOrEqual(1 + 1e-9)
    expect(expectedWealth(run({ margin: 0.15, dispersion: 1 }), 0.7, 1, weeks)).toBeGreaterThan(1.05)
  })

  it('grows beyond the margin', () => {
    expect(expectedWealth(run({ margin: 0.15, dispersion: 1 }), 0.7, 1)).toBeGreaterThan(1.05)
  })

  it('is never decided by a few blocks, and has nothing to say of an hour without a usual', () => {
    const block = hours.until * HOUR_BLOCKS
    let now = run({})
    for (let passed = 0; passed < 5; passed++)
      now = afterBlocks(now, hours, LIMITS, {
        from: block + passed,
        to: block + passed + 1,
        journeys: 0,
        per: 0,
      })
    expect(totalWealth(now.wealth)).toBeLessThan(1 / (0.015 * 0.01))
    const beyond = (hours.until + WEEK_HOURS) * HOUR_BLOCKS
    expect(afterBlocks(now, hours, LIMITS, { from: beyond, to: beyond + 1, journeys: 0, per: 0 })).toBe(now)
  })
})
