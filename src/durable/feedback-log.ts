/** What visitors wrote about a flag, with the variant that they were on. */
export type Feedback = { atMs: number; flag: string; variant: string; text: string }

/** Feedback is kept by flag up to this; the oldest goes first. */
const MOST_PER_FLAG = 1_000

type Row = { at_ms: number; flag: string; variant: string; text: string }

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

  /** The newest first; of one flag, or of all. */
  latest(flag: string | undefined, limit: number): Feedback[] {
    const rows =
      flag === undefined
        ? this.#sql.exec<Row>('SELECT * FROM feedback ORDER BY id DESC LIMIT ?', limit)
        : this.#sql.exec<Row>('SELECT * FROM feedback WHERE flag = ? ORDER BY id DESC LIMIT ?', flag, limit)
    return rows
      .toArray()
      .map((row) => ({ atMs: row.at_ms, flag: row.flag, variant: row.variant, text: row.text }))
  }
}
