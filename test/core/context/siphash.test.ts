import { expect, it } from 'vitest'
import { sipHash, sipKeyOf } from '../../../src/core/context/siphash.ts'
import vectors from '../../vectors/siphash.json' with { type: 'json' }

const bytesOf = (hex: string) => Uint8Array.from(hex.match(/../g) ?? [], (each) => Number.parseInt(each, 16))
const textOf = (length: number) => String.fromCharCode(...Array.from({ length }, (_, at) => at))
/** The authors write a hash with its lowest byte first. */
const turned = (hex: string) => (hex.match(/../g) ?? []).reverse().join('')

it('SipHash-2-4 is as in its authors’ vectors, for every length up to 63 bytes', () => {
  const key = sipKeyOf(bytesOf(vectors.key))
  expect(vectors.hashes).toHaveLength(64)
  for (const [length, hash] of vectors.hashes.entries())
    expect(turned(sipHash(key, textOf(length))), `${length} bytes`).toBe(hash)
})

it('each bit of the key and of the text makes another hash', () => {
  const key = bytesOf(vectors.key)
  const text = textOf(21)
  const seen = new Set([sipHash(sipKeyOf(key), text)])
  for (let bit = 0; bit < 128; bit++) {
    const other = key.map((byte, at) => (at === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte))
    seen.add(sipHash(sipKeyOf(other), text))
  }
  for (let bit = 0; bit < 21 * 8; bit++) {
    const at = bit >> 3
    const other = String.fromCharCode(text.charCodeAt(at) ^ (1 << (bit & 7)))
    seen.add(sipHash(sipKeyOf(key), text.slice(0, at) + other + text.slice(at + 1)))
  }
  expect(seen.size).toBe(1 + 128 + 21 * 8)
})

it('a key has 16 bytes', () => {
  for (const length of [0, 15, 17, 32]) expect(() => sipKeyOf(new Uint8Array(length))).toThrow('16 bytes')
  const apart = new Uint8Array(20)
  apart.set(bytesOf(vectors.key), 3)
  expect(sipKeyOf(apart.subarray(3, 19))).toEqual(sipKeyOf(bytesOf(vectors.key)))
})
