import { afterEach, describe, expect, it, vi } from 'vitest'
import { findTarget } from '../../../../src/core/config/compile/snapshot.ts'
import { compileControl, INITIAL_CONTROL_STATE } from '../../../../src/core/config/control.ts'
import { NetworkStanding } from '../../../../src/core/limits/network-standing.ts'
import { AssetFallback } from '../../../../src/gate/origin/asset-fallback.ts'
import type { Answered } from '../../../../src/gate/origin/fetch-origin.ts'
import { OriginHealth } from '../../../../src/gate/origin/origin-health.ts'
import { type Delivery, OriginClient } from '../../../../src/gate/origin/retry-and-fallback.ts'
import { requestTo, SHOP, snapshotOf, stubOrigins } from '../support/stage.ts'

afterEach(() => void vi.restoreAllMocks())

const snapshot = snapshotOf(SHOP)
const page = { 'content-type': 'text/html; charset=utf-8' }

const ROLLED_BACK = { generation: 1, stage: 0, rolledBack: { atMs: 0, reason: 'x' } }

type Case = {
  path?: string
  headers?: Record<string, string>
  method?: string
  status?: number
  answerHeaders?: Record<string, string>
  rescued?: boolean
  assets?: AssetFallback
  body?: ReadableStream
  /** Flags that are killed, and those of them that are isolated. */
  killed?: string[]
  isolated?: string[]
  rolledBack?: string[]
}

function fallback() {
  const health = new OriginHealth()
  const standing = new NetworkStanding()
  return { health, standing, assets: new AssetFallback(new OriginClient(health), health, standing) }
}

/** What becomes of an answer of the canary (or of the plain route's origin). */
async function complete({
  path = '/checkout/app.js',
  headers = {},
  method = 'GET',
  status = 404,
  answerHeaders = {},
  rescued = false,
  assets = fallback().assets,
  body,
  killed = [],
  isolated = [],
  rolledBack = [],
}: Case): Promise<Delivery> {
  const request = requestTo(`https://shop.test${path}`, { method, headers })
  request.trustedProxies = 1
  const target = findTarget(snapshot, request)
  const assigned = target.kind === 'flag' ? target.origins.get('on') : target.origin
  if (assigned === undefined) throw new Error('Cannot stage: no origin')
  const origin = rescued && target.kind === 'flag' ? target.stable : assigned
  const response = new Response(body ?? 'missing', { status, headers: answerHeaders })
  const answer: Answered = {
    kind: 'answered',
    origin,
    response,
    isCopy: false,
    status,
    tag: undefined,
    failure: undefined,
    latencyMs: 1,
  }
  const charge = { failure: undefined, latencyMs: 1 }
  return await assets.complete(
    request,
    { origin: assigned, extraHeaders: [], target },
    { answer, charge, rescued },
    {
      snapshot,
      control: compileControl(
        {
          ...{ ...INITIAL_CONTROL_STATE, killed, isolated },
          flags: Object.fromEntries(rolledBack.map((flag) => [flag, ROLLED_BACK])),
        },
        [],
      ),
      tokens: undefined,
    },
  )
}
const nameOf = ({ answer }: Delivery) => answer.origin.name
const cacheOf = ({ answer }: Delivery) =>
  answer.kind === 'answered' ? answer.response.headers.get('cache-control') : undefined
const wherever = (status = 200, headers = {}) => stubOrigins(() => new Response('found', { status, headers }))

