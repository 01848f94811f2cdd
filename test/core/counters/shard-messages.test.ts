/** What a shard says to isolates and to the Controller, and what it has from storage. */
import { describe, expect, it } from 'vitest'
import { emptyCell } from '../../../src/core/counters/cell.ts'
import { PACES } from '../../../src/core/counters/load/pace.ts'
import type { MetricBatch } from '../../../src/core/counters/metrics/metric-batch.ts'
import { Outbox } from '../../../src/core/counters/outbox.ts'
import { type FlushMessage, PROTOCOL } from '../../../src/core/counters/protocol.ts'
import { Shard } from '../../../src/core/counters/shard.ts'

const NOW_MS = 1_000_000
const cell = (requests: number, variant = 'on') => ({
  ...emptyCell({ flag: 'f', variant, arm: 'canary', generation: 1, stage: 0 }),
  requests,
})
const flush = (parts: Partial<FlushMessage> = {}): FlushMessage => ({
  ...{ protocol: PROTOCOL, isolate: 'a', shard: 'FRA', shards: 1, seq: 1, cells: [], epoch: 0, epochAtMs: 0 },
  ...{ usedHash: '', documentHash: '', killHash: '', samples: [] },
  ...parts,
})
const NOTHING = { outbox: undefined, state: undefined, tag: undefined }
const REPLY = { epoch: 0, state: undefined, document: undefined, intervalMs: 1_000, sampleQuota: 1 }
const metrics = (position: number): MetricBatch => ({
  groups: [{ flag: 'f', generation: 1, stage: 0, variant: 'on', exposed: [position, 0], events: [] }],
})

describe('an isolate', () => {
  it('flushes again by the requests of all its cells: soon from ten on', () => {
    const intervalMs = (cells: FlushMessage['cells']) =>
      new Shard(NOTHING).take(flush({ cells }), NOW_MS).reply.intervalMs
    expect([intervalMs([cell(5), cell(4, 'b')]), intervalMs([cell(5), cell(5, 'b')])]).toEqual([1_800, 1_000])
    expect(intervalMs([])).toBe(1_800)
  })

  it('shares the quota of samples with the others, rounded up', () => {
    const shard = new Shard(NOTHING)
    const quotas = ['a', 'b', 'c'].map((isolate) => shard.take(flush({ isolate }), NOW_MS).reply.sampleQuota)
    expect(quotas).toEqual([20, 10, 7])
    expect(new Shard(NOTHING).replyTo(flush(), NOW_MS)).toMatchObject({ sampleQuota: 20, inColo: 1 })
  })

  it('that moves to another shard need not wait for the load of this one', () => {
    const shard = new Shard(NOTHING)
    let reply = shard.take(flush(), NOW_MS).reply
    for (let n = 1; n < 1_200; n++) reply = shard.take(flush({ isolate: `${n}` }), NOW_MS).reply
    expect(reply).toMatchObject({ shards: 8, intervalMs: 1_800 })
    // One that stands among eight waits for those that are here: (1,199 + 1) / 200 seconds.
    const { intervalMs, shards } = shard.replyTo(flush({ shards: 8 }), NOW_MS)
    expect([intervalMs, shards]).toEqual([6_000, 8])
  })

  it('is known by its newest batch, also where an older one comes again', () => {
    const shard = new Shard(NOTHING)
    shard.take(flush({ seq: 1 }), NOW_MS)
    shard.take(flush({ seq: 3 }), NOW_MS)
    expect(shard.take(flush({ seq: 1 }), NOW_MS).isolate.window.highest).toBe(3)
    expect(shard.take(flush({ seq: 3 }), NOW_MS).isolate.window.highest).toBe(3)
  })

  it('of a batch that an earlier object may have taken is known from then on', () => {
    const shard = new Shard(NOTHING, [], NOW_MS)
    const taken = shard.take(flush({ seq: 4, cells: [cell(1)], repeatedSinceMs: 0 }), NOW_MS)
    expect([taken.isolate.window.highest, shard.startForward('FRA', NOW_MS).cells]).toEqual([4, []])
  })

  it('is told with when it read KV, where it says so', () => {
    const sighting = (parts: Partial<FlushMessage>) =>
      new Shard(NOTHING).take(flush(parts), NOW_MS).isolate.sighting
    expect(sighting({ kvReadAtMs: 7 })).toMatchObject({ isolate: 'a', kvReadAtMs: 7 })
    expect(sighting({})).not.toHaveProperty('kvReadAtMs')
  })

  it('that is stored counts among those that are here', () => {
    const { isolate } = new Shard(NOTHING).take(flush({ isolate: 'stored' }), NOW_MS)
    const quota = (nowMs: number) =>
      new Shard(NOTHING, [['stored', isolate]]).take(flush(), nowMs).reply.sampleQuota
    expect([quota(NOW_MS + 1_000), quota(NOW_MS + 60_000)]).toEqual([10, 20])
  })
})

