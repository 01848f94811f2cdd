/** What becomes of a request in the counts: journeys, failures, visitors who left, bodies that break off. */
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Outcome } from '../../../src/core/outcome/outcome.ts'
import { createGate, type Gate } from '../../../src/gate/gate.ts'
import { noteInternalError, takeInternalErrors } from '../../../src/platform/internal-errors.ts'
import { NOW_MS, originAt, SHOP, stubOrigins, unsigned } from './support/stage.ts'
import { Kv } from './support/stage-config.ts'

afterEach(() => void vi.restoreAllMocks())

const DOCUMENT = {
  ...SHOP,
  routes: [{ path: '/judged/*', flag: 'judged', origins: { on: 'new', off: 'old' } }, ...SHOP.routes],
  flags: {
    ...SHOP.flags,
    judged: {
      variants: { on: true, off: false },
      off: 'off',
      rules: [{ serve: 'on', stages: [{ percentage: 50 }] }],
    },
  },
}
const page = { accept: 'text/html', cookie: 'sluice_id=ada' }

function stage() {
  const gate = createGate({ bundled: DOCUMENT })
  const outcomes: Outcome[] = []
  vi.spyOn(gate.reporter, 'report').mockImplementation((outcome) => void outcomes.push(outcome))
  const work: Promise<unknown>[] = []
  const handle = (path: string, init: RequestInit = {}) =>
    gate.handle(new Request(`https://shop.test${path}`, init), unsigned, {
      waitUntil: (each) => void work.push(each),
    })
  return { gate, outcomes, work, handle }
}
const statuses = (status: number) => stubOrigins(() => new Response(status === 304 ? null : 'x', { status }))

describe('a journey', () => {
  it.each<[string, number, Record<string, string>, boolean]>([
    ['a page', 200, page, true],
    ['a page from the browser’s cache', 304, page, true],
    ['a redirect: the page that it leads to counts', 302, page, false],
    ['a prefetched page', 200, { ...page, 'sec-purpose': 'prefetch' }, false],
    ['a prerendered page', 200, { ...page, 'sec-purpose': 'prefetch;prerender' }, false],
    ['a page prefetched by an old browser', 200, { ...page, purpose: 'prefetch' }, false],
    ['a page that Firefox prefetched', 200, { ...page, 'x-moz': 'prefetch' }, false],
    ['a page that is not there', 404, page, false],
    ['a page that is forbidden', 400, page, false],
    ['a page that failed', 500, page, false],
    ['a part of a page', 200, { ...page, accept: '*/*' }, false],
    [
      'a frame',
      200,
      { ...page, 'sec-fetch-mode': 'navigate', 'sec-fetch-site': 'same-origin', 'sec-fetch-dest': 'iframe' },
      false,
    ],
  ])('%s with status %i', async (_, status, headers, journey) => {
    statuses(status)
    const { outcomes, handle } = stage()
    await handle('/checkout/', { headers })
    expect(outcomes).toMatchObject([{ journey }])
  })

  it('is no page that the fallback had to answer', async () => {
    stubOrigins(({ url }) => new Response('', { status: url.startsWith('http://new') ? 500 : 200 }))
    const { outcomes, handle } = stage()
    await handle('/checkout/', { headers: page })
    expect(outcomes).toMatchObject([
      { journey: false, rescued: true, failure: 'status', decision: { variant: 'on' } },
    ])
  })
})

