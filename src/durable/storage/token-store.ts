/** Tokens of the admin API. Only their hashes are kept: what was shown once can't be shown again. */
export type TokenInfo = {
  id: string
  name: string
  role: string
  createdAtMs: number
  createdBy: string
  expiresAtMs: number | undefined
  lastUsedAtMs: number | undefined
}

/** A use is noted no more often than this. */
const USE_NOTED_EVERY_MS = 60_000

type Row = {
  id: string
  hash: string
  name: string
  role: string
  created_ms: number
  created_by: string
  expires_ms: number | null
  used_ms: number | null
}

export class TokenStore {
  readonly #sql: SqlStorage

  constructor(sql: SqlStorage) {
    this.#sql = sql
    sql.exec(
      `CREATE TABLE IF NOT EXISTS tokens (
         id TEXT PRIMARY KEY, hash TEXT NOT NULL UNIQUE, name TEXT NOT NULL, role TEXT NOT NULL,
         created_ms INTEGER NOT NULL, created_by TEXT NOT NULL, expires_ms INTEGER, used_ms INTEGER
       )`,
    )
  }

  /** `hash` is the SHA-256 of the token. */
  add(token: TokenInfo, hash: string): void {
    this.#sql.exec(
      'INSERT INTO tokens (id, hash, name, role, created_ms, created_by, expires_ms) VALUES (?, ?, ?, ?, ?, ?, ?)',
      token.id,
      hash,
      token.name,
      token.role,
      token.createdAtMs,
      token.createdBy,
      token.expiresAtMs ?? null,
    )
  }

  list(): TokenInfo[] {
    return this.#sql.exec<Row>('SELECT * FROM tokens ORDER BY created_ms').toArray().map(infoOf)
  }

  /** The token of a hash, unless it has expired. Looking a hash up takes no time that tells of the token. */
  find(hash: string, nowMs: number): TokenInfo | undefined {
    const row = this.#sql.exec<Row>('SELECT * FROM tokens WHERE hash = ?', hash).toArray()[0]
    if (row === undefined || (row.expires_ms !== null && row.expires_ms <= nowMs)) return undefined
    if (nowMs - (row.used_ms ?? 0) >= USE_NOTED_EVERY_MS) {
      this.#sql.exec('UPDATE tokens SET used_ms = ? WHERE id = ?', nowMs, row.id)
    }
    return infoOf(row)
  }

  /** The token that was removed; undefined where there was none. */
  remove(id: string): TokenInfo | undefined {
    const row = this.#sql.exec<Row>('DELETE FROM tokens WHERE id = ? RETURNING *', id).toArray()[0]
    return row && infoOf(row)
  }
}

function infoOf(row: Row): TokenInfo {
  return {
    id: row.id,
    name: row.name,
    role: row.role,
    createdAtMs: row.created_ms,
    createdBy: row.created_by,
    expiresAtMs: row.expires_ms ?? undefined,
    lastUsedAtMs: row.used_ms ?? undefined,
  }
}
