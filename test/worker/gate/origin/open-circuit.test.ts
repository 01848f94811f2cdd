import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { OriginHealth } from '../../../../src/gate/origin/origin-health.ts'
import { type Fallback, OriginClient } from '../../../../src/gate/origin/retry-and-fallback.ts'
import { type Asked, NOW_MS, originAt, requestTo, stopClock, stubOrigins } from '../support/stage.ts'

beforeEach(() => stopClock())
afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

const canary = originAt('http://new.test')
const stable = originAt('http://old.test')
const URL_ = 'https://shop.test/'
const call = { origin: canary, extraHeaders: [] }
const fallback = (mayRepeat = true): Fallback => ({
  origin: stable,
  mayRepeat,
  isPairable: mayRepeat,
  call: async () => ({ origin: stable, extraHeaders: [] }),
})
const client = (health: OriginHealth) => new OriginClient(health)
const hosts = (asked: readonly Asked[]) => asked.map(({ url }) => new URL(url).hostname)
const both = (onCanary: number, onStable: number) =>
  stubOrigins(({ url }) => new Response('', { status: url.startsWith('http://new') ? onCanary : onStable }))

describe('an open circuit', () => {
  /** Where the requests of these tests come from, and two networks more. */
  const home = (visitor: number) => requestTo(URL_).network + (visitor % 3)
  /** A canary that has failed many visitors. */
  const opened = (failure: 'connect' | 'status' = 'connect') => {
    const health = new OriginHealth()
    for (let visitor = 0; visitor < 20; visitor++)
      health.record(
        { kind: 'failed', origin: canary, failure: failure as 'connect', latencyMs: 40 },
        Date.now(),
        { visitor, network: home(visitor) },
      )
    return health
  }

  it('sends any method to the fallback at once, and does not charge the canary, which was not asked', async () => {
    const asked = both(200, 200)
    const origins = client(opened())
    for (const [method, mayRepeat] of [
      ['GET', true],
      ['POST', false],
    ] as const) {
      const delivery = await origins.send(requestTo(URL_, { method }), call, fallback(mayRepeat))
      expect(delivery).toMatchObject({ isUnsent: true, charge: { failure: 'connect' }, rescued: true })
    }
    expect(hosts(asked)).toEqual(['old.test', 'old.test'])
  })

  it('is half-open after a second: one request probes the origin, and a success closes it', async () => {
    const asked = both(200, 200)
    const origins = client(opened())
    const ask = (nowMs: number) => origins.send(requestTo(URL_, {}, { nowMs }), call, fallback())
    await ask(NOW_MS + 999)
    await ask(NOW_MS + 1_000)
    await ask(NOW_MS + 1_001)
    expect(hosts(asked)).toEqual(['old.test', 'new.test', 'new.test'])
  })

  it('is probed by a request that can not be repeated only when none else came', async () => {
    const asked = both(200, 200)
    const origins = client(opened())
    const ask = (nowMs: number) =>
      origins.send(requestTo(URL_, { method: 'POST' }, { nowMs }), call, fallback(false))
    await ask(NOW_MS + 1_000)
    await ask(NOW_MS + 11_000)
    expect(hosts(asked)).toEqual(['old.test', 'new.test'])
  })

  it('of both origins lets requests go where they were sent', async () => {
    const health = opened()
    for (let visitor = 0; visitor < 20; visitor++)
      health.record({ kind: 'failed', origin: stable, failure: 'connect', latencyMs: 40 }, Date.now(), {
        visitor,
        network: home(visitor),
      })
    const asked = both(500, 200)
    const delivery = await client(health).send(requestTo(URL_), call, fallback())
    expect(hosts(asked)).toEqual(['new.test'])
    expect(delivery).toMatchObject({ answer: { status: 500 }, rescued: false })
  })

  it('allows no retry', async () => {
    const asked = stubOrigins(() => Promise.reject(new Error('The connection broke')))
    await client(opened()).attempt(requestTo(URL_), call)
    expect(asked).toHaveLength(1)
  })
})

describe('what an origin is said to have done', () => {
  /** What is noted of canary and control. */
  const notedOf = async (onCanary: number, onStable: number, mayRepeat = true, init: RequestInit = {}) => {
    const health = new OriginHealth()
    const noted = vi.spyOn(health, 'record')
    both(onCanary, onStable)
    await client(health).send(requestTo(URL_, init), call, fallback(mayRepeat))
    return noted.mock.calls.map(([{ origin, failure }]) => `${origin.name} ${failure}`)
  }

  it.each([
    ['both answer', 200, 200, ['new.test undefined']],
    ['control makes up for', 500, 200, ['old.test undefined', 'new.test status']],
    ['control fails as well', 500, 500, ['old.test status']],
  ])('a request that %s', async (_, onCanary, onStable, expected) => {
    expect(await notedOf(onCanary, onStable)).toEqual(expected)
  })

  it('a request that control may not be asked as well', async () => {
    expect(await notedOf(500, 200, false, { method: 'POST' })).toEqual(['new.test status'])
  })

  it('a request that control is not asked, as its circuit is open to the sender', async () => {
    const health = new OriginHealth()
    const sender = { visitor: 1, network: requestTo(URL_).network }
    for (let count = 0; count < 5; count++)
      health.record({ kind: 'failed', origin: stable, failure: 'connect', latencyMs: 40 }, Date.now(), sender)
    const noted = vi.spyOn(health, 'record')
    const asked = both(500, 200)
    await client(health).send(requestTo(URL_), call, fallback())
    expect(hosts(asked)).toEqual(['new.test'])
    expect(noted).not.toHaveBeenCalled()
  })

  it('says nothing of its share of failures where one network goes on failing', () => {
    const health = new OriginHealth()
    const failed = { kind: 'failed', origin: canary, failure: 'connect', latencyMs: 40 } as const
    health.record({ ...failed, failure: undefined } as never, NOW_MS, { network: 8 })
    for (let count = 0; count < 100; count++) health.record(failed, NOW_MS, { visitor: count, network: 7 })
    expect(health.isDown(canary)).toBe(false)
    expect(health.isCircuitOpen(canary, { network: 7 })).toBe(true)
    expect(health.isCircuitOpen(canary, { network: 8 })).toBe(false)
    expect(health.mayAsk(canary, NOW_MS, { network: 7 })).toBe(false)
    expect(health.mayAsk(canary, NOW_MS, { network: 8 })).toBe(true)
    expect(health.mayQuestion(canary, NOW_MS, 8)).toBe(true)
  })
})
