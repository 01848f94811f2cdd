/** Where counting ends: at each limit, and one below it. */
import { describe, expect, it } from 'vitest'
import { emptyCell } from '../../../src/core/counters/cell.ts'
import {
  exposuresOf,
  LOST,
  type MetricBatch,
  MetricBuffer,
  MOST_WAITING,
  sizeOf,
} from '../../../src/core/counters/metrics/metric-batch.ts'
import { type LaneRow, MetricLane } from '../../../src/core/counters/metrics/metric-lane.ts'
import {
  failureMark,
  groupOf,
  groupOfMark,
  type NetworkCounts,
  NO_NETWORK,
  networkAt,
  slotOf,
  strongest,
  UNKNOWN_NETWORK,
} from '../../../src/core/counters/networks.ts'
import { FAILED_AS } from '../../../src/core/counters/samples/failures.ts'
import { EMPTY_WINDOW, take } from '../../../src/core/counters/sequence.ts'
import { ARMS, addToPoint, closePoint, openPoint, SERIES } from '../../../src/core/counters/series.ts'
import { Shard } from '../../../src/core/counters/shard.ts'

const KEY = { flag: 'f', variant: 'on', generation: 1, stage: 0 }

describe('a window of batch numbers', () => {
  it.each([
    ['begins empty', EMPTY_WINDOW, 2, { highest: 2, seen: 1 }],
    ['knows 31 numbers before the highest', { highest: 1, seen: 3 }, 32, { highest: 32, seen: 0x80000001 }],
    ['and no more of them', { highest: 1, seen: 3 }, 33, { highest: 33, seen: 1 }],
    ['takes the oldest of them late', { highest: 40, seen: 1 }, 9, { highest: 40, seen: 0x80000001 }],
    ['can tell nothing of older ones', { highest: 40, seen: 1 }, 8, undefined],
  ])('%s', (_, window, seq, expected) => {
    expect(take(window, seq)).toEqual(expected)
  })
})

describe('a point of the series', () => {
  it('has three quantiles, of three arms', () => {
    const point = openPoint(7_300, 5_000)
    const latency = { 50: 50, 60: 44, 70: 4, 80: 2 }
    addToPoint(point, { ...emptyCell({ ...KEY, arm: 'canary' }), requests: 100, latency })
    const { canary, control } = closePoint(point)
    expect([point.startMs, ...ARMS]).toEqual([5_000, 'canary', 'control', 'other'])
    expect(canary).toEqual({
      ...{ requests: 100, errors: 0, sharedErrors: 0, clientErrors: 0, journeys: 0 },
      ...{ p50Ms: 76.1, p95Ms: 430.5, p99Ms: 1024 },
    })
    expect(control.p50Ms).toBeNull()
    expect(SERIES.map(({ stepMs, keptMs }) => [stepMs, keptMs])).toEqual([
      [5_000, 1_800_000],
      [60_000, 86_400_000],
    ])
  })
})

