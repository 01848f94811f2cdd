/** MurmurHash3 x86 32-bit. Source: Austin Appleby, MurmurHash3.cpp (public domain). */
import { codePointAt, utf8Byte, utf8Length } from './utf8.ts'

const C1 = 0xcc9e2d51
const C2 = 0x1b873593

/** A hash in progress: `block` holds the `shift` bits that don't fill 32 yet. */
export type HashState = { hash: number; block: number; shift: number; bytes: number }

/** Every decision hashes, so hashing allocates nothing. */
const scratch = startHash(0)

/** Hashes the UTF-8 bytes of a text; lone surrogates count as U+FFFD, as TextEncoder writes them. */
export function murmur3(text: string, seed: number): number {
  return hashFrom(startHash(seed), text)
}

export function startHash(seed: number): HashState {
  return { hash: seed, block: 0, shift: 0, bytes: 0 }
}

/** The hash of a text appended to what `start` has absorbed. */
export function hashFrom(start: Readonly<HashState>, text: string): number {
  scratch.hash = start.hash
  scratch.block = start.block
  scratch.shift = start.shift
  scratch.bytes = start.bytes
  absorb(scratch, text)
  const { hash, block, shift, bytes } = scratch
  return finalMix((shift > 0 ? hash ^ scramble(block) : hash) ^ bytes)
}

/** Appends a text, in place. */
export function absorb(state: HashState, text: string): void {
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
    const length = utf8Length(code)
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

function mix(hash: number, block: number): number {
  const mixed = hash ^ scramble(block)
  return (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe6546b64) | 0
}

function scramble(block: number): number {
  const k = Math.imul(block, C1)
  return Math.imul((k << 15) | (k >>> 17), C2)
}

/** The finalizer: each input bit flips half of the output's. */
export function finalMix(hash: number): number {
  let h = hash
  h ^= h >>> 16
  h = Math.imul(h, 0x85ebca6b)
  h ^= h >>> 13
  h = Math.imul(h, 0xc2b2ae35)
  h ^= h >>> 16
  return h >>> 0
}
