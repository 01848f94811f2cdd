import { createHmac } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { FLAG, flag } from '../harness/documents.ts'
import { type LoggedRequest, type Origin, sayName, startOrigin } from '../harness/origin.ts'
import { raw } from '../harness/raw.ts'
import { type Gate, SIGNING_KEY, startGate } from '../harness/running-gate.ts'
import { debugToken, derivedKey } from '../harness/tokens.ts'

let origins: { old: Origin; new: Origin }
let production: Gate
let development: Gate

beforeAll(async () => {
  origins = { old: await startOrigin('old'), new: await startOrigin('new') }
  const document = {
    origins: { old: { url: origins.old.url }, new: { url: `${origins.new.url}/base` } },
    context: { targetingKey: { header: 'x-user-id' } },
    routes: [
      { path: '/plain/*', origin: 'old' },
      { path: '/*', flag: FLAG, origins: { on: 'new', off: 'old' } },
    ],
    flags: {
      [FLAG]: flag({ rules: [{ when: [{ attribute: 'country', op: 'in', values: ['RO'] }], serve: 'on' }] }),
    },
  }
  production = await startGate({ document, environment: 'production', signingKey: SIGNING_KEY })
  development = await startGate({ document })
})
afterAll(async () => {
  await Promise.all([production?.close(), development?.close(), origins.old.close(), origins.new.close()])
})
beforeEach(() => {
  for (const origin of Object.values(origins)) {
    origin.requests.length = 0
    origin.answer(sayName(origin.name))
  }
})

const RO = JSON.stringify({ country: 'RO' })
const FORGED = {
  'Sluice-Flags': 'f=on;reason=static',
  'SLUICE-SIGNATURE': 't=1,v1=00',
  'sluice-targeting-key': 'admin',
  'Sluice-Anything-At-All': 'x',
  Sluice_Flags: 'f=on;reason=static',
  'sluice-debug': 'x.y',
}
const sluiceHeaders = (request: LoggedRequest | undefined) =>
  Object.fromEntries(Object.entries(request?.headers ?? {}).filter(([name]) => /^sluice[-_]/.test(name)))

describe("what visitors send under the gate's own name", () => {
  it('never reaches an origin, on routes with a flag', async () => {
    await raw(`${development.url}/`, { headers: { ...FORGED, 'Sluice-Debug-Cf': RO } })
    expect(sluiceHeaders(origins.new.requests[0])).toEqual({ 'sluice-flags': 'f=on;reason=targeting_match' })
    await raw(`${production.url}/`, { headers: { ...FORGED, 'x-user-id': 'eve' } })
    expect(sluiceHeaders(origins.old.requests[0])).toEqual({
      'sluice-flags': 'f=off;reason=default',
      'sluice-targeting-key': 'eve',
      'sluice-signature': expect.stringMatching(/^t=\d+,v1=[0-9a-f]{64}$/),
    })
  })

  it('never reaches an origin, on routes without one', async () => {
    await raw(`${production.url}/plain/x`, { headers: FORGED })
    await raw(`${development.url}/plain/x`, { headers: { ...FORGED, 'Sluice-Debug-Cf': RO } })
    expect(origins.old.requests.map(sluiceHeaders)).toEqual([{}, {}])
  })
})

describe('the signature towards origins', () => {
  it('covers flags and targeting key, and an origin can verify it', async () => {
    await raw(`${production.url}/`, { headers: { 'x-user-id': 'ann smith.jr' } })
    const { headers } = origins.old.requests[0] as LoggedRequest
    const [, seconds, hex] = /^t=(\d+),v1=([0-9a-f]+)$/.exec(String(headers['sluice-signature'])) ?? []
    const signed = `${seconds}.${headers['sluice-flags']}.${headers['sluice-targeting-key']}`
    expect(hex).toBe(createHmac('sha256', derivedKey('origin')).update(signed).digest('hex'))
    // With a dot, what this visitor was given would be signed as what another was, "jr".
    expect(headers['sluice-targeting-key']).toBe('ann%20smith%2Ejr')
    expect(Math.abs(Number(seconds) - Date.now() / 1_000)).toBeLessThan(120)
  })
})

