/** A plan: what a flag's definition says of its rollout, with defaults filled in; and where a command leads from and to. */
import { describe, expect, it } from 'vitest'
import { compileMeasures, compileWeekly } from '../../../../src/core/config/compile/measures.ts'
import { compileSnapshot } from '../../../../src/core/config/compile/snapshot.ts'
import type { FlagControl } from '../../../../src/core/config/control.ts'
import { parseDocumentValue } from '../../../../src/core/config/parse/parse.ts'
import { resolveGuardSettings } from '../../../../src/core/guard/index.ts'
import { commandTransition, percentageOf } from '../../../../src/core/rollout/news/transition.ts'
import {
  comingPercentage,
  compilePlan,
  guardSettings,
  settingsAtStage,
} from '../../../../src/core/rollout/plan.ts'

const metric = (type: string, more: object = {}) => ({ type, better: 'higher', ...more })
function load(flag: object) {
  const parsed = parseDocumentValue({
    origins: { old: { url: 'http://o' }, new: { url: 'http://n' } },
    context: { targetingKey: [{ header: 'x-user' }] },
    routes: [{ path: '/*', flag: 'f', origins: { on: 'new', off: 'old', b: 'new' } }],
    metrics: {
      order: metric('conversion'),
      refund: metric('conversion', { better: 'lower' }),
      revenue: metric('sum', { cap: 500, window: '2h' }),
    },
    flags: { f: { variants: { on: true, off: false, b: 2 }, off: 'off', ...flag } },
  })
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  const config = parsed.value.flags.f
  if (config === undefined) throw new Error('The document has no flag')
  return {
    config,
    plan: compilePlan('f', config),
    metrics: parsed.value.metrics,
    snapshot: compileSnapshot(parsed.value),
  }
}
const planOf = (flag: object) => load(flag).plan
const rule = (parts: object) => ({ rules: [{ serve: 'on', ...parts }] })
const LINES = { metrics: { order: { maxDropPercent: 10, action: 'rollback' } } }

describe('a plan', () => {
  it('has all that a stage says, and nothing that it does not', () => {
    const { stages } = planOf(
      rule({
        stages: [
          { shadow: 20, bake: '30s' },
          {
            ...{ percentage: 5, bake: '0s', maxBake: '3h', within: '2h', approval: true },
            require: { minVisitors: 50, maxErrorRate: 0.01, maxP95Ms: 300 },
          },
          { percentage: 50, advance: 'manual' },
        ],
      }),
    )
    expect(stages).toEqual([
      { percentage: 0, shadow: 20, bakeMs: 30_000, maxBakeMs: null, approval: false, advance: 'auto' },
      {
        ...{
          percentage: 5,
          bakeMs: 0,
          maxBakeMs: 10_800_000,
          withinMs: 7_200_000,
          approval: true,
          advance: 'auto',
        },
        require: { minVisitors: 50, maxErrorRate: 0.01, maxP95Ms: 300, answers: [] },
      },
      { percentage: 50, bakeMs: 600_000, maxBakeMs: null, approval: false, advance: 'manual' },
    ])
    const [, , last] = stages
    expect(settingsAtStage(resolveGuardSettings(), stages[1])).toMatchObject({
      ...{ withinMs: 7_200_000, require: { minVisitors: 50, answers: [] }, bakeMs: 0, maxBakeMs: 10_800_000 },
    })
    expect(Object.keys(settingsAtStage(resolveGuardSettings(), last))).not.toContain('withinMs')
    expect(Object.keys(settingsAtStage(resolveGuardSettings(), last))).not.toContain('require')
  })

  it('has the percentage of a rule without stages, windows and their place', () => {
    expect([planOf(rule({ percentage: 40 })).percentage, planOf(rule({})).percentage]).toEqual([
      40,
      undefined,
    ])
    expect(planOf(rule({ stages: [{ percentage: 40 }] })).percentage).toBeUndefined()
    expect(planOf(rule({}))).toMatchObject({ windows: [], timezone: 'UTC', guard: undefined })
    const windows = [{ days: ['mon'], from: '09:00', to: '17:00' }]
    expect(planOf({ ...rule({}), rollout: { windows, timezone: 'Europe/Bucharest' } })).toMatchObject({
      ...{ windows: [{ days: ['mon'] }], timezone: 'Europe/Bucharest' },
    })
  })

  it('compares with the weeks before what has no split, and a guard that says so', () => {
    const compares = (flag: object) => planOf(flag).beforeAfter
    const traffic = { traffic: { maxDropPercent: 20 } }
    expect([compares({ ...rule({}), guard: traffic }), compares({ ...rule({}), guard: LINES })]).toEqual([
      true,
      true,
    ])
    expect([
      compares({ ...rule({ percentage: 40 }), guard: traffic }),
      compares({ ...rule({ percentage: 40 }), guard: LINES }),
      compares({ ...rule({}), guard: { ...traffic, enabled: false } }),
      compares({ ...rule({}), guard: { errors: {} } }),
      compares(rule({})),
    ]).toEqual([undefined, undefined, undefined, undefined, undefined])
  })

  it('has no tests of arms where there are none, unless the guard names them', () => {
    const tests = (guard: object, parts: object = {}) => {
      const settings = planOf({ ...rule(parts), guard }).guard
      return [settings?.errors.enabled, settings?.latency.enabled]
    }
    expect([tests(LINES), tests({ ...LINES, errors: {} }), tests({ ...LINES, latency: {} })]).toEqual([
      [false, false],
      [true, false],
      [false, true],
    ])
    expect(tests(LINES, { percentage: 40 })).toEqual([true, true])
  })

  it('says up to where visitors come next: not into the holdback', () => {
    const { stages } = planOf(rule({ stages: [{ percentage: 5 }, { percentage: 50 }, { percentage: 100 }] }))
    expect([0, 1, 2].map((stage) => comingPercentage(stages, stage, 1_500))).toEqual([50, 98.5, undefined])
    expect(comingPercentage(stages, 0, 60_000)).toBe(40)
  })
})

