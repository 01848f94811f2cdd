/** What makes a guard, or the stages that it leads, ask less: each setting there is, in the direction that matters. */
import { describe, expect, it } from 'vitest'
import { parseDocumentValue } from '../../../src/core/config/parse/parse.ts'
import { DESCRIPTIONS } from '../../../src/core/config/schema/descriptions.ts'
import type { GuardConfig } from '../../../src/core/config/schema/document.ts'
import { weakenings } from '../../../src/core/rollout/edits/guard-weakening.ts'
import { endedFreezes, looserTimes } from '../../../src/core/rollout/edits/looser-times.ts'
import { looserStages } from '../../../src/core/rollout/edits/stage-loosening.ts'
import { compilePlan } from '../../../src/core/rollout/plan.ts'

function flagOf(parts: { guard?: object; stages?: object[]; rollout?: object }) {
  const { guard, stages, rollout } = parts
  const parsed = parseDocumentValue({
    origins: { old: { url: 'http://old.test' }, new: { url: 'http://new.test' } },
    routes: [{ path: '/*', flag: 'f', origins: { on: 'new', off: 'old' } }],
    metrics: { order: {}, revenue: { type: 'sum' }, tickets: { better: 'lower' } },
    flags: {
      f: {
        variants: { on: true, off: false },
        off: 'off',
        rules: [{ serve: 'on', ...(stages ? { stages } : { percentage: 50 }) }],
        ...(guard && { guard }),
        ...(rollout && { rollout }),
      },
    },
  })
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  const flag = parsed.value.flags.f
  if (flag === undefined) throw new Error('The flag is missing')
  return flag
}
const guardOf = (guard: object): GuardConfig | undefined => flagOf({ guard }).guard

