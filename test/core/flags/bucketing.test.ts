/** The hashes of other systems, at the edges of what they take for an id, a share and a range. */
import { describe, expect, it } from 'vitest'
import { type AttributeValue, staticContext } from '../../../src/core/context/attributes.ts'
import { isInRanges, toAddressRange } from '../../../src/core/flags/address-range.ts'
import { isInsideFeatures } from '../../../src/core/flags/features-bucketing.ts'
import { flagdPosition } from '../../../src/core/flags/flagd-bucketing.ts'
import { murmur3 } from '../../../src/core/flags/murmur3.ts'
import { compileOperator, type Operator, type Reading } from '../../../src/core/flags/operators.ts'
import {
  isInsideShare,
  part,
  pickWeighted,
  TWO_TO_32,
  toThousandths,
} from '../../../src/core/flags/position.ts'
import { isInsideRanges, type Place } from '../../../src/core/flags/range-bucketing.ts'
import {
  isInsideUnleash,
  pickUnleash,
  type UnleashBucketing,
} from '../../../src/core/flags/unleash-bucketing.ts'

const visitor = (attributes: Record<string, AttributeValue>) => staticContext(undefined, attributes)

describe('Unleash’s hash', () => {
  const bucketing: UnleashBucketing = {
    scheme: 'unleash',
    group: 'g',
    stickiness: ['userId', 'sessionId'],
    variantGroup: 'v',
    variantStickiness: ['userId'],
    overrides: [
      { attribute: 'plan', values: new Set(['1', 'pro']), variant: 'special' },
      { attribute: 'userId', values: new Set(['u1']), variant: 'mine' },
    ],
  }
  const place = (murmur3('g:u1', 0) % 100) + 1

  it('is inside from its own percent on', () => {
    const inside = (percent: number) => isInsideUnleash(bucketing, percent * 1_000, visitor({ userId: 'u1' }))
    expect([inside(place - 0.001), inside(place), inside(0), inside(100)]).toEqual([false, true, false, true])
  })

  it('takes the first id that is there; none is outside', () => {
    const same = (attributes: Record<string, AttributeValue>) =>
      isInsideUnleash(bucketing, place * 1_000, visitor(attributes)) &&
      !isInsideUnleash(bucketing, (place - 1) * 1_000, visitor(attributes))
    expect([
      same({ sessionId: 'u1' }),
      same({ userId: '', sessionId: 'u1' }),
      same({ userId: 'u1', sessionId: 'x' }),
    ]).toEqual([true, true, true])
    expect(isInsideUnleash(bucketing, 100_000, visitor({}))).toBe(false)
  })

  it('draws a random id where that is asked for, and can be', () => {
    const random = { ...bucketing, stickiness: ['random'] }
    const at = (share: number) => ({ ...visitor({}), random: () => share })
    expect(isInsideUnleash(random, 100_000, visitor({}))).toBe(false)
    const draws = Array.from({ length: 100 }, (_, n) => isInsideUnleash(random, 50_000, at(n / 100)))
    const expected = Array.from(
      { length: 100 },
      (_, n) => murmur3(`g:${Math.floor((n / 100) * 1_000_000)}`, 0) % 100 < 50,
    )
    expect(draws).toEqual(expected)
  })

  it('picks the variant by weight with its own seed, or as an override says', () => {
    const pick = (attributes: Record<string, AttributeValue>) =>
      pickUnleash(bucketing, ['a', 'b'], [30, 100], visitor(attributes))
    const expected = (id: string) => ((murmur3(`v:${id}`, 86_028_157) % 100) + 1 <= 30 ? 'a' : 'b')
    for (let n = 0; n < 50; n++) expect(pick({ userId: `user-${n}` })).toBe(expected(`user-${n}`))
    expect(pick({})).toBe(expected(''))
    expect([
      pick({ userId: 'u1' }),
      pick({ userId: 'u1', plan: 1 }),
      pick({ plan: 'free', userId: 'u1' }),
    ]).toEqual(['mine', 'special', 'mine'])
    expect(pickUnleash(bucketing, [], [], visitor({ userId: 'x' }))).toBeUndefined()
  })
})

