import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Answer, type Origin, startOrigin } from '../harness/origin.ts'
import { raw } from '../harness/raw.ts'
import { type Gate, startGate } from '../harness/running-gate.ts'

const MONDAY = 'Mon, 01 Jun 2026 00:00:00 GMT'

/** Both versions call their content by the same ETag, and the same date: the worst that they can do. */
const version =
  (name: string): Answer =>
  (request, response) => {
    response.setHeader('cache-control', 'public, max-age=600, s-maxage=900')
    response.setHeader('cdn-cache-control', 'max-age=900')
    if (request.url !== '/dated') response.setHeader('etag', '"v1"')
    response.setHeader('last-modified', MONDAY)
    const { 'if-none-match': etag, 'if-modified-since': since, range, 'if-range': ifRange } = request.headers
    if (etag === '"v1"' || (etag === undefined && since === MONDAY)) {
      response.writeHead(304).end()
    } else if (range && (ifRange === undefined || ifRange === '"v1"')) {
      response.writeHead(206, { 'content-range': `bytes 0-1/${name.length}` }).end(name.slice(0, 2))
    } else response.end(name)
  }

let origins: Record<'old' | 'new' | 'shared', Origin>
let gate: Gate

beforeAll(async () => {
  origins = {
    old: await startOrigin('old', version('old')),
    new: await startOrigin('new', version('new')),
    shared: await startOrigin('shared', version('shared')),
  }
  const url = (name: keyof typeof origins) => ({ url: origins[name].url })
  const flag = {
    variants: { on: true, off: false },
    off: 'off',
    rules: [{ when: [{ attribute: 'header.x-on', op: 'exists' }], percentage: 100, serve: 'on' }],
  }
  gate = await startGate({
    environment: 'production',
    document: {
      origins: { old: url('old'), new: url('new'), shared: url('shared') },
      context: { targetingKey: [{ header: 'x-user-id' }] },
      routes: [
        { path: '/*', host: 'shared.test', flag: 'header-only', origins: { on: 'shared', off: 'shared' } },
        { path: '/shared/*', flag: 'header-only', origins: { on: 'shared', off: 'shared' } },
        { path: '/plain/*', origin: 'old', follow: false },
        { path: '/split/*', flag: 'split', origins: { on: 'new', off: 'old' } },
        { path: '/*', flag: 'shop', origins: { on: 'new', off: 'old' } },
      ],
      flags: {
        shop: flag,
        'header-only': flag,
        split: { variants: flag.variants, off: 'off', rules: [{ percentage: 50, serve: 'on' }] },
      },
    },
  })
})
afterAll(async () => {
  await gate?.close()
  await Promise.all(Object.values(origins ?? {}).map((origin) => origin.close()))
})

const OFF = { 'x-user-id': 'eve' }
const ON = { ...OFF, 'x-on': 'yes' }
const ask = (path: string, headers: Record<string, string>, method = 'GET') =>
  raw(gate.url + path, { method, headers })

const askShared = (path: string, headers: Record<string, string>) =>
  ask(path, { ...headers, host: 'shared.test' })

describe('a browser that is moved from one version to the other', () => {
  it.each([
    ['old', OFF, 'new', ON],
    ['new', ON, 'old', OFF],
  ])('%s: keeps its copy there, and gets no 304 of the other version', async (here, before, there, after) => {
    const first = await ask('/page', before)
    const validators = {
      'if-none-match': first.headers.get('etag') ?? '',
      'if-modified-since': first.headers.get('last-modified') ?? '',
    }
    expect(first.text).toBe(here)
    expect((await ask('/page', { ...before, ...validators })).status).toBe(304)
    const moved = await ask('/page', { ...after, ...validators })
    expect([moved.status, moved.text]).toEqual([200, there])
  })

  it.each([
    ['old', OFF, 'new', ON],
    ['new', ON, 'old', OFF],
  ])('%s: is not misled by a date alone', async (_here, before, there, after) => {
    const first = await ask('/dated', before)
    const etag = first.headers.get('etag')
    const validators = { 'if-modified-since': MONDAY, ...(etag && { 'if-none-match': etag }) }
    expect((await ask('/dated', { ...before, ...validators })).status).toBe(304)
    expect(await ask('/dated', { ...after, ...validators })).toMatchObject({ status: 200, text: there })
  })

  it.each([
    ['off', OFF, ON],
    ['on', ON, OFF],
  ])('%s: gets no 304 of the other variant where one origin serves both', async (_here, before, after) => {
    for (const path of ['/shared/page', '/dated']) {
      const ask = (headers: Record<string, string>) => askShared(path, headers)
      const etag = (await ask(before)).headers.get('etag')
      const validators = { 'if-modified-since': MONDAY, ...(etag && { 'if-none-match': etag }) }
      expect((await ask({ ...before, ...validators })).status).toBe(304)
      expect((await ask({ ...after, ...validators })).status).toBe(200)
      const rest = { range: 'bytes=0-1', 'if-range': etag ?? MONDAY }
      expect((await ask({ ...after, ...rest })).status).toBe(200)
    }
  })

  it('puts no two halves of different versions together', async () => {
    const etag = (await ask('/film', ON)).headers.get('etag') ?? ''
    const rest = { range: 'bytes=0-1', 'if-range': etag }
    expect(await ask('/film', { ...ON, ...rest })).toMatchObject({ status: 206, text: 'ne' })
    expect(await ask('/film', { ...OFF, ...rest })).toMatchObject({ status: 200, text: 'old' })
    expect(await ask('/film', { ...OFF, range: 'bytes=0-1' })).toMatchObject({ status: 206, text: 'ol' })
  })
})