const all = { errors: {}, latency: {} }
/** Key of the guard, a guard, a weaker one, and what is said of it. */
const WEAKER: [key: string, strong: object, weak: object, said: string][] = [
  ['enabled', all, { ...all, enabled: false }, 'the guard is switched off'],
  ['action', all, { ...all, action: 'freeze' }, 'it freezes in place of rolling back'],
  ['alpha', { alpha: 0.01 }, { alpha: 0.001 }, 'alpha goes from 0.01 to 0.001'],
  ['errors', all, { latency: {}, clientErrors: {} }, 'errors are no longer watched'],
  ['errors.rho', all, { ...all, errors: { rho: 3 } }, 'the tolerated ratio of errors goes from 1.1 to 3'],
  [
    'errors.delta',
    { errors: { delta: 0.01 } },
    { errors: { delta: 0.02 } },
    'the tolerated difference of errors goes from 0.01 to 0.02',
  ],
  [
    'errors.minBuckets',
    all,
    { ...all, errors: { minBuckets: 90 } },
    'the number of visitors that must see errors goes from 3 to 90',
  ],
  [
    'errors.statuses',
    all,
    { ...all, errors: { statuses: [500, 503] } },
    'status 501 and 97 more are no longer errors',
  ],
  ['latency', all, { errors: {} }, 'latency is no longer watched'],
  [
    'latency.rho',
    all,
    { ...all, latency: { rho: 2 } },
    'the tolerated ratio of slow requests goes from 1.1 to 2',
  ],
  [
    'latency.delta',
    all,
    { ...all, latency: { delta: 0.5 } },
    'the tolerated difference of slow requests goes from 0.0001 to 0.5',
  ],
  [
    'latency.marginBuckets',
    all,
    { ...all, latency: { marginBuckets: 40 } },
    'the margin of slow requests (steps) goes from 1 to 40',
  ],
  [
    'latency.minSlow',
    all,
    { ...all, latency: { minSlow: 500 } },
    'the number of slow requests that it takes goes from 5 to 500',
  ],
  [
    'latency.deadlineMs',
    all,
    { ...all, latency: { deadlineMs: 60_000 } },
    'the deadline of a response goes from 5 s to 60 s',
  ],
  [
    'latency.warmUp',
    all,
    { ...all, latency: { warmUp: '4h' } },
    'the warm-up of a stage goes from 2 min to 4 h',
  ],
  [
    'latency.quantiles',
    all,
    { ...all, latency: { quantiles: [0.5, 0.9, 0.95] } },
    'p99 is no longer watched',
  ],
  [
    'latency.fewMachines',
    all,
    { ...all, latency: { fewMachines: true } },
    'the allowance for few machines goes from off to on',
  ],
  ['clientErrors', all, { ...all, clientErrors: false }, 'client errors are no longer watched'],
  [
    'clientErrors.rho',
    all,
    { ...all, clientErrors: { rho: 9 } },
    'the tolerated ratio of client errors goes from 1.5 to 9',
  ],
  [
    'clientErrors.delta',
    all,
    { ...all, clientErrors: { delta: 0.5 } },
    'the tolerated difference of client errors goes from 0.01 to 0.5',
  ],
  [
    'clientErrors.action',
    { ...all, clientErrors: { action: 'rollback' } },
    { ...all, clientErrors: {} },
    'the action on client errors goes from rollback to freeze',
  ],
  ['grpc', all, { ...all, grpc: false }, 'gRPC status 2 and 5 more are no longer errors'],
  [
    'grpc.statuses',
    { ...all, grpc: { statuses: [1, 2] } },
    { ...all, grpc: { statuses: [2] } },
    'gRPC status 1 is no longer an error',
  ],
  ['advance', all, { ...all, advance: 'time' }, 'what advances a stage goes from evidence to time'],
  [
    'advance.beta',
    all,
    { ...all, advance: { beta: 0.4 } },
    'the chance to advance at the limit goes from 0.05 to 0.4',
  ],
  [
    'advance.rho',
    all,
    { ...all, advance: { rho: 7 } },
    'the ratio of errors that still advances goes from 1.5 to 7',
  ],
  [
    'advance.delta',
    all,
    { ...all, advance: { delta: 0.001 } },
    'the difference of errors that still advances goes from the default to 0.001',
  ],
  [
    'advance.marginBuckets',
    all,
    { ...all, advance: { marginBuckets: 20 } },
    'the margin that still advances (steps) goes from 3 to 20',
  ],
  ['traffic', { ...all, traffic: { maxDropPercent: 5 } }, all, 'traffic is no longer watched'],
  [
    'traffic.maxDropPercent',
    { ...all, traffic: { maxDropPercent: 5 } },
    { ...all, traffic: { maxDropPercent: 50 } },
    'the tolerated drop of traffic (%) goes from 5 to 50',
  ],
  [
    'ceilings',
    { ...all, ceilings: { errorRate: 0.2 } },
    all,
    'the ceiling of the error rate is no longer watched',
  ],
  [
    'ceilings.errorRate',
    { ceilings: { errorRate: 0.2 } },
    { ceilings: { errorRate: 0.9 } },
    'the ceiling of the error rate goes from 0.2 to 0.9',
  ],
  [
    'ceilings.p95Ms',
    { ceilings: { p95Ms: 500 } },
    { ceilings: { p95Ms: 501 } },
    'the ceiling of p95 (ms) goes from 500 to 501',
  ],
  [
    'ceilings.minRequests',
    { ceilings: { errorRate: 0.2 } },
    { ceilings: { errorRate: 0.2, minRequests: 100_000 } },
    'the number of requests before a ceiling applies goes from 50 to 100000',
  ],
  ['thresholds', { ...all, thresholds: { errors: 5 } }, all, 'the threshold of errors is no longer watched'],
  [
    'thresholds.errors',
    { thresholds: { errors: 5 } },
    { thresholds: { errors: 6 } },
    'the threshold of errors goes from 5 to 6',
  ],
  [
    'thresholds.slow',
    { ...all, thresholds: { slow: { count: 5, baselineMs: 100 } } },
    all,
    'the threshold of slow requests is no longer watched',
  ],
  [
    'thresholds.slow.count',
    { thresholds: { slow: { count: 5, baselineMs: 100 } } },
    { thresholds: { slow: { count: 50, baselineMs: 100 } } },
    'the threshold of slow requests goes from 5 to 50',
  ],
  [
    'thresholds.slow.baselineMs',
    { thresholds: { slow: { count: 5, baselineMs: 100 } } },
    { thresholds: { slow: { count: 5, baselineMs: 900 } } },
    'the baseline of slow requests (ms) goes from 100 to 900',
  ],
  [
    'metrics',
    { metrics: { order: { maxDropPercent: 5 } } },
    { metrics: { revenue: { maxDropPercent: 5 } } },
    'the metric order is no longer watched',
  ],
  [
    'metrics.*.maxDropPercent',
    { metrics: { order: { maxDropPercent: 5 } } },
    { metrics: { order: { maxDropPercent: 6 } } },
    'the tolerated drop of order (%) goes from 5 to 6',
  ],
  [
    'metrics.*.maxRisePercent',
    { metrics: { tickets: { maxRisePercent: 5 } } },
    { metrics: { tickets: { maxRisePercent: 50 } } },
    'the tolerated rise of tickets (%) goes from 5 to 50',
  ],
  [
    'metrics.*.action',
    { metrics: { order: { maxDropPercent: 5 } } },
    { metrics: { order: { maxDropPercent: 5, action: 'signal' } } },
    'what happens beyond the limit of order goes from rollback to signal',
  ],
]

