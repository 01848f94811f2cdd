/**
 * Counts on their way to a receiver that must add them exactly once. New counts are `open`. A sent and unacknowledged
 * batch is `sealed` under a number, and is sent again, unchanged, until acknowledged; the receiver drops numbers it
 * has seen (sequence.ts). Memory stays bounded while the receiver is away: open cells only grow in their counts.
 */
import { type Cell, CellTable } from './cell.ts'
import { type InternalError, InternalErrors } from './internal-errors.ts'
import { type MetricBatch, MetricBuffer } from './metrics/metric-batch.ts'
import { strongest } from './networks.ts'

/**
 * `internalErrors`: exceptions that the sender's side has swallowed. `metrics`: of an isolate, since a shard passes metrics on
 * by another way (metrics/metric-lane.ts). Both are left out where there are none.
 */
export type SealedBatch = {
  seq: number
  cells: Cell[]
  internalErrors?: InternalError[]
  metrics?: MetricBatch
}
export type OutboxData = { nextSeq: number; open: Cell[]; sealed: SealedBatch | undefined }

/** A cell as it travels: of its networks only the strongest. */
function toSend(cell: Cell): Cell {
  return cell.networks === undefined ? cell : { ...cell, networks: strongest(cell.networks) }
}

export class Outbox {
  #nextSeq: number
  #open: CellTable
  /** Where new internal errors go; they travel with the next batch. */
  readonly internalErrors = new InternalErrors()
  /** Where exposures and events go; likewise. */
  readonly metrics = new MetricBuffer()
  #sealed: SealedBatch | undefined

  constructor(data: OutboxData = { nextSeq: 1, open: [], sealed: undefined }) {
    this.#nextSeq = data.nextSeq
    this.#open = new CellTable(data.open)
    this.#sealed = data.sealed
  }

  get open(): CellTable {
    return this.#open
  }

  /** The number of the next batch. */
  get nextSeq(): number {
    return this.#nextSeq
  }

  /** Whether a batch is unacknowledged. */
  get hasSealed(): boolean {
    return this.#sealed !== undefined
  }

  get isEmpty(): boolean {
    const { internalErrors, metrics } = this
    return this.#sealed === undefined && this.#open.isEmpty && internalErrors.isEmpty && metrics.isEmpty
  }

  /** The batch to send: the unacknowledged one, or a new one of all open cells. */
  seal(): SealedBatch {
    if (this.#sealed === undefined) {
      this.#sealed = this.#unsent()
      this.#nextSeq++
      this.internalErrors.take()
      this.metrics.take()
      this.#open = new CellTable()
    }
    return this.#sealed
  }

  /** The batch to send, as `seal` would make it. */
  peek(): SealedBatch {
    return this.#sealed ?? this.#unsent()
  }

  #unsent(): SealedBatch {
    const internalErrors = this.internalErrors.toList()
    const metrics = this.metrics.peek()
    return {
      seq: this.#nextSeq,
      cells: this.#open.toList().map(toSend),
      ...(internalErrors.length > 0 && { internalErrors }),
      ...(metrics !== undefined && { metrics }),
    }
  }

  /** The receiver has this batch; a late acknowledgement of an older one changes nothing. */
  acknowledge(seq: number): void {
    if (this.#sealed?.seq === seq) this.#sealed = undefined
  }

  toData(): OutboxData {
    return { nextSeq: this.#nextSeq, open: this.#open.toList(), sealed: this.#sealed }
  }
}
