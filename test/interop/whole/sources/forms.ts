/** The ways in which a source may be laid out, and the ways in which it may be none: each with what an import is given. */
import { importFeatures } from '../../../../src/interop/features/import.ts'
import { importFlagd } from '../../../../src/interop/flagd/import.ts'
import { importGrowthBook } from '../../../../src/interop/growthbook/import.ts'
import type { Imported } from '../../../../src/interop/imported.ts'
import { importLaunchDarkly } from '../../../../src/interop/launchdarkly/import.ts'
import { importUnleash } from '../../../../src/interop/unleash/import.ts'

type Form = [name: string, imported: Imported]

const text = (source: unknown) => (typeof source === 'string' ? source : JSON.stringify(source))
const nested = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`
const on = { active: true }

const features = (name: string, source: unknown): Form => [name, importFeatures(text(source))]
const FEATURE_FORMS = [
  features('a number', 7),
  features('nothing', null),
  features('500 levels', nested(500)),
  features('501 levels', nested(501)),
  features('no flags', {}),
  features('a list of no names', [on]),
  features('a list of odd names', [{ name: 7 }]),
  features('a list with a text', ['a']),
  features('a list of one name', [{ name: 'a', ...on }, { name: 'b' }, { name: 'a' }]),
  features('one name under flags', { flags: [{ name: 'a' }, { name: 'a' }] }),
  features('a list without a name under features', { features: [{ name: 'a' }, {}] }),
  features('a list', [
    { name: 'b', ...on },
    { name: 'a', percentage_rollout: 5 },
  ]),
  features('under features', { features: { a: on }, flags: { b: on } }),
  features('under flags', { flags: { a: on }, $schema: 'x', version: '1' }),
  features('flags that are called so', { features: { active: true }, flags: { active: false } }),
  features('a flag called active', { features: { active: { active: true } } }),
  features('a list under flags', { flags: [{ name: 'a', ...on }], more: 1 }),
  features('a flag that is a text', { a: 'on' }),
  features('a cycle of three', {
    a: { depends_on: ['b'] },
    b: { depends_on: ['c'] },
    c: { depends_on: 'a' },
  }),
  ...[
    { active: 'yes' },
    { activation_date: 7 },
    { activation_date: '2026-1-1' },
    { activation_date: '2026-02-29' },
    { activation_date: '2026-01-01X' },
    { activation_date: '2026-01-01T25:00' },
    { activation_date: '2028-02-29' },
    { environments: 'production' },
    { depends_on: 7 },
    { users: [true] },
    { regions: [1] },
    { percentage_rollout: -0.1 },
    { percentage_rollout: 100.1 },
    { error_threshold: -1 },
    { error_threshold: 1.5 },
    { performance_baseline: 0 },
    { performance_baseline: 0.001 },
    { performance_threshold: -1 },
    { metadata: 'x' },
  ].map((flag) => features(text(flag), { a: flag })),
]

const INTO = {
  origins: { own: { url: 'http://own.test' } },
  routes: [{ path: '/*', origin: 'own' }],
  flags: { a: { variants: { on: 1 }, off: 'on' } },
}
const flagdFile = (flags: unknown, more: object = {}) => ({ flags, ...more })
const plain = { state: 'ENABLED', variants: { on: true }, defaultVariant: 'on' }
const logic = (condition: unknown) => flagdFile({ a: { ...plain, targeting: { if: [condition, 'on'] } } })
const flagd = (name: string, source: unknown): Form => [name, importFlagd(text(source))]
const FLAGD_FORMS: Form[] = [
  flagd('nothing', {}),
  flagd('another state', flagdFile({ a: { ...plain, state: 'on' } })),
  flagd('no variants', flagdFile({ a: { state: 'ENABLED' } })),
  flagd('odd variants and default', flagdFile({ a: { ...plain, variants: 7, defaultVariant: 7 } })),
  flagd('targeting that is a text', flagdFile({ a: { ...plain, targeting: 'on' } })),
  flagd('odd evaluators', flagdFile({}, { $evaluators: 7, metadata: [] })),
  ...['==', '!=', '===', '!==', '<', '<=', '>', '>='].map((op) =>
    flagd(`a note of ${op}`, logic({ [op]: [{ var: 'a' }, 1] })),
  ),
  ...['starts_with', 'ends_with'].map((op) => flagd(`a note of ${op}`, logic({ [op]: [{ var: 'a' }, 'x'] }))),
  flagd('a note of in', logic({ in: [{ var: 'a' }, ['x']] })),
  flagd('a note of in, turned', logic({ in: ['x', { var: 'a' }] })),
  flagd('no note of a variable', logic({ var: 'a' })),
  flagd('a note of cat', logic({ fractional: [{ cat: ['x'] }, ['on', 1]] })),
  ...[32, 33].map((levels) =>
    flagd(
      `a reference of ${levels} levels`,
      flagdFile(
        { a: { ...plain, targeting: { if: [{ $ref: 'e0' }, 'on'] } } },
        {
          $evaluators: Object.fromEntries(
            Array.from({ length: levels }, (_, at) => [
              `e${at}`,
              at === levels - 1 ? { var: 'a' } : { $ref: `e${at + 1}` },
            ]),
          ),
        },
      ),
    ),
  ),
  ['into a document', importFlagd(text(flagdFile({ a: plain, b: plain })), INTO)],
  ['into one that has none of them', importFlagd(text(flagdFile({ b: plain })), INTO)],
  ['into one that is wrong', importFlagd(text(flagdFile({ b: plain })), { origins: {}, routes: [] })],
  ['two with one key', importFlagd(text(flagdFile({ a: plain, b: plain })), undefined, { b: 'a' })],
]

const ld = { on: true, salt: 's', variations: [true, false], offVariation: 1, fallthrough: { variation: 0 } }
const inTwo = {
  key: 'a',
  variations: [{ value: 'x', name: 'Ex' }, { value: 'y' }, null],
  environments: { test: { ...ld, fallthrough: { variation: 1 } }, production: ld },
}
const { test: inTest } = inTwo.environments
const launchDarkly = (name: string, source: unknown, options = {}): Form => [
  name,
  importLaunchDarkly(text(source), undefined, options),
]
const LAUNCHDARKLY_FORMS: Form[] = [
  launchDarkly('a text', '"x"'),
  launchDarkly('nothing', {}),
  launchDarkly('a flag without variations', { flags: { a: {} } }),
  launchDarkly('odd parts', {
    flags: { a: { ...ld, rules: [{ clauses: [{ op: 7 }] }], targets: [{ values: [1], variation: 'x' }] } },
    segments: { s: { included: 7 } },
  }),
  launchDarkly('data around', { data: { flags: { a: ld } } }),
  launchDarkly('segments that are a list', {
    flags: { a: ld },
    segments: [{ key: 's', included: ['x'] }, 7],
  }),
  launchDarkly('segments of odd form', { flags: { a: ld }, segments: 7 }),
  launchDarkly('values alone', { flagValues: { a: 'x', b: 7 } }),
  launchDarkly('values and flags', { flagValues: { a: 'x', b: 7 }, flags: { a: ld } }),
  launchDarkly('items', { items: [{ key: 'a', ...ld }] }),
  launchDarkly('flags with items', { flags: { items: [{ key: 'a', ...ld }] } }),
  launchDarkly('a list', { flags: [{ key: 'a', ...ld }] }),
  launchDarkly('flags of odd form', { flags: 7 }),
  launchDarkly('two environments', { items: [inTwo] }),
  launchDarkly('one of two environments', { items: [inTwo] }, { environment: 'test' }),
  launchDarkly('another than the two', { items: [inTwo] }, { environment: 'staging' }),
  launchDarkly('one environment', {
    items: [
      { ...inTwo, environments: { test: inTest } },
      { key: 'b', ...ld },
    ],
  }),
  launchDarkly('an environment where there are none', { flags: { a: ld } }, { environment: 'test' }),
  launchDarkly('an environment that a flag has not', {
    items: [
      { ...inTwo, environments: { test: inTest } },
      { ...inTwo, key: 'b', environments: {} },
    ],
  }),
  launchDarkly('variations of odd form', {
    items: [{ ...inTwo, variations: 7, environments: { test: inTest } }],
  }),
  launchDarkly(
    'another kind',
    {
      flags: {
        a: {
          ...ld,
          targets: [{ values: ['ada'], variation: 1 }],
          contextTargets: [{ values: ['acme'], variation: 1, contextKind: 'org' }],
          rules: [
            { variation: 1, clauses: [{ contextKind: 'org', attribute: 'plan', op: 'in', values: ['pro'] }] },
            { variation: 1, clauses: [{ op: 'segmentMatch', values: ['s'] }] },
            { variation: 1, clauses: [{ attribute: 'plan', op: 'in', values: ['pro'] }] },
          ],
        },
      },
      segments: { s: { included: ['ada'], includedContexts: [{ contextKind: 'org', values: ['acme'] }] } },
    },
    { kind: 'org' },
  ),
]

const growthBook = (name: string, source: unknown): Form => [name, importGrowthBook(text(source))]
const forced = { defaultValue: 1, rules: [{ force: 2 }] }
const GROWTHBOOK_FORMS = [
  growthBook('a list', []),
  growthBook('nothing', {}),
  growthBook('no features', { features: {} }),
  growthBook('features alone', { a: forced, 'b c': forced }),
  growthBook('rules alone', { a: { rules: [] } }),
  growthBook('features alone and something else', { a: forced, b: 7 }),
  growthBook('a feature called features', { features: forced }),
  growthBook('odd parts', {
    features: {
      a: { rules: 7 },
      b: { rules: [{ range: [1], weights: ['x'], namespace: ['n', 0], filters: [{}], key: 7 }] },
      c: { rules: [{ parentConditions: [{}], coverage: 'x', meta: [{ passthrough: 7 }], condition: 7 }] },
    },
    savedGroups: 7,
  }),
]

const simple = (name: string, more: object = {}) => ({
  name,
  enabled: true,
  strategies: [{ name: 'default' }],
  ...more,
})
const ofEnvironment = (environment: string, more: object = {}) => ({
  featureName: 'a',
  environment,
  enabled: true,
  ...more,
})
const exported = (more: object = {}) => ({
  features: [
    { name: 'a', variants: [{ name: 'own', weight: 1 }] },
    { name: 'b', enabled: true },
    { name: 'old', archived: true },
    7,
  ],
  featureEnvironments: [
    ofEnvironment('test', { variants: [] }),
    ofEnvironment('live', { enabled: false, variants: [{ name: 'red', weight: 1 }] }),
  ],
  featureStrategies: [
    ofEnvironment('test', {
      id: 'z',
      name: 'default',
      strategyName: 'userWithId',
      parameters: { userIds: 'ada' },
    }),
    ofEnvironment('live', { id: 'y', name: 'default' }),
    ofEnvironment('test', { id: 'b', strategyName: 'default', sortOrder: 2, title: 'second' }),
    ofEnvironment('test', { id: 'a', strategyName: 'default', sortOrder: 2, title: 'first' }),
    ofEnvironment('test', { id: 'c', strategyName: 'default', sortOrder: 1, title: 'before' }),
    ofEnvironment('test', { id: 'd', strategyName: 'default', disabled: true }),
    ofEnvironment('test', { id: 'e', strategyName: 'default', segments: [2] }),
    { featureName: 'a', id: 'w', strategyName: 'default', title: 'everywhere' },
    { ...ofEnvironment('test'), featureName: 'other' },
  ],
  featureStrategySegments: [
    { featureStrategyId: 'z', segmentId: 1 },
    { featureStrategyId: 'y', segmentId: 2 },
  ],
  segments: [
    { id: 1, name: 'one', constraints: [] },
    { id: 2, name: 'two' },
  ],
  dependencies: [
    { feature: 'a', dependencies: [{ feature: 'b' }] },
    { feature: 'x', dependencies: [{ feature: 'y' }] },
  ],
  ...more,
})
const inside = (name: string, environments: object[], more: object = {}) => ({ name, environments, ...more })
const unleash = (name: string, source: unknown, environment?: string): Form => [
  name,
  importUnleash(text(source), undefined, {}, environment),
]
const UNLEASH_FORMS = [
  unleash('a number', 7),
  unleash('nothing', {}),
  unleash('odd parts', { features: [{ strategies: [{}], variants: [{ weight: 'x' }] }] }),
  unleash('an odd event', { events: [{ type: 'other' }] }),
  unleash('a test of its specification', { name: 'x', state: { features: [simple('a')] } }),
  unleash('a name that comes twice', { features: [simple('a'), simple('a', { enabled: false })] }),
  unleash('a user id among the conditions', {
    features: [simple('a', { strategies: [{ name: 'userWithId', parameters: { userIds: 'x' } }] })],
  }),
  unleash('a user id that places', {
    features: [
      simple('a', {
        strategies: [{ name: 'flexibleRollout', parameters: { rollout: '5', stickiness: 'userId' } }],
      }),
    ],
  }),
  unleash('no user id', {
    features: [
      simple('a', {
        strategies: [{ name: 'flexibleRollout', parameters: { rollout: '5', stickiness: 'sessionId' } }],
      }),
    ],
  }),
  unleash('a second hydration', {
    events: [
      { type: 'hydration', features: [simple('a')], segments: [{ id: 1, constraints: [] }] },
      { type: 'hydration', features: [simple('b', { strategies: [{ name: 'default', segments: [1] }] })] },
      { type: 'segment-updated', segment: { id: 3 } },
      { type: 'feature-updated', feature: simple('c', { strategies: [{ name: 'default', segments: [3] }] }) },
    ],
  }),
  unleash('an export of two environments', exported()),
  unleash('an export, test', exported(), 'test'),
  unleash('an export, live', exported(), 'live'),
  unleash('an export, another', exported(), 'staging'),
  unleash('an export of one environment', exported({ featureEnvironments: [ofEnvironment('test')] })),
  unleash(
    'an export of no environment',
    exported({ featureEnvironments: 7, dependencies: [], segments: [] }),
  ),
  unleash(
    'features with environments',
    {
      features: [
        inside('a', [
          { name: 'test', enabled: true, strategies: [{ name: 'default', title: 'in test' }] },
          { environment: 'live', enabled: false, strategies: [] },
        ]),
        inside('b', [
          { name: 'test', enabled: true, strategies: [], variants: [{ name: 'red', weight: 1 }] },
        ]),
      ],
    },
    'test',
  ),
  unleash('features with environments, none named', {
    features: [
      inside('a', [
        { name: 'test', strategies: [] },
        { name: 'live', strategies: [] },
      ]),
    ],
  }),
  unleash('features without their strategies', { features: [inside('a', [{ name: 'test' }])] }),
]

export const FORMS: Readonly<Record<string, readonly Form[]>> = {
  features: FEATURE_FORMS,
  flagd: FLAGD_FORMS,
  launchdarkly: LAUNCHDARKLY_FORMS,
  growthbook: GROWTHBOOK_FORMS,
  unleash: UNLEASH_FORMS,
}
