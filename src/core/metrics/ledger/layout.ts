/**
 * How a visitor is stored: position (4 bytes), second of exposure (4), variant (1), group of networks (1), then a value per metric: 1 byte of a
 * conversion, 4 of a count, 8 of a sum. Records fill pages of at most 64 kB, each a row of storage.
 */
import type { MetricType } from '../spec.ts'

/** Rows of SQLite in Durable Objects hold 2 MB; small ones cost little to write again for one visitor. */
export const MOST_BLOCK_BYTES = 65_536
const BYTES_OF: Readonly<Record<MetricType, number>> = { conversion: 1, count: 4, sum: 8 }
const HEAD_BYTES = 10
/** Releases up to 0.2 kept no group. */
export const HEAD_BYTES_OF_FORM_1 = 9
/** The variant of visitors who met two. */
export const MIXED = 255

export class Layout {
  readonly types: readonly MetricType[]
  readonly bytes: number
  readonly perPage: number
  readonly #offsets: readonly number[]

  constructor(types: readonly MetricType[], headBytes = HEAD_BYTES) {
    this.types = types
    let at = headBytes
    this.#offsets = types.map((type) => {
      const offset = at
      at += BYTES_OF[type]
      return offset
    })
    this.bytes = at
    this.perPage = Math.floor(MOST_BLOCK_BYTES / at)
  }

  valueOf(view: DataView, record: number, metric: number): number {
    const at = record * this.bytes + (this.#offsets[metric] ?? 0)
    const type = this.types[metric]
    if (type === 'sum') return view.getFloat64(at, true)
    return type === 'count' ? view.getUint32(at, true) : view.getUint8(at)
  }

  setValue(view: DataView, record: number, metric: number, value: number): void {
    const at = record * this.bytes + (this.#offsets[metric] ?? 0)
    const type = this.types[metric]
    if (type === 'sum') view.setFloat64(at, value, true)
    else if (type === 'count') view.setUint32(at, Math.min(value, 0xffffffff), true)
    else view.setUint8(at, value)
  }
}
