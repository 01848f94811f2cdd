/** What a replay tells of a new document: moves, origins, flags that follow, and what can't be known. */
import { describe, expect, it } from 'vitest'
import { compileSnapshot, type Snapshot } from '../../../src/core/config/compile/snapshot.ts'
import { compileControl, INITIAL_CONTROL_STATE } from '../../../src/core/config/control.ts'
import { parseDocumentValue } from '../../../src/core/config/parse/parse.ts'
import { type AttributeValue, staticContext } from '../../../src/core/context/attributes.ts'
import { replay, valuesToHash } from '../../../src/core/decision/replay.ts'
import {
  asList,
  conditionId,
  type DecisionSample,
  samplingPlanOf,
  sealSample,
  takeSample,
} from '../../../src/core/decision/sample.ts'

const onOff = { variants: { on: true, off: false }, off: 'off' }
const all = { ...onOff, rules: [{ serve: 'on' }] }
const where = (attribute: string, op: string, values: unknown[], parts: object = {}) => ({
  ...onOff,
  rules: [{ when: [{ attribute, op, values, ...parts }], serve: 'on' }],
})
const ROUTES = [{ path: '/shop/*', flag: 'shop', origins: { on: 'new', off: 'old' } }]

function snapshotOf(flags: Record<string, object>, parts: object = {}): Snapshot {
  const parsed = parseDocumentValue({
    origins: { old: { url: 'http://old.test' }, new: { url: 'http://new.test' } },
    defaultOrigin: 'old',
    context: {
      targetingKey: [{ header: 'x-user' }],
      attributes: { email: { header: 'x-mail' }, id: [{ header: 'x-user' }] },
    },
    routes: 'shop' in flags ? ROUTES : [{ path: '/other', origin: 'old' }],
    flags,
    ...parts,
  })
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  return compileSnapshot(parsed.value)
}

type Visitor = { key?: string; path?: string } & Record<string, AttributeValue | undefined>

async function samplesOf(snapshot: Snapshot, visitors: readonly Visitor[]): Promise<DecisionSample[]> {
  const plan = samplingPlanOf(snapshot)
  const sealed = visitors.map(({ key = 'u', path = '/shop/1', ...attributes }) =>
    sealSample(
      takeSample(plan, staticContext(key, attributes), { host: 'h', path, method: 'GET', nowMs: 5 }, key),
      async (text) => `#${text}`,
    ),
  )
  return await Promise.all(sealed)
}

async function moves(
  before: Snapshot,
  after: Snapshot,
  visitors: readonly Visitor[],
  changed: readonly string[],
) {
  const samples = await samplesOf(before, visitors)
  const control = compileControl(INITIAL_CONTROL_STATE, [])
  return replay({
    before: { snapshot: before, control },
    after: { snapshot: after, control },
    changed: new Set(changed),
    samples,
    environment: 'production',
    nowMs: 10,
    hashes: new Map([...valuesToHash(after, samples)].map((value) => [value, `#${value}`])),
  })
}

const times = (count: number, visitor: Visitor) => Array<Visitor>(count).fill(visitor)

