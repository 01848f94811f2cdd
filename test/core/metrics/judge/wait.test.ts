import { describe, expect, it } from 'vitest'
import type { Arrivals } from '../../../../src/core/metrics/arrivals.ts'
import type { Arm } from '../../../../src/core/metrics/judge/compare.ts'
import { waitOf } from '../../../../src/core/metrics/judge/wait.ts'
import { waitWords } from '../../../../src/core/metrics/judge/wait-words.ts'
import type { Metric } from '../../../../src/core/metrics/spec.ts'
import { waitsOf } from '../../../../test-kit/simulation/experiment-waits.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

const ORDER: Metric = {
  ...{ name: 'order', type: 'conversion', better: 'higher', role: 'primary' },
  ...{ guard: undefined, cap: undefined, windowMs: null, definition: '' },
}
const GUARDED: Metric = { ...ORDER, guard: { marginPercent: 5, action: 'rollback' } }

const arm = (visitors: number, nonzero: number, share = 0.5): Arm => ({
  ...{ visitors, share, nonzero },
  ...{ sum: nonzero, sumOfSquares: nonzero },
})

/** After two days of so many visitors a day. */
const arrivals = (perDay: number): Arrivals => ({
  ...{ counts: new Array<number>(48).fill(perDay / 24), slotMs: HOUR_MS },
  ...{ room: 1e9, most: 1e9 },
})

const perVisitor = ({ sum, visitors }: Arm) => sum / visitors
const relativeOf = ([variant, control]: readonly [Arm, Arm]) => perVisitor(variant) / perVisitor(control) - 1

function waits(metric: Metric, arms: readonly [Arm, Arm], perDay?: number) {
  const visitors = arms[0].visitors + arms[1].visitors
  const wait = waitOf(metric, arms, {
    ...{ relative: relativeOf(arms), alpha: 0.05 },
    ...{ arrivals: arrivals(perDay ?? visitors / 2), visitors },
  })
  if (wait === undefined) throw new Error('it must be known')
  return { ...wait, ...waitWords(metric, wait) }
}

describe('without a margin', () => {
  it('it takes until a difference of 5 % would show, whatever is seen up to there', () => {
    const none = waits(ORDER, [arm(50_000, 2_500), arm(50_000, 2_500)])
    expect(waits(ORDER, [arm(50_000, 2_525), arm(50_000, 2_475)]).toMs).toBeCloseTo(none.toMs, -7)
    expect(waits(ORDER, [arm(50_000, 2_475), arm(50_000, 2_525)]).toMs).toBeCloseTo(none.toMs, -7)
    expect(none).toMatchObject({
      isDue: false,
      wait: 'about 4 more days at this rate',
      why: 'About 4 more days at this rate, until a difference of 5 % would show.',
    })
  })

  it('a large difference is decided sooner', () => {
    const none = waits(ORDER, [arm(20_000, 1_000), arm(20_000, 1_000)])
    const large = waits(ORDER, [arm(20_000, 1_050), arm(20_000, 950)])
    expect(large.ms).toBeLessThan(none.ms / 4)
    expect(large.etaRangeMs?.[0]).toBeLessThan(large.ms)
  })

  it('a small one goes on once 5 % would have shown, and says why', () => {
    const late = waits(ORDER, [arm(500_000, 25_000), arm(500_000, 24_800)])
    expect(late.isDue).toBe(true)
    expect(late.wait).toMatch(/^longer than expected, about \d+ more days at this rate$/)
    expect(late.why).toMatch(
      /^About \d+ more days at this rate .*, longer than expected, as the difference is so small that it may stay undecided\.$/,
    )
    expect(waits(ORDER, [arm(5_000_000, 250_000), arm(5_000_000, 250_000)], 500_000)).toMatchObject({
      wait: 'longer than expected, more than a year at this rate',
      why: 'More than a year at this rate, longer than expected, as the difference is so small that it may stay undecided.',
    })
  })
})

describe('with a margin', () => {
  it('names what must be shown or excluded', () => {
    const { why } = waits(GUARDED, [arm(50_000, 2_500), arm(50_000, 2_500)])
    expect(why).toMatch(/, until a difference shows or more than 5 % lower is excluded\.$/)
    const lower = waits({ ...GUARDED, better: 'lower' }, [arm(50_000, 2_500), arm(50_000, 2_500)])
    expect(lower.why).toMatch(/, until a difference shows or more than 5 % higher is excluded\.$/)
  })

  it('takes longest between no difference and the margin, and says so once it is due', () => {
    const at = (converted: number, scale: number) =>
      waits(GUARDED, [arm(50_000 * scale, converted * scale), arm(50_000 * scale, 2_500 * scale)], 50_000)
    expect(at(2_450, 1).ms).toBeGreaterThan(at(2_500, 1).ms)
    expect(at(2_450, 1).ms).toBeGreaterThan(at(2_250, 1).ms)
    expect(at(2_440, 12)).toMatchObject({ isDue: true })
    expect(at(2_440, 12).wait).toMatch(/^longer than expected, about \d+ more (hours|days) at this rate$/)
    expect(at(2_440, 12).why).toMatch(/ in two of three cases\), longer than expected, as the difference/)
  })

  it('a metric that must be low mirrors one that must be high', () => {
    const high = waits(GUARDED, [arm(50_000, 2_525), arm(50_000, 2_500)])
    const low = waits({ ...GUARDED, better: 'lower' }, [arm(50_000, 2_475), arm(50_000, 2_500)])
    const wrong = waits(GUARDED, [arm(50_000, 2_475), arm(50_000, 2_500)])
    // 5 % more is a smaller step than 5 % less: ln 1.05 against −ln 0.95.
    expect(low.ms / high.ms).toBeGreaterThan(1)
    expect(low.ms / high.ms).toBeLessThan(1.4)
    expect(wrong.ms / high.ms).toBeGreaterThan(1.5)
  })
})

