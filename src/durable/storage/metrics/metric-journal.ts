/**
 * What shards have forwarded of metrics, in the order in which it was taken. A forward is acknowledged once its row is stored,
 * so nothing of it can be lost; the ledgers, whose blocks would be a dozen rows, are stored once in a while (a checkpoint).
 * After a crash the rows since then are taken again, by the same code and with the same times, and so lead to the same ledgers.
 *
 * Rows are places of a ring: none is removed, and what a checkpoint covers is overwritten.
 */
import type { MetricChunk } from '../../../core/counters/metrics/metric-lane.ts'
import type { TextStore } from '../text-store.ts'

/** A forward with metrics, when it was taken. */
export type JournalEntry = { seq: number; shard: string; atMs: number; chunks: readonly MetricChunk[] }

/** Forwards between two checkpoints at most: a minute of one busy location. */
export const PLACES = 64
const NAME = 'metrics journal '

export class MetricJournal {
  readonly #texts: TextStore
  /** The number of the latest entry, and of the latest one that the checkpoint covers. */
  #seq: number
  #covered: number

  /** `covered`: as the last checkpoint stored it; 0 before the first. */
  constructor(texts: TextStore, covered: number) {
    this.#texts = texts
    this.#covered = covered
    this.#seq = covered
  }

  /** What was taken since the last checkpoint, in order. */
  read(): JournalEntry[] {
    const entries = this.#texts
      .namesWith(NAME)
      .flatMap((name) => this.#texts.getJson<JournalEntry>(name) ?? [])
      .filter(({ seq }) => seq > this.#covered)
      .sort((a, b) => a.seq - b.seq)
    this.#seq = entries.at(-1)?.seq ?? this.#covered
    return entries
  }

  /** Stores a forward, before it is acknowledged. There must be room. */
  append(entry: Omit<JournalEntry, 'seq'>): void {
    this.#seq++
    this.#texts.putJson(NAME + (this.#seq % PLACES), { seq: this.#seq, ...entry })
  }

  get isFull(): boolean {
    return this.#seq - this.#covered >= PLACES
  }

  get isEmpty(): boolean {
    return this.#seq === this.#covered
  }

  /** The ledgers are about to be stored: all entries are covered. Returns the number to store with them. */
  cover(): number {
    this.#covered = this.#seq
    return this.#covered
  }
}
