/**
 * Sessions of the dashboard: what a browser's cookie stands for. Only hashes are stored, of the cookie and of the token
 * that it was given for; whether that token is still valid is for the caller to see.
 */

/** A session that no request has used for so long has ended. */
export const LONGEST_IDLE_MS = 3_600_000
/** No session lives longer: an operator signs in once a day. */
export const LONGEST_SESSION_MS = 12 * 3_600_000
/** The last use is written no more often than this. */
const USE_NOTED_EVERY_MS = 60_000
/** Sessions of one token; a new one beyond this ends the oldest. */
const MOST_PER_TOKEN = 50

export type SessionInfo = { tokenHash: string; untilMs: number }

type Row = { hash: string; token: string; opened_ms: number; used_ms: number }

export class SessionStore {
  readonly #sql: SqlStorage

  constructor(sql: SqlStorage) {
    this.#sql = sql
    sql.exec(
      `CREATE TABLE IF NOT EXISTS sessions (
         hash TEXT PRIMARY KEY, token TEXT NOT NULL, opened_ms INTEGER NOT NULL, used_ms INTEGER NOT NULL
       )`,
    )
  }

  /** Opens a session by the hash of its cookie, for the token with a hash. */
  open(hash: string, tokenHash: string, nowMs: number): SessionInfo {
    this.#sql.exec(
      'DELETE FROM sessions WHERE opened_ms <= ? OR used_ms <= ?',
      nowMs - LONGEST_SESSION_MS,
      nowMs - LONGEST_IDLE_MS,
    )
    this.#sql.exec('INSERT INTO sessions VALUES (?, ?, ?, ?)', hash, tokenHash, nowMs, nowMs)
    this.#sql.exec(
      `DELETE FROM sessions WHERE token = ?1 AND hash NOT IN
         (SELECT hash FROM sessions WHERE token = ?1 ORDER BY opened_ms DESC, rowid DESC LIMIT ${MOST_PER_TOKEN})`,
      tokenHash,
    )
    return { tokenHash, untilMs: nowMs + LONGEST_SESSION_MS }
  }

  /** The session with a hash, unless it has ended; its use counts. `untilMs`: when it ends if nothing uses it again. */
  find(hash: string, nowMs: number): SessionInfo | undefined {
    const row = this.#sql.exec<Row>('SELECT * FROM sessions WHERE hash = ?', hash).toArray()[0]
    if (row === undefined) return undefined
    const endsMs = row.opened_ms + LONGEST_SESSION_MS
    if (nowMs >= Math.min(endsMs, row.used_ms + LONGEST_IDLE_MS)) return undefined
    if (nowMs - row.used_ms >= USE_NOTED_EVERY_MS)
      this.#sql.exec('UPDATE sessions SET used_ms = ? WHERE hash = ?', nowMs, hash)
    return { tokenHash: row.token, untilMs: Math.min(endsMs, nowMs + LONGEST_IDLE_MS) }
  }

  /** Ends a session. */
  close(hash: string): void {
    this.#sql.exec('DELETE FROM sessions WHERE hash = ?', hash)
  }
}
