/**
 * What DESIGN says, read literally and computed the slow way: whole numbers without limits, no cleverness, nothing
 * from src. The golden vectors are made with this, so that a mistake in the gate can't find its way into them.
 */
import { createHmac } from 'node:crypto'

const WORD = 0xffffffffn
const rotateLeft = (word: bigint, bits: bigint) => ((word << bits) | (word >> (32n - bits))) & WORD
const times = (a: bigint, b: bigint) => (a * b) & WORD

/** MurmurHash3_x86_32 of Austin Appleby's MurmurHash3.cpp. */
export function murmur3x86(bytes: Uint8Array, seed: number): number {
  let h = BigInt(seed)
  const blocks = Math.floor(bytes.length / 4)
  const byte = (at: number) => BigInt(bytes[at] ?? 0)
  for (let i = 0; i < blocks; i++) {
    const k = byte(4 * i) | (byte(4 * i + 1) << 8n) | (byte(4 * i + 2) << 16n) | (byte(4 * i + 3) << 24n)
    h ^= times(rotateLeft(times(k, 0xcc9e2d51n), 15n), 0x1b873593n)
    h = (times(rotateLeft(h, 13n), 5n) + 0xe6546b64n) & WORD
  }
  let tail = 0n
  for (let i = bytes.length - 1; i >= blocks * 4; i--) tail = (tail << 8n) | byte(i)
  if (bytes.length % 4 > 0) h ^= times(rotateLeft(times(tail, 0xcc9e2d51n), 15n), 0x1b873593n)
  h ^= BigInt(bytes.length)
  h = times(h ^ (h >> 16n), 0x85ebca6bn)
  h = times(h ^ (h >> 13n), 0xc2b2ae35n)
  return Number(h ^ (h >> 16n))
}

/** "bucket(salt, key) = murmur3_x86_32(utf8(salt + ":" + key), seed 0)". */
export function bucketOf(salt: string, key: string): number {
  return murmur3x86(new TextEncoder().encode(`${salt}:${key}`), 0)
}

/** "Unbiased multiply-shift onto integer weights". */
function multiplyShift(bucket: number, total: number): number {
  return Number((BigInt(bucket) * BigInt(total)) >> 32n)
}

/** "Percentages to 0.001": the first so many of 100,000 parts. */
export function isInside(bucket: number, percentage: string): boolean {
  const [whole = '0', decimals = ''] = percentage.split('.')
  return multiplyShift(bucket, 100_000) < Number(whole + decimals.padEnd(3, '0'))
}

/** The variant on whose stretch of the weights, laid end to end in their order, the bucket falls. */
export function variantOf(bucket: number, weights: Readonly<Record<string, number>>): string | undefined {
  const total = Object.values(weights).reduce((sum, weight) => sum + weight, 0)
  const stretches = Object.entries(weights).flatMap(([variant, weight]) =>
    Array<string>(weight).fill(variant),
  )
  return stretches[multiplyShift(bucket, total)]
}

/**
 * The first latency bucket whose upper edge, 2^(i/8) ms, is not below a whole number of milliseconds: exact, by
 * comparing ms^8 with 2^i.
 */
export function latencyBucketOf(ms: bigint): number {
  let bucket = 0
  while (ms ** 8n > 2n ** BigInt(bucket) && bucket < 160) bucket++
  return bucket
}

/** "HMAC-SHA256 of `<unix seconds>.<Sluice-Flags>.<Sluice-Targeting-Key>`". */
export function signatureOf(secret: string, seconds: number, flags: string, targetingKey: string): string {
  const mac = createHmac('sha256', secret).update(`${seconds}.${flags}.${targetingKey}`, 'utf8').digest('hex')
  return `t=${seconds},v1=${mac}`
}

/** The key of a purpose: HKDF-SHA256 of RFC 5869, no salt, the label as info; one block of output is enough. */
export function derivedKeyOf(signingKey: string, purpose: string): string {
  const extracted = createHmac('sha256', Buffer.alloc(32)).update(signingKey, 'utf8').digest()
  const key = createHmac('sha256', extracted).update(`sluice ${purpose} v1\u0001`, 'utf8').digest('base64url')
  return `sluice-${purpose}-${key}`
}
