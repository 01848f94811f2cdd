/**
 * The gate's keys in KV, as this location sees them: one read for `kill` and `state`, and one for the document, so that
 * a huge document delays no kill.
 */
import { sha256Hex } from '../../platform/crypto.ts'

/** The shortest that KV allows. */
const CACHE_TTL_SECONDS = 30

/** `kill` and `state` in one read. */
export async function readKillAndState(kv: KVNamespace): Promise<Map<string, string | null>> {
  return await kv.get(['kill', 'state'], { type: 'text', cacheTtl: CACHE_TTL_SECONDS })
}

/**
 * The document's bytes with a fingerprint. Nearly always they are the same as last time, and then megabytes need neither
 * be decoded nor kept.
 */
export type DocumentBytes = { fingerprint: string; bytes: ArrayBuffer }

export async function readDocument(kv: KVNamespace): Promise<DocumentBytes | undefined> {
  const bytes = await kv.get('config', { type: 'arrayBuffer', cacheTtl: CACHE_TTL_SECONDS })
  return bytes === null ? undefined : { bytes, fingerprint: await sha256Hex(bytes) }
}

/** The text, without a byte order mark; the Controller hashes the same. */
export function textOf({ bytes }: DocumentBytes): string {
  return new TextDecoder().decode(bytes)
}
