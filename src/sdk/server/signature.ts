/** The signature with which the gate vouches for its headers: `t=<unix seconds>,v1=<hex HMAC-SHA256>`. */

export type Signed = {
  /** Value of `Sluice-Flags`. */
  flags: string
  /** Value of `Sluice-Targeting-Key`, as it travels; empty where there is none. */
  targetingKey: string
}

export type AgeLimit = { nowMs: number; maxAgeSeconds: number }

/** Clocks of two machines always differ a little. */
const CLOCK_SKEW_SECONDS = 60

/** How the keys for origins begin. Any other text would be a secret that an app must not have. */
const KEY_PREFIX = 'sluice-origin-'

/**
 * The keys, where each is one for origins.
 *
 * @throws TypeError for any other text, SIGNING_KEY above all; the message doesn't repeat it
 */
export function checkedKeys(given: unknown): readonly string[] {
  const keys: readonly unknown[] = Array.isArray(given) ? given : [given]
  const isKey = (key: unknown): key is string => typeof key === 'string' && key.startsWith(KEY_PREFIX)
  if (keys.length > 0 && keys.every(isKey)) return keys
  throw new TypeError(
    `signingKey must be what "sluice key origin" prints (${KEY_PREFIX}…), never SIGNING_KEY itself; pass false to read headers that are not verified`,
  )
}

/** Whether a signature is the gate's by one of the keys, and recent. */
export async function isSigned(
  signed: Signed,
  signature: string | undefined,
  keys: readonly string[],
  { nowMs, maxAgeSeconds }: AgeLimit,
): Promise<boolean> {
  const [, seconds = '', hex = ''] = /^t=(\d{1,12}),v1=([0-9a-f]{64})$/.exec(signature ?? '') ?? []
  if (hex === '') return false
  const ageSeconds = nowMs / 1_000 - Number(seconds)
  if (ageSeconds > maxAgeSeconds || ageSeconds < -CLOCK_SKEW_SECONDS) return false
  const bytes = Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16))
  for (const key of keys) {
    // Compares in constant time.
    if (await crypto.subtle.verify('HMAC', await keyOf(key), bytes, payload(seconds, signed))) return true
  }
  return false
}

/** The signature of these headers at this moment. */
export async function sign(signed: Signed, signingKey: string, nowMs: number): Promise<string> {
  const seconds = Math.floor(nowMs / 1_000)
  const mac = await crypto.subtle.sign('HMAC', await keyOf(signingKey), payload(String(seconds), signed))
  const hex = Array.from(new Uint8Array(mac), (byte) => byte.toString(16).padStart(2, '0')).join('')
  return `t=${seconds},v1=${hex}`
}

function payload(seconds: string, { flags, targetingKey }: Signed) {
  return new TextEncoder().encode(`${seconds}.${flags}.${targetingKey}`)
}

type Key = Awaited<ReturnType<typeof crypto.subtle.importKey>>

const imported = new Map<string, Promise<Key>>()

/** Importing a key takes longer than verifying with it. */
function keyOf(secret: string): Promise<Key> {
  let key = imported.get(secret)
  if (key === undefined) {
    const algorithm = { name: 'HMAC', hash: 'SHA-256' }
    key = crypto.subtle.importKey('raw', new TextEncoder().encode(secret), algorithm, false, [
      'sign',
      'verify',
    ])
    imported.set(secret, key)
  }
  return key
}
