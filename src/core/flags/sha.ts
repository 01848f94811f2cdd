/** SHA-1 and SHA-256 (FIPS 180-4), synchronously: a decision can't wait for the platform's. Not for secrets. */
import { utf8Bytes } from './utf8.ts'

const SHA_1_START = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0]
const SHA_1_CONSTANTS = [0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6]

/** The first primes: their roots are the constants of SHA-256. */
const PRIMES = primes(64)
const SHA_256_START = PRIMES.slice(0, 8).map((prime) => fraction(Math.sqrt(prime)))
const SHA_256_CONSTANTS = PRIMES.map((prime) => fraction(Math.cbrt(prime)))

/** The digest of a text's UTF-8 bytes, as five unsigned 32-bit words. */
export function sha1(text: string): number[] {
  return digest(text, SHA_1_START, sha1Block)
}

/** The digest of a text's UTF-8 bytes, as eight unsigned 32-bit words. */
export function sha256(text: string): number[] {
  return digest(text, SHA_256_START, sha256Block)
}

/** `mod` of the digest as one big-endian integer; `divisor` is at most 2^21, which keeps every step exact. */
export function digestModulo(words: readonly number[], divisor: number): number {
  return words.reduce((rest, word) => (rest * 2 ** 32 + word) % divisor, 0)
}

type Block = (state: number[], words: Int32Array) => number[]

/** Pads the text to whole blocks of 64 bytes, which end in its length in bits, and works through them. */
function digest(text: string, start: readonly number[], block: Block): number[] {
  const bytes = utf8Bytes(text)
  const padded = new DataView(new ArrayBuffer(((bytes.length + 72) >> 6) << 6))
  new Uint8Array(padded.buffer).set(bytes)
  padded.setUint8(bytes.length, 0x80)
  padded.setUint32(padded.byteLength - 4, bytes.length * 8)
  const words = new Int32Array(80)
  let state = [...start]
  for (let at = 0; at < padded.byteLength; at += 64) {
    for (let index = 0; index < 16; index++) words[index] = padded.getInt32(at + index * 4)
    const mixed = block([...state], words)
    state = state.map((word, index) => (word + (mixed[index] ?? 0)) >>> 0)
  }
  return state
}

function sha1Block([a = 0, b = 0, c = 0, d = 0, e = 0]: number[], words: Int32Array): number[] {
  const at = (index: number) => words[index] as number
  for (let index = 0; index < 80; index++) {
    if (index > 15) {
      words[index] = left(at(index - 3) ^ at(index - 8) ^ at(index - 14) ^ at(index - 16), 1)
    }
    const round = Math.floor(index / 20)
    const chosen = round === 0 ? (b & c) | (~b & d) : round === 2 ? (b & c) | (b & d) | (c & d) : b ^ c ^ d
    const sum = (left(a, 5) + chosen + e + (SHA_1_CONSTANTS[round] as number) + at(index)) | 0
    ;[a, b, c, d, e] = [sum, a, left(b, 30), c, d]
  }
  return [a, b, c, d, e]
}

function sha256Block(state: number[], words: Int32Array): number[] {
  const at = (index: number) => words[index] as number
  let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = state
  for (let index = 0; index < 64; index++) {
    if (index > 15) {
      const near = at(index - 2)
      const far = at(index - 15)
      const one = left(near, 15) ^ left(near, 13) ^ (near >>> 10)
      const other = left(far, 25) ^ left(far, 14) ^ (far >>> 3)
      words[index] = at(index - 16) + other + at(index - 7) + one
    }
    const chosen = (e & f) ^ (~e & g)
    const one = (h + (left(e, 26) ^ left(e, 21) ^ left(e, 7)) + chosen) | 0
    const step = (one + (SHA_256_CONSTANTS[index] as number) + at(index)) | 0
    const other = (left(a, 30) ^ left(a, 19) ^ left(a, 10)) + ((a & b) ^ (a & c) ^ (b & c))
    ;[a, b, c, d, e, f, g, h] = [(step + other) | 0, a, b, c, (d + step) | 0, e, f, g]
  }
  return [a, b, c, d, e, f, g, h]
}

function left(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits))
}

/** The first 32 bits behind the point. */
function fraction(root: number): number {
  return Math.floor((root % 1) * 2 ** 32)
}

function primes(count: number): number[] {
  const found: number[] = []
  for (let candidate = 2; found.length < count; candidate++) {
    if (found.every((prime) => candidate % prime !== 0)) found.push(candidate)
  }
  return found
}
