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

/** What a flag is salted with, hashed as far as it goes: only the visitor's key is left to hash per request. */
export type Salt = { readonly text: string; readonly hashed: Readonly<HashState> }

export function compileSalt(text: string): Salt {
  const hashed = startHash(0)
  absorb(hashed, `${text}:`)
  return { text, hashed }
}

/** The visitor's position, an unsigned 32-bit integer. */
export function bucket(salt: Salt, key: string): number {
  return hashFrom(salt.hashed, key)
}

/** The position of a visitor; undefined when nobody knows who this is. */
export function positionOf(salt: Salt, context: EvaluationContext): number | undefined {
  const known = context.position?.(salt.text)
  if (known !== undefined) return known
  const key = context.targetingKey()
  return key === undefined ? undefined : bucket(salt, key)
}

/** Below this many parts, hash times parts is exact. */
const EXACT_PARTS = 2 ** 21

/** Which of `total` equal parts of the hash range a hash falls into: 0 … total − 1, without modulo bias. */
export function part(hash: number, total: number): number {
  if (total <= EXACT_PARTS) return Math.floor((hash * total) / TWO_TO_32)
  // The upper and the lower half of the hash one after the other: each product is exact, up to 2^37 parts.
  const carried = Math.floor(((hash & 0xffff) * total) / 0x10000)
  return Math.floor(((hash >>> 16) * total + carried) / 0x10000)
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

/** MurmurHash3 on its way: `block` holds the `shift` bits that don't fill 32 yet. */
type HashState = { hash: number; block: number; shift: number; bytes: number }

/** Hashing is the one thing that every decision does; it allocates nothing. */
const scratch = startHash(0)

/**
 * MurmurHash3 x86 32-bit over the UTF-8 bytes of a string, without allocating them. Lone surrogates are hashed
 * as U+FFFD, as TextEncoder writes them.
 */
export function murmur3(text: string, seed: number): number {
  return hashFrom(startHash(seed), text)
}

function startHash(seed: number): HashState {
  return { hash: seed, block: 0, shift: 0, bytes: 0 }
}

function hashFrom(start: Readonly<HashState>, text: string): number {
  scratch.hash = start.hash
  scratch.block = start.block
  scratch.shift = start.shift
  scratch.bytes = start.bytes
  absorb(scratch, text)
  const { hash, block, shift, bytes } = scratch
  return finalMix((shift > 0 ? hash ^ scramble(block) : hash) ^ bytes)
}

function absorb(state: HashState, text: string): void {
  let { hash, block, shift, bytes } = state
  let i = 0
  while (i < text.length) {
    // Four ASCII characters are four bytes: most keys are nothing else.
    if (i + 4 <= text.length) {
      const a = text.charCodeAt(i)
      const b = text.charCodeAt(i + 1)
      const c = text.charCodeAt(i + 2)
      const d = text.charCodeAt(i + 3)
      if ((a | b | c | d) < 0x80) {
        const four = a | (b << 8) | (c << 16) | (d << 24)
        hash = mix(hash, block | (four << shift))
        block = shift === 0 ? 0 : four >>> (32 - shift)
        bytes += 4
        i += 4
        continue
      }
    }
    const code = codePointAt(text, i)
    i += code >= 0x10000 ? 2 : 1
    // One to four UTF-8 bytes, first byte first (RFC 3629).
    const length = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4
    bytes += length
    for (let n = length - 1; n >= 0; n--) {
      block |= utf8Byte(code, length, n) << shift
      shift += 8
      if (shift < 32) continue
      hash = mix(hash, block)
      block = 0
      shift = 0
    }
  }
  state.hash = hash
  state.block = block
  state.shift = shift
  state.bytes = bytes
}

function codePointAt(text: string, index: number): number {
  const code = text.codePointAt(index) ?? 0
  return code >= 0xd800 && code <= 0xdfff ? 0xfffd : code
}

/** Byte of a code point's UTF-8 form that has `rest` bytes after it. */
function utf8Byte(code: number, bytes: number, rest: number): number {
  if (bytes === 1) return code
  if (rest < bytes - 1) return 0x80 | ((code >> (6 * rest)) & 0x3f)
  const lead = bytes === 2 ? 0xc0 : bytes === 3 ? 0xe0 : 0xf0
  return lead | (code >> (6 * rest))
}

function mix(hash: number, block: number): number {
  const mixed = hash ^ scramble(block)
  return (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe6546b64) | 0
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
