/** Parts and ranges of hashes, beside a literal computation with whole numbers of any size. */
import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type AttributeValue, staticContext } from '../../../src/core/context/attributes.ts'
import { isInRanges, toAddressRange } from '../../../src/core/flags/address-range.ts'
import { part, pickWeighted, toThousandths } from '../../../src/core/flags/position.ts'
import { isInsideRanges, type Place } from '../../../src/core/flags/range-bucketing.ts'
import { murmur3x86 } from '../../vectors/reference.ts'

describe('a part of the range of a hash', () => {
  const exact = (hash: number, total: number) => Number((BigInt(hash) * BigInt(total)) >> 32n)
  const LARGEST = 2 ** 32 - 1

  it.each([1, 2, 100, 2 ** 21 - 1, 2 ** 21, 2 ** 21 + 1, 2 ** 31 - 1, 2 ** 37])('of %d parts', (total) => {
    const hashes = [0, 1, 2 ** 16 - 1, 2 ** 16, 2 ** 31 - 1, 2 ** 31, LARGEST - 1, LARGEST]
    for (const hash of hashes) expect([hash, part(hash, total)]).toEqual([hash, exact(hash, total)])
    fc.assert(
      fc.property(fc.integer({ min: 0, max: LARGEST }), (hash) => part(hash, total) === exact(hash, total)),
      { numRuns: 200 },
    )
  })

  it('is exact at the first and the last hash of a part', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 2 ** 31 - 1 }), fc.nat(), (total, some) => {
        const at = some % total
        const first = Number((BigInt(at) * 2n ** 32n + BigInt(total) - 1n) / BigInt(total))
        return part(first, total) === at && (first === 0 || part(first - 1, total) === at - 1)
      }),
      { numRuns: 500 },
    )
  })

  it('falls on a weight, none of which is 0', () => {
    expect([0, 2 ** 31, LARGEST].map((hash) => pickWeighted(hash, [0, 1, 1, 4]))).toEqual([1, 3, 3])
    expect(pickWeighted(7, [])).toBe(-1)
    expect(pickWeighted(7, [0])).toBe(-1)
  })

  it('of a percentage is a whole number of thousandths', () => {
    expect([0, 0.001, 99.999, 100, 0.1 + 0.2].map(toThousandths)).toEqual([0, 1, 99_999, 100_000, 300])
    expect([0.0001, 1.00001].map(toThousandths)).toEqual([undefined, undefined])
  })
})

