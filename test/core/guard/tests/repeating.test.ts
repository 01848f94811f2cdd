/** Who fails again and again, and when control lets expect as many. */
import { expect, it } from 'vitest'
import { resolveGuardSettings } from '../../../../src/core/guard/index.ts'
import { initialAffected, isLikeControl } from '../../../../src/core/guard/tests/affected.ts'
import { arm, feed, start, tick } from '../support.ts'

const settings = resolveGuardSettings({ latency: false })
const CONTROL_FIRST = 40_000

it('are those with two failures, in the arm that they are in now', () => {
  const failing = (atMs: number, percentage = 50) =>
    tick(atMs, arm(20, [7]), arm(20, [CONTROL_FIRST]), { percentage, stage: percentage === 50 ? 0 : 1 })
  const repeating = (...ticks: Parameters<typeof feed>[2]) =>
    feed(settings, start(), ticks).state.affected.repeating
  const [first, second, third] = [10_000, 20_000, 30_000].map((atMs) => failing(atMs)) as [
    never,
    never,
    never,
  ]
  expect(repeating(first)).toEqual({ percentage: 50, canary: 0, control: 0 })
  expect(repeating(first, second)).toEqual({ percentage: 50, canary: 1, control: 1 })
  expect(repeating(first, second, third, failing(40_000))).toEqual({
    percentage: 50,
    canary: 1,
    control: 1,
  })
  // At 75 % the canary has slots up to 49,151.
  expect(repeating(first, second, failing(30_000, 75))).toEqual({ percentage: 75, canary: 2, control: 0 })
})

it.each([
  // Of control's 8 the canary would have as many, give or take 3 · √16.
  [50, 8, 20, true],
  [50, 8, 21, false],
  // Of control's 36 a third, give or take 3 · √16.
  [25, 36, 24, true],
  [25, 36, 25, false],
  [25, 0, 1, false],
  [100, 0, 1, false],
])(
  'at %d %% are as control’s %d let expect where the canary has %d: %s',
  (percentage, control, canary, is) => {
    const state = { ...initialAffected(percentage), repeating: { percentage, canary, control } }
    expect(isLikeControl(state)).toBe(is)
  },
)
