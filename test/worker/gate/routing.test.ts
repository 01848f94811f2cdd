/** Routes and rules as browsers spell URLs and describe themselves: through a whole gate. */
import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createGate } from '../../../src/gate/gate.ts'
import { SHOP, stubOrigins } from './support/stage.ts'

afterEach(() => void vi.restoreAllMocks())

const ON = { variants: { on: true, off: false }, off: 'off' }
const TO_NEW = { flag: 'f', origins: { on: 'new', off: 'old' } }

async function visit(document: object, url: string, init: RequestInit = {}, cf?: object) {
  const asked = stubOrigins(() => new Response('<p>', { headers: { 'content-type': 'text/html' } }))
  const all = { ...env, SIGNING_KEY: '', ENVIRONMENT: 'production' } as never
  const request = new Request(url, { ...init, ...(cf && { cf: cf as CfProperties }) })
  const response = await createGate({ bundled: { ...SHOP, ...document } }).handle(request, all, {
    waitUntil: () => {},
  })
  await response.text()
  return { response, url: asked.find((each) => !each.url.includes('kv'))?.url }
}

describe('a route', () => {
  const routed = (path: string, more: object = {}) => ({
    routes: [
      { path, ...TO_NEW, ...more },
      { path: '/*', origin: 'old' },
    ],
    flags: { f: { ...ON, rules: [{ serve: 'on' }] } },
  })

  it.each([
    ['/münchen/*', '/m%C3%BCnchen/a?b=%7e'],
    ['/münchen/*', '/m%c3%bcnchen/'],
    ['/checkout/*', '/%63heckout'],
    ['/checkout/*', '//checkout//pay'],
    ['/checkout', '/checkout;jsessionid=A1B2?x=;y'],
    ['/a%2fb', '/a%2Fb'],
  ])('takes every spelling of its path, and passes on the visitor’s: %s takes %s', async (path, asked) => {
    const { url } = await visit(routed(path), `https://shop.test${asked}`)
    expect(url).toBe(`http://new.test${asked}`)
    // Among many routes, too.
    const many = Array.from({ length: 20 }, (_, at) => ({ path: `/page-${at}/*`, origin: 'old' }))
    const { routes, flags } = routed(path)
    const found = await visit({ routes: [...many, ...routes], flags }, `https://shop.test${asked}`)
    expect(found.url).toBe(`http://new.test${asked}`)
  })

  it.each([
    ['www.shop.test', 'https://www.shop.test./a'],
    ['*.shop.test', 'https://a.b.shop.test./a'],
    ['www.shop.test.', 'https://WWW.shop.test/a'],
  ])('takes every spelling of its host: %s', async (host, url) => {
    expect((await visit(routed('/*', { host }), url)).url).toBe('http://new.test/a')
  })
})

describe('rules', () => {
  const ruled = (attribute: string, values: unknown[]) => ({
    routes: [{ path: '/*', ...TO_NEW }],
    flags: { f: { ...ON, rules: [{ when: [{ attribute, op: 'in', values }], serve: 'on' }] } },
  })
  const PAGE = { headers: { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' } }

  it('for the European Union', async () => {
    const document = ruled('eu', [true])
    const asked = async (cf: object) => (await visit(document, 'https://shop.test/', {}, cf)).url
    expect(await asked({ country: 'RO', isEUCountry: '1' })).toBe('http://new.test/')
    expect(await asked({ country: 'US' })).toBe('http://old.test/')
  })

  it('for a model ask browsers for it, on pages, beside what the origin asks for', async () => {
    const document = ruled('model', ['Pixel 8'])
    const first = await visit(document, 'https://shop.test/', PAGE)
    expect([first.url, first.response.headers.get('accept-ch')]).toEqual([
      'http://old.test/',
      'Sec-CH-UA-Model',
    ])
    const headers = { ...PAGE.headers, 'sec-ch-ua-model': '"Pixel 8"' }
    expect((await visit(document, 'https://shop.test/', { headers })).url).toBe('http://new.test/')
    const part = { headers: { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' } }
    expect((await visit(document, 'https://shop.test/', part)).response.headers.has('accept-ch')).toBe(false)
    const plain = await visit(ruled('browser', ['Chrome']), 'https://shop.test/', PAGE)
    expect(plain.response.headers.has('accept-ch')).toBe(false)
  })
})
