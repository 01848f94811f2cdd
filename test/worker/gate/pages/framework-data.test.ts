/** Data requests of frameworks: the address that they lead to, and what tells them that their build is gone; through a whole gate. */
import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { decide } from '../../../../src/core/decision/decide.ts'
import { createGate } from '../../../../src/gate/gate.ts'
import { dataRequestOf } from '../../../../src/gate/pages/framework-data.ts'
import { requestTo, SHOP, stubOrigins } from '../support/stage.ts'

afterEach(() => void vi.restoreAllMocks())

const SITE = 'https://shop.test'
type Named = Record<string, string>

describe('a data request names the page that comes next', () => {
  it.each<[string, Named, string]>([
    ['/half/cart.data', {}, '/half/cart'],
    ['/half/cart.data?a=1&_routes=&b=2', {}, '/half/cart?a=1&b=2'],
    ['/_root.data', {}, '/'],
    ['/shop/_root.data?index', {}, '/shop?index'],
    ['/half/cart/_.data', {}, '/half/cart/'],
    ['//evil.test/x.data', {}, '/evil.test/x'],
    ['/half/__data.json?x-sveltekit-invalidated=01&q=1', {}, '/half?q=1'],
    ['/__data.json?x-sveltekit-trailing-slash=1', {}, '/'],
    ['/half/cart?q=1&_rsc=1a2b', { rsc: '1' }, '/half/cart?q=1'],
    ['/half?_rsc=1a2b', { rsc: '1' }, '/half'],
    ['/half?_rsc=1a2b', { rsc: '1', 'sec-fetch-dest': 'empty' }, '/half'],
    ['/half/cart?q=1', { 'x-inertia': 'true' }, '/half/cart?q=1'],
    ['/half/cart', { 'hx-request': 'true', 'hx-boosted': 'true' }, '/half/cart'],
  ])('%s %j', (path, headers, next) => {
    expect(dataRequestOf(requestTo(SITE + path, { headers }))?.next).toBe(next)
  })

  it.each<[string, RequestInit]>([
    ['/half/cart.data', { method: 'POST' }],
    ['/half/cart.data?_routes=routes%2Fcart', {}],
    ['/half?_rsc=1', { headers: { rsc: '1', 'next-router-prefetch': '1' } }],
    ['/half?_rsc=1', { headers: { rsc: '1', 'next-router-segment-prefetch': '/_tree' } }],
    ['/half.data', { headers: { 'sec-purpose': 'prefetch' } }],
    ['/half', { headers: { 'x-inertia': 'true', purpose: 'prefetch' } }],
    ['/half', { method: 'POST', headers: { 'next-action': '4f' } }],
    ['/half?/login', { method: 'POST', headers: { 'x-sveltekit-action': 'true' } }],
    ['/half', { headers: { 'hx-request': 'true' } }],
    ['/half/__manifest?p=/a', {}],
  ])('unless it is a form, a part, or fetched ahead: %s %j', (path, init) => {
    const data = dataRequestOf(requestTo(SITE + path, init))
    expect([data !== undefined, data?.next]).toEqual([true, undefined])
  })

  it.each<[string, Named]>([
    ['/api/items', {}],
    ['/half/data', { accept: 'application/json' }],
    ['/half/database.json', {}],
    ['/half?_rsc=1', {}],
    ['/half/chart.data', { 'sec-fetch-dest': 'image' }],
  ])('any other request is none: %s', (path, headers) => {
    expect(dataRequestOf(requestTo(SITE + path, { headers }))).toBeUndefined()
  })
})

/** A gate whose flag `half` gives a variant, for a reason of the test. */
function gateWith(variant: string, reason = 'SPLIT') {
  const asked = stubOrigins(() => new Response('{}'))
  const evaluate: typeof decide = (...given) => {
    const decision = decide(...given)
    return { ...decision, variant, reason: reason as typeof decision.reason }
  }
  const gate = createGate({ bundled: SHOP, evaluate })
  const ask = async (path: string, headers: Named, method = 'GET') => {
    asked.length = 0
    const all = { ...env, SIGNING_KEY: '', ENVIRONMENT: 'production' } as never
    const response = await gate.handle(
      new Request(SITE + path, { method, headers, redirect: 'manual' }),
      all,
      {
        waitUntil: () => {},
      },
    )
    const pages = response.headers.getSetCookie().find((each) => each.startsWith('sluice_pages='))
    return {
      response,
      pages: pages?.split(';')[0],
      asked: asked.filter(({ url }) => !url.includes('kv')).map(({ url }) => new URL(url).hostname),
    }
  }
  return ask
}

const PAGE = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document', 'sec-fetch-site': 'none' }
const part = (referer: string, cookie?: string): Named => ({
  'sec-fetch-mode': 'cors',
  'sec-fetch-site': 'same-origin',
  referer: SITE + referer,
  ...(cookie && { cookie }),
})
const onPage = async (path: string) => (await gateWith('on')(path, PAGE)).pages ?? ''