describe('flagd’s hash', () => {
  const position = (
    hash: Parameters<typeof flagdPosition>[0]['hash'],
    attributes: Record<string, AttributeValue>,
  ) => flagdPosition({ hash }, visitor(attributes))

  it('joins its parts; without one there is no position', () => {
    expect(position([{ text: 'a' }, { attribute: 'n' }], { n: 5 })).toBe(murmur3('a5', 0))
    expect(position([{ text: 'a' }, { attribute: 'n' }], {})).toBeUndefined()
    expect(position([{ text: 'a' }, { attribute: 'n', missing: 'x' }], {})).toBe(murmur3('ax', 0))
    expect(position([{ attribute: 'n' }], { n: 'u' })).toBe(murmur3('u', 0))
  })
})

describe('places in ranges', () => {
  const inside = (parts: Partial<Place>, attributes: Record<string, AttributeValue>, more: Place[] = []) =>
    isInsideRanges(
      {
        scheme: 'ranges',
        places: [{ algorithm: 'sha1', hash: [{ attribute: 'id' }], ranges: [[0, 1]], ...parts }, ...more],
      },
      visitor(attributes),
    )
  // SHA-1 of "abc" begins with a9993e364706816.
  const at = Number(BigInt('0xa9993e364706816')) / (2 ** 60 - 1)

  it('are each from a number up to, and without, another', () => {
    const id = { id: 'abc' }
    expect(at).toBeCloseTo(0.6625, 4)
    expect([
      inside({ ranges: [[at, 1]] }, id),
      inside({ ranges: [[0, at]] }, id),
      inside({ ranges: [] }, id),
    ]).toEqual([true, false, false])
    expect(
      inside(
        {
          ranges: [
            [0, 0.1],
            [0.6, 0.7],
          ],
        },
        id,
      ),
    ).toBe(true)
    const other: Place = { algorithm: 'sha1', hash: [{ text: 'abc' }], ranges: [[0, 0.5]] }
    expect([inside({}, id, [other]), inside({}, id, [{ ...other, ranges: [[0.5, 1]] }])]).toEqual([
      false,
      true,
    ])
  })

  it('take what each system takes for an id', () => {
    const ids = [['u'], [''], [5], [5.5], [0], [true], [false], [['u']]].map(([id]) => id as AttributeValue)
    const taken = (algorithm: Place['algorithm']) =>
      ids.filter((id) => inside({ algorithm, ranges: [[0, TWO_TO_32]] }, { id }))
    expect(taken('sha1')).toEqual(['u', '', 5, 0])
    expect(taken('fnv1a')).toEqual(['u', 5, 5.5, true])
    expect(taken('fnv1a-twice')).toEqual(['u', 5, 5.5, true])
    expect(taken('murmur3')).toEqual(['u', ''])
  })

  it('have a place for visitors without an id, if one is named', () => {
    expect([inside({}, {}), inside({ missing: 0.5 }, {}), inside({ missing: 1 }, {})]).toEqual([
      false,
      true,
      false,
    ])
    const named = { hash: [{ text: 'a' }, { attribute: 'id', missing: 'bc' }] }
    expect([inside({ ...named, ranges: [[at, at + 1e-9]] }, {})]).toEqual([true])
  })

  it('by FNV-1a are in thousandths, or ten-thousandths of the hash of the hash', () => {
    // FNV-1a of "a" is 0xe40c292c.
    const once = (0xe40c292c % 1_000) / 1_000
    expect([inside({ algorithm: 'fnv1a', ranges: [[once, once + 1e-9]] }, { id: 'a' })]).toEqual([true])
    const width = (from: number) =>
      inside({ algorithm: 'fnv1a-twice', ranges: [[from, from + 0.0001]] }, { id: 'a' })
    expect(Array.from({ length: 10_000 }, (_, n) => n / 10_000).filter(width)).toHaveLength(1)
  })
})

