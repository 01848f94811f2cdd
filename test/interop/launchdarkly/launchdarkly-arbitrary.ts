/** Flags, segments and contexts of LaunchDarkly: every operator, targets, prerequisites and rollouts. */
import fc from 'fast-check'

const KEYS = ['a', 'b', 'c', 'd'] as const
const SEGMENTS = ['s1', 's2', 's3'] as const
const people = fc.constantFrom('ann', 'bob', 'cid', 'dan', 'eve')
const word = fc.constantFrom('pro', 'free', 'Pro', 'ann@example.com', 'x.org', '', 'RO', 'v1')
const version = fc.constantFrom('1.0.0', '2', '2.1', '2.1-rc.1', '2.1.0-rc.1', 'v2', '3.0.0+7', '01', 'x', '')
const date = fc.constantFrom<string | number>(
  '2026-01-01T00:00:00Z',
  '2026-06-01T12:00:00.5+02:00',
  1_780_000_000_000,
  '2026-01-01',
  0,
)
const number = fc.constantFrom(0, 1, 17, 18, 2.5, -3)
const scalar = fc.oneof(word, number, fc.boolean())

const ATTRIBUTES = ['plan', 'age', 'version', 'since', 'beta', 'roles', 'key', '/address/city'] as const
const values: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  plan: word,
  age: number,
  version,
  since: date,
  beta: fc.boolean(),
  roles: word,
  key: people,
  '/address/city': word,
}

const clause = fc.constantFrom(...ATTRIBUTES).chain((attribute) =>
  fc.record(
    {
      attribute: fc.constant(attribute),
      contextKind: fc.constant('user'),
      op: fc.constantFrom(
        ...[
          'in',
          'in',
          'startsWith',
          'endsWith',
          'contains',
          'matches',
          'lessThan',
          'lessThanOrEqual',
          'greaterThan',
        ],
        ...[
          'greaterThanOrEqual',
          'before',
          'after',
          'semVerEqual',
          'semVerLessThan',
          'semVerGreaterThan',
          'unknown',
        ],
      ),
      values: fc.array(fc.oneof({ weight: 4, arbitrary: values[attribute] ?? word }, scalar), {
        maxLength: 3,
      }),
      negate: fc.boolean(),
    },
    { requiredKeys: ['attribute', 'contextKind', 'op', 'values'] },
  ),
)
const fitting = clause.map((each) => {
  const ops: Record<string, string[]> = {
    age: ['lessThan', 'lessThanOrEqual', 'greaterThan', 'greaterThanOrEqual', 'in'],
    version: ['semVerEqual', 'semVerLessThan', 'semVerGreaterThan'],
    since: ['before', 'after'],
  }
  const fit = ops[each.attribute]
  return fit ? { ...each, op: fit[each.op.length % fit.length] ?? each.op } : each
})
const membership = (names: readonly string[]) =>
  fc.record({
    attribute: fc.constant(''),
    op: fc.constant('segmentMatch'),
    values: fc.subarray([...names, 'missing'], { minLength: 1, maxLength: 2 }),
    negate: fc.boolean(),
  })
const clauses = (names: readonly string[]) =>
  fc.array(
    fc.oneof({ weight: 3, arbitrary: fitting }, clause, ...(names.length > 0 ? [membership(names)] : [])),
    { minLength: 1, maxLength: 2 },
  )
const bucketBy = fc.constantFrom('key', 'plan', 'age', '/address/city')

const segment = (key: string, others: readonly string[]) =>
  fc.record(
    {
      key: fc.constant(key),
      version: fc.constant(1),
      salt: fc.constantFrom('salt', 'é'),
      included: fc.array(people, { maxLength: 2 }),
      excluded: fc.array(people, { maxLength: 2 }),
      includedContexts: fc.array(
        fc.record({
          contextKind: fc.constantFrom('user', 'org'),
          values: fc.array(people, { maxLength: 1 }),
        }),
        { maxLength: 1 },
      ),
      rules: fc.array(
        fc.record(
          {
            clauses: clauses(others),
            weight: fc.constantFrom(0, 25_000, 50_000, 100_000),
            bucketBy,
            rolloutContextKind: fc.constant('user'),
          },
          { requiredKeys: ['clauses', 'rolloutContextKind'] },
        ),
        { maxLength: 2 },
      ),
    },
    { requiredKeys: ['key', 'version', 'salt', 'included', 'excluded', 'rules'] },
  )

const variation = fc.integer({ min: 0, max: 2 })
const rollout = fc.record(
  {
    kind: fc.constantFrom('rollout', 'experiment'),
    contextKind: fc.constant('user'),
    bucketBy,
    seed: fc.constantFrom(0, 61, 4711),
    variations: fc.array(
      fc.record({ variation, weight: fc.constantFrom(0, 10_000, 33_333, 60_000, 100_000) }),
      {
        minLength: 1,
        maxLength: 4,
      },
    ),
  },
  { requiredKeys: ['contextKind', 'variations'] },
)
const outcome = fc.oneof(
  variation.map((each) => ({ variation: each })),
  rollout.map((each) => ({ rollout: each })),
)

const flag = (key: string, parents: readonly string[]) =>
  fc.record(
    {
      key: fc.constant(key),
      version: fc.constant(1),
      on: fc.integer({ max: 5, min: 0 }).map((n) => n > 0),
      salt: fc.constantFrom('s', 'pepper'),
      variations: fc.constantFrom<unknown[]>(['red', 'green', 'blue'], [true, false, 'x'], [1, 2, 3]),
      offVariation: fc.constantFrom(0, 1, 2, 1),
      fallthrough: outcome,
      prerequisites: fc.array(
        fc.record({
          key: fc.constantFrom(...parents, ...(parents.length > 0 ? [] : ['missing'])),
          variation,
        }),
        { maxLength: parents.length > 0 ? 1 : 0 },
      ),
      targets: fc.uniqueArray(fc.record({ values: fc.array(people, { maxLength: 2 }), variation }), {
        selector: (target) => target.variation,
        maxLength: 2,
      }),
      rules: fc.array(
        fc.tuple(outcome, clauses(SEGMENTS)).map(([one, all]) => ({ ...one, clauses: all })),
        { maxLength: 3 },
      ),
    },
    {
      requiredKeys: [
        'key',
        'version',
        'on',
        'salt',
        'variations',
        'fallthrough',
        'rules',
        'targets',
        'prerequisites',
      ],
    },
  )

export const launchDarklyFile = fc
  .tuple(
    fc.tuple(...KEYS.map((key, index) => flag(key, KEYS.slice(0, index)))),
    fc.tuple(...SEGMENTS.map((key, index) => segment(key, SEGMENTS.slice(0, index)))),
  )
  .map(([flags, segments]) => ({
    flags: Object.fromEntries(flags.map((each) => [each.key, each])),
    segments: Object.fromEntries(segments.map((each) => [each.key, each])),
  }))

const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 4 })
export const launchDarklyContext = fc
  .record({
    kind: fc.constant('user'),
    key: fc.oneof(people, fc.string({ minLength: 1, maxLength: 6 })),
    plan: maybe(fc.oneof({ weight: 4, arbitrary: word }, number)),
    age: maybe(fc.oneof({ weight: 4, arbitrary: number }, word)),
    version: maybe(version),
    since: maybe(date),
    beta: maybe(fc.boolean()),
    roles: maybe(fc.array(word, { minLength: 1, maxLength: 3 })),
    address: maybe(fc.record({ city: word })),
  })
  .map((fields) => JSON.parse(JSON.stringify(fields)) as { key: string } & Record<string, unknown>)
