/**
 * For the app behind the gate, on Node, in Workers and wherever WebCrypto is: what the gate decided for this request,
 * read from its headers and believed only where the signature is right.
 */

/** The three headers, by `Headers` or as Node has them. */
export type HeadersLike =
  | { get(name: string): string | null }
  | Readonly<Record<string, string | string[] | undefined>>

/** What the gate decided, and for whom. */
export type GateDecision = {
  /** Flag → variant, of the flags that the request was routed by. */
  variants: Readonly<Record<string, string>>
  /** Flag → OpenFeature's reason, in lower case. */
  reasons: Readonly<Record<string, string>>
  /** The visitor, as the gate knows them; undefined where the gate signs nothing. */
  targetingKey: string | undefined
}

export type ReadOptions = {
  /** The gate's SIGNING_KEY. Without it nothing is verified: only where nobody but the gate can reach the app. */
  signingKey?: string | undefined
  /** Default: the clock. */
  nowMs?: number
  /** How old a signature may be. Default 300 seconds. */
  maxAgeSeconds?: number
}

const MAX_AGE_SECONDS = 300
/** Clocks of two machines are never quite the same. */
const CLOCK_SKEW_SECONDS = 60

export const HEADERS = {
  flags: 'sluice-flags',
  targetingKey: 'sluice-targeting-key',
  signature: 'sluice-signature',
} as const

/** What the gate decided for a request; undefined where it said nothing, or where the signature isn't the gate's. */
export async function readDecision(
  headers: HeadersLike,
  options: ReadOptions = {},
): Promise<GateDecision | undefined> {
  const flags = headerOf(headers, HEADERS.flags)
  if (flags === undefined) return undefined
  const targetingKey = headerOf(headers, HEADERS.targetingKey)
  if (options.signingKey !== undefined) {
    const signature = headerOf(headers, HEADERS.signature)
    if (!(await isSigned(flags, targetingKey, signature, { ...options, signingKey: options.signingKey }))) {
      return undefined
    }
  }
  return {
    ...parseFlags(flags),
    targetingKey: targetingKey === undefined ? undefined : decoded(targetingKey),
  }
}

/** `new-checkout=on;reason=split, dark=off;reason=default`. */
export function parseFlags(header: string): Pick<GateDecision, 'variants' | 'reasons'> {
  const variants: Record<string, string> = {}
  const reasons: Record<string, string> = {}
  for (const part of header.split(',')) {
    const [decision = '', ...parameters] = part.trim().split(';')
    const at = decision.indexOf('=')
    if (at < 1) continue
    const flag = decoded(decision.slice(0, at))
    variants[flag] = decision.slice(at + 1)
    const reason = parameters.find((each) => each.startsWith('reason='))
    if (reason !== undefined) reasons[flag] = reason.slice('reason='.length)
  }
  return { variants, reasons }
}

async function isSigned(
  flags: string,
  targetingKey: string | undefined,
  signature: string | undefined,
  { signingKey, nowMs = Date.now(), maxAgeSeconds = MAX_AGE_SECONDS }: ReadOptions & { signingKey: string },
): Promise<boolean> {
  const [, seconds = '', hex = ''] = /^t=(\d{1,12}),v1=([0-9a-f]{64})$/.exec(signature ?? '') ?? []
  if (hex === '') return false
  const ageSeconds = nowMs / 1_000 - Number(seconds)
  if (ageSeconds > maxAgeSeconds || ageSeconds < -CLOCK_SKEW_SECONDS) return false
  const bytes = Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16))
  const text = new TextEncoder().encode(`${seconds}.${flags}.${targetingKey ?? ''}`)
  // Compares in constant time.
  return await crypto.subtle.verify('HMAC', await keyOf(signingKey), bytes, text)
}

type Key = Awaited<ReturnType<typeof crypto.subtle.importKey>>

const keys = new Map<string, Promise<Key>>()

/** Importing a key takes longer than verifying with it. */
function keyOf(secret: string): Promise<Key> {
  let key = keys.get(secret)
  if (key === undefined) {
    const algorithm = { name: 'HMAC', hash: 'SHA-256' }
    key = crypto.subtle.importKey('raw', new TextEncoder().encode(secret), algorithm, false, ['verify'])
    keys.set(secret, key)
  }
  return key
}

function headerOf(headers: HeadersLike, name: string): string | undefined {
  const get = (headers as { get?: unknown }).get
  if (typeof get === 'function')
    return (headers as { get(name: string): string | null }).get(name) ?? undefined
  const value = (headers as Readonly<Record<string, string | string[] | undefined>>)[name]
  return Array.isArray(value) ? value.join(', ') : value
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    // Not encoded by the gate; the text stands for itself.
    return text
  }
}
