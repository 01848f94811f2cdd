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
import type { FlagTraffic } from '../../core/guard/index.ts'

/** Generations kept per flag; of older rollout attempts the audit log keeps the evidence. */
const GENERATIONS_KEPT = 5

/**
 * The gate's counts by cell: those that a tick has seen, and those of each flag since. In memory; books.ts stores both.
 */
export class CellStore {
  readonly #flags = new Map<string, Map<string, Cell>>()
  readonly #fresh = new Map<string, Cell[]>()

  /** Takes a flag's totals from storage. */
  restore(flag: string, cells: readonly Cell[]): void {
    this.#flags.set(flag, new Map(cells.map((cell) => [cellId(cell), cell])))
  }

  /** Adds counts: to what the next tick takes. */
  add(cells: readonly Cell[]): void {
    for (const cell of cells) {
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
  ): { pair: ArmPair; traffic: FlagTraffic; isEmpty: boolean } {
    const cells = this.#fresh.get(key) ?? []
    this.#settle(key)
    const isEmpty = cells.length === 0
    return { pair: armPair(cells, generation, stage, off), traffic: trafficOf(cells, off), isEmpty }
  }

  /** Sums up the new counts of flags that no tick looks at. */
  forgetFresh(isLookedAt: (flag: string) => boolean): void {
    for (const flag of this.#fresh.keys()) if (!isLookedAt(flag)) this.#settle(flag)
  }

  /** The totals of one flag. */
  of(flag: string): Cell[] {
    const fresh = this.#fresh.get(flag)
    const seen = this.#flags.get(flag)
    return [...(fresh === undefined ? (seen?.values() ?? []) : added(structuredClone(seen), fresh).values())]
  }

  /** The same without what no tick has seen: what a verdict on the flag is about. */
  seenOf(flag: string): Cell[] {
    return [...(this.#flags.get(flag)?.values() ?? [])]
  }

  get flags(): string[] {
    return [...new Set([...this.#flags.keys(), ...this.#fresh.keys()])]
  }

  all(): Cell[] {
    return this.flags.flatMap((flag) => this.of(flag))
  }

  #settle(flag: string): void {
    const fresh = this.#fresh.get(flag)
    if (fresh === undefined) return
    this.#fresh.delete(flag)
    this.#flags.set(flag, added(this.#flags.get(flag), fresh))
  }
}

/** All of a flag's visitors, whatever they got and why. */
function trafficOf(cells: readonly Cell[], off: string): FlagTraffic {
  const traffic = { requests: 0, journeys: 0, served: 0 }
  for (const { variant, requests, journeys } of cells) {
    traffic.requests += requests
    traffic.journeys += journeys
    if (variant !== off) traffic.served += requests
  }
  return traffic
}

/** A flag's totals with further counts; changes them in place. */
function added(totals: Map<string, Cell> = new Map(), cells: readonly Cell[]): Map<string, Cell> {
  for (const cell of cells) mergeCell(totalAt(totals, cell), withoutPeople(cell))
  return totals
}

function totalAt(totals: Map<string, Cell>, key: CellKey): Cell {
  const id = cellId(key)
  const known = totals.get(id)
  if (known !== undefined) return known
  const total = emptyCell(key)
  totals.set(id, total)
  for (const [other, { generation }] of totals)
    if (generation <= key.generation - GENERATIONS_KEPT) totals.delete(other)
  return total
}
