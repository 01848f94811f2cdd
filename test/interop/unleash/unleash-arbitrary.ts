/** States of Unleash of every shape. */
import fc from 'fast-check'

export const FEATURES = ['alpha', 'beta.two', 'gamma-3', 'delta']
const FIELDS = ['userId', 'sessionId', 'remoteAddress', 'plan', 'region', 'version', 'age', 'appName']

// Ids are ASCII: what Unleash's clients do with others differs from one to the next.
export const id = fc.string({
  unit: fc.constantFrom(...'abcdefXYZ0123456789-_'),
  minLength: 1,
  maxLength: 12,
})
export const word = fc.constantFrom('pro', 'free', 'Pro', 'eu', 'EU', 'us-1', '', ' pro ', '7', '12.0')
export const version = fc.constantFrom(
  ...['1.2.3', '1.2.10', '2.0.0-alpha.1', '2.0.0', 'x', ''],
  ...['v1.2.3', 'v2.0.0-alpha.1', 'vv1.0.0', 'V1.2.3', '=1.2.3', '1.2.3+build', '1.2', ' 2.0.0'],
)
export const number = fc.constantFrom('7', '12', '12.0', '-1.5', 'pro', '1e2', '', ' ', '0', ' 7 ', '0x10')
export const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined })

const anyConstraint = fc.record(
  {
    contextName: fc.constantFrom(...FIELDS),
    operator: fc.constantFrom(
      ...['IN', 'NOT_IN', 'STR_STARTS_WITH', 'STR_ENDS_WITH', 'STR_CONTAINS', 'NUM_EQ', 'NUM_GT', 'NUM_GTE'],
      ...['NUM_LT', 'NUM_LTE', 'DATE_AFTER', 'DATE_BEFORE', 'SEMVER_EQ', 'SEMVER_GT', 'SEMVER_GTE', 'NOPE'],
      ...['SEMVER_LT', 'SEMVER_LTE', 'REGEX', 'IN_CIDR'],
    ),
    values: fc.array(word, { maxLength: 4 }),
    value: fc.oneof(
      version,
      fc.constantFrom('7', '12', '-1.5', '0', '', 'abc', '2026-01-01T00:00:00Z', '2027-01-01T00:00:00Z'),
    ),
    inverted: fc.boolean(),
    caseInsensitive: fc.boolean(),
  },
  { requiredKeys: ['contextName', 'operator', 'values', 'value'] },
)

const pattern = fc.constantFrom(
  '^pro$',
  '[a-c]+',
  'e|U',
  '(?i)PRO',
  '^$',
  '\\d{1,3}',
  '(?=a)',
  '(a)\\1',
  '[',
  '^\\s*pro',
)
const ranges = fc.array(
  fc.constantFrom(
    '10.0.0.0/8',
    ' 192.168.1.1',
    '203.0.113.0/29',
    '2001:db8::/32',
    '::1',
    '10.0.0.1/33',
    'all',
    '',
  ),
  { maxLength: 3 },
)

/** Each operator about something that it can hold for. */
const constraint = fc.tuple(anyConstraint, pattern, ranges).map(([each, value, values]) => {
  if (each.operator.startsWith('NUM_')) return { ...each, contextName: 'age' }
  if (each.operator === 'REGEX') return { ...each, value }
  if (each.operator === 'IN_CIDR') return { ...each, contextName: 'remoteAddress', values }
  return each
})

const variants = fc.uniqueArray(
  fc.record(
    {
      name: fc.constantFrom('red', 'green', 'blue', 'on', 'off', '1'),
      weight: fc.constantFrom(0, 1, 250, 333, 500, 1000),
      weightType: fc.constant('variable'),
      stickiness: fc.constantFrom('default', 'userId', 'plan'),
      payload: fc.record({ type: fc.constant('string'), value: fc.string({ maxLength: 5 }) }),
      overrides: fc.array(
        fc.record({
          contextName: fc.constantFrom('userId', 'plan'),
          values: fc.array(fc.oneof(id, word), { maxLength: 3 }),
        }),
        { maxLength: 2 },
      ),
    },
    { requiredKeys: ['name', 'weight', 'weightType'] },
  ),
  { selector: (variant) => variant.name, maxLength: 4 },
)

const percent = fc.oneof(fc.constantFrom('0', '100'), fc.integer({ min: 1, max: 99 }).map(String))
const parameters = fc.record(
  {
    rollout: percent,
    percentage: percent,
    groupId: id,
    stickiness: fc.constantFrom('default', 'userId', 'sessionId', 'plan', 'region'),
    userIds: fc.array(id, { maxLength: 3 }).map((ids) => ids.join(', ')),
    IPs: fc.constantFrom('', '10.0.0.1', '10.0.0.0/8, 192.168.1.1'),
  },
  // Without a group the client takes none, and the specification the name of the feature.
  { requiredKeys: ['rollout', 'percentage', 'groupId', 'userIds', 'IPs'] },
)

const strategy = fc.record(
  {
    name: fc.constantFrom(
      ...['default', 'userWithId', 'flexibleRollout', 'flexibleRollout', 'flexibleRollout', 'unknown'],
      ...['gradualRolloutUserId', 'gradualRolloutSessionId', 'remoteAddress'],
    ),
    parameters,
    constraints: fc.array(constraint, { maxLength: 2 }),
    segments: fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 1 }),
    variants,
  },
  { requiredKeys: ['name', 'parameters'] },
)
const withoutGroup = fc
  .record({
    name: fc.constantFrom('default', 'userWithId'),
    userIds: fc.array(id, { maxLength: 3 }),
    variants,
  })
  .map(({ name, userIds, variants: own }) => ({
    name,
    parameters: { userIds: userIds.join(',') },
    variants: own,
  }))

const feature = (name: string) =>
  fc.record(
    {
      name: fc.constant(name),
      enabled: fc.boolean().map((enabled) => enabled || name.length > 5),
      strategies: fc.array(fc.oneof({ weight: 6, arbitrary: strategy }, withoutGroup), { maxLength: 3 }),
      variants,
      dependencies: fc.array(
        fc.record(
          {
            feature: fc.constantFrom(...FEATURES.filter((other) => other !== name), 'missing'),
            enabled: fc.boolean(),
            variants: fc.array(fc.constantFrom('red', 'blue', 'disabled'), { maxLength: 2 }),
          },
          { requiredKeys: ['feature'] },
        ),
        { maxLength: 1 },
      ),
    },
    { requiredKeys: ['name', 'enabled', 'strategies'] },
  )

export const unleashState = fc.record({
  features: fc.tuple(...FEATURES.map(feature)),
  segments: fc.uniqueArray(
    fc.record({ id: fc.integer({ min: 1, max: 2 }), constraints: fc.array(constraint, { maxLength: 2 }) }),
    { selector: (segment) => segment.id, maxLength: 2 },
  ),
})
