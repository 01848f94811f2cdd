/** Features and attributes of GrowthBook: conditions, coverage, experiments, namespaces, filters and prerequisites. */
import fc from 'fast-check'

const KEYS = ['a', 'b', 'c', 'd'] as const
const word = fc.constantFrom('pro', 'free', 'Pro', 'ann@example.com', 'x.org', '', '0', 'null', '18', 'true')
const number = fc.constantFrom(0, 1, 17, 18, 2.5, -3)
const version = fc.constantFrom(
  '1.0.0',
  '2',
  'v2.1',
  '2.1.0-rc.1',
  '10.0.0',
  '9.9.9',
  '1.0.0+7',
  'x',
  '0',
  '',
)
const scalar = fc.oneof(word, number, fc.boolean())
const list = fc.array(fc.oneof(word, number), { minLength: 2, maxLength: 3 })
const pattern = fc.constantFrom('^pro', 'ann|x', '\\.org$', '[0-9]+', 'l{2}', 'u', '[', '')

const plainOperator = fc.oneof(
  fc.tuple(fc.constantFrom('$eq', '$ne'), fc.oneof(scalar, fc.constant(null))),
  fc.tuple(
    fc.constantFrom('$in', '$nin', '$ini', '$nini'),
    fc.array(fc.oneof({ weight: 6, arbitrary: scalar }, fc.constant(null)), { maxLength: 3 }),
  ),
  fc.tuple(fc.constantFrom('$lt', '$lte', '$gt', '$gte'), number),
  fc.tuple(fc.constantFrom('$veq', '$vne', '$vlt', '$vlte', '$vgt', '$vgte'), version),
  fc.tuple(fc.constantFrom('$regex', '$regexi'), pattern),
  fc.tuple(fc.constant('$exists'), fc.boolean()),
  fc.tuple(fc.constant('$type'), fc.constantFrom('string', 'number', 'boolean', 'null', 'undefined')),
  fc.tuple(fc.constantFrom('$inGroup', '$notInGroup'), fc.constantFrom('old', 'new', 'none')),
  fc.tuple(fc.constant('$unknown'), word),
)
const operators = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.array(plainOperator, { minLength: 1, maxLength: 2 }).map((all) => Object.fromEntries(all)),
  },
  plainOperator.map(([op, value]) => ({ $not: { [op]: value } })),
)
const listOperators = fc.oneof(
  fc.tuple(fc.constantFrom('$in', '$nin'), fc.array(scalar, { maxLength: 3 })),
  fc.tuple(fc.constant('$all'), fc.array(fc.oneof(word, number), { maxLength: 2 })),
  fc.tuple(
    fc.constant('$elemMatch'),
    fc.constantFrom({ $eq: 'pro' }, { $gt: 5 }, { $in: [18, 'free'] }, { $regex: '^p' }),
  ),
  fc.tuple(fc.constant('$type'), fc.constantFrom('array', 'string')),
)
const field = fc.oneof(
  fc.tuple(
    fc.constantFrom('plan', 'age', 'version', 'beta', 'address.city'),
    fc.oneof(scalar, fc.constant(null), operators, operators),
  ),
  fc.tuple(
    fc.constant('id'),
    fc.oneof(
      fc.constantFrom<unknown>('ann', 7, null),
      fc
        .tuple(fc.constantFrom('$in', '$nin', '$ini'), fc.subarray<string | number>(['ann', 'BOB', 7, 18]))
        .map(([op, values]) => ({ [op]: values })),
      fc.constantFrom('$inGroup', '$notInGroup').map((op) => ({ [op]: 'people' })),
      fc.constantFrom({ $eq: 7 }, { $ne: 'ann' }, { $gt: 6 }, { $exists: true }, { $regex: '^a' }),
    ),
  ),
  fc.tuple(
    fc.constant('roles'),
    listOperators.map(([op, value]) => ({ [op]: value })),
  ),
)
const condition = fc.letrec<{ tree: Record<string, unknown> }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 2, depthSize: 'small' },
    fc.array(field, { minLength: 1, maxLength: 2 }).map((all) => Object.fromEntries(all)),
    fc
      .tuple(fc.constantFrom('$or', '$nor', '$and'), fc.array(tie('tree'), { maxLength: 2 }))
      .map(([op, all]) => ({ [op]: all })),
    tie('tree').map((one) => ({ $not: one })),
    fc.constantFrom('new', 'adults', 'none').map((id) => ({ $savedGroup: { id } })),
  ),
})).tree

