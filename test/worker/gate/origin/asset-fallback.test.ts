import { afterEach, describe, expect, it, vi } from 'vitest'
import { findTarget } from '../../../../src/core/config/compile/snapshot.ts'
import { AssetFallback } from '../../../../src/gate/origin/asset-fallback.ts'
import type { Answered } from '../../../../src/gate/origin/fetch-origin.ts'
import { OriginHealth } from '../../../../src/gate/origin/origin-health.ts'
import { type Delivery, OriginClient } from '../../../../src/gate/origin/retry-and-fallback.ts'
import { requestTo, SHOP, snapshotOf, stubOrigins } from '../support/stage.ts'

afterEach(() => void vi.restoreAllMocks())

const snapshot = snapshotOf(SHOP)
const page = { 'content-type': 'text/html; charset=utf-8' }

type Case = {
  path?: string
  headers?: Record<string, string>
  method?: string
  status?: number
  answerHeaders?: Record<string, string>
  rescued?: boolean
  assets?: AssetFallback
  body?: ReadableStream
}

function fallback() {
  const health = new OriginHealth()
  return { health, assets: new AssetFallback(new OriginClient(health), health) }
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
}: Case): Promise<Delivery> {
  const request = requestTo(`https://shop.test${path}`, { method, headers })
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
    snapshot,
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
        network: 0,
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

it('names that are found cost nothing', async () => {
  const { assets } = fallback()
  const asked = wherever(200)
  for (let count = 0; count < 300; count++) await complete({ assets })
  expect(asked).toHaveLength(300)
})
