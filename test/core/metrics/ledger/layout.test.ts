/** The bytes of a page that hold a visitor. */
import { expect, it } from 'vitest'
import { HEAD_BYTES_OF_FORM_1, Layout } from '../../../../src/core/metrics/ledger/layout.ts'

const TYPES = ['conversion', 'count', 'sum', 'conversion'] as const

it('a visitor takes ten bytes, and one, four or eight of each metric; a page has 64 kB', () => {
  expect([new Layout([]), new Layout(TYPES)].map(({ bytes, perPage }) => [bytes, perPage])).toEqual([
    [10, 6_553],
    [24, 2_730],
  ])
  expect(new Layout(TYPES, HEAD_BYTES_OF_FORM_1).bytes).toBe(23)
})

it('each value is read alone, whatever is around it', () => {
  const layout = new Layout(TYPES)
  const view = new DataView(new ArrayBuffer(3 * layout.bytes))
  for (let at = 0; at < view.byteLength; at++) view.setUint8(at, 0xff)
  const values = [1, 70_000, 12.5, 0]
  for (const [metric, value] of values.entries()) layout.setValue(view, 1, metric, value)
  expect(values.map((_, metric) => layout.valueOf(view, 1, metric))).toEqual(values)
  const others = [...new Uint8Array(view.buffer)].filter((_, at) => at < 24 + 10 || at >= 48)
  expect(others).toEqual(Array(24 + 10 + 24).fill(0xff))
})

it('a count ends where four bytes do', () => {
  const layout = new Layout(TYPES)
  const view = new DataView(new ArrayBuffer(layout.bytes))
  const kept = (count: number) => {
    layout.setValue(view, 0, 1, count)
    return layout.valueOf(view, 0, 1)
  }
  expect([4_294_967_295, 4_294_967_296, 1e12].map(kept)).toEqual(Array(3).fill(4_294_967_295))
})