describe('Sluice-Debug-Cf', () => {
  it('replaces request.cf in development', async () => {
    expect(await development.get('/', { 'sluice-debug-cf': RO })).toMatchObject({ origin: 'new' })
    expect(await development.get('/', { 'sluice-debug-cf': 'no JSON' })).toMatchObject({ origin: 'old' })
  })

  it('does nothing in production', async () => {
    expect(await production.get('/', { 'sluice-debug-cf': RO })).toMatchObject({ status: 200, text: 'old' })
  })
})

describe('decisions in response headers', () => {
  const view = async (token?: string) => {
    const page = await production.get('/', token === undefined ? {} : { 'sluice-debug': token })
    return { text: page.text, origin: page.origin, variant: page.variant }
  }
  const hidden = { text: 'old', origin: undefined, variant: undefined }

  it('are there in development and not in production', async () => {
    expect(await development.get('/')).toMatchObject({ origin: 'old', variant: 'off', reason: 'default' })
    expect(await view()).toEqual(hidden)
  })

  it('are there in production for who has a signed token, which can also choose the variant', async () => {
    expect(await view(debugToken({}))).toEqual({ text: 'old', origin: 'old', variant: 'off' })
    const choosing = debugToken({ [FLAG]: 'on' })
    expect(await view(choosing)).toEqual({ text: 'new', origin: 'new', variant: 'on' })
    const page = await production.get('/', { cookie: `sluice_debug=${choosing}` })
    expect(page).toMatchObject({ text: 'new', reason: 'override' })
  })

  it('are not there for a token that is forged, expired or nonsense', async () => {
    const overrides = { [FLAG]: 'on' }
    expect(await view(debugToken(overrides, { key: 'another key' }))).toEqual(hidden)
    expect(await view(debugToken(overrides, { expiresInSeconds: -600 }))).toEqual(hidden)
    expect(await view('nonsense')).toEqual(hidden)
  })
})

describe('a request on its way to the origin', () => {
  it('keeps method, path, query and body, and says where it came from', async () => {
    let body = ''
    origins.new.answer(async (request, response) => {
      for await (const chunk of request) body += chunk
      response.end('thanks')
    })
    const headers = {
      host: 'shop.example.com',
      'sluice-debug-cf': RO,
      'x-forwarded-host': 'evil',
      'X-Own': 'kept',
    }
    const answer = await raw(`${development.url}/a%2Fb/c%20d?x=1&x=%C8%99`, {
      method: 'PATCH',
      headers,
      body: 'ș',
    })
    expect(answer.text).toBe('thanks')
    expect(body).toBe('ș')
    expect(origins.new.requests[0]).toMatchObject({ method: 'PATCH', url: '/base/a%2Fb/c%20d?x=1&x=%C8%99' })
    expect(origins.new.requests[0]?.headers).toMatchObject({
      'x-forwarded-host': 'shop.example.com',
      'x-forwarded-proto': 'http',
      'x-own': 'kept',
    })
  })

  it('says by whom it was sent, whatever address the visitor claims', async () => {
    const chains: [claimed: string | undefined, chain: string][] = [
      [undefined, '1.2.3.4'],
      ['9.9.9.9', '9.9.9.9, 1.2.3.4'],
      ['9.9.9.9, 1.2.3.4', '9.9.9.9, 1.2.3.4'],
      // It ends with the same digits, and is another address.
      ['91.2.3.4', '91.2.3.4, 1.2.3.4'],
    ]
    for (const [claimed, chain] of chains) {
      const headers = { 'cf-connecting-ip': '1.2.3.4', ...(claimed && { 'x-forwarded-for': claimed }) }
      await raw(`${development.url}/`, { headers })
      expect(origins.old.requests.at(-1)?.headers['x-forwarded-for']).toBe(chain)
    }
  })

  it('leaves behind what belongs to one connection', async () => {
    const headers = {
      connection: 'keep-alive, X-Hop',
      'x-hop': 'gone',
      'keep-alive': 'timeout=5',
      te: 'trailers',
      'proxy-connection': 'keep-alive',
      'x-end-to-end': 'kept',
    }
    await raw(`${development.url}/`, { headers })
    const seen = origins.old.requests[0]?.headers ?? {}
    expect(seen).toMatchObject({ 'x-end-to-end': 'kept' })
    for (const name of ['x-hop', 'keep-alive', 'te', 'proxy-connection'])
      expect(seen).not.toHaveProperty(name)
  })
})

