/** The Controller as its callers meet it: forwards, ticks, alarms; and that memory is nothing, storage everything. */
import { evictDurableObject, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { type Cell, emptyCell } from '../../../../src/core/counters/cell.ts'
import { PACES } from '../../../../src/core/counters/load/pace.ts'
import type { ForwardMessage } from '../../../../src/core/counters/protocol.ts'
import { PROTOCOL } from '../../../../src/core/counters/protocol.ts'
import type { Controller } from '../../../../src/durable/controller/controller.ts'
import { Alarm } from '../../../../src/durable/storage/alarm.ts'
import type { Book } from '../../../../src/durable/storage/books/book.ts'
import { TextStore } from '../../../../src/durable/storage/text-store.ts'
import { sha256Hex } from '../../../../src/platform/crypto.ts'
import { withStorage } from '../../support/storage.ts'

const FLAG = 'new-shop'

const started: DurableObjectStub<Controller>[] = []

/** All Controllers share KV, so none may go on after its test. */
afterEach(async () => {
  for (const stub of started.splice(0)) {
    await runInDurableObject(stub, async (_, { storage }) => {
      await storage.deleteAlarm()
      await storage.deleteAll()
    })
    await evictDurableObject(stub)
  }
  for (const key of ['config', 'kill', 'state']) await env.GATE.delete(key)
})

/** A Controller that no other test uses. */
function startController() {
  const stub = env.CONTROLLER.get(env.CONTROLLER.newUniqueId()) as unknown as DurableObjectStub<Controller>
  let seq = 0
  started.push(stub)
  return {
    stub,
    forward: (more: Partial<ForwardMessage> = {}) =>
      stub.forward({
        seq: ++seq,
        shard: 'AMS',
        cells: [],
        isolates: [],
        epoch: 0,
        documentVersion: 0,
        samples: [],
        ...more,
      }),
    /** When the alarm is due from now, in milliseconds. */
    alarmInMs: () =>
      runInDurableObject(stub, async (_, { storage }) => {
        const dueMs = await storage.getAlarm()
        return dueMs === null ? undefined : dueMs - Date.now()
      }),
    clearAlarm: () => runInDurableObject(stub, (_, { storage }) => storage.deleteAlarm()),
    pending: () =>
      runInDurableObject(stub, (_, { storage }) => new TextStore(storage.sql).getJson('kv pending') ?? []),
  }
}

function frozenClock() {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() })
  onTestFinished(() => void vi.useRealTimers())
}
const later = (ms: number) => vi.setSystemTime(Date.now() + ms)

const cell = (requests: number, more: Partial<Cell> = {}): Cell => ({
  ...emptyCell({ flag: FLAG, variant: 'on', arm: 'canary', generation: 1, stage: 0 }),
  requests,
  ...more,
})
const BY_ADA = { actor: 'Ada', reason: 'because' }

describe('a forward', () => {
  it('counts once; its reply has the state and the document for a shard that is behind', async () => {
    const { stub, forward } = startController()
    expect(await forward({ cells: [cell(3)] })).toEqual({
      protocol: PROTOCOL,
      epoch: 0,
      state: undefined,
      document: undefined,
      intervalMs: 1_000,
      sampleQuota: 100,
      pace: PACES.live,
    })
    await forward({ seq: 1, cells: [cell(3)] })
    expect((await stub.status()).cells.map(({ requests }) => requests)).toEqual([3])
    await stub.command({ kind: 'kill', flag: FLAG }, BY_ADA.actor, BY_ADA.reason)
    expect(await forward({ epoch: 0 })).toMatchObject({ epoch: 1, state: { epoch: 1, killed: [FLAG] } })
    expect((await forward({ epoch: 1 })).state).toBeUndefined()
    const { text } = (await stub.document(undefined)) ?? { text: '' }
    const change = { kind: 'text' as const, text: `${text}\n` }
    await stub.publish(change, { ...BY_ADA, expectedVersion: undefined, confirm: true })
    const { document } = await forward({ documentVersion: 0 })
    expect(document).toMatchObject({ version: 1, hash: await sha256Hex(`${text}\n`) })
    expect((await forward({ documentVersion: 1 })).document).toBeUndefined()
    expect([await stub.documentText(1), await stub.documentText(0)]).toEqual([`${text}\n`, undefined])
  })

  it('asks for fewer samples with more shards, those that have forwarded within 90 seconds', async () => {
    frozenClock()
    const { forward } = startController()
    await forward({ shard: 'FRA' })
    later(90_000)
    expect((await forward()).sampleQuota).toBe(50)
    later(1)
    expect((await forward()).sampleQuota).toBe(100)
  })

  it('ticks once a second; one that is a tenth early ticks too', async () => {
    frozenClock()
    const { stub, forward } = startController()
    // The points of the series end with a tick.
    const pointsOf = async () => (await stub.series(FLAG, 900)).points.length
    const start = Date.now()
    vi.setSystemTime(start - (start % 60_000) + 60_000)
    await forward({ cells: [cell(1)] })
    later(5_000)
    await forward({ cells: [cell(1)] })
    await expect.poll(pointsOf).toBe(1)
    await forward({ cells: [cell(1)] })
    later(899)
    await forward({ cells: [cell(1)] })
    expect(await pointsOf()).toBe(1)
  })

  it('is stored at once where the last time is long ago, and otherwise before the object may be evicted', async () => {
    frozenClock()
    const { stub, forward, alarmInMs } = startController()
    const stored = () =>
      runInDurableObject(stub, (_, { storage }) =>
        (new TextStore(storage.sql).getJson<Book>(`book ${FLAG}`)?.cells ?? []).map(
          ({ requests }) => requests,
        ),
      )
    await forward({ cells: [cell(3)] })
    await expect.poll(stored).toEqual([3])
    later(4_999)
    await forward({ cells: [cell(4)] })
    await expect.poll(alarmInMs).toBe(9_000)
    expect(await stored()).toEqual([3])
    later(1)
    await forward({ cells: [cell(5)] })
    later(1_000)
    await forward({ cells: [cell(5)] })
    await expect.poll(stored).toEqual([17])
  })

  it('within a second of a tick is seen a second later, though none follows', async () => {
    const { forward, alarmInMs } = startController()
    await forward({ cells: [cell(1)] })
    await forward({ cells: [cell(1)] })
    await expect.poll(alarmInMs, { timeout: 3_000 }).toBeLessThanOrEqual(9_000)
  })

  it('within a second of a tick is seen, and stored, by an alarm that comes before the next', async () => {
    frozenClock()
    const { stub, forward } = startController()
    await forward({ cells: [cell(1)] })
    later(100)
    await forward({ cells: [cell(1)] })
    await runInDurableObject(stub, (instance: Controller) => instance.alarm())
    await evictDurableObject(stub)
    expect((await stub.status()).cells.map(({ requests }) => requests)).toEqual([2])
  })
})