it.each([
  ['twice the visitors', 2],
  ['half of them', 0.5],
])('%s take the inverse of the time', (_, factor) => {
  const arms = [arm(50_000, 2_500), arm(50_000, 2_500)] as const
  expect(waits(ORDER, arms, factor * 50_000).ms * factor).toBeCloseTo(waits(ORDER, arms, 50_000).ms, -5)
})

it('a small variant takes longer than an equal one', () => {
  const small = waits(ORDER, [arm(10_000, 500, 0.1), arm(90_000, 4_500, 0.9)])
  expect(small.ms).toBeGreaterThan(2 * waits(ORDER, [arm(50_000, 2_500), arm(50_000, 2_500)]).ms)
})

it('of a sum nothing is decided before enough visitors have a value', () => {
  const spent = (visitors: number, nonzero: number, each: number) => ({
    ...arm(visitors, nonzero),
    ...{ sum: each * nonzero, sumOfSquares: 1.01 * each * each * nonzero },
  })
  const revenue: Metric = { ...ORDER, type: 'sum' }
  const large = waits(revenue, [spent(1_000, 100, 400), spent(1_000, 100, 20)], 2_000)
  expect(large).toMatchObject({ etaMs: DAY_MS / 2, etaRangeMs: [DAY_MS / 2, DAY_MS / 2] })
})

it('where no one comes it is more than a year', () => {
  const counts = [...new Array<number>(36).fill(1), ...new Array<number>(12).fill(0)]
  const asked = { relative: 0, alpha: 0.05, arrivals: { ...arrivals(0), counts }, visitors: 100_000 }
  const wait = waitOf(ORDER, [arm(50_000, 2_500), arm(50_000, 2_500)], asked)
  expect(wait && waitWords(ORDER, wait)).toEqual({
    wait: 'more than a year at this rate',
    why: 'More than a year at this rate, until a difference of 5 % would show.',
  })
})

it('nothing is known of a sum of which nineteen have a value in one of both', () => {
  const revenue: Metric = { ...ORDER, type: 'sum' }
  const asked = { relative: 0, alpha: 0.05, arrivals: arrivals(100), visitors: 200 }
  expect(waitOf(revenue, [arm(900, 19), arm(900, 90)], asked)).toBeUndefined()
  expect(waitOf(revenue, [arm(900, 20), arm(900, 90)], asked)).toBeDefined()
})

it('nor in the first minute', () => {
  const short = { ...arrivals(100), counts: new Array<number>(24).fill(1), slotMs: 2_499 }
  const arms = [arm(100, 20), arm(100, 20)] as const
  const asked = { relative: 0, alpha: 0.05, visitors: 200 }
  expect(waitOf(ORDER, arms, { ...asked, arrivals: short })).toBeUndefined()
  expect(waitOf(ORDER, arms, { ...asked, arrivals: { ...short, slotMs: 2_500 } })).toBeDefined()
})

it.each([
  ['no difference', { effect: 1, rate: 0.1, visitors: 500 }, 10],
  ['a fifth less', { effect: 0.8, rate: 0.05, visitors: 200 }, 5],
])(
  'what is told of %s holds in most simulated experiments, as often too long as too short',
  (what, site, margin) => {
    const told = waitsOf({ what, day: 0.6, week: 0, delayHours: 0, ...site }, margin, 25, 'wait').told
    const part = (holds: (each: (typeof told)[number]) => boolean) => told.filter(holds).length / told.length
    expect(told.length).toBeGreaterThan(50)
    expect(part(({ left, from, to }) => left >= from && left <= to)).toBeGreaterThan(0.5)
    expect(part(({ left, about }) => about > 3 * left)).toBeLessThan(0.35)
    expect(part(({ left, about }) => left > 3 * about)).toBeLessThan(0.35)
  },
)

it.each([
  [0, 'any moment now'],
  [9_999, 'any moment now'],
  [10_000, 'about 10 more seconds at this rate'],
])('%i ms are %s', (ms, wait) => {
  const said = { ms, fromMs: ms, toMs: 2 * ms, isDue: false }
  expect(waitWords(ORDER, said).wait).toBe(wait)
  expect(waitWords(ORDER, { ...said, isDue: true }).wait).toBe(`longer than expected, ${wait}`)
})