describe('metrics that wait', () => {
  const large = (size: number, more: Partial<MetricBatch> = {}): MetricBatch => ({
    groups: [{ ...KEY, events: [], exposed: new Array<number>(2 * size).fill(0) }],
    ...more,
  })
  const lost = (row: LaneRow | undefined) => row?.chunks.at(-1)?.batch.refused?.[0]

  it('find room for 100,000 in a shard, again after an acknowledgement, and what was lost takes none', () => {
    const lane = new MetricLane([], 0)
    expect(lost(lane.take('a', 1, large(60_000), 0))).toBeUndefined()
    expect(lost(lane.take('a', 2, large(40_001), 0))).toEqual(['f', LOST, 40_001])
    expect(lost(lane.take('a', 3, large(40_000), 0))).toBeUndefined()
    expect(lost(lane.take('a', 4, large(1), 0))).toEqual(['f', LOST, 1])
    lane.acknowledge(1)
    expect(lost(lane.take('a', 5, large(60_000), 0))).toBeUndefined()
    expect(lost(lane.take('a', 6, large(1), 0))).toEqual(['f', LOST, 1])
  })

  it('are forwarded oldest first, whatever the order of rows, 20,000 at once or the first alone', () => {
    const row = (n: number, size: number): [string, LaneRow] => [
      `i${n}`,
      { seq: 1, atMs: 0, last: n, upTo: 0, chunks: [{ n, batch: large(size) }] },
    ]
    const numbersOf = (rows: readonly (readonly [string, LaneRow])[]) =>
      new MetricLane(rows, 0).next().map(({ n }) => n)
    expect(numbersOf([row(3, 1), row(1, 15_000), row(2, 5_000)])).toEqual([1, 2])
    expect(numbersOf([row(2, 4_999), row(3, 1), row(1, 15_000)])).toEqual([1, 2, 3])
    expect(numbersOf([row(2, 1), row(1, 30_000)])).toEqual([1])
  })

  it('find room for 10,000 in an isolate, and for as many after each batch', () => {
    expect(MOST_WAITING).toBe(10_000)
    const buffer = new MetricBuffer()
    const seen = { ...KEY, position: 1, atMs: 2, group: 3 }
    for (const _ of [1, 2]) {
      for (let n = 1; n < MOST_WAITING; n++) buffer.expose(seen)
      expect([buffer.expose(seen), buffer.expose(seen)]).toEqual([true, false])
      const batch = buffer.take()
      expect([batch && sizeOf(batch), batch?.refused]).toEqual([10_000, [['f', LOST, 1]]])
    }
  })

  it('name the network of each visitor, where one is known', () => {
    const group = { ...KEY, exposed: [7, 1, 8, 2, 9, 3], events: [] }
    const networks = (of: object) => exposuresOf({ ...group, ...of }).map(({ group }) => group)
    expect(networks({ networks: [4, 5, 6] })).toEqual([4, 5, 6])
    expect(networks({})).toEqual([0, 0, 0])
  })
})

describe('networks', () => {
  const counts = (network: number, requests: number, errors: number): NetworkCounts => ({
    ...{ network, requests, errors, errored: 0, discordant: 0, unpaired: 0, unasked: 0, journeys: 0 },
  })

  it('are told by failures, then by requests; as many of one by the other', () => {
    const all = [
      ...[counts(11, 5, 1), counts(12, 5, 2), counts(13, 6, 2), counts(14, 5, 3), counts(15, 5, 4)],
      ...[counts(16, 9, 0), counts(17, 5, 0), counts(18, 4, 0), counts(19, 3, 0)],
    ]
    expect(strongest(all).map(({ network }) => network)).toEqual([15, 14, 13, 12, 16, 11, 17, 18])
  })

  it('are 30 groups and none, and a mark is a slot above its group', () => {
    expect([NO_NETWORK, UNKNOWN_NETWORK, 29, 30, 2 ** 32 - 1].map(groupOf)).toEqual([0, 2, 30, 1, 16])
    const mark = failureMark(65_535, UNKNOWN_NETWORK)
    expect([mark, slotOf(mark), groupOfMark(mark)]).toEqual([196_607, 65_535, 2])
  })

  it('fill a table of 32, of which the one with fewest requests gives way to one that failed', () => {
    const networks: NetworkCounts[] = []
    for (let n = 0; n < 32; n++) Object.assign(networkAt(networks, 100 + n) ?? {}, { requests: 40 - n })
    const newcomer = networkAt(networks, 7, { hasFailed: true })
    expect(newcomer).toMatchObject({ network: 7, requests: 0, missed: 9 })
    expect(networks.map(({ network }) => network)).toEqual([
      ...Array.from({ length: 31 }, (_, n) => 100 + n),
      7,
    ])
  })
})

it('samples are of what failed and of what was turned away', () => {
  expect(FAILED_AS).toEqual(['failed', 'turned-away'])
})

it('a shard reserves 64 numbers of batches with each row', () => {
  const shard = new Shard({ outbox: undefined, state: undefined, tag: undefined })
  expect(shard.snapshot().nextSeq - shard.nextSeq).toBe(64)
  expect(shard.tag).toEqual({ version: 0, hash: '', atMs: 0, replaced: [], inKv: true })
})
