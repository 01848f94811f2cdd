/** The form of a guard: it has each setting of the schema, and an edit changes what it is about and nothing else. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseDocumentValue } from '../../../src/core/config/parse/parse.ts'
import type { GuardConfig } from '../../../src/core/config/schema/document.ts'
import { guard as guardSchema } from '../../../src/core/config/schema/guard.ts'
import { comparisonTestsOf } from '../../../src/core/config/schema/guard-tests.ts'
import type { JsonObject } from '../../../src/core/json-object.ts'
import { valueAt, withValue } from '../../../src/dashboard/views/edit/draft.ts'
import {
  afterEdit,
  COMPARISONS,
  withComparison,
  withGuard,
  withoutEmptied,
} from '../../../src/dashboard/views/edit/guard-draft.ts'
import {
  countSet,
  EVERYDAY,
  GROUPS,
  type GuardSetting,
  settingsOf,
} from '../../../src/dashboard/views/edit/guard-settings.ts'
import { keysOf, leavesOf, type Schema } from '../../core/config/keys/schema-keys.ts'

const SETTINGS = [...EVERYDAY, ...GROUPS.flatMap(({ settings }) => settings)]

const optional = <Model extends Record<string, unknown>>(
  model: {
    [Key in keyof Model]: fc.Arbitrary<Model[Key]>
  },
) => fc.record(model, { requiredKeys: [] })
const orOff = <T>(settings: fc.Arbitrary<T>) => fc.oneof(fc.constant(false as const), settings)

const ratio = fc.integer({ min: 10, max: 1_000 }).map((tenths) => tenths / 10)
const share = fc.integer({ min: 0, max: 10_000 }).map((each) => each / 10_000)
const whole = fc.integer({ min: 1, max: 50 })
const probability = fc.integer({ min: 1, max: 500 }).map((each) => each / 1_000)
const action = fc.constantFrom('rollback', 'freeze')
const statuses = fc.uniqueArray(fc.constantFrom('5xx', '4xx', 404, 500), { minLength: 1 })

const anyGuard = optional({
  action,
  alpha: probability,
  errors: orOff(optional({ rho: ratio, delta: share, minBuckets: whole, statuses })),
  latency: orOff(
    optional({
      rho: ratio,
      delta: share,
      marginBuckets: whole,
      deadlineMs: whole,
      minSlow: whole,
      warmUp: fc.constantFrom('0s', '1h30m', '5m'),
      quantiles: fc.uniqueArray(fc.constantFrom(0.5, 0.9, 0.95, 0.99), { minLength: 1 }),
      fewMachines: fc.boolean(),
    }),
  ),
  clientErrors: orOff(optional({ rho: ratio, delta: share, action })),
  grpc: orOff(fc.record({ statuses: fc.uniqueArray(fc.integer({ min: 1, max: 16 }), { minLength: 1 }) })),
  advance: fc.oneof(
    fc.constant('time' as const),
    optional({ beta: probability, rho: ratio, delta: share, marginBuckets: whole }),
  ),
  traffic: fc.record({ maxDropPercent: whole }),
  ceilings: optional({ errorRate: probability, p95Ms: whole, minRequests: whole }),
  thresholds: optional({ errors: whole, slow: fc.record({ count: whole, baselineMs: whole }) }),
})

/** Valid guards: any, those that name one test, and those that name none and compare everything. */
const guards: fc.Arbitrary<JsonObject> = fc.oneof(
  anyGuard,
  fc
    .record({ guard: anyGuard, kept: fc.constantFrom('', 'errors', 'latency', 'ceilings') })
    .map(({ guard: { action: act, alpha, grpc, advance, ...tests }, kept }) => ({
      ...Object.fromEntries(
        Object.entries({ action: act, alpha, grpc, advance }).filter(([, each]) => each !== undefined),
      ),
      ...Object.fromEntries(Object.entries(tests).filter(([name]) => name === kept)),
    })),
)

const valuesOf = ({ kind, options = [] }: GuardSetting): fc.Arbitrary<unknown> => {
  switch (kind) {
    case 'number':
      return whole
    case 'rate':
      return share
    case 'duration':
      return fc.constant('5m')
    case 'choice':
      return fc.constantFrom(...options.map(([value]) => value))
    case 'check':
      return fc.boolean()
    case 'list':
      return statuses
    case 'grpc':
      return fc.constantFrom(false, { statuses: [14] })
    case 'quantiles':
      return fc.constant([0.5])
    case 'advance':
      return fc.constantFrom('time', { rho: 2 })
  }
}

const comparedIn = (guard: JsonObject) => {
  const tests = comparisonTestsOf(guard as GuardConfig)
  return COMPARISONS.filter((name) => tests[name] !== false)
}
/** Without what only says whether something is compared, and without what holds nothing. */
const settingsIn = (guard: JsonObject) =>
  Object.fromEntries(
    Object.entries(guard).filter(
      ([name, value]) =>
        JSON.stringify(value) !== '{}' &&
        !(value === false && (COMPARISONS as readonly string[]).includes(name)),
    ),
  )
const edited = (guard: JsonObject, { path }: GuardSetting, value: unknown) =>
  afterEdit(guard, withValue(guard, path, value))

/** A guard, and one of the settings that its form shows. */
const shown = guards.chain((guard) =>
  fc.record({
    guard: fc.constant(guard),
    setting: fc.constantFrom(...EVERYDAY, ...GROUPS.flatMap((group) => settingsOf(group, guard))),
  }),
)

