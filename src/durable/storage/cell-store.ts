import {
  type Cell,
  type CellKey,
  cellId,
  emptyCell,
  mergeCell,
  withoutPeople,
} from '../../core/counters/cell.ts'
import { type ArmPair, armPair } from '../../core/counters/ticks.ts'
import type { CompiledFlag } from '../../core/flags/flag.ts'

/** Generations kept per flag; of older rollout attempts the audit log keeps the evidence. */
const GENERATIONS_KEPT = 5

/** The gate's counts by cell, and the counts of each flag since its last tick. */
export class CellStore {
  readonly #sql: SqlStorage
  readonly #cells = new Map<string, Cell>()
  readonly #fresh = new Map<string, Cell[]>()

  constructor(sql: SqlStorage) {
    this.#sql = sql
    sql.exec('CREATE TABLE IF NOT EXISTS cells (id TEXT PRIMARY KEY, data TEXT NOT NULL) WITHOUT ROWID')
    for (const row of sql.exec<{ id: string; data: string }>('SELECT id, data FROM cells')) {
      this.#cells.set(row.id, JSON.parse(row.data) as Cell)
    }
  }

  /** Adds counts to the totals and to what the next tick takes. */
  add(cells: readonly Cell[]): void {
    for (const cell of cells) {
      const total = this.#totalOf(cell)
      mergeCell(total, withoutPeople(cell))
      this.#sql.exec(
        'INSERT OR REPLACE INTO cells (id, data) VALUES (?, ?)',
        cellId(cell),
        JSON.stringify(total),
      )
      const fresh = this.#fresh.get(cell.flag)
      if (fresh) fresh.push(cell)
      else this.#fresh.set(cell.flag, [cell])
    }
  }

  /** The counts of a flag's generation and stage since the last call. */
  takeTick(
    { key, off }: Pick<CompiledFlag, 'key' | 'off'>,
    generation: number,
    stage: number,
  ): { pair: ArmPair; isEmpty: boolean } {
    const cells = this.#fresh.get(key) ?? []
    this.#fresh.delete(key)
    return { pair: armPair(cells, generation, stage, off), isEmpty: cells.length === 0 }
  }

  all(): Cell[] {
    return [...this.#cells.values()]
  }

  #totalOf(key: CellKey): Cell {
    const id = cellId(key)
    let total = this.#cells.get(id)
    if (total === undefined) {
      total = emptyCell(key)
      this.#cells.set(id, total)
      this.#forgetBefore(key.flag, key.generation - GENERATIONS_KEPT)
    }
    return total
  }

  #forgetBefore(flag: string, generation: number): void {
    for (const [id, cell] of this.#cells) {
      if (cell.flag !== flag || cell.generation > generation) continue
      this.#cells.delete(id)
      this.#sql.exec('DELETE FROM cells WHERE id = ?', id)
    }
  }
}
