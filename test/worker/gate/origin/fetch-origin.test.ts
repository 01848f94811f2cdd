import { afterEach, describe, expect, it, vi } from 'vitest'
import { fetchOrigin, type OriginCall } from '../../../../src/gate/origin/fetch-origin.ts'
import type { InFlightRequest } from '../../../../src/gate/reporting/in-flight.ts'
import {
  flagTargetAt,
  NOW_MS,
  originAt,
  requestTo,
  SHOP,
  snapshotOf,
  stopClock,
  stubOrigins,
} from '../support/stage.ts'

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

const URL_ = 'https://shop.test/a/b?c=1'
const call = (more: Partial<OriginCall> = {}): OriginCall => ({
  origin: originAt('http://old.test'),
  extraHeaders: [],
  ...more,
})
const inFlight = () => {
  const heard: [string, number?][] = []
  const request = {
    sent: (atMs: number) => void heard.push(['sent', atMs]),
    ended: () => void heard.push(['ended']),
  }
  return { heard, inFlight: request as unknown as InFlightRequest }
}
const never = () => new Promise<Response>(() => {})
const upload = { method: 'POST', body: 'order', headers: { 'content-length': '5' } }
/** A body whose length is not known. */
const chunked = () => ({ method: 'POST', body: new Response('order').body })

describe('an origin is asked', () => {
  it.each([
    ['http://old.test', 'http://old.test/a/b?c=1'],
    ['http://old.test/', 'http://old.test/a/b?c=1'],
    ['http://old.test/base', 'http://old.test/base/a/b?c=1'],
    ['http://old.test/base/', 'http://old.test/base/a/b?c=1'],
  ])('below its address %s: %s', async (base, url) => {
    const asked = stubOrigins(() => new Response())
    await fetchOrigin(requestTo(URL_), call({ origin: originAt(base) }))
    expect(asked.map((each) => each.url)).toEqual([url])
  })

  it.each(['GET', 'HEAD', 'OPTIONS', 'DELETE'])('by the visitor’s method: %s', async (method) => {
    const asked = stubOrigins(() => new Response())
    await fetchOrigin(requestTo(URL_, { method }), call())
    expect(asked).toMatchObject([{ method, init: { redirect: 'manual', encodeResponseBody: 'manual' } }])
  })

  it('anew where there is no body: a copy of the visitor’s request costs twice', async () => {
    const asked = stubOrigins(() => new Response())
    await fetchOrigin(requestTo(URL_), call())
    expect([asked[0]?.init.signal, asked[0]?.init.headers]).toEqual([undefined, expect.any(Headers)])
  })

  it.each([
    ['a body of known length', upload],
    ['a body of unknown length', chunked()],
  ])('with %s, which ends together with the visitor', async (_, init) => {
    const asked = stubOrigins(() => new Response())
    const request = requestTo(URL_, init)
    const answer = await fetchOrigin(request, call())
    expect(answer.kind).toBe('answered')
    expect(asked).toMatchObject([
      { method: 'POST', body: 'order', init: { redirect: 'manual', encodeResponseBody: 'manual' } },
    ])
    expect(asked[0]?.init.signal).toBe(request.raw.signal)
  })

  it('with a copy in place of a request that is sent twice', async () => {
    const asked = stubOrigins(() => new Response())
    const copy = new Request(URL_, { method: 'POST', body: 'the copy' })
    await fetchOrigin(requestTo(URL_, upload), call({ copy }))
    expect(asked).toMatchObject([{ url: 'http://old.test/a/b?c=1', body: 'the copy' }])
  })

  it('with a length although there is no body, as the visitor said', async () => {
    const asked = stubOrigins(() => new Response())
    await fetchOrigin(requestTo(URL_, { method: 'POST', headers: { 'content-length': '0' } }), call())
    expect(asked[0]?.headers.get('content-length')).toBe('0')
  })

  it('with the gate’s headers in place of the visitor’s', async () => {
    const asked = stubOrigins(() => new Response())
    const headers = { 'sluice-flags': 'forged=on', 'x-kept': 'yes' }
    await fetchOrigin(requestTo(URL_, { headers }), call({ extraHeaders: [['sluice-flags', 'a=on']] }))
    expect(asked[0]?.headers.get('sluice-flags')).toBe('a=on')
    expect(asked[0]?.headers.get('x-kept')).toBe('yes')
  })

  it('for Forwarded only where it speaks it', async () => {
    const asked = stubOrigins(() => new Response())
    for (const forwarded of [true, false])
      await fetchOrigin(requestTo(URL_), call({ origin: originAt('http://old.test', { forwarded }) }))
    expect(asked.map(({ headers }) => headers.has('forwarded'))).toEqual([true, false])
  })

  it('past the cache where one origin serves several variants', async () => {
    const snapshot = snapshotOf(SHOP)
    const asked = stubOrigins(() => new Response())
    for (const path of ['/other/', '/checkout/'])
      await fetchOrigin(requestTo(URL_), call({ target: flagTargetAt(snapshot, path) }))
    await fetchOrigin(requestTo(URL_), call({ target: snapshot.unrouted }))
    expect(asked.map(({ init }) => init.cache)).toEqual(['no-store', undefined, undefined])
  })

  it('under its own conditions only, where several origins can answer', async () => {
    const target = flagTargetAt(snapshotOf(SHOP), '/checkout/')
    const origin = target.origins.get('on') ?? target.stable
    const asked = stubOrigins(() => new Response())
    const headers = { 'if-none-match': `"mine~sluice.${origin.tag}", "another"` }
    const request = requestTo(URL_, { headers })
    expect(await fetchOrigin(request, call({ origin, target, variant: 'on' }))).toMatchObject({
      tag: origin.tag,
    })
    await fetchOrigin(request, call({ origin }))
    expect(asked.map((each) => each.headers.get('if-none-match'))).toEqual([
      '"mine"',
      headers['if-none-match'],
    ])
  })
})

