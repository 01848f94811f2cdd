import type { Page } from './audit-log.ts'

/** A visitor's feedback about a flag, with the variant served. */
export type Feedback = { atMs: number; flag: string; variant: string; text: string }

/** Feedback with a pseudonym of the network that it came from; senders of an earlier version name none. */
export type SentFeedback = Feedback & { network?: string }

/** Entries kept per flag. Beyond it the network with the most entries loses its oldest one: it can't push out others'. */
const MOST_PER_FLAG = 1_000

type Row = { id: number; at_ms: number; flag: string; variant: string; text: string; network: string }

/** The entries of a flag: ids by network, the oldest first. */
type Kept = { size: number; ids: Map<string, number[]> }

function keep(kept: Kept, network: string, id: number): void {
  const ids = kept.ids.get(network)
  if (ids === undefined) kept.ids.set(network, [id])
  else ids.push(id)
  kept.size++
}

/** Takes the oldest entry of the network with the most; of networks with as many the one loses that has the oldest. */
function dropOne(kept: Kept): number {
  let [network, ids]: [string, number[]] = ['', []]
  for (const [name, each] of kept.ids) {
    const isOlder = (each[0] ?? 0) < (ids[0] ?? 0)
    if (each.length > ids.length || (each.length === ids.length && isOlder)) [network, ids] = [name, each]
  }
  const oldest = ids.shift() ?? 0
  if (ids.length === 0) kept.ids.delete(network)
  kept.size--
  return oldest
}

export class FeedbackLog {
  readonly #sql: SqlStorage
  readonly #kept = new Map<string, Kept>()

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
      const kept = this.#keptOf(flag)
      const { id } = this.#sql
        .exec<{ id: number }>(
          'INSERT INTO feedback (at_ms, flag, variant, text, network) VALUES (?, ?, ?, ?, ?) RETURNING id',
          ...[atMs, flag, variant, text, network],
        )
        .one()
      keep(kept, network, id)
      if (kept.size > MOST_PER_FLAG) this.#sql.exec('DELETE FROM feedback WHERE id = ?', dropOne(kept))
    }
  }

  /** Counting the rows for each entry would read a thousand for one: they are read once, and then known. */
  #keptOf(flag: string): Kept {
    const known = this.#kept.get(flag)
    if (known !== undefined) return known
    const kept: Kept = { size: 0, ids: new Map() }
    const rows = this.#sql.exec<{ id: number; network: string }>(
      'SELECT id, network FROM feedback WHERE flag = ? ORDER BY id',
      flag,
    )
    for (const { id, network } of rows) keep(kept, network, id)
    this.#kept.set(flag, kept)
    return kept
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
