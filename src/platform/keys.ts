/**
 * The keys of a gate, each for one purpose, derived from SIGNING_KEY: HKDF-SHA256 (RFC 5869) without a salt, whose info
 * is the label of the purpose. What is known outside (`origin` by the apps behind the gate, `webhook` by receivers)
 * makes neither a preview nor an identity, and leads back to no other key.
 */

export const KEY_PURPOSES = ['identity', 'preview', 'origin', 'webhook'] as const
export type KeyPurpose = (typeof KEY_PURPOSES)[number]

/** The keys that others verify the gate's word with; the rest never leave it. */
export const SHARED_KEY_PURPOSES = ['origin', 'webhook'] as const satisfies readonly KeyPurpose[]
export type SharedKeyPurpose = (typeof SHARED_KEY_PURPOSES)[number]

/** The key of each purpose, as text: `sluice-origin-<43 letters>`. */
export type PurposeKeys = Readonly<Record<KeyPurpose, string>>

const KEY_BITS = 256
/** Gates of one isolate: one, but for tests. */
const MOST_KNOWN = 16
const encoder = new TextEncoder()
const known = new Map<string, PurposeKeys>()

/**
 * The keys that are derived from a signing key: at once where this isolate has derived them before, else as a promise.
 *
 * @example const keys = await keysOf(signingKey)
 */
export function keysOf(signingKey: string): PurposeKeys | Promise<PurposeKeys> {
  return known.get(signingKey) ?? derive(signingKey)
}

/** The secrets of a gate that its keys come from. */
export type SigningKeys = { SIGNING_KEY?: string | undefined; SIGNING_KEY_PREVIOUS?: string | undefined }

/** The signing keys of a gate, the present one first: what the previous one has signed still counts. None without one. */
export function signingKeysOf({
  SIGNING_KEY: present,
  SIGNING_KEY_PREVIOUS: previous,
}: SigningKeys): string[] {
  if (!present) return []
  return previous ? [present, previous] : [present]
}

async function derive(signingKey: string): Promise<PurposeKeys> {
  const secret = await crypto.subtle.importKey('raw', encoder.encode(signingKey), 'HKDF', false, [
    'deriveBits',
  ])
  const derived = await Promise.all(
    KEY_PURPOSES.map(async (purpose): Promise<[KeyPurpose, string]> => {
      const info = encoder.encode(`sluice ${purpose} v1`)
      const algorithm = { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(), info }
      return [purpose, keyText(purpose, await crypto.subtle.deriveBits(algorithm, secret, KEY_BITS))]
    }),
  )
  const keys = Object.fromEntries(derived) as Record<KeyPurpose, string>
  if (known.size >= MOST_KNOWN) known.clear()
  known.set(signingKey, keys)
  return keys
}

function keyText(purpose: KeyPurpose, bits: ArrayBuffer): string {
  const text = btoa(String.fromCharCode(...new Uint8Array(bits)))
  return `sluice-${purpose}-${text.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')}`
}