describe('a replay', () => {
  it('counts moves by where from and where to, most first, with their countries', async () => {
    const before = snapshotOf({ shop: where('country', 'in', ['RO']) })
    const after = snapshotOf({ shop: where('country', 'in', ['DE', 'FR']) })
    const visitors = [
      ...times(3, { country: 'RO' }),
      ...times(1, { country: 'FR' }),
      ...times(4, { country: 'DE' }),
      ...times(2, {}),
    ]
    expect(await moves(before, after, visitors, ['shop'])).toEqual({
      samples: 10,
      unknown: 0,
      movedPercent: 80,
      flags: [
        {
          flag: 'shop',
          samples: 10,
          moved: 8,
          movedPercent: 80,
          moves: [
            { from: 'off', to: 'on', count: 5 },
            { from: 'on', to: 'off', count: 3 },
          ],
          visitors: 8,
          countries: ['DE', 'RO', 'FR'],
        },
      ],
    })
  })

  it('follows flags that require a changed one, and leaves others out', async () => {
    const flags = { a: all, b: { ...all, requires: ['a'] }, c: { ...all, requires: ['b'] }, d: all }
    const after = snapshotOf({ ...flags, a: { ...all, enabled: false } })
    const moved = await moves(snapshotOf(flags), after, [{}], ['a'])
    expect(moved.flags.map(({ flag, moved: count }) => [flag, count])).toEqual([
      ['a', 1],
      ['b', 1],
      ['c', 1],
    ])
  })

  it('of a flag that one document lacks takes its `off`', async () => {
    const [without, withIt] = [snapshotOf({ a: all }), snapshotOf({ a: all, b: all })]
    expect((await moves(without, withIt, [{}], ['b'])).flags[0]?.moves).toEqual([
      { from: 'off', to: 'on', count: 1 },
    ])
    expect((await moves(withIt, without, [{}], ['b'])).flags[0]?.moves).toEqual([
      { from: 'on', to: 'off', count: 1 },
    ])
  })

  it('sees a request that moves to another origin, though no variant does', async () => {
    const before = snapshotOf({ shop: all })
    const moved = async (parts: object, path = '/shop/1') =>
      (await moves(before, snapshotOf({ shop: all }, parts), [{ path }, { path }], [])).movedPercent
    expect(await moved({})).toBe(0)
    expect(await moved({ routes: [{ path: '/shop/*', origin: 'old' }] })).toBe(100)
    expect(await moved({ routes: [{ path: '/shop/*', origin: 'new' }] })).toBe(0)
    expect(await moved({ defaultOrigin: 'new' }, '/else')).toBe(100)
  })

  it('says what it can’t know, and forgets that with the next sample', async () => {
    const before = snapshotOf({ a: where('city', 'in', ['Cluj']) })
    const after = snapshotOf({ a: where('region', 'in', ['Cluj']) })
    expect(await moves(before, after, [{ city: 'Cluj' }], ['a'])).toMatchObject({
      samples: 0,
      unknown: 1,
      movedPercent: null,
      flags: [],
    })
    const rules = [
      { when: [{ attribute: 'country', op: 'in', values: ['RO'] }], serve: 'on' },
      { when: [{ attribute: 'region', op: 'exists' }], serve: 'on' },
    ]
    const half = await moves(
      before,
      snapshotOf({ a: { ...onOff, rules } }),
      [{ country: 'DE' }, { country: 'RO' }],
      ['a'],
    )
    expect(half).toMatchObject({ samples: 1, unknown: 1, movedPercent: 100 })
  })

  it('answers equality of hashed values, negated or not, and nothing else', async () => {
    const before = snapshotOf({ a: where('email', 'in', ['x']) })
    const visitors = [{ email: 'a@x' }, { email: 'b@x' }]
    const moved = async (op: string, parts: object = {}, values = ['a@x']) => {
      const { samples, unknown, flags } = await moves(
        before,
        snapshotOf({ a: where('email', op, values, parts) }),
        visitors,
        ['a'],
      )
      return [samples, unknown, flags[0]?.moved ?? 0]
    }
    expect(await moved('in')).toEqual([2, 0, 1])
    expect(await moved('not_in', {}, ['a@x', 'b@x'])).toEqual([2, 0, 0])
    expect(await moved('not_in')).toEqual([2, 0, 1])
    expect(await moved('in', { negate: true }, ['a@x', 'b@x'])).toEqual([2, 0, 0])
    expect(await moved('in', { ignoreCase: true })).toEqual([0, 2, 0])
    expect(await moved('contains')).toEqual([0, 2, 0])
    // The very question that was recorded has its answer.
    expect(await moved('in', {}, ['x'])).toEqual([2, 0, 0])
  })

  it('asks `now` of the new time, and has no ids for other schemes', async () => {
    const at = (ms: number) => snapshotOf({ a: where('now', 'gt', [ms]) })
    expect((await moves(at(7), at(10), [{}], ['a'])).flags[0]?.moves).toEqual([
      { from: 'on', to: 'off', count: 1 },
    ])
    const unleash = { scheme: 'unleash', group: 'g', stickiness: ['userId'] }
    const bucketed = snapshotOf({
      a: { ...onOff, rules: [{ percentage: 50, serve: 'on', bucketing: unleash }] },
    })
    expect(await moves(bucketed, bucketed, [{ userId: 'u' }], ['a'])).toMatchObject({
      samples: 0,
      unknown: 1,
    })
  })
})

