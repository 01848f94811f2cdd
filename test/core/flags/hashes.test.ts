import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { digestModulo, sha1, sha256 } from '../../../src/core/flags/sha.ts'

const hex = (words: number[]) => words.map((word) => word.toString(16).padStart(8, '0')).join('')
const digestOf = (name: string, text: string) =>
  createHash(name).update(text.toWellFormed(), 'utf8').digest('hex')

it('hashes any text as the platform does, at every length around a block', () => {
  const texts = Array.from({ length: 200 }, (_, length) => 'é'.repeat(length % 3) + 'a'.repeat(length))
  const compare = (text: string) => {
    expect(hex(sha1(text)), text).toBe(digestOf('sha1', text))
    expect(hex(sha256(text)), text).toBe(digestOf('sha256', text))
    const whole = BigInt(`0x${digestOf('sha256', text)}`)
    expect(digestModulo(sha256(text), 100)).toBe(Number(whole % 100n))
  }
  for (const text of texts) compare(text)
  fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 150 }), compare), { numRuns: 500, seed: 7 })
})
