/** When outcomes leave the isolate, what goes with them, and what a flush reply changes. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { FlushMessage, FlushReply } from '../../../../src/core/counters/protocol.ts'
import type { Decision } from '../../../../src/core/decision/decide.ts'
import type { Outcome } from '../../../../src/core/outcome/outcome.ts'
import { LiveConfig } from '../../../../src/gate/config/live-config.ts'
import { type ReportContext, Reporter } from '../../../../src/gate/reporting/reporter.ts'
import { Sampler } from '../../../../src/gate/reporting/sampler.ts'
import { sha256Hex } from '../../../../src/platform/crypto.ts'
import type { Env } from '../../../../src/platform/env.ts'
import { noteInternalError, takeInternalErrors } from '../../../../src/platform/internal-errors.ts'
import { environment, NOW_MS, SHOP, stopClock } from '../support/stage.ts'

const decision: Decision = {
  flag: 'checkout',
  variant: 'on',
  value: true,
  reason: 'SPLIT',
  rule: 'rule 1',
  placement: { arm: 'canary', position: 7 * 65_536 },
  generation: 1,
  stage: 0,
}
const good: Outcome = { decision, failure: undefined, latencyMs: 40, journey: true, rescued: false }
const REPLY: FlushReply = {
  epoch: 0,
  state: undefined,
  document: undefined,
  intervalMs: 1_000,
  shards: 1,
  sampleQuota: 20,
}

type Sent = { shard: string; atMs: number; message: FlushMessage }

/** A reporter, its shards, and the work that requests have left behind. */
function stage() {
  const sent: Sent[] = []
  /** Replies, in order; then always the last. An error: the shard is away. */
  let replies: (Partial<FlushReply> | Error)[] = [{}]
  const documents = new Map<number, string>()
  const shard = (name: string) => ({
    flush: async (message: FlushMessage) => {
      sent.push({ shard: name, atMs: Date.now() - NOW_MS, message: structuredClone(message) })
      const reply = replies.length > 1 ? replies.shift() : replies[0]
      if (reply instanceof Error) throw reply
      return { ...REPLY, ...reply }
    },
    documentText: async (version: number) => documents.get(version),
  })
  const bindings = {
    ...environment,
    ENVIRONMENT: 'production',
    COUNTERS: { idFromName: (name: string) => name, get: shard },
  } as unknown as Env
  const live = new LiveConfig(SHOP)
  const sampler = new Sampler()
  const reporter = new Reporter(live, sampler)
  const work: Promise<unknown>[] = []
  const context = (): ReportContext => ({
    env: bindings,
    place: { colo: 'OTP' },
    nowMs: Date.now(),
    waitUntil: (each) => void work.push(each),
  })
  const settled = async () => {
    while (work.length > 0) await Promise.all(work.splice(0))
  }
  const answer = (...next: typeof replies) => {
    replies = next
  }
  return { reporter, live, sampler, sent, documents, work, context, settled, answer }
}
const cells = ({ message }: Sent) => message.cells
const requests = (each: Sent) => cells(each).reduce((sum, cell) => sum + cell.requests, 0)
const later = (ms: number) => vi.setSystemTime(Date.now() + ms)

beforeEach(() => {
  stopClock()
  takeInternalErrors()
  vi.spyOn(console, 'error').mockImplementation(() => {})
  // Waiting moves the clock.
  vi.spyOn(scheduler, 'wait').mockImplementation(async (ms) => void later(ms))
})
afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

