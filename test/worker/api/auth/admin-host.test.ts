/** ADMIN_HOST: dashboard and admin API on that host alone, and nothing else there. */
import { createExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { Hono } from 'hono'
import { afterEach, describe, expect, it, vi } from 'vitest'
import worker from '../../../../src/index.ts'
import type { Env } from '../../../../src/platform/env.ts'
import { gate, sluice } from '../../../../src/sdk/hono/index.ts'
import { ADMIN_TOKEN } from '../../support/admin.ts'
import { DOCUMENT } from '../../support/parts.ts'

const ADMIN_HOST = 'admin.test'
const ASSETS = { fetch: async () => new Response('a file') }
const bindings = { ...env, ADMIN_HOST, ASSETS } as unknown as Env
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const

afterEach(() => void vi.restoreAllMocks())

/** What the Worker answers, and how often it asked an origin. */
async function ask(url: string, init: RequestInit = {}, more: object = {}) {
  const fetch = vi.spyOn(globalThis, 'fetch').mockImplementation(async () => new Response('an origin'))
  fetch.mockClear()
  const request = new Request(url, init) as never
  const response = await worker.fetch(request, { ...bindings, ...more }, createExecutionContext())
  const text = init.method === 'HEAD' ? '' : await response.text()
  return { status: response.status, headers: response.headers, text, proxied: fetch.mock.calls.length }
}
const withToken = { headers: { authorization: `Bearer ${ADMIN_TOKEN}` } }

describe('on the host', () => {
  it.each(['https://admin.test', 'https://ADMIN.TEST', 'http://admin.test:8443', 'https://admin.test.'])(
    '%s has the dashboard and the admin API',
    async (host) => {
      expect(await ask(`${host}/__sluice/ui`)).toMatchObject({ status: 200, text: 'a file' })
      expect((await ask(`${host}/__sluice/ui/flags/x`)).status).toBe(200)
      expect((await ask(`${host}/__sluice/api/v1/me`)).status).toBe(401)
      const me = await ask(`${host}/__sluice/api/v1/me`, withToken)
      expect(JSON.parse(me.text)).toMatchObject({ name: 'admin', host: 'own' })
      expect(await ask(`${host}/__sluice/health`)).toMatchObject({ status: 200 })
    },
  )

  it.each([
    '/',
    '/sw.js',
    '/index.html',
    '/__sluice',
    '/__sluice/',
    '/__sluice/nothing',
    '/__sluice/metrics',
    '/__sluice/preview?t=x',
    '/__sluice/events',
    '/__sluice/ofrep/v1/evaluate/flags',
    '/__sluice/api/frontend',
    '/__sluicegate',
    '//evil.test/',
  ])('%s is 404 by every method, and no origin hears of it', async (path) => {
    for (const method of METHODS) {
      const answer = await ask(`https://admin.test${path}`, { method, ...withToken })
      expect([answer.status, answer.proxied], method).toEqual([404, 0])
    }
  })

  it('a service worker from the time when the host served the site is removed', async () => {
    const headers = { 'service-worker': 'script' }
    expect((await ask('https://admin.test/sw.js', { headers })).headers.get('clear-site-data')).toBe(
      '"storage"',
    )
    expect((await ask('https://admin.test/sw.js')).headers.has('clear-site-data')).toBe(false)
  })

  it('a WebSocket is not passed on', async () => {
    const answer = await ask('https://admin.test/live', { headers: { upgrade: 'websocket' } })
    expect(answer).toMatchObject({ status: 404, proxied: 0 })
  })
})

describe('elsewhere', () => {
  it.each([
    '/__sluice/ui',
    '/__sluice/ui/',
    '/__sluice/ui/app.js',
    '/__sluice/%75i',
    '/__sluice/api/v1/me',
    '/__sluice/api/v1/openapi.json',
    '/__sluice/api/v1/session',
    '/__sluice/api/v1/nothing',
    '/__sluice/api/%761/me',
  ])('%s is 404, with the right token too, and does not name the host', async (path) => {
    for (const method of METHODS) {
      for (const host of ['www.test', 'sibling.admin.test', 'admin.test.evil.test']) {
        const answer = await ask(`https://${host}${path}`, { method, ...withToken })
        expect([answer.status, answer.proxied], `${method} ${host}`).toEqual([404, 0])
        expect(answer.text + JSON.stringify([...answer.headers])).not.toContain('admin.test')
      }
    }
  })

  it('the site, and what apps and scrapers ask, is as it was', async () => {
    expect(await ask('https://www.test/')).toMatchObject({ status: 200, proxied: 1 })
    expect((await ask('https://www.test/__sluice/health')).status).toBe(200)
    expect((await ask('https://www.test/__sluice/metrics')).status).toBe(401)
    expect((await ask('https://www.test/__sluice/metrics', withToken)).status).toBe(200)
    expect((await ask('https://www.test/__sluice/preview?t=x')).status).toBe(403)
    expect((await ask('https://www.test/__sluice/api/frontend')).status).not.toBe(404)
  })

  it('an ADMIN_HOST that names no host closes dashboard and admin API', async () => {
    vi.spyOn(console, 'error').mockImplementation(() => {})
    const wrong = { ADMIN_HOST: 'admin.test/path' }
    expect((await ask('https://admin.test/__sluice/api/v1/me', withToken, wrong)).status).toBe(404)
    expect(await ask('https://admin.test/', {}, wrong)).toMatchObject({ status: 200, proxied: 1 })
  })
})

describe('previews made on the host', () => {
  const make = async (path: string | undefined, host = 'admin.test') => {
    const body = JSON.stringify({ overrides: { 'new-shop': 'on' }, ...(path !== undefined && { path }) })
    const answer = await ask(`https://${host}/__sluice/api/v1/preview`, {
      ...withToken,
      ...{ method: 'POST', body },
    })
    return [answer.status, JSON.parse(answer.text)]
  }

  it.each([undefined, '/', '/shop'])('lead to no path of it (%s)', async (path) => {
    expect(await make(path)).toMatchObject([
      409,
      {
        detail: 'Cannot make a preview of a path: this host has no pages. Give the URL of the page',
      },
    ])
  })

  it.each([
    ['https://www.test', /^https:\/\/www\.test\/__sluice\/preview\?t=[^&]+$/],
    ['https://www.test/', /^https:\/\/www\.test\/__sluice\/preview\?t=[^&]+$/],
    [
      'https://www.test/shop?a=1#b',
      /^https:\/\/www\.test\/__sluice\/preview\?t=[^&]+&to=%2Fshop%3Fa%3D1%23b$/,
    ],
  ])('lead to %s', async (path, url) => {
    expect(await make(path)).toMatchObject([200, { url: expect.stringMatching(url) }])
    expect(await make(path, 'admin.test')).toMatchObject([200, {}])
  })

  it.each([
    '',
    'shop',
    '//evil.test/',
    '/\\evil.test',
    'javascript:alert(1)',
    'https://user@evil.test/',
    'https://a.test\\b',
  ])('do not lead to %j', async (path) => {
    expect((await make(path))[0]).toBe(400)
  })
})

describe('inside another Hono Worker', () => {
  it.each([
    ['sluice()', sluice({ document: DOCUMENT })],
    ['gate()', gate({ document: DOCUMENT })],
  ])('%s answers everything on the host, and nothing of the admin API elsewhere', async (_, middleware) => {
    const app = new Hono<{ Bindings: Env }>()
    app.use(middleware)
    app.all('*', (c) => c.text('the app'))
    vi.spyOn(globalThis, 'fetch').mockImplementation(async () => new Response('an origin'))
    const status = async (url: string) =>
      (await app.fetch(new Request(url, withToken), bindings, createExecutionContext())).status
    expect(await status('https://admin.test/')).toBe(404)
    expect(await status('https://admin.test/__sluice/api/v1/me')).toBe(200)
    expect(await status('https://www.test/')).toBe(200)
    expect(await status('https://www.test/__sluice/api/v1/me')).toBe(404)
  })
})
