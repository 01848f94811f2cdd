/** A guard that compares nothing holds, and says so; opted in, it climbs by time and says what was checked. */
import { describe, expect, it } from 'vitest'
import { type GuardOptions, resolveGuardSettings } from '../../../../src/core/guard/index.ts'
import { arm, feed, start, tick } from '../support.ts'

const seconds = (count: number) => Array.from({ length: count }, (_, k) => k + 1)
const LIMITS = { errors: false, latency: false, clientErrors: false, bakeMs: 30_000 } as const

function judged(count: number, options: GuardOptions, percentage = 50) {
  const ticks = seconds(count).map((second) => tick(second * 1000, arm(20), arm(20), { percentage }))
  return feed(resolveGuardSettings({ ...LIMITS, ...options }), start(percentage), ticks).verdict
}

describe('a guard of limits alone', () => {
  it.each<[string, GuardOptions]>([
    ['ceilings', { ceilings: { errorRate: 0.2 } }],
    ['thresholds', { thresholds: { errors: 100 } }],
    ['traffic', { traffic: { maxDropPercent: 30 } }],
    ['answers that turn visitors away', { clientErrors: {} }],
  ])('holds for ever: %s', (_, options) => {
    const verdict = judged(600, options)
    expect(verdict).toMatchObject({ kind: 'inconclusive', action: 'none', mayAdvance: false })
    expect(verdict.sentence).toMatch(/^the guard compares neither errors nor latency/)
    // No number of requests is enough: 0 would say that they have come.
    expect(verdict.evidence.canaryRequestsToGo).toBeNull()
  })

  it('advances by time where that is asked for, and says what was checked', () => {
    const byTime = { advance: { byTime: true } }
    const limits = { ceilings: { errorRate: 0.2, p95Ms: 900 }, thresholds: { errors: 100 } }
    const checked =
      'what is checked holds (an error rate below 20 %; a p95 below 900 ms; no threshold passed)'
    const climbs = `it climbs by time: ${checked}, and the canary is not shown to be as good as control`
    expect(judged(20, { ...byTime, ...limits })).toMatchObject({
      ...{ kind: 'healthy', mayAdvance: false },
      sentence: `${climbs}; bakes for another 10 s`,
    })
    const verdict = judged(40, { ...byTime, ...limits })
    expect(verdict).toMatchObject({ kind: 'healthy', mayAdvance: true })
    expect(verdict.sentence).toBe(`the bake time is over; ${climbs}`)
    expect(judged(40, byTime)).toMatchObject({
      ...{ kind: 'unjudged', mayAdvance: true },
      sentence: 'nothing is judged: the guard compares nothing and has no limit',
    })
    // Without a control nothing could be compared anyway.
    expect(judged(20, { ...byTime, ...limits }, 100).sentence).toMatch(/^healthy so far/)
  })

  it('finishes at 100 %, where there is nothing to compare with', () => {
    expect(judged(40, { ceilings: { errorRate: 0.2 } }, 100)).toMatchObject({ mayAdvance: true })
  })
})

it('advance by time does not climb while something speaks against the canary', () => {
  const settings = resolveGuardSettings({ latency: false, bakeMs: 0, advance: { byTime: true } })
  const ticks = seconds(40).map((second) =>
    tick(
      second * 1000,
      arm(
        20,
        [0, 100, 200, 300].map((first) => first + second),
      ),
      arm(20),
    ),
  )
  expect(feed(settings, start(), ticks.slice(0, 3)).verdict).toMatchObject({ mayAdvance: false })
})

describe('a ceiling, by time or at 100 %,', () => {
  const byTime = { advance: { byTime: true }, bakeMs: 0 } as const

  it.each([
    ['by time', { ...byTime, ceilings: { errorRate: 0.2, p95Ms: 900, minRequests: 50 } }, 50],
    ['at 100 %', { bakeMs: 0, ceilings: { errorRate: 0.2 } }, 100],
  ] as [string, GuardOptions, number][])(
    'must have had the requests that it needs: %s',
    (_, options, percentage) => {
      expect(judged(2, options, percentage)).toMatchObject({
        mayAdvance: false,
        sentence: '40 of the 50 canary requests that a ceiling needs have come in this stage',
      })
      expect(judged(3, options, percentage)).toMatchObject({ mayAdvance: true })
    },
  )

  it('holds a stage while some evidence says that the canary is above it', () => {
    const settings = resolveGuardSettings({
      ...LIMITS,
      ...byTime,
      ceilings: { errorRate: 0.2, minRequests: 10 },
    })
    // Half of the visitors fail in one second: not enough to decide by.
    const failing = tick(1_000, arm(20, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]), arm(20))
    const held = feed(settings, start(), [failing]).verdict
    expect(held).toMatchObject({ action: 'none', mayAdvance: false })
    expect(held.sentence).toMatch(/^some evidence that the canary is above a ceiling/)
    const calm = seconds(40).map((second) => tick((second + 1) * 1_000, arm(20), arm(20)))
    expect(feed(settings, start(), [failing, ...calm]).verdict).toMatchObject({ mayAdvance: true })
  })
})