describe('a range of a hash', () => {
  const inside = (place: Partial<Place>, attributes: Record<string, AttributeValue> = {}) =>
    isInsideRanges(
      {
        scheme: 'ranges',
        places: [{ algorithm: 'sha1', hash: [{ attribute: 'a' }], ranges: [[0, 2]], ...place }],
      },
      staticContext('key', attributes),
    )
  /** The place, found by halving. */
  const placeOf = (place: Pick<Place, 'algorithm' | 'hash'>, most: number, a = 'x') => {
    let [low, high] = [0, most]
    for (let step = 0; step < 80; step++) {
      const middle = (low + high) / 2
      if (inside({ ...place, ranges: [[middle, most + 1]] }, { a })) low = middle
      else high = middle
    }
    return low
  }
  const TEXTS = ['', 'x', 'user-7', 'é', 'a longer text than a block of the hash, of some sixty characters']
  const fnv1a = (text: string) => {
    let hash = 0x811c9dc5n
    for (let at = 0; at < text.length; at++)
      hash = ((hash ^ BigInt(text.charCodeAt(at))) * 0x01000193n) & 0xffffffffn
    return Number(hash)
  }

  it.each(TEXTS)('is where each system has it: %j', (text) => {
    const hash = [{ text }]
    const digits = createHash('sha1').update(text).digest('hex').slice(0, 15)
    const expected = Number(BigInt(`0x${digits}`)) / (2 ** 60 - 1)
    expect(placeOf({ algorithm: 'sha1', hash }, 1)).toBeCloseTo(expected, 14)
    expect(placeOf({ algorithm: 'fnv1a', hash }, 1)).toBeCloseTo((fnv1a(text) % 1_000) / 1_000, 14)
    const twice = (fnv1a(String(fnv1a(text))) % 10_000) / 10_000
    expect(placeOf({ algorithm: 'fnv1a-twice', hash }, 1)).toBeCloseTo(twice, 14)
    const murmur = murmur3x86(new TextEncoder().encode(text), 0)
    expect(placeOf({ algorithm: 'murmur3', hash }, 2 ** 32)).toBeCloseTo(murmur, 5)
  })

  it('begins with its first number, and ends before its last', () => {
    const at = (fnv1a('x') % 1_000) / 1_000
    const within = (...ranges: [number, number][]) => inside({ algorithm: 'fnv1a', ranges }, { a: 'x' })
    expect([within([at, 1]), within([0, at]), within([at, at]), within([0, at], [at, 1]), within()]).toEqual([
      true,
      false,
      false,
      true,
      false,
    ])
  })

  it('is of texts and attributes, in their order', () => {
    const hash = [{ attribute: 'a' }, { text: '.' }, { attribute: 'b', missing: 'none' }]
    const at = (fnv1a('x.none') % 1_000) / 1_000
    expect(inside({ algorithm: 'fnv1a', hash, ranges: [[at, at + 0.0005]] }, { a: 'x' })).toBe(true)
    expect(inside({ algorithm: 'fnv1a', hash }, { b: 'x' })).toBe(false)
  })

  it.each<[Place['algorithm'], AttributeValue[], AttributeValue[]]>([
    ['sha1', ['x', '', 7, -1], [1.5, true, false, ['x']]],
    ['fnv1a', ['x', 7, 1.5, true], ['', 0, false, ['x']]],
    ['fnv1a-twice', ['x', 7, 1.5, true], ['', 0, false, ['x']]],
  ])('of %s is for those whom a value identifies', (algorithm, identifying, others) => {
    expect(identifying.map((a) => inside({ algorithm }, { a }))).toEqual(identifying.map(() => true))
    expect(others.map((a) => inside({ algorithm }, { a }))).toEqual(others.map(() => false))
    expect(inside({ algorithm, missing: 1 })).toBe(true)
    expect(inside({ algorithm, missing: 2 })).toBe(false)
    expect(inside({ algorithm })).toBe(false)
  })
})

describe('a range of addresses', () => {
  const within = (range: string, ...addresses: string[]) => {
    const parsed = toAddressRange(range)
    return parsed === undefined ? undefined : addresses.map((address) => isInRanges(address, [parsed]))
  }
  it.each<[string, string[], string[]]>([
    [
      '10.0.0.0/8',
      ['10.0.0.0', '10.255.255.255', '::ffff:10.1.1.1'],
      ['11.0.0.0', '9.255.255.255', '::a00:1'],
    ],
    ['10.1.2.128/25', ['10.1.2.128', '10.1.2.255'], ['10.1.2.127', '10.1.3.128']],
    ['10.1.2.3', ['10.1.2.3'], ['10.1.2.2', '10.1.3.3']],
    ['10.1.2.3/32', ['10.1.2.3'], ['10.1.2.2']],
    ['0.0.0.0/0', ['1.2.3.4'], ['::1', 'x']],
    ['2001:db8::/33', ['2001:db8:7fff::1'], ['2001:db8:8000::1', '2001:db9::1', '1.2.3.4']],
    ['2001:db8::1/128', ['2001:db8::1'], ['2001:db8::2', '2001:db8:0:1::1']],
    ['2001:db8::1', ['2001:0db8:0::0:1'], ['2001:db8::2']],
    ['::/0', ['::1', 'ffff::'], ['1.2.3.4']],
    ['::ffff:10.0.0.0/104', ['10.9.9.9', '::ffff:10.0.0.1'], ['11.0.0.0']],
    ['::ffff:10.0.0.0/96', ['1.2.3.4'], ['::1']],
    ['::ffff:0:0/95', ['::fffe:0:1'], ['1.2.3.4', '::1', '::fffd:0:1']],
  ])('%s', (range, inside, outside) => {
    expect(within(range, ...inside)).toEqual(inside.map(() => true))
    expect(within(range, ...outside)).toEqual(outside.map(() => false))
  })

  it.each(['10.0.0.0/33', '::1/129', '10.0.0.0/', '10.0.0.0/x', '10.0.0', 'x/8', '', '::ffff:1.2.3.4/129'])(
    'is none: %j',
    (text) => {
      expect(toAddressRange(text)).toBeUndefined()
    },
  )
})
