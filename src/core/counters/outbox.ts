/**
 * Counts on their way to somebody who adds them up exactly once. What has come in since the last sending is
 * `open`; what has been sent and not yet acknowledged is `sealed` under a number, and is sent again, unchanged and
 * under the same number, until it is acknowledged. The receiver drops numbers it has seen (sequence.ts). However
 * long the receiver is away, memory stays bounded: the open cells merely grow in their counts.
 */
import { type Cell, CellTable } from './cell.ts'
import { type InternalError, InternalErrors } from './internal-errors.ts'

/** `internalErrors`: exceptions that the sender's side has swallowed; left out where there are none. */
export type SealedBatch = { seq: number; cells: Cell[]; internalErrors?: InternalError[] }
export type OutboxData = { nextSeq: number; open: Cell[]; sealed: SealedBatch | undefined }

export class Outbox {
  #nextSeq: number
  #open: CellTable
  /** Where new internal errors go; they travel with the next batch. */
  readonly internalErrors = new InternalErrors()
  #sealed: SealedBatch | undefined

  constructor(data: OutboxData = { nextSeq: 1, open: [], sealed: undefined }) {
    this.#nextSeq = data.nextSeq
    this.#open = new CellTable(data.open)
    this.#sealed = data.sealed
  }

  /** Where new counts go. */
  get open(): CellTable {
    return this.#open
  }

  /** The number that the open batch will have. */
  get nextSeq(): number {
    return this.#nextSeq
  }

  /** Whether a batch is on its way, unacknowledged. */
  get hasSealed(): boolean {
    return this.#sealed !== undefined
  }

  get isEmpty(): boolean {
    return this.#sealed === undefined && this.#open.isEmpty && this.internalErrors.isEmpty
  }

  /** The batch to send now: the unacknowledged one, or a new one of all that is open. */
  seal(): SealedBatch {
    if (this.#sealed === undefined) {
      const internalErrors = this.internalErrors.take()
      this.#sealed = {
        seq: this.#nextSeq++,
        cells: this.#open.toList(),
        ...(internalErrors.length > 0 && { internalErrors }),
      }
      this.#open = new CellTable()
    }
    return this.#sealed
  }

  /** The receiver has the batch of this number; a late acknowledgement of an older one changes nothing. */
  acknowledge(seq: number): void {
    if (this.#sealed?.seq === seq) this.#sealed = undefined
  }

  toData(): OutboxData {
    return { nextSeq: this.#nextSeq, open: this.#open.toList(), sealed: this.#sealed }
  }
}
