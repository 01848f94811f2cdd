/** A book from what was stored. The document may have got other metrics or variants since, or lost some. */
import { Book, type BookSpec } from './book.ts'
import { Layout, MIXED } from './layout.ts'
import { type Head, pagesOf } from './saved.ts'

const NOTHING = { nonzero: 0, sum: 0, sumOfSquares: 0 }

/** @returns the book, and whether what was stored still describes it */
export function restoreBook(
  spec: BookSpec,
  head: Head,
  blocks: ReadonlyMap<number, Uint8Array>,
): { book: Book; isSame: boolean } {
  const { metrics, variants } = spec
  const asBefore = metrics.map(({ name, type }) =>
    head.metrics.findIndex((metric) => metric.name === name && metric.type === type),
  )
  const left = head.left.map((arm) => ({
    ...arm,
    metrics: asBefore.map((at) => arm.metrics[at] ?? NOTHING),
  }))
  const { threshold, mixed } = head
  const book = new Book({ ...spec, caps: { ...spec.caps, ...head.caps } }, { left, threshold, mixed })
  for (const { position, second, variant, values } of storedVisitors(head, blocks)) {
    const at = variant === undefined ? MIXED : variants.indexOf(variant)
    if (at < 0) continue
    const number = book.add(position, second, at)
    if (number < 0) continue
    for (const [metric, before] of asBefore.entries()) {
      const value = values[before] ?? 0
      if (value > 0) book.setValue(number, metric, value)
    }
  }
  const isSame =
    asBefore.every((before, at) => before === at) &&
    head.metrics.length === metrics.length &&
    head.variants.join('\n') === variants.join('\n')
  if (isSame) book.visitors.dirtyPages.clear()
  return { book, isSame }
}

type StoredVisitor = { position: number; second: number; variant: string | undefined; values: number[] }

function* storedVisitors(
  { metrics, variants, size }: Head,
  blocks: ReadonlyMap<number, Uint8Array>,
): Generator<StoredVisitor> {
  const layout = new Layout(metrics.map(({ type }) => type))
  for (const [page, bytes] of pagesOf(blocks)) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const records = Math.min(layout.perPage, size - page * layout.perPage, bytes.length / layout.bytes)
    for (let record = 0; record < records; record++) {
      const at = record * layout.bytes
      yield {
        position: view.getUint32(at, true),
        second: view.getUint32(at + 4, true),
        variant: variants[view.getUint8(at + 8)],
        values: metrics.map((_, metric) => layout.valueOf(view, record, metric)),
      }
    }
  }
}
