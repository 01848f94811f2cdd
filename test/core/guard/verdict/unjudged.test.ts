/** A guard of which no test can act says so, whatever happens to visitors. */
import { expect, it } from 'vitest'
import { type GuardOptions, judgesNothing, resolveGuardSettings } from '../../../../src/core/guard/index.ts'
import { arm, feed, start, tick } from '../support.ts'

const NONE = { errors: false, latency: false, clientErrors: false } as const
const slots = (count: number) => Array.from({ length: count }, (_, k) => k * 7)

/** Of a canary that fails for all, which control doesn't. */
function verdictAt(percentage: number, options: GuardOptions, seconds = 30) {
  const settings = resolveGuardSettings({ bakeMs: 20_000, ...options })
  const control = percentage < 100 ? arm(40) : arm(0)
  const ticks = Array.from({ length: seconds }, (_, second) =>
    tick((second + 1) * 1_000, arm(40, slots(40)), control, { percentage }),
  )
  return feed(settings, start(percentage), ticks).verdict
}

const AT_ALL =
  'nothing is judged: at 100 % there is no control to compare with, and the guard has no ceiling or threshold'

it('where every request fails and no limit is set, it is not called healthy', () => {
  for (const options of [{}, { clientErrors: { action: 'rollback' } } as const]) {
    expect(verdictAt(100, options, 5)).toMatchObject({
      kind: 'unjudged',
      mayAdvance: false,
      sentence: AT_ALL,
    })
    expect(verdictAt(100, options)).toMatchObject({ kind: 'unjudged', mayAdvance: true, sentence: AT_ALL })
  }
  expect(verdictAt(50, NONE)).toMatchObject({
    kind: 'unjudged',
    mayAdvance: false,
    sentence: 'nothing is judged: the guard compares nothing and has no limit',
  })
})

it('it is so without a request, too; but no data ends no stage', () => {
  const settings = resolveGuardSettings({ bakeMs: 0 })
  const idle = feed(settings, start(100), [tick(1_000, arm(0), arm(0), { percentage: 100 })]).verdict
  expect(idle).toMatchObject({ kind: 'unjudged', mayAdvance: false, sentence: AT_ALL })
})

it('a rollout by time that nothing is checked in goes on, and says so', () => {
  const verdict = verdictAt(50, { ...NONE, advance: { byTime: true } })
  expect(verdict).toMatchObject({ kind: 'unjudged', mayAdvance: true })
  expect(verdict.sentence).toBe('nothing is judged: the guard compares nothing and has no limit')
})

it('a limit judges at any share, a comparison with a control only', () => {
  const nothing = (options: GuardOptions, hasControl: boolean) =>
    judgesNothing(resolveGuardSettings({ ...NONE, ...options }), hasControl)
  const limits: GuardOptions[] = [
    { ceilings: { errorRate: 0.2 } },
    { ceilings: { p95Ms: 900 } },
    { thresholds: { errors: 9 } },
    { thresholds: { slow: { count: 9, baselineMs: 900 } } },
  ]
  for (const limit of limits) expect([nothing(limit, false), nothing(limit, true)]).toEqual([false, false])
  const compared: GuardOptions[] = [
    { errors: {} },
    { latency: {} },
    { clientErrors: {} },
    { traffic: { maxDropPercent: 9 } },
  ]
  for (const each of compared) expect([nothing(each, false), nothing(each, true)]).toEqual([true, false])
  const metrics = { ...resolveGuardSettings(NONE), metrics: 'arms' as const }
  expect([judgesNothing(metrics, false), judgesNothing(metrics, true)]).toEqual([true, false])
  expect(judgesNothing({ ...metrics, metrics: 'variants' }, false)).toBe(false)
})

it('metrics alone are what a rollout by time is checked for', () => {
  const settings = resolveGuardSettings({ ...NONE, bakeMs: 0, advance: { byTime: true } })
  const look = [tick(1_000, arm(40), arm(40))]
  expect(feed({ ...settings, metrics: 'arms' }, start(), look).verdict).toMatchObject({
    kind: 'healthy',
    sentence: expect.stringContaining('what is checked holds (no metric beyond its limit)'),
  })
})
