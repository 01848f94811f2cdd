/** Exposures and events on their way: nothing is lost without being counted as lost. */
import { describe, expect, it } from 'vitest'
import {
  exposuresOf,
  LOST,
  lossOf,
  type MetricBatch,
  MetricBuffer,
  MOST_WAITING,
  sizeOf,
} from '../../../../src/core/counters/metrics/metric-batch.ts'

const at = (position: number, more: object = {}) => ({
  ...{ flag: 'shop', generation: 1, stage: 0, variant: 'on', position, atMs: 1_000 + position },
  ...more,
})
const order = (position: number, more: object = {}) => ({
  ...at(position),
  ...{ metric: 'order', value: 1, id: 0 },
  ...more,
})

describe('the buffer of metrics', () => {
  it('is empty at first, and gives out nothing', () => {
    const buffer = new MetricBuffer()
    expect(buffer.isEmpty).toBe(true)
    expect(buffer.take()).toBeUndefined()
  })

  it('groups what it is given by flag, attempt, stage and variant', () => {
    const buffer = new MetricBuffer()
    buffer.expose(at(1))
    buffer.expose(at(2, { group: 7 }))
    buffer.expose(at(3, { variant: 'off' }))
    buffer.expose(at(4, { generation: 2 }))
    buffer.expose(at(5, { stage: 1 }))
    buffer.record(order(1, { value: 49.9, id: 7 }))
    const key = { flag: 'shop', generation: 1, stage: 0, variant: 'on', events: [] }
    expect(buffer.take()).toEqual({
      groups: [
        { ...key, exposed: [1, 1_001, 2, 1_002], networks: [0, 7], events: [['order', 1, 1_001, 49.9, 7]] },
        { ...key, variant: 'off', exposed: [3, 1_003], networks: [0] },
        { ...key, generation: 2, exposed: [4, 1_004], networks: [0] },
        { ...key, stage: 1, exposed: [5, 1_005], networks: [0] },
      ],
    })
    expect(buffer.isEmpty).toBe(true)
    buffer.expose(at(9))
    expect(sizeOf(buffer.take() as MetricBatch)).toBe(1)
  })

  it('counts what does not count, by flag and reason', () => {
    const buffer = new MetricBuffer()
    buffer.refuse('shop', 'late')
    buffer.refuse('shop', 'late')
    buffer.refuse('shop', 'repeated', 3)
    buffer.refuse('cart', 'late')
    expect(buffer.isEmpty).toBe(false)
    expect(buffer.take()).toEqual({
      groups: [],
      refused: [
        ['shop', 'late', 2],
        ['shop', 'repeated', 3],
        ['cart', 'late', 1],
      ],
    })
  })

  it('has room for so much, and counts what finds none', () => {
    const buffer = new MetricBuffer()
    for (let position = 0; position < MOST_WAITING; position++) expect(buffer.expose(at(position))).toBe(true)
    expect(buffer.expose(at(MOST_WAITING))).toBe(false)
    buffer.record(order(1))
    const batch = buffer.take() as MetricBatch
    expect(sizeOf(batch)).toBe(MOST_WAITING)
    expect(batch.refused).toEqual([['shop', LOST, 2]])
    expect(buffer.expose(at(1))).toBe(true)
  })

  it('takes a batch back as it was', () => {
    const buffer = new MetricBuffer()
    buffer.expose(at(1, { group: 30 }))
    buffer.record(order(2, { value: 3, id: 4 }))
    buffer.refuse('shop', 'late', 2)
    const batch = buffer.take() as MetricBatch
    const copy = structuredClone(batch)
    buffer.restore(batch)
    expect(buffer.take()).toEqual(copy)
  })

  it('of a sender that knew no networks brings visitors of none', () => {
    const old = { flag: 'shop', generation: 1, stage: 0, variant: 'on', exposed: [1, 1_001], events: [] }
    expect(exposuresOf(old)).toEqual([at(1, { group: 0 })])
  })

  it('of which nothing is left was lost with all it held', () => {
    const buffer = new MetricBuffer()
    buffer.expose(at(1))
    buffer.record(order(2))
    buffer.expose(at(2, { flag: 'cart' }))
    buffer.refuse('shop', 'late')
    const batch = buffer.take() as MetricBatch
    expect(lossOf(batch)).toEqual({
      groups: [],
      refused: [
        ['shop', 'late', 1],
        ['shop', LOST, 2],
        ['cart', LOST, 1],
      ],
    })
  })
})