describe('outcomes', () => {
  it('gather for half a second, and go in one flush', async () => {
    const { reporter, sent, work, context, settled } = stage()
    for (let count = 0; count < 3; count++) reporter.report(good, context())
    expect(work).toHaveLength(1)
    await settled()
    expect(sent).toMatchObject([
      {
        shard: 'OTP',
        atMs: 500,
        message: {
          seq: 1,
          shards: 1,
          epoch: 0,
          usedHash: '',
          documentHash: '',
          killHash: '',
          patienceMs: 750,
          protocol: expect.any(Number),
        },
      },
    ])
    expect(cells(sent[0] as Sent)).toMatchObject([
      { flag: 'checkout', variant: 'on', arm: 'canary', requests: 3, journeys: 3, rescued: 0 },
    ])
  })

  it('go a second after the last flush, by the interval that the shard has asked for', async () => {
    const { reporter, sent, context, settled, answer } = stage()
    answer({ intervalMs: 4_000 })
    for (const waitMs of [0, 100, 499]) {
      later(waitMs)
      reporter.report(good, context())
      await settled()
    }
    // The second goes by the interval at which the first reply was promised.
    expect(sent.map(({ atMs }) => atMs)).toEqual([500, 1_500, 5_500])
    expect(sent.map(({ message }) => message.patienceMs)).toEqual([750, 3_750, 3_750])
    expect(new Set(sent.map(({ message }) => message.isolate)).size).toBe(1)
  })

  it('are sent again until the shard has them, unchanged, and those that came meanwhile after them', async () => {
    const { reporter, sent, context, settled, answer } = stage()
    answer(new Error('The shard is away'), new Error('The shard is away'), {})
    reporter.report(good, context())
    await settled()
    expect(sent.map(({ atMs, message }) => [atMs, message.seq])).toEqual([
      [500, 1],
      [1_000, 1],
      [2_000, 1],
    ])
    expect(takeInternalErrors()).toMatchObject([{ place: 'flush.send', count: 2 }])
  })

  it('wait for the next request after three attempts, and for nothing once the shard is back', async () => {
    const { reporter, sent, context, settled, answer } = stage()
    answer(new Error('The shard is away'))
    reporter.report(good, context())
    await settled()
    expect(sent).toHaveLength(3)
    reporter.report(good, context())
    await settled()
    expect(sent.splice(3).map(({ message }) => message.seq)).toEqual([1, 1, 1])
    answer({})
    reporter.report(good, context())
    await settled()
    expect(sent.slice(3).map((each) => [each.message.seq, requests(each)])).toEqual([
      [1, 1],
      [2, 2],
    ])
    reporter.stayInTouch(context())
    await settled()
    expect(sent.slice(5).map((each) => [each.message.seq, requests(each)])).toEqual([[3, 0]])
  })

  it('are not lost with a request that was to carry them: five seconds later another does', async () => {
    const { reporter, work, context } = stage()
    vi.mocked(scheduler.wait).mockReturnValue(new Promise(() => {}))
    reporter.report(good, context())
    later(5_999)
    reporter.report(good, context())
    expect(work).toHaveLength(1)
    later(1)
    reporter.report(good, context())
    expect(work).toHaveLength(2)
  })

  it('go at once where the clock was put back', async () => {
    const { reporter, sent, context, settled } = stage()
    reporter.report(good, context())
    await settled()
    later(-3_600_000)
    reporter.report(good, context())
    await settled()
    expect(sent[1]?.atMs).toBe(500 - 3_600_000 + 500)
  })

  it('of a shard with few places go to several', async () => {
    const { reporter, sent, context, settled, answer } = stage()
    answer({ shards: 256 })
    for (let count = 0; count < 2; count++) {
      reporter.report(good, context())
      await settled()
    }
    expect(sent[0]).toMatchObject({ shard: 'OTP', message: { shard: 'OTP', shards: 1 } })
    expect(sent[1]).toMatchObject({ message: { shard: sent[1]?.shard, shards: 256 } })
  })
})

describe('what counts', () => {
  const reported = async (report: (reporter: Reporter, context: ReportContext) => void) => {
    const { reporter, sent, context, settled } = stage()
    report(reporter, context())
    await settled()
    return cells(sent[0] as Sent)[0]
  }

  it('a body that broke off is a failure of a request that is counted', async () => {
    expect(await reported((reporter, context) => reporter.reportBrokenBody(good, context))).toMatchObject({
      requests: 0,
      errors: { 'aborted-by-origin': 1 },
      erroredBuckets: [7],
    })
  })

  it('an error, a duration and vitals that the app reports', async () => {
    expect(
      await reported((reporter, context) => reporter.reportFromApp(decision, { type: 'error' }, context)),
    ).toMatchObject({
      errors: { reported: 1 },
      erroredBuckets: [7],
      timings: {},
    })
    const timing = await reported((reporter, context) =>
      reporter.reportFromApp(decision, { type: 'timing', durationMs: 40 }, context),
    )
    expect([Object.values(timing?.timings ?? {}), timing?.vitals]).toEqual([[1], undefined])
    const vital = async (name: 'LCP' | 'CLS', value: number) =>
      (
        await reported((reporter, context) =>
          reporter.reportFromApp(decision, { type: 'vital', name, value }, context),
        )
      )?.vitals?.[name]
    // CLS is a ratio, counted in thousandths.
    expect(await vital('CLS', 0.04)).toEqual(await vital('LCP', 40))
    expect(timing?.latency).toEqual({})
  })

  it('a request past its deadline counts as slow, once, and its end only as what it became', async () => {
    const { reporter, sent, context, settled } = stage()
    const raw = new Request('https://shop.test/')
    const first = reporter.track({ decision, network: 0 }, 200, raw, context())
    first.sent(Date.now())
    later(200)
    // The next request looks.
    reporter.track({ decision, network: 0 }, 200, raw, context())
    await settled()
    expect(cells(sent[0] as Sent)).toMatchObject([{ requests: 1, journeys: 0 }])
    first.ended()
    reporter.report({ ...good, failure: 'timeout' }, context(), first)
    await settled()
    expect(cells(sent[1] as Sent)).toMatchObject([{ requests: 0, journeys: 1, errors: { timeout: 1 } }])
  })

  it('requests look for others once per fifty milliseconds', async () => {
    const { reporter, work, context } = stage()
    const raw = new Request('https://shop.test/')
    const track = () => reporter.track({ decision, network: 0 }, 10, raw, context()).sent(Date.now())
    track()
    later(49)
    track()
    expect(work).toHaveLength(0)
    later(1)
    track()
    expect(work).toHaveLength(1)
  })

  it('a flush looks for requests past their deadline, and so goes with them', async () => {
    const { reporter, sent, context, settled } = stage()
    reporter
      .track({ decision, network: 0 }, 400, new Request('https://shop.test/'), context())
      .sent(Date.now())
    reporter.report(good, context())
    await settled()
    expect(cells(sent[0] as Sent)).toMatchObject([{ requests: 2, journeys: 1 }])
  })

  it('internal errors go with the next flush, and only once', async () => {
    const { reporter, sent, context, settled } = stage()
    noteInternalError('gate.test', new Error('broken'))
    for (let count = 0; count < 2; count++) {
      reporter.stayInTouch(context())
      await settled()
    }
    expect(sent.map(({ message }) => message.internalErrors?.map(({ place }) => place))).toEqual([
      ['gate.test'],
      undefined,
    ])
  })
})