describe('an answer', () => {
  it.each([
    [200, undefined],
    [404, undefined],
    [499, undefined],
    [500, 'status'],
    [503, 'status'],
  ])('with status %i counts as %s', async (status, failure) => {
    stubOrigins(() => new Response('x', { status }))
    const answer = await fetchOrigin(requestTo(URL_), call())
    expect(answer).toMatchObject({ kind: 'answered', status, failure, origin: { name: 'old.test' } })
    expect(answer).toMatchObject({ tag: undefined })
  })

  it('takes the time from the request to its head', async () => {
    stopClock()
    stubOrigins(async () => {
      vi.setSystemTime(NOW_MS + 70)
      return new Response()
    })
    const { heard, inFlight: each } = inFlight()
    expect(await fetchOrigin(requestTo(URL_), call({ inFlight: each }))).toMatchObject({ latencyMs: 70 })
    expect(heard).toEqual([['sent', NOW_MS], ['ended']])
  })

  it('to an upload takes the time from its end: how long that took was up to the visitor', async () => {
    stopClock()
    let end = () => {}
    const body = new ReadableStream({
      async start(controller) {
        controller.enqueue(new TextEncoder().encode('order'))
        await new Promise<void>((resolve) => {
          end = resolve
        })
        vi.setSystemTime(NOW_MS + 900)
        controller.close()
      },
    })
    stubOrigins(() => {
      vi.setSystemTime(NOW_MS + 950)
      return new Response()
    })
    const { heard, inFlight: each } = inFlight()
    const answer = fetchOrigin(requestTo(URL_, { ...upload, body }), call({ inFlight: each }))
    await Promise.resolve()
    end()
    expect((await answer).latencyMs).toBeLessThanOrEqual(50)
    expect(heard.at(-1)).toEqual(['ended'])
    expect(heard[0]?.[1]).toBeGreaterThanOrEqual(NOW_MS + 900)
  })
})

describe('an origin without an answer', () => {
  const broken = () => Promise.reject(new Error('The connection broke'))

  it('has failed to connect', async () => {
    stubOrigins(broken)
    const { heard, inFlight: each } = inFlight()
    const answer = await fetchOrigin(requestTo(URL_), call({ inFlight: each }))
    expect(answer).toMatchObject({ kind: 'failed', failure: 'connect', origin: { name: 'old.test' } })
    expect(heard.map(([what]) => what)).toEqual(['sent', 'ended'])
  })

  it('within its time has timed out', async () => {
    stopClock()
    stubOrigins(never)
    const answer = fetchOrigin(
      requestTo(URL_),
      call({ origin: originAt('http://old.test', { timeoutMs: 700 }) }),
    )
    await vi.advanceTimersByTimeAsync(699)
    const early = await Promise.race([answer, Promise.resolve('not yet')])
    expect(early).toBe('not yet')
    await vi.advanceTimersByTimeAsync(1)
    expect(await answer).toMatchObject({ kind: 'failed', failure: 'timeout', latencyMs: 700 })
  })

  it('has all the time for a body whose length is not known: how long that takes is up to the visitor', async () => {
    stopClock()
    let answered = (_: Response) => {}
    stubOrigins(
      () =>
        new Promise((resolve) => {
          answered = resolve
        }),
    )
    const origin = originAt('http://old.test', { timeoutMs: 700 })
    const answer = fetchOrigin(requestTo(URL_, chunked()), call({ origin }))
    await vi.advanceTimersByTimeAsync(5_000)
    answered(new Response())
    expect((await answer).kind).toBe('answered')
  })

  it('is not to blame where the visitor has left', async () => {
    stubOrigins(broken)
    const aborter = new AbortController()
    const request = requestTo(URL_, { signal: aborter.signal })
    aborter.abort()
    expect(await fetchOrigin(request, call())).toMatchObject({ kind: 'abandoned', failure: 'connect' })
  })

  it('is not to blame where a body that the gate can not watch may have broken', async () => {
    stubOrigins(broken)
    const { heard, inFlight: each } = inFlight()
    expect(await fetchOrigin(requestTo(URL_, chunked()), call({ inFlight: each }))).toMatchObject({
      kind: 'abandoned',
    })
    expect(heard).toEqual([['ended']])
  })

  it('is to blame where the gate has the whole body', async () => {
    stubOrigins(broken)
    const copy = new Request(URL_, chunked())
    expect(await fetchOrigin(requestTo(URL_, chunked()), call({ copy }))).toMatchObject({ kind: 'failed' })
    expect(await fetchOrigin(requestTo(URL_, upload), call())).toMatchObject({ kind: 'failed' })
  })

  it('is not to blame for a body that the visitor breaks off', async () => {
    const body = new ReadableStream({
      start: (controller) => controller.error(new Error('The visitor is gone')),
    })
    stubOrigins(broken)
    expect(await fetchOrigin(requestTo(URL_, { ...upload, body }), call())).toMatchObject({
      kind: 'abandoned',
    })
  })
})
