import { afterEach, describe, expect, it, vi } from 'vitest'
import { OriginHealth } from '../../../../src/gate/origin/origin-health.ts'
import { type Fallback, OriginClient } from '../../../../src/gate/origin/retry-and-fallback.ts'
import { type Asked, NOW_MS, originAt, requestTo, stopClock, stubOrigins } from '../support/stage.ts'

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
  isPairable: true,
  call: async () => ({ origin: stable, extraHeaders: [['sluice-flags', 'a=off;reason=rescued']] }),
})
const client = (health = new OriginHealth()) => new OriginClient(health)
const hosts = (asked: readonly Asked[]) => asked.map(({ url }) => new URL(url).hostname)
const broken = () => Promise.reject(new Error('The connection broke'))
/** Both origins by host: a status, or a connection that breaks. */
const both = (onCanary: number | 'broken', onStable: number | 'broken') =>
  stubOrigins(({ url }) => {
    const what = url.startsWith('http://new.test') ? onCanary : onStable
    return what === 'broken'
      ? broken()
      : new Response(`${what} of ${new URL(url).hostname}`, { status: what })
  })

describe('a retry', () => {
  it.each(['GET', 'HEAD', 'OPTIONS'])(
    'repeats %s once over a new connection, and the time adds up',
    async (method) => {
      stopClock()
      const asked = stubOrigins(() => {
        vi.setSystemTime(Date.now() + 30)
        return asked.length === 1 ? broken() : new Response('late, but here')
      })
      const health = new OriginHealth()
      const answer = await client(health).attempt(requestTo(URL_, { method }), call)
      expect(answer).toMatchObject({ kind: 'answered', failure: undefined, latencyMs: 60 })
      expect(asked).toHaveLength(2)
      expect(health.latencyMs(canary).now).toBe(60)
    },
  )

  it('repeats a request once, not more often', async () => {
    const asked = stubOrigins(broken)
    expect(await client().attempt(requestTo(URL_), call)).toMatchObject({ kind: 'failed' })
    expect(asked).toHaveLength(2)
  })

  it.each([
    ['POST without a body', { method: 'POST' }],
    ['a request with a body', { method: 'OPTIONS', body: 'x', headers: { 'content-length': '1' } }],
  ])('does not repeat %s', async (_, init) => {
    const asked = stubOrigins(broken)
    await client().attempt(requestTo(URL_, init), call)
    expect(asked).toHaveLength(1)
  })

  it.each([
    [1_000, 2],
    [1_001, 1],
  ])('is for a connection that closes within a second: after %i ms %i calls', async (afterMs, calls) => {
    stopClock()
    const asked = stubOrigins(() => {
      if (asked.length === 1) vi.setSystemTime(NOW_MS + afterMs)
      return broken()
    })
    await client().attempt(requestTo(URL_), call)
    expect(asked).toHaveLength(calls)
  })

  it('is not for bad answers and timeouts', async () => {
    stopClock()
    const asked = stubOrigins(() =>
      asked.length === 1 ? new Response('', { status: 500 }) : new Promise(() => {}),
    )
    await client().attempt(requestTo(URL_), call)
    const slow = client().attempt(requestTo(URL_), { ...call, origin: { ...canary, timeoutMs: 5 } })
    await vi.advanceTimersByTimeAsync(5)
    expect(await slow).toMatchObject({ failure: 'timeout' })
    expect(asked).toHaveLength(2)
  })

  it('has ten for an origin, and each hundred requests earn another', async () => {
    stopClock()
    const health = new OriginHealth()
    const origins = client(health)
    const asked = stubOrigins(({ url }) =>
      asked.length % 2 === 1 && url.endsWith('/closed') ? broken() : new Response(),
    )
    const closed = async () => {
      const before = asked.length
      await origins.attempt(requestTo(`${URL_}closed`), call)
      return asked.length - before
    }
    let retries = 0
    while ((await closed()) === 2) retries++
    expect(retries).toBe(10)
    asked.length = 0
    for (let count = 0; count < 200; count++) await origins.attempt(requestTo(URL_), call)
    asked.length = 0
    expect(await closed()).toBe(2)
    asked.length = 0
    expect(await closed()).toBe(2)
    asked.length = 0
    expect(await closed()).toBe(1)
  })
})