describe('an alarm', () => {
  it('comes again in silence only when a bake may be over', async () => {
    frozenClock()
    const { stub, forward, alarmInMs, clearAlarm } = startController()
    await forward({ cells: [cell(1)] })
    await clearAlarm()
    await runInDurableObject(stub, (instance: Controller) => instance.alarm())
    // The shortest bake of the example document.
    await expect.poll(alarmInMs).toBe(600_000)
  })

  /** A Controller that was evicted before it wrote its state to KV. */
  async function evictBeforeWriting() {
    const controller = startController()
    const { stub } = controller
    await stub.command({ kind: 'kill', flag: FLAG }, BY_ADA.actor, BY_ADA.reason)
    await expect.poll(controller.pending).toEqual([])
    await env.GATE.delete('state')
    await runInDurableObject(stub, async (_, { storage }) => {
      const texts = new TextStore(storage.sql)
      texts.putJson('kv pending', ['state'])
      texts.putJson('kv written state', 0)
      await storage.deleteAlarm()
    })
    await evictDurableObject(stub)
    return { ...controller, wake: () => runInDurableObject(stub, (instance: Controller) => instance.alarm()) }
  }

  it('writes to KV what an evicted Controller had still to write, and comes again until it is written', async () => {
    const { wake, pending, alarmInMs } = await evictBeforeWriting()
    await wake()
    const dueMs = (await alarmInMs()) ?? Infinity
    expect([dueMs > 0, dueMs <= 1_000]).toEqual([true, true])
    await expect.poll(pending).toEqual([])
    expect(JSON.parse((await env.GATE.get('state')) ?? '{}')).toMatchObject({ epoch: 1, killed: [FLAG] })
  })

  it('of an object is the earliest that was asked for', () =>
    withStorage(async (storage) => {
      frozenClock()
      const alarm = new Alarm(storage)
      const dueIn = async (delayMs: number) => {
        await alarm.within(delayMs)
        return ((await storage.getAlarm()) ?? 0) - Date.now()
      }
      expect([await dueIn(50_000), await dueIn(60_000), await dueIn(40_000)]).toEqual([
        50_000, 50_000, 40_000,
      ])
      await storage.deleteAlarm()
    }))
})