describe('a guard’s settings', () => {
  it('have its warm-up as a time, and stages that go on by time alone', () => {
    const of = (guard: object) => {
      const { config } = load({ ...rule({ percentage: 40 }), guard })
      if (config.guard === undefined) throw new Error('The flag has no guard')
      return guardSettings(config.guard)
    }
    expect(of({ latency: { warmUp: '90s' } }).latency.warmUpMs).toBe(90_000)
    expect(of({ latency: {} }).latency.warmUpMs).toBe(120_000)
    expect(of({ latency: false }).latency.enabled).toBe(false)
    expect([of({ advance: 'time' }).advance.byTime, of({}).advance.byTime]).toEqual([true, false])
    expect([of({ advance: { beta: 0.2 } }).beta, of({ advance: 'time' }).beta]).toEqual([0.2, 0.05])
  })
})

describe('what a flag measures', () => {
  const measured = (flag: object) => {
    const { config, metrics } = load(flag)
    return { arms: compileMeasures(config, metrics), weekly: compileWeekly(config, metrics) }
  }

  it('is compared by variants where a rule deals them, control first', () => {
    const { arms, weekly } = measured({ ...rule({ percentage: 40 }), guard: LINES })
    expect(weekly).toBeUndefined()
    expect(arms).toMatchObject({ outside: 'off', stages: 1, variants: ['off', 'on'], control: 'off' })
    expect(arms?.inside).toEqual(new Map([['on', 1]]))
    expect(arms?.metrics).toMatchObject([
      {
        name: 'order',
        type: 'conversion',
        role: 'guard',
        guard: { marginPercent: 10, action: 'rollback' },
        windowMs: null,
      },
    ])
    const staged = measured({ ...rule({ stages: [{ percentage: 5 }, { percentage: 50 }] }), guard: LINES })
    expect(staged.arms).toMatchObject({ outside: 'off', stages: 2 })
  })

  it('has a rise for its margin where it must be low', () => {
    const rise = { metrics: { refund: { maxRisePercent: 7, action: 'freeze' } } }
    const { arms } = measured({ ...rule({ percentage: 40 }), guard: rise })
    expect(arms?.metrics).toMatchObject([{ name: 'refund', guard: { marginPercent: 7, action: 'freeze' } }])
  })

  it('is dealt by weight, without those of weight 0', () => {
    const split = { rules: [{ serve: { on: 75, b: 25, off: 0 } }] }
    const measure = (more: object) =>
      measured({ ...split, experiment: { primary: 'revenue', metrics: ['order'], ...more } }).arms
    const arms = measure({})
    expect([arms?.control, arms?.variants, measure({ control: 'b' })?.control]).toEqual([
      'on',
      ['on', 'b'],
      'b',
    ])
    expect(arms?.inside).toEqual(
      new Map([
        ['on', 0.75],
        ['b', 0.25],
      ]),
    )
    expect([arms?.outside, arms?.stages]).toEqual([undefined, 1])
    expect(arms?.metrics.map(({ name, role, windowMs, cap }) => [name, role, windowMs, cap])).toEqual([
      ['revenue', 'primary', 7_200_000, 500],
      ['order', 'secondary', null, undefined],
    ])
  })

  it('is compared with the weeks before where all visitors get the same', () => {
    for (const rules of [[{ serve: 'on' }], [{ serve: { on: 100, off: 0 } }]]) {
      const { arms, weekly } = measured({ rules, guard: LINES })
      expect(arms).toBeUndefined()
      expect(weekly).toEqual([
        {
          name: 'order',
          type: 'conversion',
          cap: undefined,
          guard: { marginPercent: 10, action: 'rollback' },
        },
      ])
    }
    const off = measured({ ...rule({}), guard: { ...LINES, enabled: false } })
    expect([off.arms, off.weekly]).toEqual([undefined, undefined])
  })
})

describe('a command leads visitors', () => {
  const flag = load({
    ...rule({ stages: [{ percentage: 5 }, { percentage: 50 }] }),
    guard: {},
  }).snapshot.flags.get('f')
  const at = (parts: Partial<FlagControl & { killed: boolean }>) =>
    ({ generation: 1, stage: 0, killed: false, ...parts }) as Parameters<typeof commandTransition>[1]

  it('from what they got to what they get: nothing while it is killed or rolled back', () => {
    const since = { atMs: 1, reason: 'r' }
    expect(commandTransition(flag, at({}), at({ stage: 1 }))).toEqual({ from: 5, to: 50 })
    expect(commandTransition(flag, at({ killed: true }), at({}))).toEqual({ from: 0, to: 5 })
    expect(commandTransition(flag, at({ stage: 1 }), at({ stage: 1, rolledBack: since }))).toEqual({
      from: 50,
      to: 0,
    })
    expect(commandTransition(undefined, at({}), at({}))).toEqual({ from: null, to: null })
  })

  it('of a rule without a share are all', () => {
    const all = load(rule({})).snapshot.flags.get('f')
    const some = load(rule({ percentage: 12.5 })).snapshot.flags.get('f')
    expect([all, some].map((each) => each && percentageOf(each, { generation: 1, stage: 0 }))).toEqual([
      100, 12.5,
    ])
  })
})
