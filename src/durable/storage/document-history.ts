/** Every version of the document that has been in force, as written. */
import type { TextStore } from './text-store.ts'

export type VersionInfo = {
  version: number
  hash: string
  atMs: number
  actor: string
  reason: string
  source: 'api' | 'kv' | 'bundled'
  bytes: number
}

/** Limits for kept texts; the audit log keeps who published what. */
const MOST_VERSIONS = 500
const MOST_BYTES = 200_000_000

type Row = {
  version: number
  hash: string
  at_ms: number
  actor: string
  reason: string
  source: VersionInfo['source']
  bytes: number
}

export class DocumentHistory {
  readonly #sql: SqlStorage
  readonly #texts: TextStore

  constructor(sql: SqlStorage, texts: TextStore) {
    this.#sql = sql
    this.#texts = texts
    sql.exec(
      `CREATE TABLE IF NOT EXISTS versions (
         version INTEGER PRIMARY KEY, hash TEXT NOT NULL, at_ms INTEGER NOT NULL, actor TEXT NOT NULL,
         reason TEXT NOT NULL, source TEXT NOT NULL, bytes INTEGER NOT NULL
       )`,
    )
  }

  add(info: VersionInfo, text: string): void {
    const { version, hash, atMs, actor, reason, source, bytes } = info
    this.#sql.exec(
      'INSERT INTO versions (version, hash, at_ms, actor, reason, source, bytes) VALUES (?, ?, ?, ?, ?, ?, ?)',
      version,
      hash,
      atMs,
      actor,
      reason,
      source,
      bytes,
    )
    this.#texts.put(textName(version), text)
    this.#forgetOldest(version)
  }

  latest(): VersionInfo | undefined {
    return this.list(1, undefined)[0]
  }

  /** The newest first; only those before a version, where one is given. */
  list(limit: number, before: number | undefined): VersionInfo[] {
    return this.#sql
      .exec<Row>(
        'SELECT * FROM versions WHERE version < ? ORDER BY version DESC LIMIT ?',
        before ?? Number.MAX_SAFE_INTEGER,
        limit,
      )
      .toArray()
      .map(({ at_ms, ...row }) => ({ ...row, atMs: at_ms }))
  }

  find(version: number): { info: VersionInfo; text: string } | undefined {
    const info = this.list(1, version + 1)[0]
    const text = this.#texts.get(textName(version))
    return info?.version === version && text !== undefined ? { info, text } : undefined
  }

  #forgetOldest(newest: number): void {
    let kept = 0
    for (const { version, bytes } of this.list(MOST_VERSIONS + 10, undefined)) {
      kept += bytes
      if (version === newest || (newest - version < MOST_VERSIONS && kept <= MOST_BYTES)) continue
      this.#sql.exec('DELETE FROM versions WHERE version = ?', version)
      this.#texts.remove(textName(version))
    }
  }
}

function textName(version: number): string {
  return `document ${version}`
}
