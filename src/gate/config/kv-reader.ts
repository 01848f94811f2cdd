/**
 * The gate's keys in KV, as this location sees them: one read for the two that close gates, and one for the document,
 * so that a huge document keeps nobody from hearing of a kill.
 */
import { sha256Hex } from '../../platform/crypto.ts'

/** KV keeps what it has read for at least so long. */
const CACHE_TTL_SECONDS = 30

/** `kill` and `state`, at once. */
export async function readKillAndState(kv: KVNamespace): Promise<Map<string, string | null>> {
  return await kv.get(['kill', 'state'], { type: 'text', cacheTtl: CACHE_TTL_SECONDS })
}

/**
 * The document's bytes with a fingerprint: nearly always they are those of the last time, and then megabytes are
 * neither made a text of nor kept.
 */
export type DocumentBytes = { fingerprint: string; bytes: ArrayBuffer }

export async function readDocument(kv: KVNamespace): Promise<DocumentBytes | undefined> {
  const bytes = await kv.get('config', { type: 'arrayBuffer', cacheTtl: CACHE_TTL_SECONDS })
  return bytes === null ? undefined : { bytes, fingerprint: await sha256Hex(bytes) }
}

/** The text that everybody else gets of these bytes from KV. */
export function textOf({ bytes }: DocumentBytes): string {
  return new TextDecoder('utf-8', { fatal: false, ignoreBOM: true }).decode(bytes)
}
