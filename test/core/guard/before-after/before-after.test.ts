/** `guard.traffic` of a flag without a split: which falls of journeys close it, when, and what it says. */
import { describe, expect, it } from 'vitest'
import { restoreBeforeAfter } from '../../../../src/core/guard/before-after/before-after.ts'
import { reportOf } from '../../../../src/core/guard/index.ts'
import { seeded } from '../../../../test-kit/simulation/random.ts'
import { BLOCKS_OF_DAY, type Past, SETTINGS, Site, START_MS, siteOf, usual, VERDICT } from './site.ts'

const HOUR = 12
const DAY = BLOCKS_OF_DAY

/** Four weeks with the flag off, learned once. */
const PAST: Past = siteOf(28, false)
/** The flag comes on at nine in the morning. */
function switchedOn(): Site {
  const site = new Site(PAST)
  site.isOn = false
  site.pass(9 * HOUR)
  site.isOn = true
  return site
}

describe('a flag that comes on for everybody', () => {
  it.each([
    [0.3, 24],
    [0.35, 8],
    [0.5, 2],
    [1, 1],
  ])('with a fall of journeys by %d is closed within %d hours', (fall, hours) => {
    const site = switchedOn()
    const passed = site.pass(3 * DAY, () => 1 - fall)
    expect(site.verdict).toMatchObject({ kind: 'failing', action: 'rollback', trigger: 'traffic' })
    expect(passed).toBeLessThanOrEqual(hours * HOUR)
    // No few minutes decide.
    expect(passed).toBeGreaterThanOrEqual(6)
  })

  it('says what it has seen, with the figures, and that there was no control', () => {
    const site = switchedOn()
    site.pass(DAY, () => 0.5)
    expect(site.verdict.sentence).toMatch(
      /^journeys fell by 50 % against the same hours of the weeks before, since \d\d:\d\d UTC: [\d,]+ where about [\d,]+ were to be expected; compared with 3 weeks before, not with a control$/,
    )
    const { beforeAfter } = reportOf(site.verdict)
    expect(beforeAfter).toMatchObject({ weeks: 3, actsFrom: 0.285 })
    expect(beforeAfter?.fall).toBeCloseTo(0.5, 1)
    expect(Math.round((beforeAfter?.expected ?? 0) * 0.5)).toBeCloseTo(beforeAfter?.journeys ?? 0, -2)
  })

  it.each<[string, (block: number) => number]>([
    ['as before', () => 1],
    ['a little fewer', () => 0.88],
    ['many more', () => 2],
    ['growing by a tenth a week', (block) => 1.1 ** ((block - 28 * DAY) / (7 * DAY))],
    ['shrinking by a tenth a week', (block) => 0.9 ** ((block - 28 * DAY) / (7 * DAY))],
  ])('with journeys that are %s stays on for two weeks', (_, factor) => {
    const site = switchedOn()
    site.pass(14 * DAY, factor)
    expect(site.verdict.kind).toBe('healthy')
    expect(site.verdict.sentence).toMatch(
      /^no fall of journeys against the same hours of the weeks before, since /,
    )
  })

  it('with a fall below the limit stays on, and says so', () => {
    const site = switchedOn()
    site.pass(5 * DAY, () => 0.8)
    expect(site.verdict).toMatchObject({ kind: 'collecting', lacks: 'evidence' })
    expect(site.verdict.sentence).toMatch(
      /^journeys are 2\d % below .*; acts from 28 % on; compared with \d weeks before, not with a control$/,
    )
    // After two weeks that is how the site is.
    site.pass(10 * DAY, () => 0.8)
    expect(site.verdict.kind).toBe('healthy')
  })

  it('says from which fall on it acts where that is more than the limit', () => {
    const on = switchedOn()
    on.pass(HOUR)
    const { state, block } = on
    const usualOf = (leastFall: number) => {
      const run = state?.run && { ...state.run, basis: { ...state.run.basis, leastFall } }
      const site = new Site({ state: { ...state, run } as Past['state'], block })
      site.pass(1)
      return /days differ .*/.exec(site.verdict.sentence)?.[0]
    }
    expect([0.299, 0.3, 0.31].map(usualOf)).toEqual([
      ...[undefined, undefined],
      'days differ so much here that only a fall of 31 % is told from them',
    ])
  })

  it('that only may freeze is failing all the same', () => {
    const site = switchedOn()
    site.settings = { ...SETTINGS, action: 'freeze' }
    site.pass(DAY, () => 0.5)
    expect(site.verdict).toMatchObject({ kind: 'failing', action: 'freeze' })
  })

  it('stays failing, whatever comes, until another generation', () => {
    const site = switchedOn()
    site.pass(DAY, () => 0.5)
    const { sentence } = site.verdict
    for (let block = 0; block < DAY; block++) site.pass(1)
    expect(site.verdict).toMatchObject({ kind: 'failing', sentence })
    // What the generation before has seen is nothing to the next.
    site.block--
    site.tick({ generation: 2 })
    site.block++
    expect(site.verdict).toMatchObject({ kind: 'collecting', lacks: 'requests' })
    site.pass(2 * HOUR, () => 1, { generation: 2 })
    expect(site.verdict.kind).toBe('healthy')
  })

  it('that has been on for weeks is closed as well', () => {
    const site = siteOf(28, true)
    expect(site.verdict.kind).toBe('healthy')
    expect(site.pass(DAY, () => 0.5)).toBeLessThanOrEqual(4 * HOUR)
  })

  it('goes on after a restart where it was', () => {
    const site = switchedOn()
    site.pass(HOUR, () => 0.6)
    const stored = restoreBeforeAfter(JSON.parse(JSON.stringify(site.state)))
    expect(stored).toEqual(site.state)
    const restarted = new Site({ state: stored, block: site.block })
    expect(restarted.pass(DAY, () => 0.6)).toBe(site.pass(DAY, () => 0.6))
    expect(restarted.verdict.kind).toBe('failing')
    expect(restoreBeforeAfter({ ...stored, version: 2 } as never)).toBeUndefined()
  })
})