describe('an answer with status', () => {
  const counted = async (answer: () => Response, init: RequestInit = {}, guard?: object) => {
    stubOrigins(answer)
    const gate = createGate({
      bundled: {
        ...DOCUMENT,
        flags: { ...DOCUMENT.flags, judged: { ...DOCUMENT.flags.judged, ...(guard && { guard }) } },
      },
    })
    const outcomes: Outcome[] = []
    vi.spyOn(gate.reporter, 'report').mockImplementation((outcome) => void outcomes.push(outcome))
    await gate.handle(new Request('https://shop.test/judged/cart?n=1', init), unsigned, {
      waitUntil: () => {},
    })
    return outcomes[0]
  }
  const at = (status: number, headers: Record<string, string> = {}) =>
    counted(() => new Response(null, { status, headers }))
  const good = { failure: undefined, isClientError: false }
  const away = { failure: undefined, isClientError: true }
  const failed = { failure: 'status', isClientError: false }

  it.each([200, 204, 206, 304])('%i is good', async (status) => expect(await at(status)).toMatchObject(good))
  it.each([400, 401, 403, 404, 410, 429, 499])('%i turns the visitor away', async (status) =>
    expect(await at(status)).toMatchObject(away),
  )
  it.each([500, 503, 599])('%i is a failure', async (status) =>
    expect(await at(status)).toMatchObject(failed),
  )

  it.each<[string, object]>([
    ['2', failed],
    ['4', failed],
    ['8', failed],
    ['13', failed],
    ['14', failed],
    ['15', failed],
    ['0', good],
    ['5', good],
    ['7', good],
    ['16', good],
    ['', good],
  ])('200 and grpc-status %s', async (code, expected) =>
    expect(await at(200, { 'grpc-status': code })).toMatchObject(expected),
  )

  it.each<[string, string, object]>([
    ['the page itself', '/judged/cart?n=1', away],
    ['the page itself, with its host', 'https://shop.test/judged/cart?n=1', away],
    ['the page itself, relative', 'cart?n=1', away],
    ['the page itself, with a fragment', '/judged/cart?n=1#top', away],
    ['the page itself, by http', 'http://shop.test/judged/cart?n=1', away],
    ['the page itself, at the origin', `${SHOP.origins.new.url}/judged/cart?n=1`, away],
    ['another query', '/judged/cart?n=2', good],
    ['another page', '/judged/', good],
    ['another site', 'https://other.test/judged/cart?n=1', good],
    ['nothing that is a URL', 'https://:', good],
  ])('302 to %s', async (_, location, expected) =>
    expect(
      await counted(() => new Response(null, { status: 302, headers: { location } }), {
        headers: { cookie: 'sluice_id=ada' },
      }),
    ).toMatchObject(expected),
  )

  it.each<[string, string, object]>([
    ['that the visitor lacks: the next request may be answered otherwise', 'basket=7; Path=/', good],
    ['that the visitor has', 'theme=light; Path=/', away],
  ])('302 to the page itself, with a cookie %s', async (_, cookie, expected) =>
    expect(
      await counted(
        () =>
          new Response(null, {
            status: 302,
            headers: { location: '/judged/cart?n=1', 'set-cookie': cookie },
          }),
        { headers: { cookie: 'sluice_id=ada; theme=dark' } },
      ),
    ).toMatchObject(expected),
  )

  it('a form that leads back to its page turns no one away, nor does a redirect without a place', async () => {
    const back = () => new Response(null, { status: 303, headers: { location: '/judged/cart?n=1' } })
    expect(await counted(back, { method: 'POST', body: 'a=1' })).toMatchObject(good)
    expect(await at(302)).toMatchObject(good)
  })

  it('counts as the guard of its flag says; fallback goes by 5xx all the same', async () => {
    const guard = { errors: { statuses: [503, 429] }, grpc: { statuses: [7] } }
    const by = (status: number, headers: Record<string, string> = {}) =>
      counted(() => new Response(null, { status, headers }), {}, guard)
    expect(await by(429)).toMatchObject(failed)
    expect(await by(503)).toMatchObject(failed)
    expect(await by(500)).toMatchObject(good)
    expect(await by(404)).toMatchObject(away)
    expect(await by(200, { 'grpc-status': '7' })).toMatchObject(failed)
    expect(await by(200, { 'grpc-status': '14' })).toMatchObject(good)
    const none = () => new Response(null, { headers: { 'grpc-status': '14' } })
    expect(await counted(none, {}, { grpc: false })).toMatchObject(good)
  })
})

describe('what is not counted', () => {
  it('a request without a flag, and one whose visitor has left', async () => {
    const aborter = new AbortController()
    stubOrigins(({ url }) => {
      if (!url.includes('checkout')) return new Response('')
      aborter.abort()
      throw new Error('The connection broke')
    })
    const { outcomes, handle } = stage()
    await handle('/about')
    await handle('/checkout/', { signal: aborter.signal })
    expect(outcomes).toEqual([])
  })

  it('but an origin that can not be reached is', async () => {
    stubOrigins(() => Promise.reject(new Error('The connection broke')))
    const { outcomes, handle } = stage()
    await handle('/checkout/')
    expect(outcomes).toMatchObject([{ failure: 'connect', journey: false, rescued: false }])
  })
})