describe('a flush reply', () => {
  const state = { epoch: 7, killed: ['checkout'], kvKilled: [], flags: {} }

  it('brings a kill, which is confirmed at once', async () => {
    const { reporter, live, sent, context, settled, answer } = stage()
    answer({ epoch: 7, state }, {})
    reporter.report(good, context())
    await settled()
    expect(live.last.control.isKilled('checkout')).toBe(true)
    expect(sent.map(({ atMs, message }) => [atMs, message.seq, message.epoch])).toEqual([
      [500, 1, 0],
      [500, 2, 7],
    ])
    expect(sent[1]?.message.epochAtMs).toBe(NOW_MS + 500)
  })

  it('with a stale state undoes no kill, and is not confirmed', async () => {
    const { reporter, live, sent, context, settled, answer } = stage()
    live.adopt(state, NOW_MS)
    answer({ epoch: 7, state: { ...state, epoch: 6, killed: [] } })
    reporter.report(good, context())
    await settled()
    expect([live.last.control.isKilled('checkout'), sent.length]).toEqual([true, 1])
  })

  it('brings a document, whose text the shard has', async () => {
    const { reporter, live, documents, context, settled, answer } = stage()
    const text = JSON.stringify({ ...SHOP, defaultOrigin: 'other' })
    documents.set(4, text)
    answer({ document: { version: 4, hash: await sha256Hex(text), atMs: NOW_MS, replaced: [], inKv: true } })
    reporter.report(good, context())
    await settled()
    expect(live.last.snapshot.fallback.name).toBe('other')
  })

  it('says how many isolates are here; a shard of another release leaves this one alone', async () => {
    const { reporter, context, settled, answer } = stage()
    expect(reporter.inColo).toBeUndefined()
    for (const [reply, known] of [
      [{ inColo: 7 }, 7],
      [{}, 1],
    ] as const) {
      answer(reply)
      reporter.report(good, context())
      await settled()
      expect(reporter.inColo).toBe(known)
    }
  })

  it('asks for samples, and is noted where it is of a newer protocol', async () => {
    const { reporter, sampler, context, settled, answer } = stage()
    const want = vi.spyOn(sampler, 'want')
    answer({ sampleQuota: 3, protocol: 999 })
    reporter.report(good, context())
    await settled()
    expect(want).toHaveBeenCalledWith(3)
    expect(takeInternalErrors()).toMatchObject([
      { place: 'protocol.newer', message: expect.stringContaining('flush reply') },
    ])
  })
})

it('the Controller hears soon of a kill list that is new in KV', async () => {
  const { reporter, live, sent, context, settled, answer } = stage()
  answer({ intervalMs: 20_000 })
  for (let count = 0; count < 2; count++) {
    reporter.report(good, context())
    await settled()
  }
  const values = new Map([
    ['kill', '["checkout"]'],
    ['state', null],
  ])
  const kv = { get: async (key: unknown) => (key === 'config' ? null : values) } as unknown as KVNamespace
  // KV shows it while the third flush waits.
  const startMs = Date.now()
  vi.mocked(scheduler.wait).mockImplementation(async (ms) => {
    later(ms)
    if (Date.now() - startMs === 3_000) await live.refreshNow({ ...environment, GATE: kv }, Date.now())
  })
  reporter.report(good, context())
  await settled()
  expect(sent[2]?.message.killHash).toBe(await sha256Hex('["checkout"]'))
  expect(sent[2]?.atMs).toBe(startMs - NOW_MS + 3_000)
})