describe('what is no fall', () => {
  it('a week that is quieter than the weeks before from two days on, as the hours just before were', () => {
    const site = new Site(PAST)
    site.isOn = false
    const quiet = () => 0.6
    site.pass(2 * DAY + 9 * HOUR, quiet)
    site.isOn = true
    site.pass(5 * DAY, quiet)
    expect(site.verdict.kind).toBe('healthy')
  })

  it('such a week either where single days are odd, so that the level comes from many', () => {
    const random = seeded('odd days', 1)
    const days = Array.from({ length: 45 }, () => Math.exp(0.12 * random.next() - 0.06))
    const ofDay = (block: number) => days[Math.floor(block / DAY)] ?? 1
    const quiet = (block: number) => 0.6 * ofDay(block)
    const site = siteOf(35, false, ofDay)
    site.pass(DAY + 2 * HOUR, quiet)
    site.isOn = true
    site.pass(2 * HOUR, quiet)
    const basis = site.state?.run?.basis
    expect(basis && 'level' in basis ? basis.level : 1).toBeLessThan(0.7)
    expect(site.pass(4 * DAY, quiet)).toBe(4 * DAY)
  })

  it.each<[string, number, number]>([
    ['a week ago', 23.4, 25.4],
    ['the day before', 27.3, 28.3],
    ['on its first day', 28.4, 29],
  ])('the end of a campaign that was %s', (_, from, to) => {
    const campaign = (block: number) => (block >= from * DAY && block < to * DAY ? 3 : 1)
    const site = siteOf(28, false, campaign)
    site.pass(9 * HOUR, campaign)
    site.isOn = true
    site.pass(6 * DAY, campaign)
    expect(site.verdict.kind).not.toBe('failing')
  })

  it('a silence: no one tells of it, and what comes after is compared with the hours before', () => {
    const site = switchedOn()
    site.pass(6 * HOUR)
    site.block += 3 * HOUR
    const back = site.block
    site.pass(2)
    expect(site.state?.run?.whole.since).toBeGreaterThanOrEqual(START_MS / 300_000 + back)
    site.pass(DAY)
    expect(site.verdict.kind).toBe('healthy')
    // Of a silence of weeks nothing is kept.
    site.block += 15 * DAY
    site.pass(1)
    expect(site.verdict.sentence).toContain('waits for visitors who have the flag')
  })

  it('the noise of healthy weeks', () => {
    const random = seeded('healthy', 1)
    const noise = new Map<number, number>()
    const at = (hour: number) => {
      const known = noise.get(hour) ?? 0.8 + 0.4 * random.next()
      noise.set(hour, known)
      return known
    }
    const site = siteOf(28, false, (block) => at(Math.floor(block / HOUR)))
    site.isOn = true
    expect(site.pass(14 * DAY, (block) => at(Math.floor(block / HOUR)))).toBe(14 * DAY)
  })
})

