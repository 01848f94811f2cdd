import { describe, expect, it } from 'vitest'
import { Waiting, type WaitingEvent } from '../../../../src/core/metrics/ledger/waiting.ts'

const START = 1_790_000_000_000
const DAY_MS = 86_400_000
const event = (position: number, parts: Partial<WaitingEvent> = {}): WaitingEvent => ({
  position,
  variant: 1,
  metric: 2,
  value: 3.5,
  id: 4,
  atMs: START,
  ...parts,
})

function full(): Waiting {
  const waiting = new Waiting()
  for (let position = 0; position < 2_048; position++)
    expect(waiting.add(event(position, { atMs: START + position }))).toBe(true)
  return waiting
}

describe('events that wait', () => {
  it('are their visitor’s, in order, until these are taken', () => {
    const waiting = new Waiting()
    expect(waiting.isDirty).toBe(false)
    const [first, second, other] = [event(7), event(7, { id: 9 }), event(8)]
    for (const each of [first, other, second]) expect(waiting.add(each)).toBe(true)
    expect([waiting.size, waiting.bytes, waiting.isDirty]).toEqual([3, 81, true])
    waiting.isDirty = false
    expect(waiting.take(6)).toEqual([])
    expect([waiting.size, waiting.isDirty]).toEqual([3, false])
    expect(waiting.take(7)).toEqual([first, second])
    expect([waiting.size, waiting.bytes, waiting.isDirty]).toEqual([1, 27, true])
    expect(waiting.take(7)).toEqual([])
    expect(waiting.take(8)).toEqual([other])
    expect([waiting.size, waiting.forgotten]).toEqual([0, 0])
  })

  it('come back from storage with all that they hold, the largest included', () => {
    const events = [
      event(0xffff_ffff, { variant: 255, metric: 0xffff, value: -1e300, id: 0xffff_ffff, atMs: START + 0.5 }),
      event(0x0102_0304, { variant: 0, metric: 258, value: 0.1, id: 0x0a0b_0c0d, atMs: 1 }),
      event(1, { variant: 7, metric: 0, value: 5, id: 0, atMs: START + 1 }),
    ]
    const before = new Waiting()
    for (const each of events) before.add(each)
    const bytes = before.toBytes()
    expect(bytes.byteLength).toBe(81)
    // Within a larger block, as rows of storage can be.
    const row = new Uint8Array([9, 9, 9, ...bytes, 9, 9])
    const after = new Waiting()
    after.restore(row.subarray(3, 3 + bytes.length), (metric) => metric)
    expect([after.size, after.isDirty]).toEqual([3, false])
    for (const each of events) expect(after.take(each.position)).toEqual([each])
    expect(new Waiting().toBytes().byteLength).toBe(0)
  })

  it('follow their metric to its new number; those of one that is gone are left out', () => {
    const before = new Waiting()
    for (const metric of [1, 2, 3]) before.add(event(metric, { metric }))
    const restored = (metricAt: (metric: number) => number | undefined) => {
      const after = new Waiting()
      after.restore(before.toBytes(), metricAt)
      expect(after.size).toBe([1, 2, 3].flatMap((metric) => metricAt(metric) ?? []).length)
      return { dirty: after.isDirty, metrics: [1, 2, 3].map((position) => after.take(position)[0]?.metric) }
    }
    expect(restored((metric) => metric)).toEqual({ dirty: false, metrics: [1, 2, 3] })
    expect(restored((metric) => (metric === 1 ? 9 : metric))).toEqual({ dirty: true, metrics: [9, 2, 3] })
    expect(restored((metric) => (metric === 3 ? undefined : metric))).toEqual({
      ...{ dirty: true, metrics: [1, 2, undefined] },
    })
  })

  it('are 2,048 at most: those of more than a day before the newest make room, no others', () => {
    const waiting = full()
    expect(waiting.add(event(5_000, { atMs: START + DAY_MS }))).toBe(false)
    expect([waiting.size, waiting.forgotten]).toEqual([2_048, 0])
    expect(waiting.add(event(5_000, { atMs: START + DAY_MS + 3 }))).toBe(true)
    expect([waiting.size, waiting.forgotten]).toEqual([2_046, 3])
    waiting.isDirty = false
    expect([0, 2].map((position) => waiting.take(position))).toEqual([[], []])
    expect(waiting.isDirty).toBe(false)
    expect([3, 5_000].map((position) => waiting.take(position).length)).toEqual([1, 1])
  })

  it('make room one by one where a visitor has old and new ones', () => {
    const waiting = new Waiting()
    waiting.add(event(1, { id: 1, atMs: START - 1 }))
    waiting.add(event(1, { id: 2, atMs: START }))
    for (let position = 2; waiting.size < 2_048; position++) waiting.add(event(position, { atMs: START }))
    expect(waiting.add(event(9_999, { atMs: START + DAY_MS }))).toBe(true)
    expect([waiting.size, waiting.forgotten]).toEqual([2_048, 1])
    expect(waiting.take(1).map(({ id }) => id)).toEqual([2])
    // An older one than the newest moves no clock back.
    expect(waiting.add(event(9_998, { atMs: START }))).toBe(true)
    expect(waiting.add(event(9_997, { atMs: START }))).toBe(false)
    expect(waiting.forgotten).toBe(1)
  })
})
