/** A shard's shell: how long it holds a reply, what it stores, when it wakes, and what it asks the Controller for. */
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { INITIAL_CONTROL_STATE } from '../../../src/core/config/control.ts'
import { PACES } from '../../../src/core/counters/load/pace.ts'
import type { FlushMessage, FlushReply, ForwardMessage } from '../../../src/core/counters/protocol.ts'
import type { Controller } from '../../../src/durable/controller/controller.ts'
import type { Counters } from '../../../src/durable/counters/counters.ts'
import { NewsSignal } from '../../../src/durable/counters/news-signal.ts'
import { controller } from '../support/controller.ts'

const TAG = { version: 3, hash: 'h3', atMs: 5, replaced: [], inKv: true }
const STATE = { ...INITIAL_CONTROL_STATE, epoch: 1_000 }

function startShard(name: string) {
  const stub = env.COUNTERS.get(env.COUNTERS.idFromName(name)) as unknown as DurableObjectStub<Counters>
  let seq = 0
  return {
    stub,
    flush: (more: Partial<FlushMessage> = {}): Promise<FlushReply> =>
      stub.flush({
        seq: ++seq,
        cells: [],
        isolate: 'isolate-1',
        shard: name,
        shards: 1,
        epoch: 0,
        epochAtMs: 0,
        usedHash: '',
        documentHash: '',
        killHash: '',
        samples: [],
        ...more,
      }),
    alarmInMs: () =>
      runInDurableObject(
        stub,
        async (_, { storage }) => ((await storage.getAlarm()) ?? Number.NaN) - Date.now(),
      ),
  }
}

/** What the Controller is called with, from now on. */
async function watchController() {
  const calls = {
    forwards: [] as ForwardMessage[],
    texts: [] as number[],
    text: undefined as string | undefined,
  }
  await runInDurableObject(controller, (instance: Controller) => {
    const methods = Object.getPrototypeOf(instance) as Controller
    const { forward, documentText } = methods
    methods.forward = async function (this: Controller, message) {
      calls.forwards.push(message)
      return await forward.call(this, message)
    }
    methods.documentText = async (version) => {
      calls.texts.push(version)
      return calls.text
    }
    onTestFinished(() => void Object.assign(methods, { forward, documentText }))
  })
  return calls
}

function fakeTimers(...toFake: ('Date' | 'setTimeout' | 'clearTimeout')[]) {
  vi.useFakeTimers({ toFake, now: Date.now() })
  onTestFinished(() => void vi.useRealTimers())
}