describe('what the Controller tells', () => {
  it('storage wins over memory that is gone: state, documents, tokens, feedback, audit', async () => {
    const { stub } = startController()
    await stub.command({ kind: 'pause', flag: FLAG }, BY_ADA.actor, BY_ADA.reason)
    const token = {
      id: 'i',
      name: 'n',
      role: 'viewer',
      createdAtMs: 1,
      createdBy: 'a',
      expiresAtMs: undefined,
    }
    await stub.addToken({ ...token, lastUsedAtMs: undefined }, 'hash')
    await stub.addFeedback([{ atMs: 1, flag: FLAG, variant: 'on', text: 'good' }])
    const all = async () => ({
      state: (await stub.status()).state,
      tokens: await stub.tokens(),
      feedback: await stub.feedback({ limit: 9 }),
      audit: await stub.audit({ limit: 9 }),
    })
    const before = await all()
    await evictDurableObject(stub)
    expect(await all()).toEqual(before)
    expect(before.state.flags[FLAG]?.paused).toBeDefined()
    expect((before.audit as { action: string }[]).map(({ action }) => action)).toEqual([
      'token-created',
      'pause',
    ])
    expect(await stub.findToken('hash')).toMatchObject({ id: 'i' })
    expect(await stub.revokeToken('i', 'Ada')).toMatchObject({ id: 'i' })
    expect(await stub.findToken('hash')).toBeUndefined()
  })

  it('an expired token is not found', async () => {
    frozenClock()
    const { stub } = startController()
    const token = {
      id: 'i',
      name: 'n',
      role: 'viewer',
      createdAtMs: 1,
      createdBy: 'a',
      lastUsedAtMs: undefined,
    }
    await stub.addToken({ ...token, expiresAtMs: Date.now() + 10 }, 'hash')
    expect(await stub.findToken('hash')).toMatchObject({ id: 'i' })
    later(10)
    expect(await stub.findToken('hash')).toBeUndefined()
  })

  it('convergence on the latest epoch, or another one, with KV and the document', async () => {
    frozenClock()
    const { stub, forward } = startController()
    const sinceMs = Date.now()
    await stub.command({ kind: 'pause', flag: FLAG }, BY_ADA.actor, BY_ADA.reason)
    const isolate = (name: string, epoch: number, more = {}) => ({
      isolate: name,
      epoch,
      epochAtMs: sinceMs + 300,
      seenAtMs: Date.now(),
      usedHash: '',
      documentHash: '',
      killHash: '',
      ...more,
    })
    await forward({ isolates: [isolate('i1', 1), isolate('i2', 0, { usedHash: 'other' })] })
    expect(await stub.convergence(undefined)).toMatchObject({
      epoch: 1,
      sinceMs,
      converged: false,
      slowestMs: 300,
      isolates: { converged: 1, behind: 1, idle: 0 },
      kv: { error: null },
      document: { version: 0, converged: false, isolates: { converged: 1, behind: 1 } },
    })
    expect(await stub.convergence(0)).toMatchObject({ epoch: 0, sinceMs: undefined, converged: true })
    expect(await stub.convergence(9)).toMatchObject({ epoch: 9, sinceMs: undefined, converged: false })
  })

  it('the points of a flag, with what its rollout was doing, and the alpha of its guard', async () => {
    frozenClock()
    const { stub, forward } = startController()
    const start = Date.now()
    vi.setSystemTime(start - (start % 60_000) + 60_000)
    await forward({ cells: [cell(4), { ...cell(2), flag: 'unknown' }] })
    later(5_000)
    await forward({ cells: [] })
    await expect.poll(async () => (await stub.series(FLAG, 900)).points.length).toBe(1)
    const { alpha, points, stepMs, lines } = await stub.series(FLAG, 900)
    expect(lines?.errors).toMatchObject({ rho: expect.any(Number), level: expect.any(Number) })
    expect(points[0]?.judged?.errors).toMatchObject({ canaryBad: 0, controlBad: 0 })
    expect(points[0]?.judged?.slow).toHaveLength(3)
    expect(stepMs).toBe(5_000)
    expect(alpha).toBeGreaterThan(0)
    expect(points[0]).toMatchObject({
      generation: 1,
      stage: 0,
      percentage: expect.any(Number),
      canary: { requests: 4 },
    })
    expect(points[0]?.wealth).toEqual(expect.any(Number))
    const unknown = await stub.series('unknown', 900)
    expect([unknown.alpha, unknown.lines]).toEqual([undefined, undefined])
    expect(unknown.points).toMatchObject([{ percentage: null, wealth: null, canary: { requests: 2 } }])
    expect((await stub.series(FLAG, 1)).points).toEqual([])
  })

  it('the test of a webhook, on record; of none that the document lacks', async () => {
    const { stub } = startController()
    expect(await stub.testWebhook('http://x.test/', 'Ada')).toBeUndefined()
    expect(await stub.audit({ limit: 1 })).toEqual([])
  })

  it('one version, the one in force, and pages of all', async () => {
    const { stub } = startController()
    const bundled = await stub.document(undefined)
    expect(bundled?.info).toMatchObject({ version: 0, source: 'bundled' })
    expect(await stub.document(0)).toEqual(bundled)
    expect(await stub.document(1)).toBeUndefined()
    const options = { ...BY_ADA, expectedVersion: undefined, confirm: true }
    for (const end of ['\n', '\n\n']) {
      const text = `${bundled?.text}${end}`
      await stub.publish({ kind: 'text', text }, options)
    }
    expect((await stub.document(1))?.text).toBe(`${bundled?.text}\n`)
    expect((await stub.document(undefined))?.info.version).toBe(2)
    const { current, versions } = await stub.versions({ limit: 1, before: 2 })
    expect([current, versions.map(({ version }) => version)]).toEqual([2, [1]])
  })
})