describe('the hash of simple flag files', () => {
  it('is the SHA-256 of id and salt, modulo 100', () => {
    const inside = (percent: number, id: AttributeValue | undefined = 'a') =>
      isInsideFeatures(
        { scheme: 'features', salt: 'bc', attribute: 'id' },
        percent * 1_000,
        visitor(id === undefined ? {} : { id }),
      )
    // SHA-256 of "abc" as a number, modulo 100.
    const place = Number(BigInt('0xba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad') % 100n)
    expect([inside(place), inside(place + 0.001), inside(100, undefined)]).toEqual([
      false,
      true,
      inside(100, undefined),
    ])
    expect(isInsideFeatures({ scheme: 'features', salt: '', attribute: 'id' }, 100_000, visitor({}))).toBe(
      false,
    )
  })
})

describe('positions', () => {
  it('fall into equal parts without bias, also where there are very many', () => {
    expect([part(0, 10), part(TWO_TO_32 - 1, 10), part(429_496_729, 10), part(429_496_730, 10)]).toEqual([
      0, 9, 0, 1,
    ])
    const exact = (hash: number, total: number) => Number((BigInt(hash) * BigInt(total)) >> 32n)
    for (const total of [2 ** 21 - 1, 2 ** 21, 2 ** 21 + 1, 2 ** 30, 2 ** 37])
      for (const hash of [0, 1, 65_535, 65_536, 0x12345678, 0x9abcdef0, TWO_TO_32 - 1])
        expect(part(hash, total), `${hash} of ${total}`).toBe(exact(hash, total))
  })

  it('are inside a share up to its last thousandth, and on one weight', () => {
    expect([
      isInsideShare(0, 0),
      isInsideShare(0, 1),
      isInsideShare(42_949, 1),
      isInsideShare(42_950, 1),
    ]).toEqual([false, true, true, false])
    expect(
      [0, 2 ** 31 - 1, 2 ** 31, TWO_TO_32 - 1].map((position) => pickWeighted(position, [50, 50, 100])),
    ).toEqual([0, 0, 2, 2])
    expect(pickWeighted(0, [])).toBe(-1)
    expect([12.345, 0.001, 33.333, 0.0005, 100].map(toThousandths)).toEqual([
      12_345,
      1,
      33_333,
      undefined,
      100_000,
    ])
  })
})

describe('addresses', () => {
  const inside = (address: string, ...ranges: string[]) =>
    isInRanges(
      address,
      ranges.map((range) => toAddressRange(range)).filter((range) => range !== undefined),
    )

  it('are in ranges of their kind; mapped ones count as IPv4', () => {
    expect([
      inside('10.1.2.3', '10.0.0.0/8'),
      inside('11.1.2.3', '10.0.0.0/8'),
      inside('10.1.2.3', '10.1.2.3'),
      inside('10.1.2.4', '10.1.2.3'),
    ]).toEqual([true, false, true, false])
    expect([
      inside('::ffff:10.1.2.3', '10.0.0.0/8'),
      inside('10.1.2.3', '::ffff:10.0.0.0/104'),
      inside('11.1.2.3', '::ffff:10.0.0.0/104'),
      inside('10.1.2.3', '::/0'),
    ]).toEqual([true, true, false, false])
    expect([
      inside('2001:db8::1', '2001:db8::/32'),
      inside('2001:db9::1', '2001:db8::/32'),
      inside('2001:db8::1', '2001:db8::1'),
      inside('2001:db8::2', '2001:db8::1'),
    ]).toEqual([true, false, true, false])
    expect([
      inside('010.1.2.3', '10.0.0.0/8'),
      inside('10.1', '10.0.0.0/8'),
      inside('x', '0.0.0.0/0'),
    ]).toEqual([false, false, false])
    expect(['10.0.0.0/33', '10', 'x', '::/129'].map(toAddressRange)).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ])
    expect(inside('::1', '::fffe:0:0/95')).toBe(false)
  })
})