describe('the news signal', () => {
  it('wakes all that wait, at once with news and otherwise each in its time', async () => {
    fakeTimers('setTimeout', 'clearTimeout')
    const signal = new NewsSignal()
    const awake: string[] = []
    const wait = (name: string, ms: number) => void signal.within(ms).then(() => awake.push(name))
    wait('short', 100)
    wait('long', 200)
    await vi.advanceTimersByTimeAsync(99)
    expect(awake).toEqual([])
    await vi.advanceTimersByTimeAsync(1)
    expect(awake).toEqual(['short'])
    wait('longer', 1_000)
    signal.send()
    await vi.advanceTimersByTimeAsync(0)
    expect(awake).toEqual(['short', 'long', 'longer'])
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe('a reply', () => {
  it.each([
    [500, 500],
    [60_000, 10_000],
  ])('without news is held for a patience of %d ms at most %d ms', async (patienceMs, heldMs) => {
    const { flush, stub } = startShard(`HELD${patienceMs}`)
    await stub.adopt(STATE, TAG, PACES.attended)
    const within = vi.spyOn(NewsSignal.prototype, 'within').mockResolvedValue()
    onTestFinished(() => within.mockRestore())
    const known = { epoch: STATE.epoch, usedHash: TAG.hash }
    expect(await flush({ ...known, patienceMs })).toMatchObject({ state: undefined, document: undefined })
    expect(within.mock.calls).toEqual([[heldMs]])
    await flush(known)
    await flush({ ...known, epoch: 0, patienceMs })
    expect(within).toHaveBeenCalledTimes(1)
  })

  it('is not held where that costs more than it is worth', async () => {
    const { flush, stub } = startShard('THRIFTY')
    await stub.adopt(STATE, TAG, PACES.live)
    const within = vi.spyOn(NewsSignal.prototype, 'within').mockResolvedValue()
    onTestFinished(() => within.mockRestore())
    expect(await flush({ epoch: STATE.epoch, usedHash: TAG.hash, patienceMs: 9_000 })).toMatchObject({
      intervalMs: PACES.live.sparseFlushMs,
    })
    expect(within).not.toHaveBeenCalled()
  })

  it('comes at once with what a push has brought: a kill that the Controller tells to shards alone', async () => {
    const { flush, stub } = startShard('PUSH')
    await stub.adopt(STATE, TAG, PACES.attended)
    const send = vi.spyOn(NewsSignal.prototype, 'send')
    onTestFinished(() => send.mockRestore())
    const held = flush({ epoch: STATE.epoch, usedHash: TAG.hash, patienceMs: 9_000 })
    const killed = { ...STATE, epoch: STATE.epoch + 1, killed: ['f'] }
    await stub.adopt(killed, TAG)
    expect(send).toHaveBeenCalledTimes(1)
    expect(await held).toMatchObject({ epoch: killed.epoch, state: killed, document: undefined })
    const heldAgain = flush({ epoch: killed.epoch, usedHash: TAG.hash, patienceMs: 9_000 })
    const next = { ...TAG, version: 4, hash: 'h4', atMs: 6 }
    await stub.adopt(undefined, next)
    await stub.adopt(STATE, next)
    expect(send).toHaveBeenCalledTimes(3)
    expect(await heldAgain).toMatchObject({ state: undefined, document: next })
  })

  it('has what was adopted before an eviction, and nothing older than it', async () => {
    const { flush, stub } = startShard('KEEP')
    const killed = { ...STATE, killed: ['f'] }
    await stub.adopt(killed, TAG)
    await stub.adopt({ ...STATE, epoch: STATE.epoch - 1 }, { ...TAG, version: 2, hash: 'h2', atMs: 4 })
    await evictDurableObject(stub)
    expect(await flush()).toMatchObject({ epoch: STATE.epoch, state: killed, document: TAG })
  })
})

describe('the text of a document', () => {
  it('is fetched once for all isolates; one that the Controller does not have is asked for again', async () => {
    const { stub } = startShard('TEXT')
    const calls = await watchController()
    expect(await stub.documentText(3)).toBeUndefined()
    calls.text = 'text 3'
    expect([await stub.documentText(3), await stub.documentText(3)]).toEqual(['text 3', 'text 3'])
    calls.text = 'text 4'
    expect([await stub.documentText(4), await stub.documentText(4)]).toEqual(['text 4', 'text 4'])
    expect(calls.texts).toEqual([3, 3, 4])
  })
})

describe('a shard', () => {
  const cell = (requests: number) => ({
    flag: 'shell',
    variant: 'on',
    arm: 'canary' as const,
    generation: 1,
    stage: 0,
    requests,
    errors: { status: 0, timeout: 0, connect: 0, 'aborted-by-origin': 0, reported: 0 },
    latency: {},
    erroredBuckets: [],
    journeys: 0,
    rescued: 0,
    timings: {},
  })

  it('forwards under its name, also when it was evicted before', async () => {
    const calls = await watchController()
    const { flush, stub } = startShard('NAMED')
    await flush({ cells: [cell(1)] })
    await expect.poll(() => calls.forwards.length).toBe(1)
    await flush({ cells: [cell(2)] })
    await evictDurableObject(stub)
    await runDurableObjectAlarm(stub)
    await expect.poll(() => calls.forwards.at(-1)?.cells[0]?.requests).toBe(2)
    expect(new Set(calls.forwards.map(({ shard }) => shard))).toEqual(new Set(['NAMED']))
  })

  it('stores what is not worth a forward yet, and wakes for it should no more come', async () => {
    const calls = await watchController()
    const { flush, alarmInMs, stub } = startShard('ALARM')
    await flush({ cells: [cell(1)] })
    await expect.poll(() => calls.forwards.length).toBe(1)
    await stub.adopt(undefined, undefined, PACES.live)
    await flush({ cells: [cell(2)] })
    const dueMs = await alarmInMs()
    expect(dueMs).toBeGreaterThan(59_000)
    expect(dueMs).toBeLessThanOrEqual(60_000)
    await evictDurableObject(stub)
    await runDurableObjectAlarm(stub)
    await expect.poll(() => calls.forwards.at(-1)?.cells[0]?.requests).toBe(2)
  })

  it('forwards at once when the clock was set back, and not before its time otherwise', async () => {
    const calls = await watchController()
    const { flush } = startShard('CLOCK')
    fakeTimers('Date', 'setTimeout', 'clearTimeout')
    await flush({ cells: [cell(1)] })
    await expect.poll(() => calls.forwards.length).toBe(1)
    await scheduler.wait(20)
    await flush({ cells: [cell(1)] })
    await scheduler.wait(20)
    expect(calls.forwards).toHaveLength(1)
    vi.setSystemTime(Date.now() - 130_000)
    await flush({ cells: [cell(1)] })
    await expect.poll(() => calls.forwards.length).toBe(2)
  })
})