describe('until it can compare', () => {
  it('it holds, and says how long', () => {
    const site = siteOf(9, true)
    site.pass(6 * HOUR, () => 0.3)
    expect(site.verdict).toMatchObject({ kind: 'collecting', lacks: 'evidence' })
    expect(site.verdict.sentence).toBe(
      'collects journeys to compare with the same hours of the weeks before: a comparison needs 2 weeks and a day, and begins in 6 d; until then no fall is seen',
    )
    expect(reportOf(site.verdict)).toMatchObject({ kind: 'inconclusive', action: 'none' })
  })

  it('it begins after two weeks and a day', () => {
    const site = siteOf(15, true)
    site.pass(HOUR)
    expect(site.verdict.kind).toBe('collecting')
    site.pass(HOUR)
    expect(site.verdict.kind).toBe('healthy')
    expect(site.verdict.sentence).toContain('compared with 2 weeks before')
  })

  it('it says that no visitor has the flag', () => {
    expect(siteOf(1, false).verdict.sentence).toBe(
      'waits for visitors who have the flag: its journeys are counted, to be compared with; a comparison needs 2 weeks and a day, and begins in 14 d',
    )
    expect(new Site(PAST).state).toBeDefined()
  })

  it('it says that there are too few journeys', () => {
    const site = siteOf(28, true, () => 0.0005)
    site.isOn = true
    site.tick({ requests: 1, served: 1 })
    site.block++
    site.tick({ requests: 1, served: 1 })
    expect(site.verdict.sentence).toMatch(
      /^too few journeys to compare with the weeks before: about \d+ an hour, needs about \d+$/,
    )
  })

  it('it says that a fall can’t be told from days that differ too much', () => {
    const random = seeded('uneven', 1)
    const days = Array.from({ length: 40 }, () => Math.exp(3 * random.next() - 1.5))
    const site = siteOf(29, true, (block) => days[Math.floor(block / DAY)] ?? 1)
    expect(site.verdict.sentence).toMatch(
      /^its journeys differ by \d+ % from day to day, so no fall can be told from that$/,
    )
  })

  it('where days differ somewhat, it says which fall it can tell, and closes none below it', () => {
    const random = seeded('somewhat', 1)
    const days = Array.from({ length: 40 }, () => Math.exp(0.4 * random.next() - 0.2))
    const site = siteOf(29, true, (block) => days[Math.floor(block / DAY)] ?? 1)
    expect(site.verdict.sentence).toMatch(
      /; days differ so much here that only a fall of (4|5|6)\d % is told from them$/,
    )
    expect(site.pass(12 * HOUR, () => 0.85)).toBe(12 * HOUR)
    expect(site.pass(12 * HOUR, () => 0.1)).toBeLessThan(12 * HOUR)
  })
})

