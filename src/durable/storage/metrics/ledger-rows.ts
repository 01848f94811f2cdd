/** The ledgers of metrics in SQLite: a row for each block of a flag's ledger, of 64 kB at most. */
import type { Block } from '../../../core/metrics/ledger/saved.ts'

type Row = { block: number; data: ArrayBuffer }

export class LedgerRows {
  readonly #sql: SqlStorage

  constructor(sql: SqlStorage) {
    this.#sql = sql
    sql.exec(
      'CREATE TABLE IF NOT EXISTS metric_blocks (flag TEXT, block INTEGER, data BLOB NOT NULL, PRIMARY KEY (flag, block)) WITHOUT ROWID',
    )
  }

  read(flag: string): Block[] {
    return this.#sql
      .exec<Row>('SELECT block, data FROM metric_blocks WHERE flag = ?', flag)
      .toArray()
      .map(({ block, data }) => ({ id: block, bytes: new Uint8Array(data) }))
  }

  write(flag: string, { id, bytes }: Block): void {
    // Hazard: of a view of a larger buffer, the whole buffer would be stored.
    this.#sql.exec('INSERT OR REPLACE INTO metric_blocks VALUES (?, ?, ?)', flag, id, bytes.slice().buffer)
  }

  /** Removes all blocks of a flag, or one. */
  remove(flag: string, block?: number): void {
    if (block === undefined) this.#sql.exec('DELETE FROM metric_blocks WHERE flag = ?', flag)
    else this.#sql.exec('DELETE FROM metric_blocks WHERE flag = ? AND block = ?', flag, block)
  }
}