describe('a page that goes on by its framework', () => {
  it('is followed at its next address, whatever a newer tab is on', async () => {
    const first = await onPage('/half/a')
    const moved = await gateWith('off')('/half/b.data', part('/half/a', first))
    expect([moved.asked, moved.pages !== undefined]).toEqual([['new.test'], true])
    // Another tab, on the other version.
    const second = await gateWith('off')('/half/c', { ...PAGE, cookie: moved.pages ?? '' })
    expect(second.asked).toEqual(['old.test'])
    const form = await gateWith('off')('/half/order', part('/half/b', second.pages), 'POST')
    expect(form.asked).toEqual(['new.test'])
    const other = await gateWith('off')('/half/order', part('/half/c', second.pages), 'POST')
    expect(other.asked).toEqual(['old.test'])
  })

  it('leaves no entry twice', async () => {
    const moved = await gateWith('off')('/half/b.data', part('/half/a', await onPage('/half/a')))
    expect((await gateWith('off')('/half/b.data', part('/half/b', moved.pages))).pages).toBeUndefined()
  })

  it('keeps to the stable origin where it came from a route without a flag', async () => {
    const ask = gateWith('on')
    const moved = await ask('/half/b.data', part('/home'))
    expect(moved.asked).toEqual(['old.test'])
    expect((await ask('/half/order', part('/half/b', moved.pages), 'POST')).asked).toEqual(['old.test'])
    // A document, and what is no framework's, is decided.
    expect((await ask('/half/b', { ...PAGE, referer: `${SITE}/home` })).asked).toEqual(['new.test'])
    expect((await ask('/half/api', part('/home'))).asked).toEqual(['new.test'])
    expect((await ask('/half/b.data', part('/named'))).asked).toEqual(['new.test'])
  })
})

describe('a page whose version is closed', () => {
  const JSON_TYPE = 'application/json'
  it.each<[string, string, Named, object]>([
    [
      'GET',
      '/half/b.data?q=1',
      {},
      { status: 204, 'x-remix-redirect': '/half/b?q=1', 'x-remix-reload-document': 'true' },
    ],
    [
      'GET',
      '/half/b.data?_routes=x',
      {},
      { status: 204, 'x-remix-redirect': '/half/a?now=1', 'x-remix-reload-document': 'true' },
    ],
    [
      'POST',
      '/half/b.data',
      {},
      { status: 204, 'x-remix-redirect': '/half/a?now=1', 'x-remix-reload-document': 'true' },
    ],
    ['GET', '/half/__manifest?p=%2F', {}, { status: 204, 'x-remix-reload-document': 'true' }],
    ['GET', '/half/b?_rsc=1', { rsc: '1' }, { status: 409, 'content-type': 'text/plain' }],
    [
      'POST',
      '/half/b',
      { 'next-action': '4f' },
      { status: 303, 'x-action-redirect': '/half/a?now=1;replace' },
    ],
    ['GET', '/half/__data.json', {}, { status: 409, 'content-type': JSON_TYPE }],
    [
      'POST',
      '/half?/buy',
      { 'x-sveltekit-action': 'true' },
      { status: 200, body: '{"type":"redirect","status":303,"location":"/half/a?now=1"}' },
    ],
    ['GET', '/half/b', { 'x-inertia': 'true' }, { status: 409, 'x-inertia-location': '/half/b' }],
    ['PUT', '/half/b', { 'x-inertia': 'true' }, { status: 409, 'x-inertia-location': '/half/a?now=1' }],
    ['GET', '/half/b', { 'hx-request': 'true' }, { status: 204, 'hx-refresh': 'true' }],
  ])('is told to load anew: %s %s %j', async (method, path, headers, told) => {
    const cookie = await onPage('/half/a?now=1')
    for (const reason of ['KILLED', 'ROLLED_BACK']) {
      const { response, asked } = await gateWith('off', reason)(
        path,
        { ...part('/half/a?now=1', cookie), ...headers },
        method,
      )
      const got = Object.keys(told).map((name) => [
        name,
        name === 'status' ? response.status : name === 'body' ? '' : response.headers.get(name),
      ])
      const body = await response.text()
      expect({ ...Object.fromEntries(got), ...('body' in told && { body }) }).toEqual(told)
      expect([asked, response.headers.get('cache-control')]).toEqual([[], 'no-store'])
    }
  })

  it.each<[string, Named, string]>([
    ['/half/b.data', {}, 'x-remix-redirect'],
    ['/half/b', { 'next-action': '4f' }, 'x-action-redirect'],
    ['/half/b', { 'x-inertia': 'true' }, 'x-inertia-location'],
  ])('is never led to another host: a form to %s, %j', async (path, headers, name) => {
    const cookie = await onPage('/half/a')
    for (const page of ['//evil.test/a', '/\\evil.test/a', '///evil.test/a']) {
      const ask = gateWith('off', 'KILLED')
      const { response } = await ask(path, { ...part(page, cookie), ...headers }, 'POST')
      expect(response.headers.get(name)?.replace(/;replace$/, '')).toBe('/evil.test/a')
    }
  })

  it.each<[string, string, Named, string]>([
    ['another kind of request', 'ROLLED_BACK', {}, '/half/api/items'],
    ['a version that is open', 'SPLIT', {}, '/half/b.data'],
  ])('is served as ever for %s', async (_, reason, headers, path) => {
    const cookie = await onPage('/half/a')
    const { response, asked } = await gateWith('off', reason)(path, {
      ...part('/half/a', cookie),
      ...headers,
    })
    expect([response.status, asked]).toEqual([200, [reason === 'SPLIT' ? 'new.test' : 'old.test']])
  })

  it('is no other: a page of control, or of the gate’s new decision', async () => {
    const control = (await gateWith('off')('/half/a', PAGE)).pages ?? ''
    expect((await gateWith('off', 'KILLED')('/half/b.data', part('/half/a', control))).asked).toEqual([
      'old.test',
    ])
    // The page was loaded anew.
    const before = await onPage('/half/a')
    const anew = await gateWith('off', 'KILLED')('/half/a', { ...PAGE, cookie: before })
    expect((await gateWith('off', 'KILLED')('/half/b.data', part('/half/a', anew.pages))).asked).toEqual([
      'old.test',
    ])
  })
})