const share = fc.constantFrom(0, 0.1, 0.25, 0.333, 0.5, 0.9, 1)
const range = fc.tuple(share, share).map(([a, b]): [number, number] => [Math.min(a, b), Math.max(a, b)])
const placing = {
  hashAttribute: fc.constantFrom('id', 'plan', 'age', 'device'),
  hashVersion: fc.constantFrom(1, 2, 2, 3),
  seed: fc.constantFrom('s', 'é', ''),
  condition,
  filters: fc.array(
    fc.record(
      {
        seed: fc.constantFrom('f', 'g'),
        attribute: fc.constantFrom('id', 'plan'),
        hashVersion: fc.constantFrom(1, 2),
        ranges: fc.array(range, { maxLength: 2 }),
      },
      { requiredKeys: ['seed', 'ranges'] },
    ),
    { maxLength: 2 },
  ),
}
const value = fc.constantFrom<unknown>('red', 'green', 1, true, null, { deep: [1] })
const force = fc.record({ force: value, coverage: share, range, ...placing }, { requiredKeys: ['force'] })
const weights = fc.constantFrom([0.5, 0.5], [0.1, 0.9], [0.2, 0.3, 0.5], [0.3, 0.3], [1])
const experiment = fc.record(
  {
    variations: fc.array(value, { minLength: 1, maxLength: 3 }),
    weights,
    coverage: share,
    ranges: fc.array(range, { maxLength: 3 }),
    namespace: fc.tuple(fc.constantFrom('n1', 'n2'), share, share),
    key: fc.constantFrom('exp', 'other'),
    meta: fc.array(fc.record({ passthrough: fc.boolean() }), { minLength: 3, maxLength: 3 }),
    ...placing,
  },
  { requiredKeys: ['variations'] },
)

const gate = (parents: readonly string[]) =>
  fc
    .record({
      id: fc.constantFrom(...parents, 'missing'),
      condition: fc.constantFrom<object>(
        { value: 'red' },
        { value: { $ne: 'green' } },
        { value: { $exists: true } },
        { value: true },
      ),
    })
    .map((parent) => ({ parentConditions: [{ ...parent, gate: true }] }))

const feature = (parents: readonly string[]) =>
  fc.record({
    defaultValue: fc.constantFrom('red', 'green', 1, false),
    rules: fc
      .tuple(
        parents.length > 0 ? fc.array(gate(parents), { maxLength: 1 }) : fc.constant([]),
        fc.array(fc.oneof(force, experiment), { maxLength: 3 }),
      )
      .map(([gates, rules]) => [...gates, ...rules]),
  })

export const growthBookFile = fc
  .tuple(...KEYS.map((_, index) => feature(KEYS.slice(0, index))))
  .map((features) => ({
    features: Object.fromEntries(features.map((each, index) => [KEYS[index] ?? '', each])),
    savedGroups: {
      old: ['pro', 18],
      people: ['ann', 7],
      new: { type: 'list', attributeKey: 'plan', values: ['free', 'Pro'] },
      adults: { type: 'condition', condition: { age: { $gte: 18 } } },
    },
  }))

const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 4 })
export const growthBookAttributes = fc
  .record({
    id: maybe(
      fc.oneof(
        fc.string({ minLength: 1, maxLength: 6 }),
        fc.constantFrom<string | number>('ann', 'bob', 7, 18),
      ),
    ),
    device: maybe(fc.string({ minLength: 1, maxLength: 6 })),
    plan: maybe(fc.oneof({ weight: 4, arbitrary: word }, scalar)),
    age: maybe(fc.oneof({ weight: 4, arbitrary: number }, scalar)),
    version: maybe(fc.oneof({ weight: 4, arbitrary: version }, scalar)),
    beta: maybe(fc.oneof(fc.boolean(), scalar)),
    roles: maybe(list),
    address: maybe(fc.record({ city: word })),
  })
  .map((fields) => JSON.parse(JSON.stringify(fields)) as { id?: string | number } & Record<string, unknown>)
