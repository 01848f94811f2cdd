/**
 * A flag's row in the books (books.ts), and counts as releases up to 0.1 stored them: a row for each cell, shard and guard. There are such rows after an upgrade,
 * and after a downgrade that was followed by an upgrade: in both cases they are newer than the books. They are removed,
 * so that an older release which comes back begins to count anew, instead of refusing numbers that it thinks it has seen.
 */
import type { Cell } from '../../../core/counters/cell.ts'
import type { Failures } from '../../../core/counters/samples/failures.ts'
import type { BeforeAfterState, GuardState } from '../../../core/guard/index.ts'
import type { SeriesBlocks } from '../series-store.ts'
import type { ShardLog } from '../shard-log.ts'
import type { TextStore } from '../text-store.ts'

/** A metric against the weeks before; `seen`: how much of its total a tick has taken. */
export type MetricWeeks = { state: BeforeAfterState; seen: number }

/** A flag's row. */
export type Book = {
  cells: Cell[]
  guard?: GuardState | undefined
  /** Of a flag without a split: the hours of the weeks before, and what came after. */
  beforeAfter?: BeforeAfterState | undefined
  /** The same of its metrics, by metric and definition. */
  metricWeeks?: Readonly<Record<string, MetricWeeks>> | undefined
  series: SeriesBlocks
  /** When a request was last decided by it, ms since 1970. */
  seenAtMs: number | null
  failures?: Failures | undefined
}

export type OlderBooks = {
  isAny: boolean
  books: Map<string, Book>
  shards: Parameters<ShardLog['restore']>[0]
}

const GUARD = 'guard '

export function takeOlderBooks(sql: SqlStorage, texts: TextStore): OlderBooks {
  const cells = takeRows<Cell>(sql, 'cells')
  const shards = takeRows<OlderBooks['shards'][number]>(sql, 'shards')
  const books = new Map<string, Book>()
  for (const [flag, ofFlag] of Map.groupBy(cells, (cell) => cell.flag))
    books.set(flag, { cells: ofFlag, series: {}, seenAtMs: null })
  for (const name of texts.namesWith(GUARD)) {
    const flag = name.slice(GUARD.length)
    const guard = texts.getJson<GuardState>(name)
    books.set(flag, { cells: [], series: {}, seenAtMs: null, ...books.get(flag), guard })
    texts.remove(name)
  }
  return { isAny: shards.length > 0 || books.size > 0, books, shards }
}

function takeRows<T>(sql: SqlStorage, table: 'cells' | 'shards'): T[] {
  const isThere = sql.exec("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", table).toArray()
  if (isThere.length === 0) return []
  const rows = sql.exec<{ data: string }>(`SELECT data FROM ${table}`).toArray()
  if (rows.length > 0) sql.exec(`DELETE FROM ${table}`)
  return rows.map(({ data }) => JSON.parse(data) as T)
}
