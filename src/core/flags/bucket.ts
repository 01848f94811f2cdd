/**
 * Sticky bucketing. A visitor's position is `murmur3_x86_32(utf8(salt + ":" + key), seed 0)`: the same key and
 * salt give the same position on every isolate, for ever. Source: Austin Appleby, MurmurHash3.cpp (public domain).
 */
import type { EvaluationContext } from '../context/attributes.ts'

const C1 = 0xcc9e2d51
const C2 = 0x1b873593
export const TWO_TO_32 = 4294967296

/** Percentages are exact to a thousandth: 12.345 % is 12345 of these. */
export const THOUSANDTHS = 100_000

/** The visitor's position, an unsigned 32-bit integer. */
export function bucket(salt: string, key: string): number {
  return murmur3(`${salt}:${key}`, 0)
}

/** The position of a visitor; undefined when nobody knows who this is. */
export function positionOf(salt: string, context: EvaluationContext): number | undefined {
  const known = context.position?.(salt)
  if (known !== undefined) return known
  const key = context.targetingKey()
  return key === undefined ? undefined : bucket(salt, key)
}

/** Which of `total` equal parts of the hash range a hash falls into: 0 … total − 1, without modulo bias. */
export function part(hash: number, total: number): number {
  return Math.floor((hash * total) / TWO_TO_32)
}

/** Whether a hash lies inside the first `thousandths` of a percent. Growing the percentage moves nobody out. */
export function insidePercentage(hash: number, thousandths: number): boolean {
  return part(hash, THOUSANDTHS) < thousandths
}

/** Index of the weight that a hash falls on. `cumulative` holds running sums, the last one being the total. */
export function pickWeighted(hash: number, cumulative: readonly number[]): number {
  const position = part(hash, cumulative[cumulative.length - 1] ?? 0)
  return cumulative.findIndex((upTo) => position < upTo)
}

/** A number with a thousandth-of-a-percent resolution, as an integer; undefined where it is finer than that. */
export function toThousandths(percentage: number): number | undefined {
  const scaled = Math.round(percentage * 1000)
  return Math.abs(percentage * 1000 - scaled) < 1e-6 ? scaled : undefined
}

/**
 * MurmurHash3 x86 32-bit over the UTF-8 bytes of a string, without allocating them. Lone surrogates are hashed
 * as U+FFFD, as TextEncoder writes them.
 */
export function murmur3(text: string, seed: number): number {
  let hash = seed
  let block = 0
  let shift = 0
  let length = 0
  for (let i = 0; i < text.length; i++) {
    let code = text.charCodeAt(i)
    if (code >= 0xd800 && code <= 0xdfff) {
      const next = text.charCodeAt(i + 1)
      if (code < 0xdc00 && next >= 0xdc00 && next <= 0xdfff) {
        code = 0x10000 + ((code - 0xd800) << 10) + (next - 0xdc00)
        i++
      } else code = 0xfffd
    }
    // One to four UTF-8 bytes, first byte first (RFC 3629).
    const bytes = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4
    length += bytes
    for (let n = bytes - 1; n >= 0; n--) {
      block |= utf8Byte(code, bytes, n) << shift
      shift += 8
      if (shift === 32) {
        hash ^= scramble(block)
        hash = (hash << 13) | (hash >>> 19)
        hash = (Math.imul(hash, 5) + 0xe6546b64) | 0
        block = 0
        shift = 0
      }
    }
  }
  if (shift > 0) hash ^= scramble(block)
  return finalMix(hash ^ length)
}

/** Byte of a code point's UTF-8 form that has `rest` bytes after it. */
function utf8Byte(code: number, bytes: number, rest: number): number {
  if (bytes === 1) return code
  if (rest < bytes - 1) return 0x80 | ((code >> (6 * rest)) & 0x3f)
  const lead = bytes === 2 ? 0xc0 : bytes === 3 ? 0xe0 : 0xf0
  return lead | (code >> (6 * rest))
}

function scramble(block: number): number {
  const k = Math.imul(block, C1)
  return Math.imul((k << 15) | (k >>> 17), C2)
}

function finalMix(hash: number): number {
  let h = hash
  h ^= h >>> 16
  h = Math.imul(h, 0x85ebca6b)
  h ^= h >>> 13
  h = Math.imul(h, 0xc2b2ae35)
  h ^= h >>> 16
  return h >>> 0
}
