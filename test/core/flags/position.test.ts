import { describe, expect, it } from 'vitest'
import { murmur3 } from '../../../src/core/flags/murmur3.ts'
import {
  compileSalt,
  isInsideShare,
  part,
  pickWeighted,
  positionOfKey,
  THOUSANDTHS,
  toThousandths,
} from '../../../src/core/flags/position.ts'
import vectors from '../../vectors/bucketing.json' with { type: 'json' }
import { murmur3x86 } from '../../vectors/reference.ts'

/** As other implementations publish them; the last four have a seed. */
const PUBLISHED = [
  ['', 0, 0],
  ['', 1, 0x514e28b7],
  ['', 0xffffffff, 0x81f16f39],
  ['test', 0, 0xba6bd213],
  ['Hello, world!', 0, 0xc0363e43],
  ['The quick brown fox jumps over the lazy dog', 0, 0x2e4ff723],
  ['aaaa', 0x9747b28c, 0x5a97808a],
  ['abc', 0x9747b28c, 0xc84a62dd],
  ['Hello, world!', 0x9747b28c, 0x24884cba],
  ['ππππππππ', 0x9747b28c, 0xd58063c1],
] as const

describe('the reference that the vectors are made with', () => {
  it('has the verification value of SMHasher for MurmurHash3_x86_32', () => {
    const hashes = new Uint8Array(256 * 4)
    const view = new DataView(hashes.buffer)
    for (let length = 0; length < 256; length++) {
      const key = Uint8Array.from({ length }, (_, index) => index)
      view.setUint32(length * 4, murmur3x86(key, 256 - length), true)
    }
    expect(murmur3x86(hashes, 0)).toBe(0xb0f57ee3)
  })
})

describe('the hash', () => {
  it.each(PUBLISHED)('of %j with seed %d is as published', (text, seed, hash) => {
    expect(murmur3x86(new TextEncoder().encode(text), seed)).toBe(hash)
    expect(murmur3(text, seed)).toBe(hash)
  })

  it('is as in the vectors, for the bytes of any script and for halves of characters', () => {
    for (const { text, hash } of vectors.hashes) expect(murmur3(text, 0), JSON.stringify(text)).toBe(hash)
    for (const { utf16, hash } of vectors.loneSurrogates) {
      expect(murmur3(String.fromCharCode(...utf16), 0), `units ${utf16}`).toBe(hash)
    }
  })
})

describe('the position of a visitor', () => {
  it('is as in the vectors', () => {
    for (const { salt, key, bucket: expected } of vectors.buckets) {
      expect(positionOfKey(compileSalt(salt), key), `${salt}:${key}`).toBe(expected)
    }
  })

  it('is inside a percentage as in the vectors', () => {
    for (const { bucket: position, percentage, inside } of vectors.percentages) {
      const thousandths = toThousandths(percentage) ?? Number.NaN
      expect(isInsideShare(position, thousandths), `${position} in ${percentage} %`).toBe(inside)
    }
  })

  it('falls on a weight as in the vectors', () => {
    for (const { bucket: position, weights, variant } of vectors.weights) {
      const entries = Object.entries(weights as Record<string, number>)
      let sum = 0
      const cumulative = entries.map(([, weight]) => {
        sum += weight
        return sum
      })
      expect(entries[pickWeighted(position, cumulative)]?.[0], JSON.stringify({ position, weights })).toBe(
        variant,
      )
    }
  })

  it('divides the range of the hash into parts that differ by one value at most', () => {
    for (const total of [3, 7, 100, THOUSANDTHS]) {
      const firstOf = (index: number) => Math.ceil((index * 2 ** 32) / total)
      const indexes = Array.from({ length: total }, (_, index) => index)
      const sizes = indexes.map((index) => firstOf(index + 1) - firstOf(index))
      const astray = indexes.filter(
        (index) => part(firstOf(index), total) !== index || part(firstOf(index + 1) - 1, total) !== index,
      )
      expect(astray).toEqual([])
      expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1)
    }
  })
})

it('a percentage finer than a thousandth is none', () => {
  expect([toThousandths(0.001), toThousandths(33.333), toThousandths(100)]).toEqual([1, 33_333, 100_000])
  expect([toThousandths(0.0005), toThousandths(12.3456)]).toEqual([undefined, undefined])
})
