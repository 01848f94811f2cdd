/** When each flag was added, last used and settled, across versions of the document: what cleanup needs. */
import type { ControlState } from '../../core/config/control.ts'
import { INITIAL_FLAG_CONTROL } from '../../core/config/control.ts'
import type { CompiledFlag } from '../../core/flags/flag.ts'
import type { LazyMap } from '../../core/lazy-map.ts'
import { isSettled } from '../../core/rollout/settled.ts'

/** Times in ms since 1970. */
export type FlagTimes = {
  /** Since when the document has the flag. */
  knownSinceMs: number
  /** When a request was last decided by it. */
  lastSeenMs: number | null
  /** Since when all visitors get the same variant; null while they don't. */
  settledSinceMs: number | null
}

/** The last use is written no more often than this; in between the flag's book has it (books.ts). */
const SEEN_NOTED_EVERY_MS = 3_600_000

type Row = { flag: string; known_ms: number; seen_ms: number | null; settled_ms: number | null }

export class FlagLog {
  readonly #sql: SqlStorage
  readonly #times = new Map<string, FlagTimes>()
  /** When the last use of a flag was written. */
  readonly #seenWrittenMs = new Map<string, number>()

  constructor(sql: SqlStorage) {
    this.#sql = sql
    sql.exec(
      `CREATE TABLE IF NOT EXISTS flags (
         flag TEXT PRIMARY KEY, known_ms INTEGER NOT NULL, seen_ms INTEGER, settled_ms INTEGER
       ) WITHOUT ROWID`,
    )
    for (const row of sql.exec<Row>('SELECT * FROM flags')) {
      const { known_ms: knownSinceMs, seen_ms: lastSeenMs, settled_ms: settledSinceMs } = row
      this.#times.set(row.flag, { knownSinceMs, lastSeenMs, settledSinceMs })
      this.#seenWrittenMs.set(row.flag, lastSeenMs ?? 0)
    }
  }

  /** The times of a flag; an unknown one counts as new. */
  timesOf(flag: string, nowMs: number): FlagTimes {
    return this.#times.get(flag) ?? { knownSinceMs: nowMs, lastSeenMs: null, settledSinceMs: null }
  }

  /** Records the flags of a document and whether each is settled; forgets flags that are gone. */
  noteAll(flags: LazyMap<CompiledFlag>, state: ControlState, nowMs: number): void {
    for (const flag of flags.glance()) this.note(flag, state, nowMs)
    for (const key of this.#times.keys()) if (!flags.has(key)) this.#forget(key)
  }

  /** Records whether a flag is settled. */
  note(flag: CompiledFlag, state: ControlState, nowMs: number): void {
    const known = this.#times.get(flag.key)
    const settled = isSettled(flag, state.flags[flag.key] ?? INITIAL_FLAG_CONTROL)
    const isNew = known === undefined || settled !== (known.settledSinceMs !== null)
    if (isNew)
      this.#put(flag.key, { ...this.timesOf(flag.key, nowMs), settledSinceMs: settled ? nowMs : null })
  }

  noteSeen(flags: Iterable<string>, nowMs: number): void {
    for (const flag of flags) {
      const known = this.#times.get(flag)
      if (known === undefined) continue
      const times = { ...known, lastSeenMs: nowMs }
      if (nowMs - (this.#seenWrittenMs.get(flag) ?? 0) >= SEEN_NOTED_EVERY_MS) this.#put(flag, times)
      else this.#times.set(flag, times)
    }
  }

  /** Takes a flag's last use from its book. */
  restoreSeen(flag: string, seenAtMs: number): void {
    const known = this.#times.get(flag)
    if (known !== undefined && seenAtMs > (known.lastSeenMs ?? 0))
      this.#times.set(flag, { ...known, lastSeenMs: seenAtMs })
  }

  #put(flag: string, times: FlagTimes): void {
    this.#times.set(flag, times)
    this.#seenWrittenMs.set(flag, times.lastSeenMs ?? 0)
    this.#sql.exec(
      'INSERT OR REPLACE INTO flags (flag, known_ms, seen_ms, settled_ms) VALUES (?, ?, ?, ?)',
      flag,
      times.knownSinceMs,
      times.lastSeenMs,
      times.settledSinceMs,
    )
  }

  #forget(flag: string): void {
    this.#times.delete(flag)
    this.#sql.exec('DELETE FROM flags WHERE flag = ?', flag)
  }
}