describe('a guard is weaker', () => {
  it.each(WEAKER)('by %s', (_, strong, weak, said) => {
    expect(weakenings(guardOf(strong), guardOf(weak))).toContain(said)
    expect(weakenings(guardOf(weak), guardOf(strong))).not.toContain(said)
    expect(weakenings(guardOf(strong), guardOf(strong))).toEqual([])
  })

  it('by one setting is told of this one alone', () => {
    for (const [key, strong, weak, said] of WEAKER)
      if (key.includes('.')) expect(weakenings(guardOf(strong), guardOf(weak)), key).toEqual([said])
  })

  it('by any key that it has', () => {
    const prefix = 'flags.*.guard.'
    const keys = Object.keys(DESCRIPTIONS).filter((key) => key.startsWith(prefix))
    expect(keys.length).toBeGreaterThan(30)
    const known = WEAKER.map(([key]) => key)
    expect(keys.map((key) => key.slice(prefix.length)).filter((key) => !known.includes(key))).toEqual([])
  })

  it('where there is none any more, and never where there was none', () => {
    expect(weakenings(guardOf(all), undefined)).toEqual(['the guard is removed'])
    expect(weakenings(undefined, undefined)).toEqual([])
    expect(weakenings(guardOf({ ...all, enabled: false }), undefined)).toEqual([])
    expect(weakenings(undefined, guardOf({ alpha: 0.001 }))).toEqual([])
  })

  it('says nothing of the default of what goes by percentage, unless it may be above', () => {
    const [fixed, byShare] = [0.01, undefined].map((delta) => guardOf({ ...all, advance: { delta } }))
    expect(weakenings(fixed, byShare)).toEqual([])
    expect(weakenings(guardOf({ ...all, advance: { delta: 0.0001 } }), byShare)).toEqual([
      'the difference of errors that still advances goes from 0.0001 to the default',
    ])
  })
})

const stagesOf = (...stages: object[]) => compilePlan('f', flagOf({ stages, guard: all })).stages
const at = (percentage: number, more: object = {}) => ({ percentage, bake: '1s', ...more })
const approval = { approval: true }
const manual = { advance: 'manual' }

describe('stages ask less', () => {
  const guarded = stagesOf(at(1), at(25, approval), at(50), at(100))

  it('of people: where the next one to be asked is further up', () => {
    const open = stagesOf(at(1), at(25), at(50), at(100))
    const said = (place: string) => [`stages lead up to 100 % without a person, up to ${place} % before`]
    expect(looserStages(guarded, open, 1)).toEqual(said('25'))
    expect(looserStages(guarded, open, 25)).toEqual(said('25'))
    expect(looserStages(guarded, open, 50)).toEqual([])
    expect(looserStages(stagesOf(at(0, manual), at(50), at(100)), open, 0)).toEqual([])
    expect(looserStages(stagesOf(at(0, manual), at(100)), stagesOf(at(0), at(100)), 0)).toEqual(said('0'))
    expect(looserStages(guarded, stagesOf(at(1), at(30, approval), at(100)), 1)).toEqual([
      'stages lead up to 30 % without a person, up to 25 % before',
      'stages bake 2 s in all before 100 %, 3 s until now',
    ])
    expect(looserStages(guarded, stagesOf(at(1), at(5), at(20, manual), at(100)), 1)).toEqual([])
    expect(looserStages(open, guarded, 1)).toEqual([])
    // Below its first stage a rollout waits for a person anyway.
    expect(looserStages(guarded, stagesOf(at(50), at(100)), 25)).toEqual([])
    expect(looserStages(guarded, [], 1)).toEqual([])
    expect(looserStages([], open, 1)).toEqual([])
  })

  it('of time: a bake, or all that are left, or how soon a canary must be judged', () => {
    const slow = stagesOf(at(1, { bake: '30m' }), at(25, { bake: '1h', within: '2h' }), at(100))
    const changed = (...stages: object[]) => looserStages(slow, stagesOf(...stages), 1)
    const same = at(25, { bake: '1h', within: '2h' })
    expect(changed(at(1, { bake: '30m' }), same, at(100))).toEqual([])
    expect(changed(at(1, { bake: '1m' }), same, at(100))).toEqual([
      'at 1 % the bake goes from 30 min to 60 s',
    ])
    expect(changed(at(1, { bake: '30m' }), at(25, { bake: '1h', within: '1h' }), at(100))).toEqual([
      'at 25 % a canary may be more worse, so that it is judged within 1 h',
    ])
    expect(changed(at(1, { bake: '30m' }), at(25, { bake: '2h' }), at(100))).toEqual([])
    expect(changed(at(1, { bake: '30m' }), at(100))).toEqual([
      'stages bake 30 min in all before 100 %, 2 h until now',
    ])
    // What no longer leads up so far bakes no less on its way.
    expect(changed(at(1, { bake: '30m' }), at(25, { bake: '1h', within: '3h' }))).toEqual([])
    expect(looserStages(slow, stagesOf(at(1, { bake: '1s' }), same, at(100)), 25)).toEqual([])
    const quick = stagesOf(at(1), at(25, { within: '5m' }))
    expect(looserStages(stagesOf(at(1), at(25)), quick, 1)).toEqual([
      'at 25 % a canary may be more worse, so that it is judged within 5 min',
    ])
  })

  it('of the canary', () => {
    const paths = [{ path: '/buy', max: 1 }]
    const require = { minVisitors: 100, maxErrorRate: 0.01, maxP95Ms: 500, paths }
    const strict = stagesOf(at(1), at(25, { require }), at(100))
    const changed = (part: object | undefined) =>
      looserStages(strict, stagesOf(at(1), at(25, part && { require: { ...require, ...part } }), at(100)), 1)
    expect(changed({})).toEqual([])
    expect(changed({ minVisitors: 99 })).toEqual(['at 25 % fewer than 100 visitors are required'])
    expect(changed({ minVisitors: 101, maxErrorRate: 0.001, maxP95Ms: 499 })).toEqual([])
    expect(changed({ maxErrorRate: 0.02 })).toEqual(['at 25 % an error rate above 0.01 is accepted'])
    expect(changed({ maxP95Ms: 501 })).toEqual(['at 25 % a p95 above 500 ms is accepted'])
    expect(changed({ paths: [{ path: '/buy', max: 2 }] })).toEqual([
      'at 25 % more than 1 of 5xx on /buy are accepted',
    ])
    expect(changed({ paths: [{ path: '/other' }] })).toHaveLength(1)
    expect(changed(undefined)).toHaveLength(4)
    // What is behind it asks nothing any more.
    expect(looserStages(strict, stagesOf(at(1), at(25), at(100)), 100)).toEqual([])
  })
})