describe('a forward', () => {
  const started = (shard: Shard) => shard.startForward('FRA', NOW_MS)

  it('brings shadow samples once, 200 of them, with a flush that is sent again too', () => {
    const shadow = (count: number) => Array(count).fill({}) as NonNullable<FlushMessage['shadow']>
    const shard = new Shard(NOTHING)
    shard.take(flush({ shadow: shadow(1) }), NOW_MS)
    shard.take(flush({ shadow: shadow(1) }), NOW_MS)
    expect(started(shard).shadow).toHaveLength(1)
    shard.forwarded(1, REPLY, NOW_MS)
    shard.take(flush({ seq: 2 }), NOW_MS)
    expect(started(shard)).not.toHaveProperty('shadow')
    for (const seq of [3, 4, 5]) shard.take(flush({ seq, shadow: shadow(90) }), NOW_MS)
    expect(started(shard).shadow).toHaveLength(200)
  })

  it('brings one failed answer too', () => {
    const shard = new Shard(NOTHING)
    shard.take(flush({ failures: [{}] as unknown as NonNullable<FlushMessage['failures']> }), NOW_MS)
    expect(started(shard).failures).toHaveLength(1)
  })

  it('brings metrics until the Controller says that it has them', () => {
    const shard = new Shard(NOTHING)
    shard.take(flush(), NOW_MS)
    expect(started(shard)).not.toHaveProperty('metrics')
    shard.forwarded(1, REPLY, NOW_MS)
    const row = shard.take(flush({ seq: 2, metrics: metrics(7) }), NOW_MS).metrics
    const numbers = () => started(shard).metrics?.map(({ n }) => n)
    expect(numbers()).toEqual([row?.last])
    shard.forwarded(2, REPLY, NOW_MS)
    expect(numbers()).toEqual([row?.last])
    shard.forwarded(3, { ...REPLY, metricsUpTo: row?.last ?? 0 }, NOW_MS)
    expect(numbers()).toBeUndefined()
  })

  it('goes by the pace that is pushed, until another is', () => {
    const shard = new Shard(NOTHING)
    shard.take(flush({ cells: [cell(1)] }), NOW_MS)
    started(shard)
    shard.forwarded(1, { ...REPLY, pace: PACES.calm }, NOW_MS)
    shard.take(flush({ seq: 2, cells: [cell(1)] }), NOW_MS)
    const dueInMs = () => (shard.forwardDueMs ?? 0) - NOW_MS
    expect(dueInMs()).toBe(4_000)
    shard.adoptPace(undefined)
    expect(dueInMs()).toBe(4_000)
    shard.adoptPace(PACES.live)
    expect(dueInMs()).toBe(10_000)
  })
})

describe('storage', () => {
  it('must be told before counts that it holds get their number', () => {
    const shard = new Shard(NOTHING)
    shard.snapshot()
    expect(shard.mustStore).toBe(false)
    shard.addStored([cell(3)])
    expect(shard.mustStore).toBe(true)
    shard.snapshot()
    expect(shard.mustStore).toBe(false)
  })

  it('is told of an open batch beside one on its way only where there is something in it', () => {
    const mustStoreAfter = (cells: FlushMessage['cells']) => {
      const shard = new Shard(NOTHING)
      shard.snapshot()
      shard.take(flush({ cells: [cell(1)] }), NOW_MS)
      shard.startForward('FRA', NOW_MS)
      shard.take(flush({ seq: 2, cells }), NOW_MS)
      shard.snapshot()
      shard.forwarded(1, REPLY, NOW_MS)
      return shard.mustStore
    }
    expect([mustStoreAfter([cell(1)]), mustStoreAfter([])]).toEqual([true, false])
  })
})

describe('an outbox', () => {
  it('seals metrics with the batch that brings them, and no others', () => {
    const outbox = new Outbox()
    outbox.metrics.expose({ flag: 'f', generation: 1, stage: 0, variant: 'on', position: 3, atMs: 5 })
    expect(outbox.peek().metrics?.groups[0]?.exposed).toHaveLength(2)
    expect(outbox.seal().metrics?.groups).toHaveLength(1)
    outbox.acknowledge(1)
    outbox.open.add([cell(1)])
    expect(outbox.seal()).not.toHaveProperty('metrics')
    expect(outbox.isEmpty).toBe(false)
  })
})
