/**
 * SipHash-2-4 (J.-P. Aumasson, D. J. Bernstein, "SipHash: a fast short-input PRF", 2012): a keyed hash of 64 bits that
 * can't be computed without the key, fast for short texts. Numbers of 64 bits are pairs of 32-bit words, because BigInt
 * is many times slower.
 */

/** The key's 16 bytes as four little-endian words. */
export type SipKey = readonly [number, number, number, number]

const KEY_BYTES = 16
const BLOCK_BYTES = 8
const COMPRESSIONS = 2
const FINALISATIONS = 4
const TWO_TO_32 = 4294967296

/** A key from 16 bytes. Throws where there are fewer or more. */
export function sipKeyOf(bytes: Uint8Array): SipKey {
  if (bytes.byteLength !== KEY_BYTES) throw new Error(`A key must have ${KEY_BYTES} bytes`)
  const view = new DataView(bytes.buffer, bytes.byteOffset, KEY_BYTES)
  return [view.getInt32(0, true), view.getInt32(4, true), view.getInt32(8, true), view.getInt32(12, true)]
}

/**
 * The hash of a text of one-byte characters, as 16 hex digits. Hazard: of other characters only the lower byte counts.
 *
 * @example sipHash(key, 'aoac.Zm9vYmFyYmF6cXV4')
 */
export function sipHash([k0, k0High, k1, k1High]: SipKey, text: string): string {
  // Each of the four words of the state as its lower and its higher half.
  let [a, aHigh, b, bHigh] = [k0 ^ 0x70736575, k0High ^ 0x736f6d65, k1 ^ 0x6e646f6d, k1High ^ 0x646f7261]
  let [c, cHigh, d, dHigh] = [k0 ^ 0x6e657261, k0High ^ 0x6c796765, k1 ^ 0x79746573, k1High ^ 0x74656462]
  const compressions = COMPRESSIONS * (Math.floor(text.length / BLOCK_BYTES) + 1)
  let [block, blockHigh] = [0, 0]
  for (let step = 0; step < compressions + FINALISATIONS; step++) {
    if (step % COMPRESSIONS === 0 && step <= compressions) {
      a ^= block
      aHigh ^= blockHigh
      const at = (step / COMPRESSIONS) * BLOCK_BYTES
      const isDone = step === compressions
      block = isDone ? 0 : wordAt(text, at)
      blockHigh = isDone ? 0 : wordAt(text, at + 4) | (at + BLOCK_BYTES > text.length ? text.length << 24 : 0)
      d ^= block
      dHigh ^= blockHigh
      if (isDone) c ^= 0xff
    }
    let sum = (a >>> 0) + (b >>> 0)
    aHigh = (aHigh + bHigh + (sum >= TWO_TO_32 ? 1 : 0)) | 0
    a = sum | 0
    let turned = (b << 13) | (bHigh >>> 19)
    bHigh = ((bHigh << 13) | (b >>> 19)) ^ aHigh
    b = turned ^ a
    sum = (c >>> 0) + (d >>> 0)
    cHigh = (cHigh + dHigh + (sum >= TWO_TO_32 ? 1 : 0)) | 0
    c = sum | 0
    turned = (d << 16) | (dHigh >>> 16)
    dHigh = ((dHigh << 16) | (d >>> 16)) ^ cHigh
    d = turned ^ c
    // From here on `a` is turned by 32 bits: its halves change places.
    sum = (aHigh >>> 0) + (d >>> 0)
    const aTurned = (a + dHigh + (sum >= TWO_TO_32 ? 1 : 0)) | 0
    a = sum | 0
    aHigh = aTurned
    turned = (d << 21) | (dHigh >>> 11)
    dHigh = ((dHigh << 21) | (d >>> 11)) ^ aHigh
    d = turned ^ a
    sum = (c >>> 0) + (b >>> 0)
    const cTurned = sum | 0
    cHigh = (cHigh + bHigh + (sum >= TWO_TO_32 ? 1 : 0)) | 0
    turned = (b << 17) | (bHigh >>> 15)
    bHigh = ((bHigh << 17) | (b >>> 15)) ^ cHigh
    b = turned ^ cTurned
    c = cHigh
    cHigh = cTurned
  }
  return hex(aHigh ^ bHigh ^ cHigh ^ dHigh) + hex(a ^ b ^ c ^ d)
}

/** Up to four characters as a little-endian word. */
function wordAt(text: string, start: number): number {
  let word = 0
  const end = Math.min(4, text.length - start)
  for (let at = 0; at < end; at++) word |= (text.charCodeAt(start + at) & 0xff) << (8 * at)
  return word
}

function hex(value: number): string {
  return (value >>> 0).toString(16).padStart(8, '0')
}
