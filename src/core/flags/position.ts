/**
 * A visitor's position in a split: `murmur3_x86_32(utf8(salt + ":" + key), seed 0)`. The same salt and key give the
 * same position on every isolate, in every version.
 */
import type { EvaluationContext } from '../context/attributes.ts'
import { absorb, type HashState, hashFrom, startHash } from './murmur3.ts'

export const TWO_TO_32 = 4294967296

/** Percentages are exact to a thousandth: 12.345 % is 12345 of these. */
export const THOUSANDTHS = 100_000

/** A flag's salt, already hashed: a request only hashes the visitor's key. */
export type Salt = { readonly text: string; readonly hashed: Readonly<HashState> }

export function compileSalt(text: string): Salt {
  const hashed = startHash(0)
  absorb(hashed, `${text}:`)
  return { text, hashed }
}

/** The position of a targeting key, an unsigned 32-bit integer. */
export function positionOfKey(salt: Salt, key: string): number {
  return hashFrom(salt.hashed, key)
}

/** The position of a visitor; undefined for one without a targeting key. */
export function positionOf(salt: Salt, context: EvaluationContext): number | undefined {
  const known = context.position?.(salt.text)
  if (known !== undefined) return known
  const key = context.targetingKey()
  return key === undefined ? undefined : positionOfKey(salt, key)
}

/** Below this many parts, hash times parts is exact. */
const EXACT_PARTS = 2 ** 21

/** Which of `total` equal parts of the 32-bit range a hash falls into: 0 … total − 1, without modulo bias. */
export function part(hash: number, total: number): number {
  if (total <= EXACT_PARTS) return Math.floor((hash * total) / TWO_TO_32)
  // The upper and the lower half of the hash one after the other: each product is exact, up to 2^37 parts.
  const carried = Math.floor(((hash & 0xffff) * total) / 0x10000)
  return Math.floor(((hash >>> 16) * total + carried) / 0x10000)
}

/** Whether a position lies inside a share, given in thousandths of a percent. A larger share keeps all visitors. */
export function isInsideShare(position: number, thousandths: number): boolean {
  return part(position, THOUSANDTHS) < thousandths
}

/** Index of the weight that a position falls on. `cumulative` holds running sums; the last one is the total. */
export function pickWeighted(position: number, cumulative: readonly number[]): number {
  const at = part(position, cumulative[cumulative.length - 1] ?? 0)
  return cumulative.findIndex((upTo) => at < upTo)
}

/** A percentage in thousandths of a percent; undefined when it is finer than that. */
export function toThousandths(percentage: number): number | undefined {
  const scaled = Math.round(percentage * 1000)
  return Math.abs(percentage * 1000 - scaled) < 1e-6 ? scaled : undefined
}