describe('a missing asset', () => {
  it.each<[string, Case]>([
    ['a 404 by file name', {}],
    ['a HEAD', { method: 'HEAD' }],
    ['a file name in capitals', { path: '/checkout/APP.JS' }],
    ...[
      'mjs',
      'css',
      'map',
      'wasm',
      'woff2',
      'woff',
      'ttf',
      'otf',
      'png',
      'jpg',
      'jpeg',
      'gif',
      'svg',
      'webp',
      'avif',
      'ico',
      'mp3',
      'mp4',
      'webm',
    ].map((ending): [string, Case] => [`a .${ending}`, { path: `/checkout/a.${ending}` }]),
    ...[
      'image',
      'script',
      'style',
      'font',
      'manifest',
      'audio',
      'video',
      'track',
      'worker',
      'sharedworker',
      'serviceworker',
      'audioworklet',
      'paintworklet',
      'json',
    ].map((destination): [string, Case] => [
      `a 404 for a ${destination}`,
      { path: '/checkout/plain', headers: { 'sec-fetch-dest': destination } },
    ]),
    [
      'a page in place of a script',
      { path: '/checkout/plain', headers: { 'sec-fetch-dest': 'script' }, status: 200, answerHeaders: page },
    ],
    [
      'a page in place of what a service worker asked for',
      { headers: { 'sec-fetch-dest': 'empty', 'sec-fetch-mode': 'cors' }, status: 200, answerHeaders: page },
    ],
  ])('is looked for at the other origin: %s', async (_, one) => {
    const asked = wherever()
    const delivery = await complete(one)
    expect([nameOf(delivery), asked.length]).toEqual(['old', 1])
    expect(asked[0]?.headers.has('sluice-flags')).toBe(false)
  })

  it.each<[string, Case]>([
    ['a page', { path: '/checkout/' }],
    ['a page whose name only holds an ending', { path: '/checkout/app.js/about' }],
    ['another status', { status: 403 }],
    [
      'a script that is there',
      {
        status: 200,
        headers: { 'sec-fetch-dest': 'script' },
        answerHeaders: { 'content-type': 'text/javascript' },
      },
    ],
    ['a page by a file name alone', { status: 200, answerHeaders: page }],
    [
      'a page that a service worker asked for',
      {
        headers: { 'sec-fetch-dest': 'empty', 'sec-fetch-mode': 'navigate' },
        status: 200,
        answerHeaders: page,
      },
    ],
    [
      'a page that a script asked for',
      {
        path: '/checkout/plain',
        headers: { 'sec-fetch-dest': 'empty', 'sec-fetch-mode': 'cors' },
        status: 200,
        answerHeaders: page,
      },
    ],
    ['what is written', { method: 'POST' }],
  ])('is not %s', async (_, one) => {
    const asked = wherever()
    const delivery = await complete(one)
    expect([nameOf(delivery), cacheOf(delivery), asked.length]).toEqual(['new', null, 0])
  })

  it.each([
    [404, {}],
    [400, {}],
    [500, {}],
    [200, page],
  ])('is not found by an answer of %i %j, and no cache keeps that it is missing', async (status, headers) => {
    wherever(status, headers)
    const delivery = await complete({
      headers: { 'sec-fetch-dest': 'script' },
      answerHeaders: { 'cache-control': 'max-age=9' },
    })
    expect([nameOf(delivery), cacheOf(delivery)]).toEqual(['new', 'no-store'])
  })

  it.each([
    [{}],
    [{ 'cache-control': 'public, max-age=31536000, immutable' }],
    [{ 'cache-control': 's-maxage=600', 'cdn-cache-control': 'max-age=9', 'surrogate-control': 'max-age=9' }],
    [{ 'cache-control': 'private', expires: 'Thu, 01 Jan 2099 00:00:00 GMT' }],
  ])('that is found is kept by the browser alone, which asks again: %j', async (headers) => {
    for (const path of ['/checkout/app.js', '/app.js']) {
      wherever(200, headers)
      const { answer } = await complete({ path })
      if (answer.kind !== 'answered') throw new Error('no answer')
      expect(answer.response.headers.get('cache-control')).toBe('private, no-cache')
      for (const name of ['cdn-cache-control', 'surrogate-control'])
        expect([name, answer.response.headers.get(name)]).toEqual([name, null])
    }
  })

  it('that is found and must not be stored is not stored', async () => {
    wherever(200, { 'cache-control': 'No-Store, max-age=0' })
    expect(cacheOf(await complete({}))).toBe('private, no-cache, no-store')
  })

  it('of a plain route is looked for among the origins of the flags that lead there', async () => {
    const asked = wherever()
    expect(nameOf(await complete({ path: '/app.js' }))).toBe('new')
    expect(asked).toHaveLength(1)
  })

  it('of a route beside which there is no other origin stays as it is', async () => {
    const asked = wherever()
    const delivery = await complete({
      path: '/named',
      headers: { 'sec-fetch-dest': 'script' },
      answerHeaders: { 'cache-control': 'max-age=9' },
    })
    expect([nameOf(delivery), cacheOf(delivery), asked.length]).toEqual(['other', 'max-age=9', 0])
  })

  it('of a rescued request is not looked for where it has just failed', async () => {
    const asked = wherever()
    const delivery = await complete({ rescued: true })
    expect([nameOf(delivery), cacheOf(delivery), asked.length]).toEqual(['old', 'no-store', 0])
  })

  it('is not looked for at an origin whose circuit is open', async () => {
    const { health, assets } = fallback()
    const origin = snapshot.fallback
    for (let visitor = 0; visitor < 5; visitor++)
      health.record({ kind: 'failed', origin, failure: 'connect', latencyMs: 1 }, Date.now(), {
        visitor,
        network: requestTo('https://shop.test/').network,
      })
    const asked = wherever()
    expect(nameOf(await complete({ assets }))).toBe('new')
    expect(asked).toHaveLength(0)
  })

  it('that is found ends the answer that said it is missing', async () => {
    const cancel = vi.fn()
    wherever()
    await complete({ body: new ReadableStream({ cancel }) })
    expect(cancel).toHaveBeenCalledOnce()
  })

  it('ends the answers that no visitor gets', async () => {
    const cancel = vi.fn()
    stubOrigins(() => new Response(new ReadableStream({ cancel }), { status: 404 }))
    await complete({})
    expect(cancel).toHaveBeenCalledOnce()
  })
})