describe('a sample', () => {
  it('keeps no more of a host than a name can have', () => {
    const plan = samplingPlanOf(snapshotOf({ shop: onOff }))
    const request = { host: 'h'.repeat(60_000), path: '/', method: 'GET', nowMs: 5 }
    expect(takeSample(plan, staticContext('u', {}), request, 'u').host).toBe('h'.repeat(255))
  })

  it('has what the next document may ask for, and no identifier', async () => {
    const flags = {
      shop: {
        ...onOff,
        rules: [
          {
            when: [
              { attribute: 'plan', op: 'in', values: ['pro'] },
              { attribute: 'now', op: 'gt', values: [1] },
            ],
            serve: { on: 50, off: 50 },
          },
        ],
      },
    }
    const snapshot = snapshotOf(flags)
    const path = `/a/12/123/a@b/%40/${'x'.repeat(31)}/${'x'.repeat(32)}/8/9/10/11/12/13/14`
    const [sample] = await samplesOf(snapshot, [
      {
        key: 'me',
        path,
        plan: 'pro',
        country: 'RO',
        ip: '1.2.3.4',
        email: 'a@b',
        id: 'me',
        language: `ro-${'x'.repeat(40)}`,
        browser: 'x'.repeat(40),
      },
    ])
    expect(sample).toMatchObject({
      visitor: '#me',
      atMs: 5,
      host: 'h',
      method: 'GET',
      path: `/a/12/-/-/-/${'x'.repeat(31)}/-/8/9/10/11`,
      hashed: { email: ['#a@b'], id: ['#me'], language: [`#ro-${'x'.repeat(40)}`] },
      held: {},
    })
    expect(sample?.attributes).toEqual({
      country: 'RO',
      continent: null,
      device: null,
      os: null,
      browser: 'x'.repeat(40),
      bot: null,
      plan: 'pro',
    })
    expect(Object.keys(sample?.positions ?? {})).toEqual(['shop'])
  })

  it('keeps the answers of conditions on identifiers, by the question', async () => {
    const snapshot = snapshotOf({
      a: where('email', 'ends_with', ['@x', '@y']),
      b: where('email', 'in', ['a@z']),
    })
    const plan = samplingPlanOf(snapshot)
    expect(plan.names).toEqual([
      'country',
      'continent',
      'device',
      'os',
      'browser',
      'bot',
      'language',
      'email',
      'id',
    ])
    expect([...plan.identifiers]).toEqual([
      'targetingKey',
      'ip',
      'email',
      'userId',
      'user',
      'username',
      'name',
      'phone',
      'sub',
      'cookie.sluice_id',
      'header.x-user',
      'id',
    ])
    const [sample] = await samplesOf(snapshot, [{ email: 'a@x' }])
    const ids = (plan.conditions.get('email') ?? []).map(conditionId)
    expect(ids.map((id) => sample?.held[id])).toEqual([true, false])
    expect(new Set(ids).size).toBe(2)
    expect(asList(['a', 1])).toEqual(['a', 1])
    expect(asList('a')).toEqual(['a'])
  })

  it('is bounded, however large the document and its values are', async () => {
    const many = (count: number, make: (n: number) => object) =>
      Object.fromEntries(Array.from({ length: count }, (_, n) => [`f${n}`, make(n)]))
    const plan = samplingPlanOf(snapshotOf(many(70, (n) => where(`a${n}`, 'in', ['x']))))
    expect([plan.names.length, plan.salts.length]).toEqual([60, 50])
    const asked = snapshotOf(many(120, (n) => where('email', 'in', [`${n}@x`])))
    const [sample] = await samplesOf(asked, [{ email: 'y'.repeat(300) }])
    expect(Object.keys(sample?.held ?? {})).toHaveLength(100)
    expect(sample?.hashed.email).toEqual([`#${'y'.repeat(200)}`])
  })
})
