import type { Page } from './audit-log.ts'

/** A visitor's feedback about a flag, with the variant served. */
export type Feedback = { atMs: number; flag: string; variant: string; text: string }

/** Feedback with a pseudonym of the network that it came from; senders of an earlier version name none. */
export type SentFeedback = Feedback & { network?: string }

/** Entries kept per flag. Beyond it the network with the most entries loses its oldest one: it can't push out others'. */
const MOST_PER_FLAG = 1_000

type Row = { id: number; at_ms: number; flag: string; variant: string; text: string; network: string }

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
    const columns = sql.exec<{ name: string }>("SELECT name FROM pragma_table_info('feedback')").toArray()
    if (!columns.some(({ name }) => name === 'network'))
      sql.exec("ALTER TABLE feedback ADD COLUMN network TEXT NOT NULL DEFAULT ''")
  }

  add(entries: readonly SentFeedback[]): void {
    for (const { atMs, flag, variant, text, network = '' } of entries) {
      this.#sql.exec(
        'INSERT INTO feedback (at_ms, flag, variant, text, network) VALUES (?, ?, ?, ?, ?)',
        ...[atMs, flag, variant, text, network],
      )
      const { kept } = this.#sql
        .exec<{ kept: number }>('SELECT COUNT(*) AS kept FROM feedback WHERE flag = ?', flag)
        .one()
      if (kept > MOST_PER_FLAG) this.#dropOldestOfLargest(flag)
    }
  }

  /** Of networks with as many entries the one loses that has the oldest. */
  #dropOldestOfLargest(flag: string): void {
    this.#sql.exec(
      `DELETE FROM feedback WHERE id =
         (SELECT MIN(id) FROM feedback WHERE flag = ? GROUP BY network ORDER BY COUNT(*) DESC, MIN(id) LIMIT 1)`,
      flag,
    )
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
    return rows.toArray().map(({ at_ms, network: _, ...row }) => ({ ...row, atMs: at_ms }))
  }
}
