/**
 * Signatures, each with a separate key (platform/keys.ts). To origins, a signature proves that flags and targeting key
 * come from the gate; from visitors, a token proves that the gate allows them to see, or to override, decisions.
 */
import { equalInConstantTime, hmacHex } from '../../platform/crypto.ts'
import type { Env } from '../../platform/env.ts'
import { keysOf, signingKeysOf } from '../../platform/keys.ts'

/**
 * The value of `Sluice-Signature`: `t=<unix seconds>,v1=<hex>`, where v1 is the HMAC-SHA256 of
 * `<unix seconds>.<Sluice-Flags>.<Sluice-Targeting-Key>` by the key for origins.
 */
export async function signFlags(
  originKey: string,
  flags: string,
  targetingKey: string,
  nowMs: number,
): Promise<string> {
  const seconds = Math.floor(nowMs / 1000)
  return `t=${seconds},v1=${await hmacHex(originKey, `${seconds}.${flags}.${targetingKey}`)}`
}

/** What a debug token allows: to see decisions in response headers, and to choose variants. */
export type DebugGrant = { overrides: ReadonlyMap<string, string>; expiresAtMs: number }

export type DebugPayload = { exp: number; overrides?: Record<string, string> }

/**
 * A debug token: `<base64url of JSON {exp, overrides}>.<hex HMAC of that text>` by the key for previews; `exp` in unix
 * seconds, `overrides` flag → variant.
 */
export async function signDebugToken(previewKey: string, payload: DebugPayload): Promise<string> {
  const body = toBase64Url(JSON.stringify(payload))
  return `${body}.${await hmacHex(previewKey, `debug.${body}`)}`
}

/** A debug token of this gate; undefined where it has no signing key. */
export async function makeDebugToken(env: Env, payload: DebugPayload): Promise<string | undefined> {
  const [signingKey] = signingKeysOf(env)
  return signingKey && (await signDebugToken((await keysOf(signingKey)).preview, payload))
}

/** The grant of a debug token of this gate, by its signing key or the previous one. */
export async function grantOf(env: Env, token: string, nowMs: number): Promise<DebugGrant | undefined> {
  for (const signingKey of signingKeysOf(env)) {
    const grant = await verifyDebugToken((await keysOf(signingKey)).preview, token, nowMs)
    if (grant !== undefined) return grant
  }
  return undefined
}

/** No token opens a gate for longer, whatever it says: one that leaks is worth nothing after this. */
const LONGEST_GRANT_MS = 30 * 24 * 3_600_000

/** The grant of a valid, unexpired token; undefined for anything else. */
export async function verifyDebugToken(
  previewKey: string,
  token: string,
  nowMs: number,
): Promise<DebugGrant | undefined> {
  const [body = '', signature = '', ...rest] = token.split('.')
  if (rest.length > 0) return undefined
  if (!(await equalInConstantTime(signature, await hmacHex(previewKey, `debug.${body}`)))) return undefined
  try {
    const payload = JSON.parse(fromBase64Url(body)) as DebugPayload
    const leftMs = payload.exp * 1000 - nowMs
    if (!(leftMs > 0 && leftMs <= LONGEST_GRANT_MS)) return undefined
    return { overrides: new Map(Object.entries(payload.overrides ?? {})), expiresAtMs: payload.exp * 1000 }
  } catch {
    // Signed by another version of the gate: no grant, and no error of this one.
    return undefined
  }
}

function toBase64Url(text: string): string {
  const bytes = String.fromCharCode(...new TextEncoder().encode(text))
  return btoa(bytes).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}

function fromBase64Url(text: string): string {
  const bytes = atob(text.replaceAll('-', '+').replaceAll('_', '/'))
  return new TextDecoder().decode(Uint8Array.from(bytes, (character) => character.charCodeAt(0)))
}