describe('a body that the origin breaks off', () => {
  const breaking = () =>
    new Response(new ReadableStream({ start: (controller) => controller.error(new Error('broken off')) }))
  const brokenAt = async (
    path: string,
    answer: () => Response = breaking,
    more: (gate: Gate) => void = () => {},
  ) => {
    stubOrigins(answer)
    const { gate, work, handle } = stage()
    more(gate)
    const broken = vi.spyOn(gate.reporter, 'reportBrokenBody').mockImplementation(() => {})
    const response = await handle(path, { headers: page })
    await response.text().catch(() => {})
    await Promise.all(work)
    return broken.mock.calls
  }

  it('is charged to the variant that is compared', async () => {
    const [[outcome, context] = []] = await brokenAt('/judged/')
    expect(outcome).toMatchObject({ decision: { flag: 'judged' } })
    expect(context?.nowMs).toBeGreaterThan(0)
  })

  it('is charged to no variant where the visitor is not compared', async () => {
    expect(await brokenAt('/checkout/')).toEqual([])
  })

  it('is charged to no variant where it came from another origin', async () => {
    expect(
      await brokenAt('/judged/', breaking, (gate) => {
        const complete = gate.assets.complete.bind(gate.assets)
        vi.spyOn(gate.assets, 'complete').mockImplementation(async (...given) => {
          const delivery = await complete(...given)
          return { ...delivery, answer: { ...delivery.answer, origin: originAt('http://elsewhere.test') } }
        })
      }),
    ).toEqual([])
  })

  it('is not charged beside a failure that is', async () => {
    expect(await brokenAt('/judged/', () => new Response(breaking().body, { status: 500 }))).toEqual([])
  })
})

it('exceptions that were swallowed are reported although nothing else is', async () => {
  vi.spyOn(console, 'error').mockImplementation(() => {})
  statuses(200)
  const { gate, handle } = stage()
  takeInternalErrors()
  const stay = vi.spyOn(gate.reporter, 'stayInTouch').mockImplementation(() => {})
  await handle('/about')
  expect(stay).not.toHaveBeenCalled()
  noteInternalError('gate.test', new Error('broken'))
  await handle('/about')
  expect(stay).toHaveBeenCalledOnce()
  takeInternalErrors()
})

it('what KV shows for the first time is reported although only a route without a flag is visited', async () => {
  statuses(200)
  const kv = new Kv()
  const { gate } = stage()
  const stay = vi.spyOn(gate.reporter, 'stayInTouch').mockImplementation(() => {})
  const bindings = { ...unsigned, GATE: kv as unknown as KVNamespace }
  const work: Promise<unknown>[] = []
  const visit = async (atMs: number) => {
    vi.spyOn(Date, 'now').mockReturnValue(atMs)
    const request = new Request('https://shop.test/about')
    await gate.handle(request, bindings, { waitUntil: (each) => void work.push(each) })
    await Promise.all(work)
  }
  kv.values.set('kill', '["half"]')
  await visit(NOW_MS)
  // The first read is no news: others have it.
  expect([gate.live.killList, stay.mock.calls.length]).toEqual([['half'], 0])
  kv.values.set('kill', '["checkout"]')
  await visit(NOW_MS + 1_000)
  expect([gate.live.killList, stay.mock.calls.length]).toEqual([['half'], 0])
  await visit(NOW_MS + 30_000)
  expect([gate.live.killList, stay.mock.calls.length]).toEqual([['checkout'], 1])
  await visit(NOW_MS + 60_000)
  expect(stay).toHaveBeenCalledOnce()
  takeInternalErrors()
})

it('a request whose address names two hosts is a 400', async () => {
  const { gate } = stage()
  const raw = { url: 'http://a.test, b.test/x', method: 'GET', headers: new Headers() } as unknown as Request
  const response = await gate.handle(raw, unsigned, { waitUntil: () => {} })
  expect([response.status, await response.text()]).toEqual([400, 'Bad Request\n'])
})
