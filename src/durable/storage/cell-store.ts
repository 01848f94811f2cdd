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

/** The gate's counts by cell, and the counts of each flag since its last tick. In memory; books.ts stores them. */
export class CellStore {
  readonly #flags = new Map<string, Map<string, Cell>>()
  readonly #fresh = new Map<string, Cell[]>()

  /** Takes a flag's totals from storage. */
  restore(flag: string, cells: readonly Cell[]): void {
    this.#flags.set(flag, new Map(cells.map((cell) => [cellId(cell), cell])))
  }

  /** Adds counts to the totals and to what the next tick takes. */
  add(cells: readonly Cell[]): void {
    for (const cell of cells) {
      mergeCell(this.#totalOf(cell), withoutPeople(cell))
      const fresh = this.#fresh.get(cell.flag)
      if (fresh) fresh.push(cell)
      else this.#fresh.set(cell.flag, [cell])
    }
  }

  /** Whether a tick has not taken all counts. */
  get hasFresh(): boolean {
    return this.#fresh.size > 0
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

  /** Drops the new counts of flags that no tick looks at. */
  forgetFresh(isLookedAt: (flag: string) => boolean): void {
    for (const flag of this.#fresh.keys()) if (!isLookedAt(flag)) this.#fresh.delete(flag)
  }

  /** The totals of one flag. */
  of(flag: string): Cell[] {
    return [...(this.#flags.get(flag)?.values() ?? [])]
  }

  all(): Cell[] {
    return [...this.#flags.keys()].flatMap((flag) => this.of(flag))
  }

  #totalOf(key: CellKey): Cell {
    const id = cellId(key)
    let ofFlag = this.#flags.get(key.flag)
    if (ofFlag === undefined) {
      ofFlag = new Map()
      this.#flags.set(key.flag, ofFlag)
    }
    let total = ofFlag.get(id)
    if (total === undefined) {
      total = emptyCell(key)
      ofFlag.set(id, total)
      for (const [other, { generation }] of ofFlag)
        if (generation <= key.generation - GENERATIONS_KEPT) ofFlag.delete(other)
    }
    return total
  }
}
