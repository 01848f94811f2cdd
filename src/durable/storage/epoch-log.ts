/** When each epoch came to be; kept for the latest ones, for people who wait for a change to arrive. */
const EPOCHS_KEPT = 500

export class EpochLog {
  readonly #sql: SqlStorage

  constructor(sql: SqlStorage) {
    this.#sql = sql
    sql.exec('CREATE TABLE IF NOT EXISTS epochs (epoch INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL)')
  }

  note(epoch: number, atMs: number): void {
    this.#sql.exec('INSERT OR IGNORE INTO epochs (epoch, at_ms) VALUES (?, ?)', epoch, atMs)
    this.#sql.exec('DELETE FROM epochs WHERE epoch <= ?', epoch - EPOCHS_KEPT)
  }

  /** Milliseconds since 1970; undefined for an epoch that is unknown. */
  atMs(epoch: number): number | undefined {
    const rows = this.#sql.exec<{ at_ms: number }>('SELECT at_ms FROM epochs WHERE epoch = ?', epoch)
    return rows.toArray()[0]?.at_ms
  }
}