describe('a rollout may go on at more times', () => {
  const flagWith = (rollout: object | undefined) => flagOf({ guard: all, ...(rollout && { rollout }) })
  const MORE = 'stages may advance at more times of the week'
  const office = { windows: [{ days: ['mon', 'tue'], from: '09:00', to: '17:00' }] }
  it.each<[string, object | undefined, object | undefined, boolean]>([
    ['the same windows', office, office, false],
    ['none any more', office, undefined, true],
    ['the first ones', undefined, office, false],
    ['an hour later', office, { windows: [{ days: ['mon', 'tue'], from: '09:00', to: '17:01' }] }, true],
    ['an hour less', office, { windows: [{ days: ['mon', 'tue'], from: '10:00', to: '17:00' }] }, false],
    ['another day', office, { windows: [{ days: ['mon', 'wed'], from: '09:00', to: '17:00' }] }, true],
    ['another timezone', office, { ...office, timezone: 'Asia/Tokyo' }, true],
    [
      'two in place of one',
      office,
      {
        windows: [
          { days: ['tue'], from: '09:00', to: '17:00' },
          { days: ['mon'], from: '09:00', to: '12:00' },
        ],
      },
      false,
    ],
  ])('%s', (_, was, is, isMore) => {
    expect(looserTimes(flagWith(was), flagWith(is))).toEqual(isMore ? [MORE] : [])
  })

  it('by a slower way back', () => {
    const back = (stepBack: string | undefined) => flagWith(stepBack === undefined ? {} : { stepBack })
    expect(looserTimes(back(undefined), back('5m'))).toEqual([
      'a rollback takes visitors back within 5 min, at once before',
    ])
    expect(looserTimes(back('5m'), back('30s'))).toEqual([])
  })

  it('by a freeze that goes', () => {
    const freeze = { start: '2026-12-20T00:00:00Z', end: '2027-01-02T00:00:00Z', reason: 'holidays' }
    const now = Date.parse('2026-12-24T00:00:00Z')
    const goes = ['the freeze until 2027-01-02T00:00:00Z (holidays) goes: stages may advance before']
    expect(endedFreezes([freeze], [], now)).toEqual(goes)
    expect(endedFreezes([freeze], [{ ...freeze, end: '2027-01-01T00:00:00Z' }], now)).toEqual(goes)
    expect(endedFreezes([freeze], [{ ...freeze, start: '2026-12-25T00:00:00Z' }], now)).toEqual(goes)
    expect(endedFreezes([freeze], [{ ...freeze, start: '2026-12-23T00:00:00Z' }], now)).toEqual([])
    expect(endedFreezes([freeze], [], Date.parse(freeze.end))).toEqual([])
  })
})
