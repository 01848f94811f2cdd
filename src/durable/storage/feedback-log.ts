import type { Page } from './audit-log.ts'

/** A visitor's feedback about a flag, with the variant served. */
export type Feedback = { atMs: number; flag: string; variant: string; text: string }

/** Entries kept per flag; the oldest are dropped first. */
const MOST_PER_FLAG = 1_000

type Row = { id: number; at_ms: number; flag: string; variant: string; text: string }

export class FeedbackLog {
  readonly #sql: SqlStorage

  constructor(sql: SqlStorage) {
    this.#sql = sql
    sql.exec(
      `CREATE TABLE IF NOT EXISTS feedback (
         id INTEGER PRIMARY KEY AUTOINCREMENT, at_ms INTEGER NOT NULL, flag TEXT NOT NULL,
         variant TEXT NOT NULL, text TEXT NOT NULL
       )`,
    )
    sql.exec('CREATE INDEX IF NOT EXISTS feedback_by_flag ON feedback (flag, id)')
  }

  add(entries: readonly Feedback[]): void {
    for (const { atMs, flag, variant, text } of entries) {
      this.#sql.exec(
        'INSERT INTO feedback (at_ms, flag, variant, text) VALUES (?, ?, ?, ?)',
        atMs,
        flag,
        variant,
        text,
      )
      this.#sql.exec(
        `DELETE FROM feedback WHERE flag = ? AND id <=
           (SELECT id FROM feedback WHERE flag = ? ORDER BY id DESC LIMIT 1 OFFSET ?)`,
        flag,
        flag,
        MOST_PER_FLAG,
      )
    }
  }

  /** The newest first; of one flag, of one variant, or of all. */
  latest({
    limit,
    before,
    flag,
    variant,
  }: Page & { variant?: string | undefined }): (Feedback & { id: number })[] {
    const rows = this.#sql.exec<Row>(
      `SELECT * FROM feedback WHERE id < ?1 AND (?2 IS NULL OR flag = ?2) AND (?3 IS NULL OR variant = ?3)
         ORDER BY id DESC LIMIT ?4`,
      before ?? Number.MAX_SAFE_INTEGER,
      flag ?? null,
      variant ?? null,
      limit,
    )
    return rows.toArray().map(({ at_ms, ...row }) => ({ ...row, atMs: at_ms }))
  }
}
