/**
 * Tokens of the admin API. Only their hashes are stored, so that a token can be shown once only. Every creation and
 * every revocation leaves an audit record.
 */
import { lookalikeKey } from '../../core/lookalikes.ts'
import type { AuditRecord } from '../../core/rollout/audit.ts'
import type { AuditLog } from './audit-log.ts'

export type TokenInfo = {
  id: string
  name: string
  role: string
  createdAtMs: number
  createdBy: string
  expiresAtMs: number | undefined
  lastUsedAtMs: number | undefined
}

/** The last use is written no more often than this. */
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
  readonly #audit: AuditLog

  constructor(sql: SqlStorage, audit: AuditLog) {
    this.#sql = sql
    this.#audit = audit
    sql.exec(
      `CREATE TABLE IF NOT EXISTS tokens (
         id TEXT PRIMARY KEY, hash TEXT NOT NULL UNIQUE, name TEXT NOT NULL, role TEXT NOT NULL,
         created_ms INTEGER NOT NULL, created_by TEXT NOT NULL, expires_ms INTEGER, used_ms INTEGER
       )`,
    )
  }

  /** Adds a token by the SHA-256 of its text; false where a valid one has the name, which the audit log must tell apart. */
  add({ id, name, role, createdAtMs, createdBy, expiresAtMs }: TokenInfo, hash: string): boolean {
    const isTaken = this.list().some(
      (each) =>
        lookalikeKey(each.name) === lookalikeKey(name) && (each.expiresAtMs ?? Infinity) > createdAtMs,
    )
    if (isTaken) return false
    this.#sql.exec(
      'INSERT INTO tokens (id, hash, name, role, created_ms, created_by, expires_ms) VALUES (?, ?, ?, ?, ?, ?, ?)',
      ...[id, hash, name, role, createdAtMs, createdBy, expiresAtMs ?? null],
    )
    const what = { action: 'token-created', reason: `${name} may act as ${role}` } as const
    this.#record({ ...what, actor: createdBy, before: null, after: { id, name, role } })
    return true
  }

  list(): TokenInfo[] {
    return this.#sql.exec<Row>('SELECT * FROM tokens ORDER BY created_ms').toArray().map(infoOf)
  }

  /** The token with a hash, unless it has expired. The lookup's time tells nothing about a token: it is by hash. */
  find(hash: string, nowMs: number): TokenInfo | undefined {
    const row = this.#sql.exec<Row>('SELECT * FROM tokens WHERE hash = ?', hash).toArray()[0]
    if (row === undefined || (row.expires_ms !== null && row.expires_ms <= nowMs)) return undefined
    if (nowMs - (row.used_ms ?? 0) >= USE_NOTED_EVERY_MS) {
      this.#sql.exec('UPDATE tokens SET used_ms = ? WHERE id = ?', nowMs, row.id)
    }
    return infoOf(row)
  }

  /** Revokes a token and returns it; undefined where there is none with that id. */
  revoke(id: string, actor: string): TokenInfo | undefined {
    const row = this.#sql.exec<Row>('DELETE FROM tokens WHERE id = ? RETURNING *', id).toArray()[0]
    if (row === undefined) return undefined
    const { name, role } = row
    const what = { action: 'token-revoked', reason: `${name} may not act as ${role} any more` } as const
    this.#record({ ...what, actor, before: { id, name, role }, after: null })
    return infoOf(row)
  }

  #record(record: Pick<AuditRecord, 'actor' | 'action' | 'reason' | 'before' | 'after'>): void {
    this.#audit.append({ atMs: Date.now(), flag: undefined, evidence: undefined, ...record })
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
