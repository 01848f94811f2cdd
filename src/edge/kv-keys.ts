/** The keys of the gate in KV, with the values that this location sees. */
type Values = Map<string, string | null>

/** KV keeps what it has read for at least so long. */
const OPTIONS = { type: 'text', cacheTtl: 30 } as const

/**
 * Reads them at once; without the document where that is not wanted. Should a huge document make the read fail, the
 * keys that close gates are still read.
 */
export async function readKeys(kv: KVNamespace, withDocument: boolean): Promise<Values> {
  const closing = () => kv.get(['kill', 'state'], OPTIONS)
  if (!withDocument) return await closing()
  try {
    return await kv.get(['config', 'kill', 'state'], OPTIONS)
  } catch {
    return await closing()
  }
}
