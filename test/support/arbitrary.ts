/** Random gate documents, visitors and control states. Every document is one that parsing must accept. */
import fc from 'fast-check'
import type { ControlState, FlagControl } from '../../src/core/config/control.ts'

type Values = (string | number | boolean)[]
export type ArbitraryCondition = {
  attribute: string
  op: string
  values: Values
  negate?: boolean
  ignoreCase?: boolean
}

export type ArbitraryFlag = {
  variants: Record<string, unknown>
  off: string
  rules: { serve: unknown }[]
}

export type ArbitraryDocument = {
  origins: Record<string, { url: string }>
  context: object
  routes: { path: string; flag: string; origins: Record<string, string> }[]
  flags: Record<string, ArbitraryFlag>
}

/** Who asks. `undefined` is an attribute that is missing. */
export type Visitor = {
  targetingKey: string
  country: string | undefined
  colo: string | undefined
  asn: number | undefined
  plan: string | undefined
  beta: string | undefined
  preview: string | undefined
  version: string | undefined
  age: string | undefined
  since: string | undefined
  language: string | undefined
  ip: string
  path: string
  method: string
}

const COUNTRIES = ['US', 'RO', 'DE', 'JP']
const PLANS = ['free', 'pro', 'Pro', 'enterprise']
const VERSIONS = ['1.0.0', '1.0.0-rc.1', '2.3.4', '10.0.0']
const DATES = ['1999-12-31', '2020-06-01T12:00:00Z', '2020-06-01T12:00:00+02:00', '2100-01-01T00:00:00']
const ADDRESSES = ['203.0.113.7', '198.51.100.200', '2001:db8::1']
export const PATHS = ['/', '/shop', '/shop/1', '/shop/1/edit', '/checkout/pay', '/api/v1/orders', '/a%20b']
export const METHODS = ['GET', 'POST', 'DELETE']

const some = <T>(...values: readonly T[]) => fc.constantFrom(...values)
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined })
/** Absent half the time; JSON leaves out what is undefined. */
const half = <T>(arbitrary: fc.Arbitrary<T>) => fc.oneof(fc.constant(undefined), arbitrary)
const listOf = <T>(...values: readonly T[]) => fc.uniqueArray(some(...values), { minLength: 1, maxLength: 3 })

export const visitors: fc.Arbitrary<Visitor> = fc.record({
  targetingKey: fc.oneof(
    fc.nat(100_000).map((number) => `user-${number}`),
    fc.stringMatching(/^[A-Za-z0-9._-]{1,30}$/),
  ),
  country: maybe(some(...COUNTRIES)),
  colo: maybe(some('OTP', 'SJC')),
  asn: maybe(some(64_500, 64_501)),
  plan: maybe(some(...PLANS)),
  beta: maybe(some('1', 'yes')),
  preview: maybe(some('on', 'off')),
  version: maybe(some(...VERSIONS, 'latest')),
  age: maybe(some('17', '18', '18.5', 'old')),
  since: maybe(some(...DATES, 'yesterday')),
  language: maybe(some('ro', 'en-US,en;q=0.9')),
  ip: some(...ADDRESSES),
  path: some(...PATHS),
  method: some(...METHODS),
})

const TEXT_OPERATORS = ['in', 'not_in', 'starts_with', 'ends_with', 'contains'] as const
const NUMBER_OPERATORS = ['eq', 'gt', 'gte', 'lt', 'lte'] as const
const SEMVER_OPERATORS = ['semver_eq', 'semver_gt', 'semver_gte', 'semver_lt', 'semver_lte'] as const

function condition(
  attributes: readonly string[],
  ops: readonly string[],
  values: fc.Arbitrary<Values>,
): fc.Arbitrary<ArbitraryCondition> {
  const flags = { negate: fc.boolean(), ignoreCase: fc.boolean() }
  return fc.record(
    { attribute: some(...attributes), op: some(...ops), values, ...flags },
    { requiredKeys: ['attribute', 'op', 'values'] },
  )
}

const ANY_ATTRIBUTE = [
  'country',
  'colo',
  'asn',
  'plan',
  'cookie.beta',
  'query.preview',
  'header.X-Version',
  'language',
  'path',
  'method',
  'targetingKey',
  'no-such-attribute',
]

