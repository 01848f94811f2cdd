/** What releases up to 0.1 stored of each isolate: what it had flushed, and the counts that were not forwarded yet. */
import type { Cell } from '../../core/counters/cell.ts'
import type { InternalError } from '../../core/counters/internal-errors.ts'
import type { ShardIsolate } from '../../core/counters/shard.ts'

export type IsolateRow = ShardIsolate & { batch: number; cells: Cell[]; internalErrors?: InternalError[] }

/** Reads these rows and removes them: they are there after an upgrade, and after a downgrade and an upgrade. */
export function takeOlderRows(sql: SqlStorage): IsolateRow[] {
  const isThere = sql.exec("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'isolates'").toArray()
  if (isThere.length === 0) return []
  const rows = sql.exec<{ data: string }>('SELECT data FROM isolates').toArray()
  if (rows.length > 0) sql.exec('DELETE FROM isolates')
  return rows.map(({ data }) => JSON.parse(data) as IsolateRow)
}
