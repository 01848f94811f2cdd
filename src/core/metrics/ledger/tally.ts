/**
 * Events of the metrics of a flag without a split: how many there were, all visitors together. A visitor's conversion counts once
 * a day, an event with an idempotency key once, whatever is repeated.
 */
import type { MetricEvent } from '../entries.ts'
import type { WeeklyMetric } from '../spec.ts'
import { hashText } from './mix.ts'
import { type Block, idBlock, idBlocksOf } from './saved.ts'
import { fingerprintOf, SeenIds } from './seen-ids.ts'

const DAY_MS = 86_400_000

/** Besides the blocks of ids; JSON. */
export type TallyHead = {
  /** By metric and its definition: what was counted since the metric is there. */
  totals: Record<string, number>
  currentIds: 0 | 1
}

/** A metric by its definition: what another one has counted is not compared with it. */
export function tallyKey({ name, type, cap }: Pick<WeeklyMetric, 'name' | 'type' | 'cap'>): string {
  return JSON.stringify([name, type, cap ?? null])
}

export class Tally {
  readonly #totals: Record<string, number>
  readonly #ids = new SeenIds()

  constructor(head?: TallyHead, saved: Iterable<Block> = []) {
    this.#totals = { ...head?.totals }
    if (head === undefined) return
    const blocks = new Map([...saved].map(({ id, bytes }) => [id, bytes]))
    this.#ids.restore(idBlocksOf(blocks), head.currentIds)
  }

  record(
    metric: WeeklyMetric,
    { position, atMs, value, id }: Pick<MetricEvent, 'position' | 'atMs' | 'value' | 'id'>,
  ): 'counted' | 'repeated' {
    const { name, type, cap = Number.POSITIVE_INFINITY } = metric
    const key = type === 'conversion' ? Math.floor(atMs / DAY_MS) : id
    if (key !== 0) {
      const fingerprint = fingerprintOf(position, hashText(name), key)
      if (this.#ids.has(fingerprint)) return 'repeated'
      this.#ids.add(fingerprint)
    }
    const total = tallyKey(metric)
    this.#totals[total] = (this.#totals[total] ?? 0) + (type === 'sum' ? Math.min(value, cap) : 1)
    return 'counted'
  }

  /** Since the metric is there. */
  totalOf(metric: WeeklyMetric): number {
    return this.#totals[tallyKey(metric)] ?? 0
  }

  get head(): TallyHead {
    return { totals: this.#totals, currentIds: this.#ids.current }
  }

  /** What has changed since the last call: rows to be written in one transaction. */
  dirtyBlocks(): Block[] {
    const blocks = [...this.#ids.dirtyBlocks].map((number) => ({
      id: idBlock(number),
      bytes: this.#ids.blockBytes(number),
    }))
    this.#ids.dirtyBlocks.clear()
    return blocks
  }
}
