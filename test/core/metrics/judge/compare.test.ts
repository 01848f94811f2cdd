/** A metric of a variant against control: when anything is said, of whom, and the word for it. */
import { describe, expect, it } from 'vitest'
import {
  type Arm,
  areDealt,
  armInterval,
  isEarly,
  lnGuardEvidence,
  marginOf,
  relativeOf,
  wordOf,
} from '../../../../src/core/metrics/judge/compare.ts'
import { lnEvidenceBeyond, rateInterval, ratioInterval } from '../../../../src/core/metrics/judge/labels.ts'
import {
  lnMeanEvidenceBeyond,
  meanInterval,
  meanRatioInterval,
} from '../../../../src/core/metrics/judge/means.ts'
import type { Metric } from '../../../../src/core/metrics/spec.ts'

const metric = (parts: Partial<Metric> = {}): Metric => ({
  ...{
    name: 'order',
    type: 'conversion',
    better: 'higher',
    role: 'primary',
    guard: { marginPercent: 5, action: 'rollback' as const },
  },
  ...{ cap: undefined, windowMs: null, definition: 'order' },
  ...(parts as object),
})
const LOWER = metric({ better: 'lower' })
const REVENUE = metric({ type: 'sum' })
const UNGUARDED = metric({ guard: undefined })
const arm = (visitors: number, nonzero: number, parts: Partial<Arm> = {}): Arm => ({
  ...{ visitors, nonzero, sum: nonzero, sumOfSquares: nonzero, share: 0.5 },
  ...parts,
})
const ALPHA = { alpha: 0.05, isCapped: true }
const NOTHING = { relative: null, low: null, high: null }

it('a margin is below 1 where less is worse, above where more is, and none without a guard', () => {
  expect([metric(), LOWER, UNGUARDED].map(marginOf)).toEqual([0.95, 1.05, undefined])
})

it.each<[string, Metric, number | null, number | null, string, string?]>([
  ['higher', metric(), 0.01, 0.1, 'better'],
  ['higher, open above', metric(), 0.01, null, 'better'],
  ['none worse', metric(), 0, 0.1, 'not worse'],
  ['at most the margin worse', metric(), -0.05, 0.1, 'not worse'],
  ['maybe more than the margin worse', metric(), -0.051, 0.1, 'undecided'],
  ['lower', metric(), -0.5, -0.01, 'worse'],
  ['lower, open below', metric(), null, -0.01, 'worse'],
  ['not higher', metric(), -0.5, 0, 'undecided'],
  ['anything', metric(), null, null, 'undecided'],
  ['without a guard', UNGUARDED, -0.01, 0.1, 'undecided'],
  ['lower is better', LOWER, -0.1, -0.01, 'better'],
  ['lower is better, so higher is worse', LOWER, 0.01, 0.2, 'worse'],
  ['higher, open above, where lower is better', LOWER, 0.01, null, 'worse'],
  ['at most the margin higher', LOWER, -0.2, 0.05, 'not worse'],
  ['maybe more than that higher', LOWER, -0.2, 0.051, 'undecided'],
  ['open above', LOWER, -0.2, null, 'undecided'],
])('a word: %s', (_, of, low, high, word) => {
  expect(wordOf(of, { relative: 0, low, high }, false)).toBe(word)
  expect(wordOf(of, { relative: 0, low, high }, true)).toBe('worse')
})