describe('an answer on its way to the visitor', () => {
  it.each([201, 204, 301, 302, 304, 307, 404, 418, 500, 503])(
    'keeps status %i, and follows nothing',
    async (status) => {
      origins.old.answer(
        (_, response) => void response.writeHead(status, { location: '/elsewhere', etag: '"e"' }).end(),
      )
      const answer = await raw(`${development.url}/`)
      expect(answer.status).toBe(status)
      expect(answer.response.headers).toMatchObject({ location: '/elsewhere', etag: '"e"' })
      expect(origins.old.requests).toHaveLength(1)
    },
  )

  it.each(['/', '/plain/x'])(
    'leaves behind what belongs to the connection of the origin, on %s',
    async (path) => {
      origins.old.answer((_, response) => {
        const headers = { connection: 'keep-alive, X-Hop', 'x-hop': 'gone', 'x-end-to-end': 'kept' }
        response.writeHead(200, headers).end('old')
      })
      const { headers } = (await raw(development.url + path)).response
      expect(headers).toMatchObject({ 'x-end-to-end': 'kept' })
      expect(headers).not.toHaveProperty('x-hop')
    },
  )

  it('keeps encoded bodies as they are', async () => {
    const { gzipSync, gunzipSync } = await import('node:zlib')
    const zipped = gzipSync('squeezed '.repeat(1_000))
    origins.old.answer(
      (_, response) => void response.writeHead(200, { 'content-encoding': 'gzip' }).end(zipped),
    )
    const { response } = await raw(`${development.url}/`, { headers: { 'accept-encoding': 'gzip' } })
    expect(response.headers['content-encoding']).toBe('gzip')
    const fetched = await fetch(development.url)
    expect(await fetched.text()).toBe(gunzipSync(zipped).toString())
  })

  it('has an identity that no shared cache keeps, for a visitor without one', async () => {
    origins.old.answer(
      (_, response) =>
        void response.writeHead(200, { 'cache-control': 'public, max-age=60, s-maxage=600' }).end('x'),
    )
    const cookieOf = async (headers: Record<string, string>) =>
      (await raw(`${production.url}/`, { headers })).response.headers
    const local = await cookieOf({})
    expect(local['set-cookie']?.join()).toMatch(/^sluice_id=[^;]+; .*Path=\/.*HttpOnly.*SameSite=Lax/)
    expect(local['set-cookie']?.join()).not.toMatch(/Secure/)
    expect(local['cache-control']).toBe('private, max-age=60')
    const id = /sluice_id=([^;]+)/.exec(local['set-cookie']?.join() ?? '')?.[1]
    const known = await cookieOf({ cookie: `sluice_id=${id}` })
    expect(known['set-cookie']).toBeUndefined()
    expect(known['cache-control']).toBe('private, max-age=60')
  })
})

describe("what an origin says in the gate's name", () => {
  it('never reaches a visitor, who gets the word of the gate or none', async () => {
    origins.old.answer((_, response) => {
      const forged = {
        'sluice-flags': 'f=on;reason=forged',
        'Sluice-Origin': 'new',
        'sluice-rescue': 'x',
        'SLUICE-Other': 'x',
      }
      response.writeHead(200, { ...forged, 'x-own': 'kept' }).end('old')
    })
    for (const path of ['/', '/plain/x']) {
      const { headers } = (await raw(production.url + path)).response
      expect(Object.keys(headers).filter((name) => name.startsWith('sluice-'))).toEqual([])
      expect(headers['x-own']).toBe('kept')
    }
    const { headers } = (await raw(`${development.url}/`)).response
    expect(headers).toMatchObject({ 'sluice-flags': 'f=off;reason=default', 'sluice-origin': 'old' })
    expect(headers['sluice-rescue']).toBeUndefined()
  })
})

describe('an origin that can not be had', () => {
  it('is answered for with 502 when nothing listens, 504 when it takes too long', async () => {
    const slow = await startOrigin('slow', () => new Promise(() => {}))
    const gate = await startGate({
      document: {
        origins: { gone: { url: 'http://127.0.0.1:1' }, slow: { url: slow.url, timeoutMs: 300 } },
        routes: [
          { path: '/slow', origin: 'slow' },
          { path: '/*', origin: 'gone' },
        ],
      },
    })
    try {
      expect(await gate.get('/')).toMatchObject({ status: 502 })
      expect(await gate.get('/slow')).toMatchObject({ status: 504 })
    } finally {
      await Promise.all([gate.close(), slow.close()])
    }
  })
})
