/** A shard's way of metrics: what it has acknowledged arrives once, whatever is lost, repeated or restarted. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LOST, type MetricBatch } from '../../../../src/core/counters/metrics/metric-batch.ts'
import {
  type LaneRow,
  type MetricChunk,
  MetricLane,
} from '../../../../src/core/counters/metrics/metric-lane.ts'

const DAY_MS = 24 * 3_600_000
const batchOf = (...positions: number[]): MetricBatch => ({
  groups: [
    {
      ...{ flag: 'shop', generation: 1, stage: 0, variant: 'on', events: [] },
      exposed: positions.flatMap((position) => [position, 0]),
    },
  ],
})
const positionsIn = (chunks: readonly MetricChunk[]) =>
  chunks.flatMap(({ batch }) =>
    batch.groups.flatMap(({ exposed }) => exposed.filter((_, at) => at % 2 === 0)),
  )
const large = (size: number) => batchOf(...Array.from({ length: size }, (_, position) => position))

describe('the lane', () => {
  it('takes a flush once, under ascending numbers', () => {
    const lane = new MetricLane([], 1_000)
    expect(lane.isEmpty).toBe(true)
    expect(lane.take('a', 3, batchOf(1), 0)).toMatchObject({ seq: 3, last: 1_001 })
    expect(lane.take('a', 3, batchOf(1), 0)).toBeUndefined()
    expect(lane.take('a', 2, batchOf(1), 0)).toBeUndefined()
    expect(lane.take('b', 1, batchOf(2), 0)).toMatchObject({ last: 1_002 })
    expect(lane.take('a', 4, batchOf(3), 0)?.chunks.map(({ n }) => n)).toEqual([1_001, 1_003])
    expect(lane.next().map(({ n }) => n)).toEqual([1_001, 1_002, 1_003])
    lane.acknowledge(1_002)
    expect(positionsIn(lane.next())).toEqual([3])
    expect(lane.take('a', 5, batchOf(4), 0)?.chunks.map(({ n }) => n)).toEqual([1_003, 1_004])
    lane.acknowledge(1_004)
    expect(lane.isEmpty).toBe(true)
  })

  it('gives its numbers on to the object that starts again, and the flushes that it has taken', () => {
    const lane = new MetricLane([], 0)
    const a = lane.take('a', 7, batchOf(1), 0) as LaneRow
    const b = lane.take('b', 2, batchOf(2), 0) as LaneRow
    lane.acknowledge(b.last)
    const again = new MetricLane(
      structuredClone([['a', a] as const, ['b', { ...b, chunks: [] }] as const]),
      1e12,
    )
    expect(again.take('a', 7, batchOf(1), 0)).toBeUndefined()
    expect(again.take('c', 1, batchOf(3), 0)?.last).toBe(b.last + 1)
  })

  it('does not send again, after a restart, what it knows to have arrived', () => {
    const lane = new MetricLane([], 0)
    const a = structuredClone(lane.take('a', 1, batchOf(1), 0)) as LaneRow
    const b = structuredClone(lane.take('b', 1, batchOf(2), 0)) as LaneRow
    lane.acknowledge(1)
    const c = structuredClone(lane.take('c', 1, batchOf(3), 0)) as LaneRow
    const again = new MetricLane([['a', a] as const, ['b', b] as const, ['c', c] as const], 0)
    expect(positionsIn(again.next())).toEqual([2, 3])
    expect(again.take('a', 2, batchOf(4), 0)?.chunks.map(({ n }) => n)).toEqual([4])
  })

  it('forwards so much at once, and never nothing', () => {
    const lane = new MetricLane([], 0)
    lane.take('a', 1, large(30_000), 0)
    lane.take('b', 1, large(9_000), 0)
    lane.take('c', 1, large(9_000), 0)
    lane.take('d', 1, large(9_000), 0)
    expect(lane.next().map(({ n }) => n)).toEqual([1])
    lane.acknowledge(1)
    expect(lane.next().map(({ n }) => n)).toEqual([2, 3])
  })

  it('counts as lost what finds no room while the Controller is away', () => {
    const lane = new MetricLane([], 0)
    for (let isolate = 0; isolate < 10; isolate++) lane.take(`${isolate}`, 1, large(10_000), 0)
    expect(lane.take('full', 1, batchOf(1, 2), 0)?.chunks[0]?.batch).toEqual({
      groups: [],
      refused: [['shop', LOST, 2]],
    })
    lane.acknowledge(1)
    expect(lane.take('full', 2, batchOf(3), 0)?.chunks.at(-1)?.batch.groups).toHaveLength(1)
  })

  it('forgets isolates after two days, but for what is waiting and for the newest number', () => {
    const lane = new MetricLane([], 0)
    lane.take('done', 1, batchOf(1), 0)
    lane.acknowledge(1)
    lane.take('waiting', 1, batchOf(2), 0)
    lane.take('newest', 1, batchOf(3), 0)
    lane.acknowledge(1)
    expect(lane.forget(2 * DAY_MS)).toEqual([])
    expect(lane.forget(2 * DAY_MS + 1)).toEqual(['done'])
    lane.acknowledge(3)
    expect(lane.forget(2 * DAY_MS + 1)).toEqual(['waiting'])
  })

  type Deed = { what: 'flush' | 'repeat' | 'restart' | 'forward' | 'lost reply'; isolate: number }
  const deed: fc.Arbitrary<Deed> = fc.record({
    what: fc.constantFrom('flush', 'flush', 'repeat', 'restart', 'forward', 'lost reply'),
    isolate: fc.nat(2),
  })

  it('brings each flush to the Controller once, in whatever way things go wrong', () => {
    const exact = fc.property(fc.array(deed, { maxLength: 60 }), (deeds) => {
      const stored = new Map<string, LaneRow>()
      const arrived: number[] = []
      let upTo = 0
      let lane = new MetricLane([], 0)
      const sent: { isolate: string; seq: number; position: number }[] = []
      const send = ({ isolate, seq, position }: (typeof sent)[number]) => {
        const row = lane.take(isolate, seq, batchOf(position), 0)
        if (row !== undefined) stored.set(isolate, structuredClone(row))
      }
      const forward = () => {
        const chunks = lane.next()
        arrived.push(...positionsIn(chunks.filter(({ n }) => n > upTo)))
        upTo = Math.max(upTo, chunks.at(-1)?.n ?? 0)
      }
      for (const { what, isolate: number } of deeds) {
        const isolate = `isolate-${number}`
        const latest = sent.findLast((each) => each.isolate === isolate)
        if (what === 'flush') {
          sent.push({ isolate, seq: (latest?.seq ?? 0) + 1, position: sent.length })
          send(sent.at(-1) as (typeof sent)[number])
        } else if (what === 'repeat' && latest) send(latest)
        else if (what === 'restart') lane = new MetricLane(structuredClone([...stored]), 0)
        else if (what === 'forward' || what === 'lost reply') {
          forward()
          if (what === 'forward') lane.acknowledge(upTo)
        }
      }
      forward()
      expect(arrived.toSorted((a, b) => a - b)).toEqual(sent.map(({ position }) => position))
    })
    fc.assert(exact, { numRuns: 200 })
  })
})