const conditions: fc.Arbitrary<ArbitraryCondition> = fc.oneof(
  condition(['country'], ['in', 'not_in'], listOf(...COUNTRIES)),
  condition(
    ['plan', 'method', 'path', 'targetingKey'],
    TEXT_OPERATORS,
    listOf(...PLANS, 'GET', '/shop', '1', 'e'),
  ),
  condition(['plan', 'path', 'language'], ['matches'], listOf('^p', '/shop/[0-9]+', '^(a+)+$', 'en', 'É|o$')),
  condition(['header.x-age', 'asn'], NUMBER_OPERATORS, listOf<number | string>(18, '18.5', 64_500)),
  condition(['header.x-since', 'now'], ['before', 'after'], listOf(...DATES)),
  condition(['header.X-Version'], SEMVER_OPERATORS, listOf(...VERSIONS)),
  condition(['ip'], ['in_cidr'], listOf('203.0.113.0/24', '2001:db8::/32', '0.0.0.0/0')),
  condition(ANY_ATTRIBUTE, ['exists'], fc.constant([])),
)

const percentages = fc.oneof(
  some(100, 50, 0, 0.001, 1, 99.999),
  fc.nat(100_000).map((n) => n / 1_000),
)

const rising = fc
  .uniqueArray(percentages, { minLength: 1, maxLength: 4 })
  .map((list) => list.toSorted((a, b) => a - b))
const stages = rising.map((list) => list.map((percentage) => ({ percentage, bake: '1h' })))

const weightsOf = (variants: readonly string[]) =>
  fc.array(fc.nat(100), { minLength: variants.length - 1, maxLength: variants.length - 1 }).map((cuts) => {
    const edges = [0, ...cuts.toSorted((a, b) => a - b), 100]
    return Object.fromEntries(
      variants.map((variant, index) => [variant, (edges[index + 1] ?? 0) - (edges[index] ?? 0)]),
    )
  })

function ruleOf(variants: readonly string[]): fc.Arbitrary<Rule> {
  return fc.record({
    name: half(some('staff', 'canary', 'everybody')),
    when: half(fc.array(conditions, { minLength: 1, maxLength: 2 })),
    percentage: half(percentages),
    serve: fc.oneof(some(...variants), weightsOf(variants)),
  })
}

function requirementsOf(earlier: readonly string[]) {
  const forms = fc.constantFrom<object>({}, { on: false }, { variants: ['on'] })
  return fc
    .tuple(fc.subarray([...earlier], { maxLength: Math.min(2, earlier.length) }), forms, fc.boolean())
    .map(([keys, form, isShort]) => keys.map((flag) => (isShort ? flag : { flag, ...form })))
}

const SCHEDULES = [
  { start: '2020-01-01' },
  { end: '2020-01-01' },
  { start: '2100-01-01T00:00:00' },
  { start: '2020-01-01T00:00:00+02:00', end: '2100-01-01' },
]

const variantValues: fc.Arbitrary<unknown> = fc.oneof(
  some<unknown>(true, false, null, 'text', '', 42, 0.5),
  fc.string(),
  some<unknown>({ colour: 'red', sizes: [1, 2, 3] }, [], [{ a: null }]),
)

/** A flag; with `earlier` flags that it may require. */
export function flagOf(earlier: readonly string[]): fc.Arbitrary<ArbitraryFlag> {
  return fc
    .shuffledSubarray(['off', 'on', 'blue', 'green'], { minLength: 2 })
    .filter((variants) => variants.includes('on'))
    .chain((variants): fc.Arbitrary<ArbitraryFlag> => {
      const [off = 'off'] = variants
      const values = fc.tuple(...variants.map(() => variantValues))
      const others = fc.record({
        enabled: some(true, true, true, true, false),
        salt: half(some('salt', 'another salt')),
        requires: half(requirementsOf(earlier)),
        guard: half(some<object>({}, { errors: {} }, { ceilings: { errorRate: 0.2 } }, { enabled: false })),
        rollout: half(fc.record({ holdbackPercent: some(0, 1, 30) })),
        environments: mostlyOpen(some(['development'], ['production', 'development'], ['staging'])),
        schedule: mostlyOpen(some(...SCHEDULES)),
      })
      const rules = fc.tuple(
        fc.array(ruleOf(variants), { minLength: 1, maxLength: 3 }),
        fc.nat(3),
        half(stages),
      )
      return fc.tuple(values, rules, others).map(
        ([given, ruled, rest]): ArbitraryFlag => ({
          ...rest,
          variants: Object.fromEntries(variants.map((name, index) => [name, given[index] ?? null])),
          off,
          rules: withStages(...ruled),
        }),
      )
    })
}