describe('a comparison', () => {
  it('is too early below 20 visitors in either, and below 10 conversions in both', () => {
    const early = (of: Metric, variant: Arm, control: Arm) => isEarly(of, [variant, control])
    expect([early(metric(), arm(19, 9), arm(99, 9)), early(metric(), arm(99, 9), arm(19, 9))]).toEqual([
      true,
      true,
    ])
    expect(early(metric(), arm(20, 5), arm(20, 5))).toBe(false)
    expect(early(metric(), arm(20, 5), arm(20, 4))).toBe(true)
    expect([early(REVENUE, arm(20, 0), arm(20, 0)), early(REVENUE, arm(20, 0), arm(19, 0))]).toEqual([
      false,
      true,
    ])
  })

  it('is of arms to which the split deals visitors', () => {
    const none = arm(50, 9, { share: 0 })
    expect([areDealt(arm(1, 1), arm(1, 1)), areDealt(none, arm(1, 1)), areDealt(arm(1, 1), none)]).toEqual([
      ...[true, false, false],
    ])
  })

  it('of conversions is that of labels by their share of the two', () => {
    const [variant, control] = [arm(1_000, 90, { share: 0.2 }), arm(2_800, 260, { share: 0.6 })]
    const labels = { variant: 90, control: 260, share: 0.25 }
    const { low, high } = ratioInterval(labels, 0.05)
    expect(relativeOf(metric(), [variant, control], ALPHA)).toEqual({
      ...{ relative: expect.closeTo(0.09 / (260 / 2_800) - 1, 12) as number, low: low - 1, high: high - 1 },
    })
    expect(lnGuardEvidence(metric(), [variant, control], ALPHA)).toBe(lnEvidenceBeyond(labels, 0.95))
    expect(lnGuardEvidence(LOWER, [variant, control], ALPHA)).toBe(lnEvidenceBeyond(labels, 1.05))
  })

  it('of sums is that of means', () => {
    const of = (sum: number) => arm(900, 300, { sum, sumOfSquares: 40_000 })
    const pair = [of(2_700), of(3_000)] as const
    const interval = meanRatioInterval(...pair, 0.05)
    expect(relativeOf(REVENUE, pair, ALPHA)).toEqual({
      relative: expect.closeTo(-0.1, 12) as number,
      ...{ low: (interval?.low ?? 0) - 1, high: (interval?.high ?? 0) - 1 },
    })
    expect(lnGuardEvidence(REVENUE, pair, ALPHA)).toBe(
      lnMeanEvidenceBeyond(...pair, { margin: 0.95, alpha: 0.05 }),
    )
  })

  it('says nothing of what is early, not dealt, without a cap or without a guard', () => {
    const pair = [arm(400, 90), arm(400, 120)] as const
    const zero = (of: Metric, [variant, control]: readonly [Arm, Arm], isCapped = true) =>
      lnGuardEvidence(of, [variant, control], { alpha: 0.05, isCapped })
    const undealt = [arm(400, 90, { share: 0 }), pair[1]] as const
    const early = [arm(400, 3), arm(19, 120)] as const
    expect(zero(metric(), pair)).not.toBe(0)
    expect([
      zero(UNGUARDED, pair),
      zero(metric(), pair, false),
      zero(metric(), undealt),
      zero(metric(), early),
    ]).toEqual([...[0, 0, 0, 0]])
    // Too few have a value.
    expect(zero(REVENUE, [arm(100, 20), arm(100, 20)])).toBe(0)
    expect(relativeOf(metric(), early, ALPHA)).toEqual(NOTHING)
    const unbound = { relative: expect.closeTo(-0.25, 12) as number, low: null, high: null }
    expect(relativeOf(metric(), undealt, ALPHA)).toEqual(unbound)
    expect(relativeOf(metric(), pair, { alpha: 0.05, isCapped: false })).toEqual(unbound)
    expect(relativeOf(REVENUE, [arm(100, 30), arm(100, 40)], ALPHA)).toEqual(unbound)
  })

  it('has no ratio to a control that has none, and is bound on one side where only that is known', () => {
    const none = relativeOf(metric(), [arm(900, 200), arm(900, 0)], ALPHA)
    expect(none).toMatchObject({ relative: null, high: null })
    expect(none.low).toBeGreaterThan(0)
    const lost = relativeOf(metric(), [arm(900, 0), arm(900, 200)], ALPHA)
    expect(lost).toMatchObject({ relative: -1, low: -1 })
    expect(lost.high).toBeLessThan(0)
  })
})

it('an arm’s mean has the interval of its kind', () => {
  expect(armInterval(metric(), arm(50, 7), 0.05)).toEqual(rateInterval(7, 50, 0.05))
  expect(armInterval(metric(), arm(1, 1), 0.05)).toEqual(rateInterval(1, 1, 0.05))
  expect(armInterval(metric(), arm(0, 0), 0.05)).toBeNull()
  expect(armInterval(REVENUE, arm(900, 300), 0.05)).toEqual(meanInterval(arm(900, 300), 0.05))
  expect(armInterval(REVENUE, arm(100, 30), 0.05)).toBeNull()
})
