/** When an isolate reads KV, and how long requests wait for it. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { LiveConfig } from '../../../../src/gate/config/live-config.ts'
import { takeInternalErrors } from '../../../../src/platform/internal-errors.ts'
import { NOW_MS, stopClock } from '../support/stage.ts'
import { stageConfig as stage, textAt } from '../support/stage-config.ts'

beforeEach(() => {
  takeInternalErrors()
  vi.spyOn(console, 'error').mockImplementation(() => {})
})
afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

describe('KV is read', () => {
  it.each([
    ['production', 30_000],
    ['development', 1_000],
  ])('in %s once per %i ms, by the first request that comes', async (environment, intervalMs) => {
    const { kv, live, visit } = stage(environment)
    const readsAt = async (afterMs: number) => {
      await visit(afterMs)
      return kv.reads.splice(0).length
    }
    expect(await readsAt(0)).toBe(2)
    expect(live.fresh(NOW_MS + intervalMs - 1)).toBe(live.last)
    expect(live.fresh(NOW_MS + intervalMs)).toBeUndefined()
    expect([await readsAt(intervalMs - 1), await readsAt(intervalMs), await readsAt(intervalMs + 1)]).toEqual(
      [0, 2, 0],
    )
  })

  it('again a second after it failed, and the report says how it failed', async () => {
    const { kv, live, visit, host } = stage()
    kv.values.set('config', textAt('http://first.test'))
    kv.broken = ['config']
    await visit(0)
    expect([host(), live.report.lastError, live.report.checkedAtMs]).toEqual([
      'bundled.test',
      'Cannot read KV: KV is down',
      0,
    ])
    expect(takeInternalErrors()).toMatchObject([{ place: 'kv.read', count: 1 }])
    kv.broken = []
    await visit(999)
    expect(host()).toBe('bundled.test')
    await visit(1_000)
    expect([host(), live.report.lastError, live.report.checkedAtMs]).toEqual([
      'first.test',
      undefined,
      NOW_MS + 1_000,
    ])
    kv.reads.length = 0
    await visit(1_000 + 29_999)
    expect(kv.reads).toEqual([])
  })

  it('again where the clock was set back', async () => {
    const { kv, live, visit, host, isKilled } = stage()
    await visit(0)
    kv.values.set('config', textAt('http://first.test'))
    kv.values.set('kill', '["checkout"]')
    // No request is so much older than the read that it tells of a clock.
    await visit(-90_000)
    expect(isKilled()).toBe(false)
    expect(live.fresh(NOW_MS - 3_600_000)).toBeUndefined()
    await visit(-3_600_000)
    expect([host(), isKilled()]).toEqual(['first.test', true])
  })

  it('for kills although the document can not be read', async () => {
    const { kv, visit, isKilled } = stage()
    kv.values.set('kill', '["checkout"]')
    kv.broken = ['config']
    await visit(0)
    expect(isKilled()).toBe(true)
  })

  it('for a document although kills can not be read, once they can', async () => {
    const { kv, live, visit, host } = stage()
    kv.values.set('config', textAt('http://first.test'))
    kv.broken = ['kill,state']
    await visit(0)
    expect([host(), live.report.lastError]).toEqual(['bundled.test', 'Cannot read KV: KV is down'])
  })

  it('for ten seconds at most', async () => {
    stopClock()
    const { kv, live, work, ask } = stage()
    kv.hanging = ['config', 'kill,state']
    vi.spyOn(scheduler, 'wait').mockResolvedValue(undefined)
    await ask(0)
    await vi.advanceTimersByTimeAsync(9_999)
    expect(live.report.lastError).toBeUndefined()
    await vi.advanceTimersByTimeAsync(1)
    await Promise.all(work)
    expect(live.report.lastError).toBe('Cannot read KV: no answer within 10000 ms')
  })

  it('now, when an operator wants to see what is there', async () => {
    const { kv, live, bindings, visit } = stage()
    await visit(0)
    kv.values.set('config', textAt('http://first.test'))
    kv.values.set('kill', '["checkout"]')
    const config = await live.refreshNow(bindings, NOW_MS + 5)
    expect([config.snapshot.fallback.url, config.control.isKilled('checkout')]).toEqual([
      'http://first.test',
      true,
    ])
    expect(live.report.checkedAtMs).toBe(NOW_MS + 5)
  })
})

describe('a request waits for KV', () => {
  /** How long requests at these times waited while KV hangs. */
  async function waits(...times: number[]) {
    const { kv, ask, visit } = stage()
    const wait = vi.spyOn(scheduler, 'wait').mockResolvedValue(undefined)
    const waited = () => wait.mock.calls.splice(0).reduce((sum, [ms]) => sum + ms, 0)
    const all: number[] = []
    for (const [index, afterMs] of times.entries()) {
      kv.hanging = index === times.length - 1 ? ['config', 'kill,state'] : []
      await (kv.hanging.length > 0 ? ask(afterMs) : visit(afterMs))
      all.push(waited())
    }
    return all.at(-1)
  }

  it('in a cold isolate for 1.5 s', async () => expect(await waits(0)).toBe(1_500))
  it('in an idle isolate for 50 ms', async () => expect(await waits(0, 60_001)).toBe(50))
  it('in a busy isolate not at all', async () => expect(await waits(0, 60_000)).toBe(0))

  it('that another has begun, as long as that one does', async () => {
    const { kv, ask } = stage()
    kv.hanging = ['config', 'kill,state']
    const wait = vi.spyOn(scheduler, 'wait').mockResolvedValue(undefined)
    await ask(0)
    wait.mockClear()
    await ask(1_493)
    expect(wait.mock.calls).toEqual([[5], [2]])
    expect(kv.reads).toHaveLength(2)
  })

  it('until it has come', async () => {
    const { kv, ask, host } = stage()
    kv.values.set('config', textAt('http://first.test'))
    await ask(0)
    expect(host()).toBe('first.test')
  })

  it('and the short way is closed meanwhile', async () => {
    const { kv, live, ask } = stage()
    kv.hanging = ['config']
    vi.spyOn(scheduler, 'wait').mockResolvedValue(undefined)
    await ask(0)
    expect(live.fresh(NOW_MS + 1)).toBeUndefined()
  })
})

it('a bundled document that is not valid serves nothing', () => {
  expect(() => new LiveConfig({}).last).toThrow('Cannot serve: the bundled document is invalid')
})
