/** A book from what was stored. The document may have got other metrics or variants since, or lost some. */
import { Book, type BookSpec } from './book.ts'
import { HEAD_BYTES_OF_FORM_1, Layout, MIXED } from './layout.ts'
import { type Head, pagesOf } from './saved.ts'

const NOTHING = { visitors: 0, nonzero: 0, sum: 0, sumOfSquares: 0 }

/**
 * Metrics that the stored ledger doesn't know, or knew otherwise, begin now.
 *
 * @param atMs when they begin
 * @returns the book, where the ledger had each of its metrics (−1: nowhere), and whether what was stored still describes it
 */
export function restoreBook(
  { atMs = 0, ...spec }: BookSpec & { atMs?: number | undefined },
  head: Head,
  blocks: ReadonlyMap<number, Uint8Array>,
): { book: Book; asBefore: readonly number[]; isSame: boolean } {
  const { metrics, variants } = spec
  const asBefore = metrics.map(({ name, type, definition }) =>
    head.metrics.findIndex(
      (metric) =>
        metric.name === name &&
        metric.type === type &&
        (metric.definition === undefined || metric.definition === definition),
    ),
  )
  const since = asBefore.map((at) => (at < 0 ? Math.ceil(atMs / 1_000) : (head.metrics[at]?.since ?? 0)))
  // Totals begin with groups where there are any; releases up to 0.2 kept none.
  const left = head.left.map((arm) => ({
    ...arm,
    groups: (arm.groups ?? [arm]).map(({ visitors, metrics: own }) => ({
      visitors,
      metrics: asBefore.map((at) => own[at] ?? NOTHING),
    })),
  }))
  const { threshold, mixed } = head
  const caps = { ...spec.caps, ...capsOf(head, asBefore) }
  const book = new Book({ ...spec, caps }, { left, threshold, mixed, since })
  for (const { position, second, variant, group, values } of storedVisitors(head, blocks)) {
    const at = variant === undefined ? MIXED : variants.indexOf(variant)
    if (at < 0) continue
    const number = book.add(position, second, { variant: at, group })
    if (number < 0) continue
    for (const [metric, before] of asBefore.entries()) {
      const value = values[before] ?? 0
      if (value > 0) book.setValue(number, metric, value)
    }
  }
  const isSame =
    head.form === 2 &&
    asBefore.every((before, at) => before === at) &&
    head.metrics.length === metrics.length &&
    head.variants.join('\n') === variants.join('\n')
  if (isSame) book.visitors.dirtyPages.clear()
  return { book, asBefore, isSame }
}

/** Of metrics that go on: what another one has learned under the same name is not this one's. */
function capsOf({ metrics, caps }: Head, asBefore: readonly number[]): Record<string, number> {
  const kept = new Set(asBefore.map((at) => metrics[at]?.name))
  return Object.fromEntries(Object.entries(caps).filter(([name]) => kept.has(name)))
}

type StoredVisitor = {
  position: number
  second: number
  variant: string | undefined
  group: number
  values: number[]
}

function* storedVisitors(
  { form, metrics, variants, size }: Head,
  blocks: ReadonlyMap<number, Uint8Array>,
): Generator<StoredVisitor> {
  const types = metrics.map(({ type }) => type)
  const layout = form === 1 ? new Layout(types, HEAD_BYTES_OF_FORM_1) : new Layout(types)
  for (const [page, bytes] of pagesOf(blocks)) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const records = Math.min(layout.perPage, size - page * layout.perPage, bytes.length / layout.bytes)
    for (let record = 0; record < records; record++) {
      const at = record * layout.bytes
      yield {
        position: view.getUint32(at, true),
        second: view.getUint32(at + 4, true),
        variant: variants[view.getUint8(at + 8)],
        group: form === 1 ? 0 : view.getUint8(at + 9),
        values: metrics.map((_, metric) => layout.valueOf(view, record, metric)),
      }
    }
  }
}