describe('a fallback', () => {
  it.each(['GET', 'POST'])(
    'answers %s in place of a failure, which the canary is charged with',
    async (method) => {
      const asked = both(503, 200)
      const delivery = await client().send(requestTo(URL_, { method }), call, fallback())
      expect(delivery).toMatchObject({
        answer: { kind: 'answered', origin: stable, status: 200 },
        charge: { failure: 'status' },
        rescued: true,
      })
      expect(hosts(asked)).toEqual(['new.test', 'old.test'])
      expect(asked[1]?.headers.get('sluice-flags')).toBe('a=off;reason=rescued')
    },
  )

  it('is not asked where the canary answers', async () => {
    const asked = both(404, 200)
    const delivery = await client().send(requestTo(URL_), call, fallback())
    expect(delivery).toMatchObject({
      answer: { status: 404 },
      charge: { failure: undefined },
      rescued: false,
    })
    expect(hosts(asked)).toEqual(['new.test'])
  })

  it('is not asked where there is none, or what failed must not be repeated', async () => {
    const asked = both(500, 200)
    for (const each of [undefined, fallback(false)]) {
      const delivery = await client().send(requestTo(URL_), call, each)
      expect(delivery).toMatchObject({
        answer: { status: 500 },
        charge: { failure: 'status' },
        rescued: false,
      })
    }
    expect(hosts(asked)).toEqual(['new.test', 'new.test'])
  })

  it('is not asked for a visitor who has left', async () => {
    const aborter = new AbortController()
    const asked = stubOrigins(() => {
      aborter.abort()
      return broken()
    })
    const request = requestTo(URL_, { method: 'DELETE', signal: aborter.signal })
    expect(await client().send(request, call, fallback())).toMatchObject({ answer: { kind: 'abandoned' } })
    expect(asked).toHaveLength(1)
  })

  it.each([
    [65_536, ['new.test', 'old.test']],
    [65_537, ['new.test']],
  ])('gets a body of %i bytes as well, while it is small: %j', async (bytes, expected) => {
    const asked = both(500, 200)
    const headers = { 'content-length': String(bytes) }
    const request = requestTo(URL_, { method: 'POST', body: 'x'.repeat(bytes), headers })
    await client().send(request, call, fallback())
    expect(hosts(asked)).toEqual(expected)
    expect(asked.map(({ body }) => body.length)).toEqual(expected.map(() => bytes))
  })

  it('does not get a body whose length is not known', async () => {
    const asked = both(500, 200)
    await client().send(requestTo(URL_, { method: 'POST', body: new Response('x').body }), call, fallback())
    expect(hosts(asked)).toEqual(['new.test'])
  })

  it.each([
    // The canary's own error page rather than the gate's.
    [500, 'broken', 'new.test', { failure: 'status' }, false],
    [500, 503, 'old.test', { failure: 'status' }, false],
    ['broken', 503, 'old.test', { failure: 'connect' }, false],
    ['broken', 'broken', 'old.test', { failure: 'connect' }, false],
    ['broken', 404, 'old.test', { failure: 'connect' }, true],
  ] as const)(
    'of two answers (%s, %s) the visitor gets that of %s',
    async (first, second, name, charge, rescued) => {
      both(first, second)
      const delivery = await client().send(requestTo(URL_), call, fallback())
      expect(delivery).toMatchObject({ answer: { origin: { name } }, charge, rescued })
    },
  )

  it('ends the answer that no visitor gets', async () => {
    const cancel = vi.fn()
    stubOrigins(({ url }) =>
      url.startsWith('http://new')
        ? new Response(new ReadableStream({ cancel }), { status: 500 })
        : new Response('good'),
    )
    await client().send(requestTo(URL_), call, fallback())
    expect(cancel).toHaveBeenCalledOnce()
  })

  it('sends a body on once it is complete, and a request without one as it is', async () => {
    const asked = both(500, 200)
    let end = () => {}
    const body = new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode('order'))
        end = () => controller.close()
      },
    })
    const init = { method: 'POST', body, headers: { 'content-length': '5' } }
    const delivery = client().send(requestTo(URL_, init), call, fallback())
    await scheduler.wait(5)
    expect(asked).toHaveLength(0)
    end()
    expect((await delivery).rescued).toBe(true)
    await client().send(requestTo(URL_), call, fallback())
    expect(asked.slice(2).map((each) => each.init.signal)).toEqual([undefined, undefined])
  })

  /** How many of 300 requests, each for separate origins, get to the fallback. */
  const rescuedOf300 = async (
    ask: (origins: OriginClient, one: typeof call, other: Fallback) => Promise<unknown>,
  ) => {
    const origins = client()
    for (let at = 0; at < 300; at++) {
      const one = { ...call, origin: originAt(`http://new.test/${at}`) }
      const to = { ...call, origin: originAt(`http://old.test/${at}`) }
      await ask(origins, one, { ...fallback(), origin: to.origin, call: async () => to })
    }
  }

  it('costs nothing where it helps, or the visitor leaves', async () => {
    const asked = both(500, 200)
    await rescuedOf300((origins, one, other) => origins.send(requestTo(URL_), one, other))
    expect(asked).toHaveLength(600)
    let leave = () => {}
    const left = stubOrigins(({ url }) => {
      if (url.startsWith('http://new')) return new Response('', { status: 500 })
      leave()
      return broken()
    })
    await rescuedOf300((origins, one, other) => {
      const aborter = new AbortController()
      leave = () => aborter.abort()
      return origins.send(requestTo(URL_, { method: 'DELETE', signal: aborter.signal }), one, other)
    })
    expect(left).toHaveLength(600)
  })

  it('spends its budget where both fail, and earns a tenth of a request back', async () => {
    const health = new OriginHealth()
    const origins = client(health)
    const asked = both(500, 500)
    // Separate origins, so that no circuit opens.
    const ask = async (count: number) => {
      asked.length = 0
      for (let at = 0; at < count; at++) {
        const one = { ...call, origin: originAt(`http://new.test/${at}`) }
        const other = {
          ...fallback(),
          origin: originAt(`http://old.test/${at}`),
          call: async () => ({ ...call, origin: originAt(`http://old.test/${at}`) }),
        }
        await origins.send(requestTo(URL_), one, other)
      }
      return hosts(asked).filter((host) => host === 'old.test').length
    }
    // Two hundred tokens, and a tenth of each request: until both are gone.
    const spent = await ask(400)
    expect(spent).toBeGreaterThanOrEqual(210)
    expect(spent).toBeLessThanOrEqual(240)
    expect(await ask(100)).toBeLessThanOrEqual(11)
  })
})
