/** flagd's `fractional`: parts of a hash by weight. */
import type { Json } from '../../core/flags/flag.ts'
import { type PlaceInput, Untranslatable } from '../alternatives.ts'
import { hashOf } from './variables.ts'

/** Above this flagd gives no answer. */
const MOST_WEIGHT = 2 ** 31 - 1
const HASHES = 2n ** 32n

/** A part: what it names, its weight, and the hashes that fall on it. */
export type Fraction = { named: Json; weight: number; range: [from: number, to: number] }
export type Fractions = { parts: Fraction[]; total: number; hash: PlaceInput['hash'] }

/** The parts; a total of 0 is no answer for anyone. */
export function fractionsIn(operands: readonly Json[]): Fractions {
  const [first = null, ...buckets] = operands
  const weighed = buckets.map((bucket) => {
    const [named = null, weight = 1, ...more] = Array.isArray(bucket) ? (bucket as readonly Json[]) : []
    const isWhole = typeof weight === 'number' && Number.isInteger(weight)
    if (!Array.isArray(bucket) || bucket.length === 0 || more.length > 0 || !isWhole) {
      throw new Untranslatable('a part that is not a variant of the flag with a whole weight')
    }
    return { named, weight: Math.max(0, weight) }
  })
  const total = weighed.reduce((sum, { weight }) => sum + weight, 0)
  if (total > MOST_WEIGHT) return { parts: [], total: 0, hash: hashOf(first) }
  let sum = 0
  const parts = weighed.map(({ named, weight }): Fraction => {
    const from = firstHash(sum, total)
    sum += weight
    return { named, weight, range: [from, firstHash(sum, total)] }
  })
  return { parts, total, hash: hashOf(first) }
}

/** The first hash that flagd's multiplication takes to at least `sum` of `total`. */
function firstHash(sum: number, total: number): number {
  if (total === 0) return 0
  return Number((BigInt(sum) * HASHES + BigInt(total) - 1n) / BigInt(total))
}

/** Visitors whose hash falls on some parts; with `orMissing` also those who have nothing to hash. */
export function placeOf(
  parts: readonly Fraction[],
  hash: PlaceInput['hash'],
  orMissing: boolean,
): PlaceInput {
  const ranges = parts.filter(({ weight }) => weight > 0).map(({ range }) => range)
  return {
    algorithm: 'murmur3',
    hash,
    ranges: orMissing ? [...ranges, [-1, 0]] : ranges,
    ...(orMissing && { missing: -1 }),
  }
}
