/**
 * The way of metrics through a Counters shard. Counts may lose a second when an object crashes, since what is lost is of all
 * arms alike; of metrics nothing that was acknowledged may be lost, as a visitor's only purchase does not come again. So each
 * batch is stored before its flush is acknowledged, in its isolate's row: with the number of the flush, which may come again,
 * and everything of this isolate that the Controller has not acknowledged.
 *
 * The Controller gets chunks by ascending number, stores them, and says up to which it has them; it ignores those that it
 * has. The caller stores rows (durable/counters/counters.ts).
 */
import { lossOf, type MetricBatch, sizeOf } from './metric-batch.ts'

/** A batch under its number, which grows by one for each of a shard's. */
export type MetricChunk = { n: number; batch: MetricBatch }

/** What is stored of an isolate. */
export type LaneRow = {
  /** The number of its latest flush that was taken. */
  seq: number
  atMs: number
  /** The number of the latest chunk, which stays known after the chunk has been acknowledged. */
  last: number
  /** Up to which number the Controller had the shard's chunks when the row was stored. */
  upTo: number
  chunks: MetricChunk[]
}

/** Exposures and events that wait for a Controller which is away: about 4 MB. What comes on top is counted as lost. */
const MOST_PENDING = 100_000
/** One forward carries about so many. */
const MOST_AT_ONCE = 20_000
/** A flush that comes again after so long brings nothing that still counts. */
const ROW_KEPT_MS = 48 * 3_600_000

export class MetricLane {
  readonly #rows: Map<string, LaneRow>
  #pending: MetricChunk[]
  #size = 0
  #last: number
  #upTo: number

  /** `nowMs`: where numbers begin for a shard without rows, above those of one that has lost its storage. */
  constructor(rows: Iterable<readonly [string, LaneRow]>, nowMs: number) {
    this.#rows = new Map(rows)
    const known = [...this.#rows.values()]
    this.#pending = known.flatMap(({ chunks }) => chunks).sort((a, b) => a.n - b.n)
    this.#last = known.reduce((highest, { last }) => Math.max(highest, last), 0) || nowMs
    this.#upTo = known.reduce((highest, { upTo }) => Math.max(highest, upTo), 0)
    this.acknowledge(this.#upTo)
  }

  get isEmpty(): boolean {
    return this.#pending.length === 0
  }

  /** Takes the metrics of a flush unless they were taken before; returns the row to store. */
  take(isolate: string, seq: number, metrics: MetricBatch, nowMs: number): LaneRow | undefined {
    const known = this.#rows.get(isolate)
    // An isolate sends one batch after the other, and the next one only after this one was acknowledged.
    if (known !== undefined && seq <= known.seq) return undefined
    const size = sizeOf(metrics)
    const hasRoom = this.#size + size <= MOST_PENDING
    const chunk = { n: ++this.#last, batch: hasRoom ? metrics : lossOf(metrics) }
    if (hasRoom) this.#size += size
    this.#pending.push(chunk)
    const chunks = [...(known?.chunks ?? []), chunk]
    const row = { seq, atMs: nowMs, last: chunk.n, upTo: this.#upTo, chunks }
    this.#rows.set(isolate, row)
    return row
  }

  /** What to forward next, the oldest first. */
  next(): MetricChunk[] {
    let size = 0
    const end = this.#pending.findIndex(({ batch }, index) => {
      size += sizeOf(batch)
      return index > 0 && size > MOST_AT_ONCE
    })
    return end === -1 ? [...this.#pending] : this.#pending.slice(0, end)
  }

  /** The Controller has every chunk up to this number. Rows in storage keep theirs until their isolate flushes again. */
  acknowledge(upTo: number): void {
    this.#upTo = Math.max(this.#upTo, upTo)
    const isLeft = ({ n }: MetricChunk) => n > upTo
    this.#pending = this.#pending.filter(isLeft)
    this.#size = this.#pending.reduce((sum, { batch }) => sum + sizeOf(batch), 0)
    for (const row of this.#rows.values()) row.chunks = row.chunks.filter(isLeft)
  }

  /** Drops rows of isolates that are long gone, and returns their names. The newest stays: it knows the number. */
  forget(nowMs: number): string[] {
    const gone = [...this.#rows].filter(
      ([, { atMs, chunks, last }]) =>
        nowMs - atMs > ROW_KEPT_MS && chunks.length === 0 && last !== this.#last,
    )
    for (const [isolate] of gone) this.#rows.delete(isolate)
    return gone.map(([isolate]) => isolate)
  }
}
