/** A table of visitors by position, in pages that are stored alone. A visitor's number is their place in it. */
import type { Layout } from './layout.ts'
import { mix32 } from './mix.ts'

const SMALLEST_INDEX = 1_024

/** The number of a visitor's variant, and the group of networks that they came from, 0 for none. */
export type Dealt = { variant: number; group: number }

export class Visitors {
  readonly layout: Layout
  readonly dirtyPages = new Set<number>()
  #pages: DataView<ArrayBuffer>[] = []
  #size = 0
  /** Open addressing: number + 1, 0 for empty; at most half full. */
  #index = new Int32Array(SMALLEST_INDEX)

  constructor(layout: Layout) {
    this.layout = layout
  }

  get size(): number {
    return this.#size
  }

  get pageCount(): number {
    return this.#pages.length
  }

  /** Bytes in memory. */
  get bytes(): number {
    return this.#index.byteLength + this.#pages.reduce((sum, page) => sum + page.byteLength, 0)
  }

  /** The number of the visitor at a position; −1 for none. */
  find(position: number): number {
    const mask = this.#index.length - 1
    for (let at = mix32(position) & mask; ; at = (at + 1) & mask) {
      const number = (this.#index[at] ?? 0) - 1
      if (number < 0 || this.positionOf(number) === position) return number
    }
  }

  add(position: number, second: number, { variant, group }: Dealt): number {
    const number = this.#size++
    const { perPage, bytes } = this.layout
    const page = Math.floor(number / perPage)
    // Pages grow with their content: most ledgers are small.
    const needed = (number % perPage) + 1
    const known = this.#pages[page]
    if (known === undefined || known.byteLength < needed * bytes)
      this.#pages[page] = grown(known, Math.min(perPage, Math.max(64, 2 * needed)) * bytes)
    const view = this.#viewOf(number)
    const at = (number % perPage) * bytes
    view.setUint32(at, position, true)
    view.setUint32(at + 4, second, true)
    view.setUint8(at + 8, variant)
    view.setUint8(at + 9, group)
    this.#enter(position, number)
    this.#touch(number)
    return number
  }

  positionOf(number: number): number {
    return this.#viewOf(number).getUint32(this.#offsetOf(number), true)
  }

  secondOf(number: number): number {
    return this.#viewOf(number).getUint32(this.#offsetOf(number) + 4, true)
  }

  /** When a visitor was exposed first, and the group that they came from then. */
  setExposure(number: number, second: number, group: number): void {
    const view = this.#viewOf(number)
    view.setUint32(this.#offsetOf(number) + 4, second, true)
    view.setUint8(this.#offsetOf(number) + 9, group)
    this.#touch(number)
  }

  variantOf(number: number): number {
    return this.#viewOf(number).getUint8(this.#offsetOf(number) + 8)
  }

  dealtOf(number: number): Dealt {
    return {
      variant: this.variantOf(number),
      group: this.#viewOf(number).getUint8(this.#offsetOf(number) + 9),
    }
  }

  setVariant(number: number, variant: number): void {
    this.#viewOf(number).setUint8(this.#offsetOf(number) + 8, variant)
    this.#touch(number)
  }

  valueOf(number: number, metric: number): number {
    return this.layout.valueOf(this.#viewOf(number), number % this.layout.perPage, metric)
  }

  setValue(number: number, metric: number, value: number): void {
    this.layout.setValue(this.#viewOf(number), number % this.layout.perPage, metric, value)
    this.#touch(number)
  }

  /** A page's records, without the room that it has for more. */
  pageBytes(page: number): Uint8Array<ArrayBuffer> {
    const { perPage, bytes } = this.layout
    const records = Math.min(perPage, this.#size - page * perPage)
    return new Uint8Array(this.#pages[page]?.buffer.slice(0, records * bytes) ?? new ArrayBuffer(0))
  }

  #offsetOf(number: number): number {
    return (number % this.layout.perPage) * this.layout.bytes
  }

  #viewOf(number: number): DataView<ArrayBuffer> {
    const view = this.#pages[Math.floor(number / this.layout.perPage)]
    if (view === undefined) throw new RangeError(`Cannot read visitor ${number}: there are ${this.#size}`)
    return view
  }

  #touch(number: number): void {
    this.dirtyPages.add(Math.floor(number / this.layout.perPage))
  }

  #enter(position: number, number: number): void {
    if (2 * this.#size > this.#index.length) {
      this.#index = new Int32Array(2 * this.#index.length)
      for (let each = 0; each < number; each++) this.#place(this.positionOf(each), each)
    }
    this.#place(position, number)
  }

  #place(position: number, number: number): void {
    const mask = this.#index.length - 1
    let at = mix32(position) & mask
    while (this.#index[at] !== 0) at = (at + 1) & mask
    this.#index[at] = number + 1
  }
}

function grown(page: DataView<ArrayBuffer> | undefined, bytes: number): DataView<ArrayBuffer> {
  const larger = new Uint8Array(bytes)
  if (page) larger.set(new Uint8Array(page.buffer))
  return new DataView(larger.buffer)
}