describe('the form of a guard', () => {
  it('has each key of the schema', () => {
    // Switches and metrics have controls of their own; two controls have whole parts.
    const others = leavesOf(keysOf(guardSchema as unknown as Schema)).filter(
      (key) => key !== 'enabled' && !key.startsWith('metrics.') && key !== 'grpc.statuses',
    )
    const paths = SETTINGS.map(({ path }) => path.join('.')).filter(
      (path) => !['grpc', 'advance'].includes(path),
    )
    expect(paths.toSorted()).toEqual(others.toSorted())
    expect(new Set(SETTINGS.map(({ label }) => label)).size).toBe(SETTINGS.length)
  })

  it('changes nothing by giving a setting the value that it has', () => {
    fc.assert(
      fc.property(shown, ({ guard, setting }) => {
        expect(edited(guard, setting, valueAt(guard, setting.path))).toEqual(guard)
      }),
    )
  })

  it('changes one setting, and never what is compared', () => {
    const edits = shown.chain(({ guard, setting }) =>
      fc.record({ guard: fc.constant(guard), setting: fc.constant(setting), value: valuesOf(setting) }),
    )
    fc.assert(
      fc.property(edits, ({ guard, setting, value }) => {
        const after = edited(guard, setting, value)
        expect(valueAt(after, setting.path)).toEqual(value)
        expect(comparedIn(after)).toEqual(comparedIn(guard))
        const back = edited(after, setting, valueAt(guard, setting.path))
        expect(comparedIn(back)).toEqual(comparedIn(guard))
        expect(settingsIn(back)).toEqual(settingsIn(guard))
      }),
    )
  })

  it('switches one comparison, and back to what it was', () => {
    fc.assert(
      fc.property(guards, fc.constantFrom(...COMPARISONS), (guard, name) => {
        const wasOn = comparedIn(guard).includes(name)
        const turned = withComparison(guard, name, !wasOn)
        // Client errors belong to errors unless they are named.
        const own = name === 'errors' && guard.clientErrors === undefined ? [name, 'clientErrors'] : [name]
        const others = (list: readonly string[]) => list.filter((each) => !own.includes(each))
        expect(comparedIn(turned).includes(name)).toBe(!wasOn)
        expect(others(comparedIn(turned))).toEqual(others(comparedIn(guard)))
        const back = withComparison(turned, name, wasOn, guard[name] || undefined)
        expect(comparedIn(back)).toEqual(comparedIn(guard))
        expect(settingsIn(back)).toEqual(settingsIn(guard))
      }),
    )
  })

  it('switches the whole guard off without losing a setting', () => {
    fc.assert(
      fc.property(guards, (guard) => {
        expect(withGuard(withGuard(guard, false), true)).toEqual(guard)
        expect(withGuard(guard, false)?.enabled ?? false).toBe(false)
      }),
    )
    expect(withGuard(withGuard(undefined, true), false)).toBeUndefined()
  })

  it('shows what an empty guard compares, and keeps it where a maximum is added', () => {
    const ceiling = SETTINGS.find(({ label }) => label === 'Max error rate') as GuardSetting
    expect(edited({}, ceiling, 0.2)).toEqual({ errors: {}, latency: {}, ceilings: { errorRate: 0.2 } })
    expect(withComparison({}, 'latency', false)).toEqual({ errors: {}, latency: false })
    expect(withComparison({ errors: {}, clientErrors: false }, 'clientErrors', true)).toEqual({ errors: {} })
    expect(edited({ ceilings: { errorRate: 0.2 } }, ceiling, undefined)).toEqual({
      errors: false,
      latency: false,
    })
  })

  it('shows the settings of what is compared, and counts those that are set', () => {
    const titles = (guard: JsonObject) =>
      GROUPS.filter((group) => settingsOf(group, guard).length > 0).map(({ title }) => title)
    expect(titles({})).toEqual(GROUPS.map(({ title }) => title))
    expect(titles({ latency: {}, advance: 'time' })).toEqual(['Errors', 'Latency', 'Plain counts'])
    expect(countSet(SETTINGS, { errors: { rho: 2 }, grpc: false, advance: { beta: 0.1, rho: 2 } })).toBe(5)
  })

  it('makes guards that the gate takes', () => {
    const flag = { variants: { on: 1, off: 0 }, off: 'off', rules: [{ percentage: 5, serve: 'on' }] }
    const problemsOf = (guard: JsonObject) => {
      const parsed = parseDocumentValue({
        origins: { a: { url: 'http://a' } },
        routes: [{ path: '/*', origin: 'a' }],
        flags: { f: { ...flag, guard } },
      })
      return parsed.ok ? [] : parsed.problems
    }
    fc.assert(
      fc.property(guards, fc.constantFrom(...COMPARISONS), (guard, name) => {
        expect(problemsOf(guard)).toEqual([])
        expect(problemsOf(withComparison(guard, name, !comparedIn(guard).includes(name)))).toEqual([])
        expect(problemsOf(withGuard(guard, false) ?? {})).toEqual([])
      }),
    )
  })
})

describe('what a stage asks for', () => {
  it('is gone with its last limit, unless it was empty before', () => {
    const path = ['stages', 0, 'require']
    const taken = (stage: JsonObject, key: string) => {
      const before = { stages: [stage] }
      return withoutEmptied(before, withValue(before, [...path, key], undefined), path)
    }
    const stage = { percentage: 5 }
    expect(taken({ ...stage, require: { minVisitors: 9 } }, 'minVisitors')).toEqual({ stages: [stage] })
    expect(taken({ ...stage, require: {} }, 'minVisitors')).toEqual({ stages: [{ ...stage, require: {} }] })
    expect(taken({ ...stage, require: { minVisitors: 9, maxP95Ms: 5 } }, 'maxP95Ms')).toEqual({
      stages: [{ ...stage, require: { minVisitors: 9 } }],
    })
  })
})
