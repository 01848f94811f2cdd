/** The outcomes of rollout attempts that have ended, with the notes that people add, and when those that run began. */
import type { AttemptOutcome } from '../../core/rollout/attempt.ts'
import type { Page } from './audit-log.ts'

/** A team that reads back further has the audit log. */
const MOST_PER_FLAG = 100

type Row = { id: number; outcome: string }

export class AttemptLog {
  readonly #sql: SqlStorage
  readonly #starts: Map<string, { generation: number; atMs: number }>

  constructor(sql: SqlStorage) {
    this.#sql = sql
    sql.exec(
      'CREATE TABLE IF NOT EXISTS attempts (id INTEGER PRIMARY KEY AUTOINCREMENT, flag TEXT NOT NULL, outcome TEXT NOT NULL)',
    )
    sql.exec('CREATE INDEX IF NOT EXISTS attempts_by_flag ON attempts (flag, id)')
    sql.exec(
      'CREATE TABLE IF NOT EXISTS attempt_starts (flag TEXT PRIMARY KEY, generation INTEGER NOT NULL, at_ms INTEGER NOT NULL) WITHOUT ROWID',
    )
    type Start = { flag: string; generation: number; at_ms: number }
    this.#starts = new Map(
      sql
        .exec<Start>('SELECT * FROM attempt_starts')
        .toArray()
        .map(({ flag, generation, at_ms: atMs }) => [flag, { generation, atMs }]),
    )
  }

  /** Notes since when an attempt runs; one that is known keeps its time. */
  noteStart(flag: string, generation: number, nowMs: number): void {
    if (this.#starts.get(flag)?.generation === generation) return
    this.#starts.set(flag, { generation, atMs: nowMs })
    this.#sql.exec('INSERT OR REPLACE INTO attempt_starts VALUES (?, ?, ?)', flag, generation, nowMs)
  }

  /** Since when an attempt runs, in ms since 1970; undefined where that was not noted. */
  startOf(flag: string, generation: number): number | undefined {
    const start = this.#starts.get(flag)
    return start?.generation === generation ? start.atMs : undefined
  }

  add(outcome: AttemptOutcome): void {
    const { flag } = outcome
    this.#sql.exec('INSERT INTO attempts (flag, outcome) VALUES (?, ?)', flag, JSON.stringify(outcome))
    this.#sql.exec(
      'DELETE FROM attempts WHERE flag = ?1 AND id <= (SELECT id FROM attempts WHERE flag = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)',
      flag,
      MOST_PER_FLAG,
    )
  }

  /** The newest first. */
  latest({ limit, before, flag }: Page): (AttemptOutcome & { id: number })[] {
    return this.#sql
      .exec<Row>(
        'SELECT id, outcome FROM attempts WHERE id < ?1 AND (?2 IS NULL OR flag = ?2) ORDER BY id DESC LIMIT ?3',
        before ?? Number.MAX_SAFE_INTEGER,
        flag ?? null,
        limit,
      )
      .toArray()
      .map(outcomeIn)
  }

  /** Replaces the note of an outcome, an empty text removes it; undefined where there is no such outcome. */
  note(id: number, note: AttemptOutcome['note']): AttemptOutcome | undefined {
    const row = this.#sql.exec<Row>('SELECT id, outcome FROM attempts WHERE id = ?', id).toArray()[0]
    if (row === undefined) return undefined
    const { id: _, ...known } = outcomeIn(row)
    const outcome = { ...known, note: note?.text ? note : null }
    this.#sql.exec('UPDATE attempts SET outcome = ? WHERE id = ?', JSON.stringify(outcome), id)
    return known
  }
}

function outcomeIn({ id, outcome }: Row): AttemptOutcome & { id: number } {
  return { id, ...(JSON.parse(outcome) as AttemptOutcome) }
}