describe('a client that brings no identity, and asks for the rest of a file', () => {
  const rest = { range: 'bytes=0-1' }
  it('gets the whole file of a route that is split, as each request may go to another version', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask('/split/film', rest)))
    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`))).toEqual(
      new Set(['200 old', '200 new']),
    )
  })

  it('gets the rest where it has an identity, brings the ETag, or all get one version', async () => {
    expect((await ask('/split/film', { ...OFF, ...rest })).status).toBe(206)
    expect((await ask('/film', rest)).status).toBe(206)
    const etag = (await ask('/split/film', {})).headers.get('etag') ?? ''
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => ask('/split/film', { ...rest, 'if-range': etag })),
    )
    const version = etag.includes('~') ? ['206 ne', '200 old'] : ['206 ol', '200 new']
    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`))).toEqual(new Set(version))
  })
})

describe('caches between gate and visitor', () => {
  it('get nothing that depends on the visitor; the browser keeps it as long as the origin says', async () => {
    for (const visitor of [OFF, ON]) {
      const { headers } = await ask('/image.png', { ...visitor, 'sec-fetch-dest': 'image' })
      expect(headers.get('cache-control')).toBe('private, max-age=600')
      expect(headers.get('cdn-cache-control')).toBeNull()
    }
  })

  it('get no identity', async () => {
    const { headers } = await ask('/page', { 'x-on': 'yes' })
    expect(headers.get('set-cookie')).toContain('sluice_id=')
    expect(headers.get('cache-control')).toBe('private, max-age=600')
  })

  it('work on routes without a flag as if there were no gate', async () => {
    const { headers } = await ask('/plain/x', { ...ON, 'sec-fetch-dest': 'script' })
    expect(headers.get('cache-control')).toBe('public, max-age=600, s-maxage=900')
    expect(headers.get('etag')).toBe('"v1"')
  })
})

describe("the browser's own cache", () => {
  const cacheControl = async (path: string, dest: string) =>
    (await ask(path, { ...ON, 'sec-fetch-dest': dest })).headers.get('cache-control')

  it('asks before it uses code whose name does not tell the version', async () => {
    expect(await cacheControl('/app.js', 'script')).toBe('private, no-cache')
    expect(await cacheControl('/page', 'document')).toBe('private, no-cache')
    expect(await cacheControl('/api/cart', 'empty')).toBe('private, no-cache')
  })

  it('asks in browsers too that do not say what a request is for', async () => {
    const safari = {
      ...ON,
      'user-agent': 'Mozilla/5.0 (Macintosh) AppleWebKit/605.1.15 Version/15.6 Safari/605.1.15',
    }
    const control = async (path: string) => (await ask(path, safari)).headers.get('cache-control')
    expect(await control('/app.js')).toBe('private, no-cache')
    expect(await control('/app.3f2a9c1b.js')).toBe('private, max-age=600')
    expect(await control('/lamp.jpg')).toBe('private, max-age=600')
  })

  it('keeps hashed files and pictures', async () => {
    expect(await cacheControl('/app.3f2a9c1b.js', 'script')).toBe('private, max-age=600')
    expect(await cacheControl('/index-BkT3x9aQ.css', 'style')).toBe('private, max-age=600')
    expect(await cacheControl('/lamp.jpg', 'image')).toBe('private, max-age=600')
  })
})

describe("Cloudflare's cache, which goes by URL", () => {
  it('is passed by where one origin serves several variants', async () => {
    const control = origins.shared.requests.length
    await ask('/shared/x', ON)
    expect(origins.shared.requests[control]?.headers).toMatchObject({ 'cache-control': 'no-cache' })
    const before = origins.new.requests.length
    await ask('/separate', ON)
    expect(origins.new.requests[before]?.headers).not.toHaveProperty('cache-control')
  })
})
