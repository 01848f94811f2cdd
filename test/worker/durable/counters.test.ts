/** A shard counts each flush once and loses none that it has acknowledged, whatever becomes of it meanwhile. */
import { evictDurableObject, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { type Cell, emptyCell } from '../../../src/core/counters/cell.ts'
import { PACES } from '../../../src/core/counters/load/pace.ts'
import type { FlushMessage, FlushReply } from '../../../src/core/counters/protocol.ts'
import type { Controller } from '../../../src/durable/controller/controller.ts'
import type { Counters } from '../../../src/durable/counters/counters.ts'
import { admin } from '../support/admin.ts'
import { controller } from '../support/controller.ts'

/** How far the clock of these tests is ahead: nothing waits for what a shard puts off by seconds. */
let aheadMs = 0
beforeAll(() => {
  const now = Date.now
  Date.now = () => now() + aheadMs
})
/** Time passes by so much at once; then the shard does what is due, as its timer or alarm would have it do. */
async function pass(shard: ReturnType<typeof shardOf>, ms: number): Promise<void> {
  aheadMs += ms
  await runInDurableObject(shard.stub, (instance: Counters) => instance.alarm())
}

let flags = 0

/** A separate shard, with a flag that no other test counts. */
function shardOf(colo: string) {
  const stub = env.COUNTERS.get(env.COUNTERS.idFromName(colo)) as unknown as DurableObjectStub<Counters>
  const flag = `counted-${++flags}`
  return {
    stub,
    flush: (seq: number, requests: number, more: Partial<FlushMessage> = {}): Promise<FlushReply> =>
      stub.flush({
        seq,
        cells: [cellOf(flag, requests)],
        isolate: 'isolate-1',
        shard: colo,
        shards: 1,
        epoch: 0,
        epochAtMs: 0,
        usedHash: '',
        documentHash: '',
        killHash: '',
        samples: [],
        ...more,
      }),
    /** Requests that have arrived at the Controller. */
    arrived: async (): Promise<number> => {
      const { cells } = await controller.status()
      return cells.filter((cell) => cell.flag === flag).reduce((sum, { requests }) => sum + requests, 0)
    },
  }
}

function cellOf(flag: string, requests: number): Cell {
  const key = { flag, variant: 'on', arm: 'canary' as const, generation: 1, stage: 0 }
  return { ...emptyCell(key), requests, latency: { 40: requests } }
}

/** Until the shard has heard of the Controller's state, which it does after its counts have arrived. */
async function knowsState(shard: ReturnType<typeof shardOf>): Promise<{ epoch: number; usedHash: string }> {
  const { epoch } = await admin.call('getStatus')
  // The number of a flush that has been taken: it counts nothing.
  const told = () => shard.flush(1, 0)
  await expect.poll(async () => (await told()).epoch).toBe(epoch)
  return { epoch, usedHash: (await told()).document?.hash ?? '' }
}

/** Until what was flushed has been forwarded, seconds later. */
async function arrives(shard: ReturnType<typeof shardOf>, requests: number): Promise<void> {
  await expect
    .poll(
      async () => {
        await pass(shard, 2_000)
        return await shard.arrived()
      },
      { timeout: 30_000 },
    )
    .toBe(requests)
}

describe('a shard', () => {
  it('counts a flush once, however often and in whatever order it comes', async () => {
    const shard = shardOf('AAA')
    for (const seq of [1, 3, 2, 3, 1, 1, 2, 40, 40, 7]) await shard.flush(seq, 10 ** (seq % 5))
    // 7 is too long before 40 to tell whether it has been seen, so it is not counted.
    await arrives(shard, 10 + 100 + 1_000 + 1)
    await shard.flush(41, 5)
    await arrives(shard, 1_116)
  })

  it('passes on what went wrong in an isolate, once, also after an eviction', async () => {
    const shard = shardOf('ERR')
    const place = 'test.of-counters'
    const failed = (count: number, atMs: number) => ({
      internalErrors: [{ place, count, firstAtMs: atMs, lastAtMs: atMs, message: `Error: at ${atMs}` }],
    })
    await shard.flush(1, 1, failed(2, 1_000))
    await shard.flush(1, 1, failed(2, 1_000))
    await evictDurableObject(shard.stub)
    await shard.flush(2, 1, failed(3, 5_000))
    await arrives(shard, 2)
    // Saves, whether or not its alarm has been set by now.
    await runInDurableObject(controller, (instance: Controller) => instance.alarm())
    const { internalErrors } = await controller.status()
    expect(internalErrors.filter((error) => error.place === place)).toEqual([
      { place, count: 5, firstAtMs: 1_000, lastAtMs: 5_000, message: 'Error: at 5000' },
    ])
    await evictDurableObject(controller)
    expect((await controller.status()).internalErrors).toContainEqual(
      expect.objectContaining({ place, count: 5 }),
    )
    const seen = (await admin.call('getStatus')).internalErrors.find((error) => error.place === place)
    expect(seen).toMatchObject({ count: 5, lastAt: new Date(5_000).toISOString() })
  })

  it('tells of its failures, and of those of forwards that did not arrive', async () => {
    const shard = shardOf('OWN')
    await shard.flush(1, 1)
    await arrives(shard, 1)
    const failures = async () =>
      (await controller.status()).internalErrors.find((error) => error.place === 'counters.forward')?.count ??
      0
    const before = await failures()
    await loseAnswers('OWN', 2)
    await shard.flush(2, 1)
    const later = async () => {
      await pass(shard, 2_000)
      return await failures()
    }
    await expect.poll(later, { timeout: 30_000 }).toBe(before + 2)
  })

  it('forwards by itself what comes in, within seconds', async () => {
    const shard = shardOf('SELF')
    await shard.flush(1, 1)
    await arrives(shard, 1)
    await shard.flush(2, 10)
    await expect.poll(shard.arrived, { timeout: 30_000 }).toBe(11)
  })

  it('keeps isolates apart that use the same numbers', async () => {
    const shard = shardOf('BBB')
    await shard.flush(1, 1, { isolate: 'one' })
    await shard.flush(1, 10, { isolate: 'two' })
    await arrives(shard, 11)
  })

  it('remembers what it has acknowledged, and what it has seen, when it is evicted', async () => {
    const shard = shardOf('CCC')
    await shard.flush(1, 1)
    await arrives(shard, 1)
    await shard.stub.adopt(undefined, undefined, PACES.live)
    await shard.flush(2, 10)
    const repeatedSinceMs = Date.now()
    await scheduler.wait(300)
    await evictDurableObject(shard.stub)
    await shard.flush(2, 10, { repeatedSinceMs })
    await shard.flush(3, 100)
    await arrives(shard, 111)
  })

  it('that is new takes a flush whose first sending got lost', async () => {
    const shard = shardOf('NEW')
    await shard.flush(1, 5, { repeatedSinceMs: Date.now() - 60_000 })
    await arrives(shard, 5)
  })

  it('sends again what the Controller did not answer; the Controller counts it once', async () => {
    const shard = shardOf('DDD')
    await shard.flush(1, 1)
    await arrives(shard, 1)
    const lost = await loseAnswers('DDD', 2)
    await shard.flush(2, 10)
    await pass(shard, 2_000)
    await expect.poll(shard.arrived).toBe(11)
    await shard.flush(3, 100)
    await arrives(shard, 111)
    expect(lost()).toBe(0)
  })

  it('tells an isolate that is behind the state, and one that is not nothing', async () => {
    const shard = shardOf('EEE')
    await shard.flush(1, 1)
    await arrives(shard, 1)
    const params = { flag: 'new-shop', verb: 'pause' }
    const { epoch } = await admin.call('commandFlag', { params, body: {} })
    // The Controller has pushed the state to the shard before it answered.
    expect(await shard.flush(2, 1)).toMatchObject({
      epoch,
      state: { epoch, flags: { 'new-shop': { paused: {} } } },
    })
    expect((await shard.flush(3, 1, { epoch })).state).toBeUndefined()
    await evictDurableObject(shard.stub)
    expect((await shard.flush(4, 1)).state?.epoch).toBe(epoch)
  })

  it('holds its reply while there is nothing new, and tells at once what is', async () => {
    const shard = shardOf('GGG')
    await shard.flush(1, 1)
    await arrives(shard, 1)
    const known = await knowsState(shard)
    let isHeld = true
    await shard.stub.adopt(undefined, undefined, PACES.attended)
    const held = shard.flush(2, 1, { ...known, patienceMs: 10_000 }).finally(() => {
      isHeld = false
    })
    // Another flush goes by while the first one waits.
    await shard.flush(1, 1, { isolate: 'isolate-2' })
    expect(isHeld).toBe(true)
    const params = { flag: 'new-shop', verb: 'kill' }
    await admin.call('commandFlag', { params, body: {} })
    expect((await held).state?.epoch).toBeGreaterThan(known.epoch)
  })

  it('replies without news when the isolate will wait no longer', async () => {
    const shard = shardOf('HHH')
    await shard.flush(1, 1)
    await arrives(shard, 1)
    const known = await knowsState(shard)
    const reply = await shard.flush(2, 0, { ...known, patienceMs: 50 })
    expect(reply).toMatchObject({ epoch: known.epoch, state: undefined, document: undefined })
  })

  it('keeps what has come in while a batch is on its way, when it is evicted', async () => {
    const shard = shardOf('III')
    await shard.flush(1, 1)
    await arrives(shard, 1)
    const lost = await loseAnswers('III', 1)
    await shard.flush(2, 10)
    await pass(shard, 2_000)
    await expect.poll(shard.arrived).toBe(11)
    expect(lost()).toBe(0)
    // The batch of 10 has arrived, and the shard was not told.
    await shard.flush(3, 100)
    await shard.flush(1, 1_000, { isolate: 'isolate-2' })
    const repeatedSinceMs = Date.now()
    await scheduler.wait(300)
    await evictDurableObject(shard.stub)
    await shard.flush(3, 100, { repeatedSinceMs })
    await arrives(shard, 1_111)
  })

  it('spreads isolates over more shards, and asks them to come less often, when there are many', async () => {
    const shard = shardOf('FFF')
    expect(await shard.flush(1, 1)).toMatchObject({ intervalMs: 1_800, shards: 1 })
    const names = Array.from({ length: 450 }, (_, index) => `isolate ${index}`)
    // All of them within the intervals that they were told, however long the machine takes.
    vi.useFakeTimers({ toFake: ['Date'] })
    onTestFinished(() => void vi.useRealTimers())
    await Promise.all(names.map((isolate) => shard.flush(1, 0, { isolate })))
    const reply = await shard.flush(2, 0)
    expect(reply).toMatchObject({ intervalMs: 1_800, shards: 4 })
    // Who stays with so many others is to come less often.
    const staying = await shard.flush(3, 0, { shards: 4 })
    expect(staying.shards).toBe(4)
    expect(staying.intervalMs).toBeGreaterThan(2_200)
  })
})

/** The Controller does its work, but its next answers to a shard get lost. Gives how many are still to be lost. */
async function loseAnswers(shard: string, count: number): Promise<() => number> {
  let left = count
  await runInDurableObject(controller, (instance: Controller) => {
    const methods = Object.getPrototypeOf(instance) as Controller
    const { forward } = methods
    methods.forward = async function (this: Controller, message) {
      const reply = await forward.call(this, message)
      if (left === 0 || message.shard !== shard) return reply
      if (--left === 0) methods.forward = forward
      throw new Error('the answer got lost')
    }
  })
  return () => left
}