/** Most flags shall be open: a test that sees no rule decide shows little. */
const mostlyOpen = <T>(arbitrary: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 7, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary })

type Rule = { percentage: number | undefined; stages?: unknown; serve: unknown }

/** Puts the stages, if any, into one of the rules. */
function withStages(rules: readonly Rule[], chosen: number, list: unknown): Rule[] {
  return rules.map((rule, index) => {
    if (list === undefined || index !== chosen) return rule
    return { ...rule, percentage: undefined, stages: list }
  })
}

const KEYS = ['alpha', 'beta/one', 'Gamma.2', 'delta~d', 'epsilon:e']

const flagMaps = fc.integer({ min: 1, max: KEYS.length }).chain((count) => {
  const keys = KEYS.slice(0, count)
  const flags = fc.tuple(...keys.map((_, index) => flagOf(keys.slice(0, index))))
  return flags.map((list) =>
    Object.fromEntries(keys.map((key, index) => [key, list[index] as ArbitraryFlag])),
  )
})

const PLACES = [
  { path: '/shop/:id/edit' },
  { path: '/shop/*' },
  { path: '/checkout/*', method: 'POST' },
  { path: '/checkout/*' },
  { path: '/api*', host: 'nowhere.test' },
  { path: '/api*', method: ['get', 'delete'] },
  { path: '/a%20b' },
] as const

/** A document whose flags decide some of its routes. Origins come in pairs, so that every variant has one. */
export const documents: fc.Arbitrary<ArbitraryDocument> = flagMaps.chain((flags) => {
  const keys = Object.keys(flags)
  const routed = fc.tuple(fc.subarray([...PLACES]), fc.array(some(...keys), { minLength: 8, maxLength: 8 }))
  return fc.tuple(routed, some(...keys)).map(([[places, by], last]) => ({
    origins: { old: { url: 'https://old.example.com' }, new: { url: 'https://new.example.com' } },
    context: {
      targetingKey: [{ header: 'x-user-id' }],
      attributes: { plan: [{ header: 'x-plan' }] },
    },
    routes: [
      ...places.map((place, index) => routeTo(place, by[index] ?? last, flags)),
      routeTo({ path: '/*' }, last, flags),
    ],
    flags,
  }))
})

function routeTo<P extends object>(place: P, flag: string, flags: Readonly<Record<string, ArbitraryFlag>>) {
  const { variants = {}, off } = flags[flag] ?? {}
  const origins = Object.fromEntries(
    Object.keys(variants).map((name) => [name, name === off ? 'old' : 'new']),
  )
  return { ...place, flag, origins }
}

const flagControls: fc.Arbitrary<FlagControl> = fc.record(
  {
    generation: fc.integer({ min: 1, max: 5 }),
    stage: fc.nat(4),
    rolledBack: fc.constant({ atMs: 1, reason: 'errors' }),
    paused: fc.constant({ atMs: 1, reason: 'lunch' }),
    finished: fc.boolean(),
  },
  { requiredKeys: ['generation', 'stage'] },
)

const killLists = fc.oneof(
  { weight: 8, arbitrary: fc.constant<string[]>([]) },
  { weight: 2, arbitrary: some(...KEYS).map((key) => [key]) },
  { weight: 1, arbitrary: fc.constant<string[]>(['*']) },
)

/** Control states of documents from here; most leave most flags open. */
export const controlStates: fc.Arbitrary<ControlState> = fc.record({
  epoch: fc.nat(1_000),
  killed: killLists,
  kvKilled: killLists,
  flags: fc.dictionary(some(...KEYS), flagControls, { maxKeys: 2 }),
})