describe('an operator', () => {
  const holding = (
    op: Operator,
    values: (string | number)[],
    reading: Reading,
    attributes: (string | number | boolean)[],
  ) => {
    const compiled = compileOperator(op, values, reading)
    if ('problem' in compiled) throw new Error(compiled.problem.expected)
    return attributes.filter(compiled.predicate)
  }

  it('may ask for a type', () => {
    const values = [1, '1', true, 'true']
    expect(holding('in', ['1', 'true'], {}, values)).toEqual(values)
    expect(holding('in', ['1', 'true'], { type: 'string' }, values)).toEqual(['1', 'true'])
    expect(holding('in', ['1', 'true'], { type: 'number' }, values)).toEqual([1])
    expect(holding('in', ['1', 'true'], { type: 'boolean' }, values)).toEqual([true])
  })

  it('ignores case in both, or in neither', () => {
    for (const op of ['in', 'starts_with', 'ends_with', 'contains', 'matches'] as const) {
      expect(holding(op, ['RO'], { ignoreCase: true }, ['ro', 'Ro', 'de']), op).toEqual(['ro', 'Ro'])
      expect(holding(op, ['RO'], {}, ['ro', 'RO']), op).toEqual(['RO'])
    }
    expect(holding('not_in', ['RO'], { ignoreCase: true }, ['ro', 'de'])).toEqual(['de'])
  })

  it('compares numbers and times at both sides of the bound', () => {
    const numbers = [4, 5, 6, '5', ' 5 ', '', 'x', true, Number.NaN, Number.POSITIVE_INFINITY]
    expect(holding('eq', [5], {}, numbers)).toEqual([5, '5', ' 5 '])
    expect(holding('gt', [5], {}, numbers)).toEqual([6])
    expect(holding('gte', [5], {}, numbers)).toEqual([5, 6, '5', ' 5 '])
    expect(holding('lt', [5], {}, numbers)).toEqual([4])
    expect(holding('lte', [5], {}, numbers)).toEqual([4, 5, '5', ' 5 '])
    const times = ['2026-01-01', '2026-01-02', '2026-01-03', Date.UTC(2026, 0, 1), 'x', true, Number.NaN]
    expect(holding('before', ['2026-01-02'], {}, times)).toEqual(['2026-01-01', Date.UTC(2026, 0, 1)])
    expect(holding('after', ['2026-01-02'], {}, times)).toEqual(['2026-01-03'])
  })

  it('compares versions as the system that is named', () => {
    const versions = ['1.9.9', '2.0.0-rc.1', '2.0.0', '2.0.0+b', '2.0.1', 'v2.0.1', '2.1', 3]
    expect(holding('semver_gt', ['2.0.0'], {}, versions)).toEqual(['2.0.1', 'v2.0.1', '2.1', 3])
    expect(holding('semver_gt', ['v2'], {}, [...versions, 'app/2.0.9 (x)', true, 'x'])).toEqual([
      ...['2.0.1', 'v2.0.1', '2.1', 3],
      'app/2.0.9 (x)',
    ])
    const exact = { versions: 'exact' } as const
    expect(holding('semver_gt', ['2.0.0'], exact, versions)).toEqual(['2.0.1'])
    expect(holding('semver_gte', ['2.0.0'], exact, versions)).toEqual(['2.0.0', '2.0.0+b', '2.0.1'])
    expect(holding('semver_lt', ['2.0.0'], exact, versions)).toEqual(['1.9.9', '2.0.0-rc.1'])
    expect(holding('semver_lte', ['2.0.0'], exact, versions)).toEqual([
      '1.9.9',
      '2.0.0-rc.1',
      '2.0.0',
      '2.0.0+b',
    ])
    expect(holding('semver_eq', ['2.0.0'], exact, versions)).toEqual(['2.0.0', '2.0.0+b'])
    expect(holding('semver_gt', ['2.0.0'], { versions: 'flagd' }, versions)).toEqual([
      '2.0.1',
      'v2.0.1',
      '2.1',
      3,
    ])
    expect(holding('semver_gt', ['2.0.0'], { versions: 'launchdarkly' }, versions)).toEqual(['2.0.1', '2.1'])
    expect(holding('semver_gt', ['2.0.0'], { versions: 'growthbook' }, versions)).toEqual([
      '2.0.1',
      'v2.0.1',
      '2.1',
      3,
    ])
  })
})
