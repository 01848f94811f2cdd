/** The newest samples of distinct visitors, for replaying a new document. */
import type { DecisionSample } from '../../core/decision/sample.ts'
import type { TextStore } from './text-store.ts'

const MOST_VISITORS = 5_000
/** Visitors not seen for a day are dropped. */
const KEPT_MS = 24 * 3_600_000
const SAVED_EVERY_MS = 300_000
const WANTED_PER_SECOND = { filling: 100, full: 10 }

export class SampleRing {
  readonly #texts: TextStore
  /** By visitor, the least recently seen first. */
  readonly #samples: Map<string, DecisionSample>
  #savedAtMs: number

  constructor(texts: TextStore) {
    this.#texts = texts
    this.#samples = new Map(
      (texts.getJson<DecisionSample[]>('samples') ?? []).map((sample) => [sample.visitor, sample]),
    )
    // The newest was there when they were saved.
    this.#savedAtMs = [...this.#samples.values()].at(-1)?.atMs ?? 0
  }

  /** The newest first. */
  all(nowMs: number): DecisionSample[] {
    return [...this.#samples.values()].filter(({ atMs }) => nowMs - atMs < KEPT_MS).reverse()
  }

  add(samples: readonly DecisionSample[], nowMs: number): void {
    if (samples.length === 0) return
    for (const sample of samples) {
      this.#samples.delete(sample.visitor)
      this.#samples.set(sample.visitor, sample)
    }
    for (const visitor of this.#samples.keys()) {
      if (this.#samples.size <= MOST_VISITORS) break
      this.#samples.delete(visitor)
    }
    // Losing some minutes of samples does no harm, so they are not written one by one.
    if (nowMs - this.#savedAtMs < SAVED_EVERY_MS) return
    this.#savedAtMs = nowMs
    this.#texts.putJson('samples', [...this.#samples.values()])
  }

  /** How many samples per second one of this many shards should send. */
  wantedFrom(shards: number): number {
    const { filling, full } = WANTED_PER_SECOND
    const wanted = this.#samples.size < MOST_VISITORS ? filling : full
    return Math.ceil(wanted / Math.max(1, shards))
  }
}
