import { type AuditRecord, plainRecord } from '../../core/rollout/audit.ts'

type Row = { id: number; record: string }

/** A page of a log, newest first: at most `limit` entries, before an id, of one flag and what was done to all of them. */
export type Page = { limit: number; before?: number | undefined; flag?: string | undefined }

/** Of the audit log also by whom, and by actions, separated by commas. */
export type AuditPage = Page & { actor?: string | undefined; actions?: string | undefined }

/** The audit log: only ever appended to. */
export class AuditLog {
  readonly #sql: SqlStorage
  readonly #log: ((record: AuditRecord) => void) | undefined

  /** `log` is told of each record as well. */
  constructor(sql: SqlStorage, log?: (record: AuditRecord) => void) {
    this.#sql = sql
    this.#log = log
    sql.exec('CREATE TABLE IF NOT EXISTS audit (id INTEGER PRIMARY KEY AUTOINCREMENT, record TEXT NOT NULL)')
  }

  append(told: AuditRecord): void {
    const record = plainRecord(told)
    this.#sql.exec('INSERT INTO audit (record) VALUES (?)', JSON.stringify(record))
    this.#log?.(record)
  }

  /** The newest records first. */
  latest({ limit, before, flag, actor, actions }: AuditPage): (AuditRecord & { id: number })[] {
    const rows = this.#sql.exec<Row>(
      `SELECT id, record FROM audit
         WHERE id < ?1 AND (?2 IS NULL OR json_extract(record, '$.flag') IN (?2, '*')
           OR EXISTS (SELECT 1 FROM json_each(record, '$.evidence.flags') WHERE value = ?2))
         AND (?4 IS NULL OR json_extract(record, '$.actor') = ?4)
         AND (?5 IS NULL OR instr(?5, ',' || json_extract(record, '$.action') || ',') > 0) ORDER BY id DESC LIMIT ?3`,
      before ?? Number.MAX_SAFE_INTEGER,
      flag ?? null,
      limit,
      actor ?? null,
      actions === undefined ? null : `,${actions},`,
    )
    return rows.toArray().map(({ id, record }) => ({ id, ...(JSON.parse(record) as AuditRecord) }))
  }
}
