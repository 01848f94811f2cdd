/**
 * Which of two documents is the newer one. A document reaches an isolate on two ways: through KV, whose reads may be
 * up to a minute old, and through flush replies, which say by a tag what the Controller holds. Hashes alone have no
 * order, so the tag also names what the document has replaced.
 */
export type DocumentTag = {
  /** Of its writer (counters/protocol.ts). */
  protocol?: number
  version: number
  hash: string
  /** When it was put in force, ms since 1970. */
  atMs: number
  /** Hashes of the versions before this one, newest first. */
  replaced: readonly string[]
  /** False while KV may still hold an older text because it could not be written. */
  inKv: boolean
}

/** Versions that a tag remembers; an isolate that missed more than that reads KV like a new one. */
export const MOST_REPLACED = 20

/** How long a location may see an older text in KV than the one that was written. */
export const KV_STALE_MS = 90_000

/**
 * The Controller hears of a text that was written straight into KV only after an isolate that has it; until then its
 * tag names an older document than the isolate's.
 */
const CONTROLLER_BEHIND_MS = 5_000

/**
 * Whether a tag was overtaken on its way by another. One that counts lower and is later comes from a Controller that
 * has lost its memory and begins again.
 */
export function isOvertaken(tag: DocumentTag, by: DocumentTag): boolean {
  return tag.version < by.version && tag.atMs <= by.atMs
}

/** What an isolate decides by. */
export type DocumentInUse = { hash: string; source: 'kv' | 'bundled' | 'pushed'; sinceMs: number }

/** Whether an isolate should fetch the tag's document. */
export function isBehind(inUse: DocumentInUse, tag: DocumentTag, nowMs: number): boolean {
  if (inUse.hash === tag.hash || tag.version === 0) return false
  if (inUse.source !== 'kv') return true
  if (!tag.replaced.includes(inUse.hash)) return false
  // What KV has shown since may be an older text that somebody has written again.
  return !tag.inKv || inUse.sinceMs < tag.atMs || nowMs - inUse.sinceMs >= CONTROLLER_BEHIND_MS
}

/** Whether a text in KV is one that the tag's document has replaced, seen late. */
export function isStale(
  hash: string,
  tag: DocumentTag,
  taggedAtMs: number,
  nowMs: number,
  staleMs: number,
): boolean {
  if (hash === tag.hash || !tag.replaced.includes(hash)) return false
  return !tag.inKv || nowMs - taggedAtMs < staleMs
}