describe('clocks', () => {
  it('follow summer time: the hours stay those of the place', () => {
    const local = (block: number) => usual(block + HOUR) / usual(block)
    for (const [before, after, factor] of [
      [0, 3_600_000, local],
      [3_600_000, 0, (block: number) => usual(block - HOUR) / usual(block)],
    ] as const) {
      const site = new Site()
      site.pass(29 * DAY, () => 1, { offsetMs: before })
      expect(site.pass(6 * DAY, factor, { offsetMs: after })).toBe(6 * DAY)
      expect(site.state?.hours.values.filter((journeys) => journeys === null)).toHaveLength(
        before === 0 ? 3 : 1,
      )
      expect(site.verdict.kind).toBe('healthy')
    }
  })

  it('of another place begin anew', () => {
    const site = new Site(PAST)
    site.tick({ offsetMs: 9 * 3_600_000 })
    expect(site.state?.hours.values).toEqual([])
  })

  it('that are set back for a moment change nothing', () => {
    const site = switchedOn()
    site.pass(3 * HOUR)
    site.block -= HOUR / 2
    site.pass(DAY)
    expect(site.verdict.kind).toBe('healthy')
  })
})

describe('beside the guard’s other tests', () => {
  it('what they act on comes first', () => {
    const site = switchedOn()
    site.pass(DAY, () => 0.5)
    const ceiling = {
      ...VERDICT,
      kind: 'failing',
      action: 'rollback',
      trigger: 'ceiling',
      sentence: 'over',
    } as const
    site.settings = { ...SETTINGS, ceilings: { ...SETTINGS.ceilings, errorRate: 0.2 } }
    expect(site.verdict.kind).toBe('failing')
    expect(site.judged(ceiling)).toMatchObject({ trigger: 'ceiling', sentence: 'over' })
  })

  it('limits that are kept are told with it', () => {
    const site = switchedOn()
    site.settings = { ...SETTINGS, thresholds: { errors: 3, slow: null } }
    site.pass(3 * HOUR)
    expect(site.verdict.sentence).toMatch(/^no fall of journeys.*; no canary requests to judge$/)
    site.pass(DAY, () => 0.4)
    expect(site.verdict.sentence).not.toContain('to judge')
  })

  it('without a limit the verdict is as it was', () => {
    const site = new Site(PAST)
    site.settings = { ...SETTINGS, traffic: { ...SETTINGS.traffic, maxDropPercent: null } }
    site.pass(2)
    expect(site.verdict).toBe(VERDICT)
    expect(site.state).toBe(PAST.state)
  })

  it('another limit holds from the next hour on', () => {
    const site = switchedOn()
    site.pass(3 * HOUR)
    site.settings = { ...SETTINGS, traffic: { ...SETTINGS.traffic, maxDropPercent: 60 } }
    site.pass(HOUR)
    expect(site.pass(2 * DAY, () => 0.5)).toBe(2 * DAY)
    expect(site.verdict.sentence).toContain('acts from 57 % on')
  })
})

describe('counts that come seldom', () => {
  /** Once an hour, with all that came since. */
  const hourly = (site: Site, hours: number, factor: number): number => {
    for (let passed = 0; passed < hours; passed++) {
      let journeys = 0
      for (let block = 0; block < HOUR; block++) journeys += usual(site.block + block) * factor
      site.tick({ requests: 10, journeys: Math.round(journeys), served: site.isOn ? 10 : 0 })
      site.block += HOUR
      if (site.verdict.kind === 'failing') return passed
    }
    return hours
  }

  it('are compared as others are', () => {
    const site = new Site()
    site.isOn = false
    hourly(site, 29 * 24, 1)
    site.isOn = true
    expect(hourly(site, 7 * 24, 1)).toBe(7 * 24)
    expect(site.verdict.kind).toBe('healthy')
    expect(hourly(site, 24, 0.65)).toBeLessThan(16)
  })
})
