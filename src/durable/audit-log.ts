import type { AuditRecord } from '../core/rollout/audit.ts'

type Row = { record: string }

/** The audit log: only ever appended to. */
export class AuditLog {
  readonly #sql: SqlStorage

  constructor(sql: SqlStorage) {
    this.#sql = sql
    sql.exec('CREATE TABLE IF NOT EXISTS audit (id INTEGER PRIMARY KEY AUTOINCREMENT, record TEXT NOT NULL)')
  }

  append(record: AuditRecord): void {
    this.#sql.exec('INSERT INTO audit (record) VALUES (?)', JSON.stringify(record))
  }

  /** The newest records first. */
  latest(limit: number): AuditRecord[] {
    const rows = this.#sql.exec<Row>('SELECT record FROM audit ORDER BY id DESC LIMIT ?', limit)
    return rows.toArray().map((row) => JSON.parse(row.record) as AuditRecord)
  }
}
