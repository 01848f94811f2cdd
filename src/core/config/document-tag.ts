/**
 * Tells which of two documents is newer. Documents reach an isolate through KV, whose reads lag by up to a minute,
 * and through flush replies, whose tag says what the Controller holds. Hashes have no order, so a tag also lists what
 * its document replaced.
 */
export type DocumentTag = {
  /** Of its writer (counters/protocol.ts). */
  protocol?: number
  version: number
  hash: string
  /** When it was published, ms since 1970. */
  atMs: number
  /** Hashes of earlier versions, newest first. */
  replaced: readonly string[]
  /** False while KV may hold an older text because writing it failed. */
  inKv: boolean
}

/** Versions that a tag lists; an isolate that missed more reads KV like a new one. */
export const MOST_REPLACED = 20

/** How long a location may see an older text in KV. */
export const KV_STALE_MS = 90_000

/**
 * The Controller hears of a text written straight to KV only after an isolate has it; until then its tag names an
 * older document than the isolate's.
 */
const CONTROLLER_BEHIND_MS = 5_000

/**
 * Whether another tag overtook this one on its way. A lower version with a later time comes from a Controller that
 * lost its memory and counts anew.
 */
export function isOvertaken(tag: DocumentTag, by: DocumentTag): boolean {
  return tag.version < by.version && tag.atMs <= by.atMs
}

/** The document that an isolate decides by. */
export type DocumentInUse = { hash: string; source: 'kv' | 'bundled' | 'pushed'; sinceMs: number }

/** Whether an isolate should fetch the tag's document. */
export function isBehind(inUse: DocumentInUse, tag: DocumentTag, nowMs: number): boolean {
  if (inUse.hash === tag.hash || tag.version === 0) return false
  if (inUse.source !== 'kv') return true
  if (!tag.replaced.includes(inUse.hash)) return false
  // KV may since have shown an older text, written again.
  return !tag.inKv || inUse.sinceMs < tag.atMs || nowMs - inUse.sinceMs >= CONTROLLER_BEHIND_MS
}

/** Whether a text in KV is a late sighting of one that the tag's document replaced. */
export function isStale(
  hash: string,
  tag: DocumentTag,
  taggedAtMs: number,
  nowMs: number,
  staleMs: number,
): boolean {
  if (hash === tag.hash || !tag.replaced.includes(hash)) return false
  return !tag.inKv || Math.abs(nowMs - taggedAtMs) < staleMs
}