/** What says that the answer becomes a worker. */
const WORKERS: [string, Record<string, string>][] = [
  ...['worker', 'sharedworker', 'serviceworker'].map((destination): [string, Record<string, string>] => [
    destination,
    { 'sec-fetch-dest': destination },
  ]),
  ['a service worker of an old browser', { 'service-worker': 'script' }],
  ['a worker behind a service worker', { 'sec-fetch-dest': 'empty', 'sec-fetch-mode': 'same-origin' }],
]
const NO_WORKERS: [string, Record<string, string>][] = [
  ['a script', { 'sec-fetch-dest': 'script' }],
  ['a file of an old browser', {}],
  ['a script behind a service worker', { 'sec-fetch-dest': 'empty', 'sec-fetch-mode': 'no-cors' }],
]

describe('after a kill', () => {
  const names = async (headers: Record<string, string>, parts: Case) => {
    const asked = wherever()
    const delivery = await complete({ path: '/evil.js', headers, ...parts })
    return [nameOf(delivery), cacheOf(delivery), asked.length]
  }
  const FOUND = ['new', 'private, no-cache', 1]
  const MISSING = ['old', 'no-store', 0]

  it.each(WORKERS)(
    'the origin of the killed variant lends nothing that becomes a worker: %s',
    async (_, headers) => {
      expect(await names(headers, {})).toEqual(FOUND)
      // Another flag leads to this origin as well.
      for (const killed of [['checkout', 'half'], ['*'], ['checkout'], ['half']])
        expect([killed, await names(headers, { killed })]).toEqual([killed, MISSING])
      expect(await names(headers, { killed: ['elsewhere'] })).toEqual(FOUND)
    },
  )

  it.each([...WORKERS, ...NO_WORKERS])(
    'that of a rolled back one lends all but service workers: %s',
    async (_, headers) => {
      const isService =
        headers['service-worker'] !== undefined || headers['sec-fetch-dest'] === 'serviceworker'
      expect(await names(headers, { rolledBack: ['checkout', 'half'] })).toEqual(isService ? MISSING : FOUND)
    },
  )

  it.each(NO_WORKERS)('it lends the rest, unless it is isolated: %s', async (_, headers) => {
    const killed = ['checkout', 'half']
    expect(await names(headers, { killed })).toEqual(FOUND)
    expect(await names(headers, { killed, isolated: ['checkout'] })).toEqual(MISSING)
    expect(await names(headers, { killed: ['*'], isolated: ['*'] })).toEqual(MISSING)
    // The other flag is open, or this one is not killed any more.
    expect(await names(headers, { killed: ['checkout'], isolated: ['checkout'] })).toEqual(FOUND)
    expect(await names(headers, { isolated: ['checkout', 'half'] })).toEqual(FOUND)
  })

  it('a service worker of the killed variant is told to end, once that is isolated', async () => {
    const asked = wherever()
    const script = async (parts: Case, headers: Record<string, string> = { 'service-worker': 'script' }) => {
      const { answer } = await complete({ path: '/sw.js', headers, ...parts })
      if (answer.kind !== 'answered') throw new Error('No answer')
      return [answer.status, await answer.response.text()]
    }
    const cutOff = { killed: ['checkout', 'half'], isolated: ['checkout', 'half'] }
    expect(await script(cutOff)).toEqual([
      200,
      'oninstall = () => skipWaiting()\nonactivate = () => registration.unregister()\n',
    ])
    expect(await script(cutOff, { 'sec-fetch-dest': 'worker' })).toEqual([404, 'missing'])
    expect(await script({ killed: ['checkout', 'half'] })).toEqual([404, 'missing'])
    expect(asked).toEqual([])
    // Control has a service worker at that address: it takes the place of the other.
    expect(await script({ ...cutOff, status: 200 })).toEqual([200, 'missing'])
  })

  it('control lends what only it has, to its own route too', async () => {
    const parts = { path: '/checkout/app.js', killed: ['*'], isolated: ['*'] }
    expect(await names({ 'sec-fetch-dest': 'serviceworker' }, parts)).toEqual(['old', 'private, no-cache', 1])
  })
})

it('names that exist nowhere stop being looked for, and a tenth of the requests earns look-ups again', async () => {
  const { assets } = fallback()
  const asked = wherever(404)
  for (let count = 0; count < 400; count++) await complete({ assets })
  // 200 tokens and a tenth per request.
  expect(asked.length).toBeGreaterThanOrEqual(210)
  expect(asked.length).toBeLessThanOrEqual(241)
  asked.length = 0
  for (let count = 0; count < 100; count++) await complete({ assets })
  expect(asked.length).toBeLessThanOrEqual(11)
  expect(asked.length).toBeGreaterThanOrEqual(9)
})

it('no network uses up the look-ups of others', async () => {
  const { assets, standing } = fallback()
  const asked = wherever(404)
  const lookUps = async (network: string, times: number) => {
    asked.length = 0
    const headers = { 'x-forwarded-for': network }
    for (let count = 0; count < times; count++) await complete({ assets, headers })
    return asked.length
  }
  for (const network of [1, 2, 3]) standing.takesPart(network, Date.now())
  await lookUps('203.0.113.66', 400)
  expect(await lookUps('198.51.100.7', 20)).toBe(20)
})

it('names that are found cost nothing', async () => {
  const { assets } = fallback()
  const asked = wherever(200)
  for (let count = 0; count < 300; count++) await complete({ assets })
  expect(asked).toHaveLength(300)
})
