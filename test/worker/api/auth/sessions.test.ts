/** Sessions of the dashboard: a cookie that no script reads, for one host, as long as its token lives. */
import { createExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { Authenticator } from '../../../../src/api/auth/authenticator.ts'
import { createEndpoints } from '../../../../src/api/endpoints.ts'
import { createGate } from '../../../../src/gate/gate.ts'
import { sha256Hex } from '../../../../src/platform/crypto.ts'
import type { Env } from '../../../../src/platform/env.ts'
import { takeInternalErrors } from '../../../../src/platform/internal-errors.ts'
import { ADMIN_TOKEN, adminAs, admin as byToken } from '../../support/admin.ts'
import { envWith } from '../../support/fake-gate.ts'
import { DOCUMENT } from '../../support/parts.ts'

const HOST = 'https://admin.test'
const OWN = { origin: HOST, 'sluice-dashboard': '1' }
const COOKIE = /^__Host-sluice_session=([\w-]{43}); Path=\/; Secure; HttpOnly; SameSite=Strict$/
const FORGOTTEN = '__Host-sluice_session=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0'
let senders = 0

type Answer = { status: number; body: Record<string, unknown>; setCookie: string | null }

/** One isolate of a gate, in production on ADMIN_HOST unless `more` says otherwise. */
function isolate(more: object = {}, host = HOST) {
  const endpoints = createEndpoints(createGate({ bundled: DOCUMENT }))
  const bindings = { ...env, ENVIRONMENT: 'production', ADMIN_HOST: 'admin.test', ...more } as unknown as Env
  const sender = `198.51.101.${++senders}`
  const call = async (method: string, path: string, headers: object, body?: object): Promise<Answer> => {
    const request = new Request(`${host}/__sluice/api/v1${path}`, {
      method,
      headers: { 'cf-connecting-ip': sender, ...headers } as HeadersInit,
      cf: { colo: 'OTP' },
      ...(body && { body: JSON.stringify(body) }),
    } as RequestInit)
    const response = await endpoints.fetch(request, bindings, createExecutionContext())
    return {
      status: response.status,
      body: (await response.json()) as Record<string, unknown>,
      setCookie: response.headers.get('set-cookie'),
    }
  }
  const signIn = async (token = ADMIN_TOKEN) => {
    const answer = await call('POST', '/session', { ...OWN, authorization: `Bearer ${token}` })
    const secret = COOKIE.exec(answer.setCookie ?? '')?.[1]
    return { answer, cookie: { cookie: `a=b; __Host-sluice_session=${secret}; c=d` } }
  }
  return { call, signIn }
}

describe('signing in', () => {
  it('gives a cookie for this host that no script can read, and never the token again', async () => {
    const { call, signIn } = isolate()
    const { answer, cookie } = await signIn()
    expect(answer.status).toBe(200)
    expect(answer.setCookie).toMatch(COOKIE)
    expect(answer.setCookie).not.toContain(ADMIN_TOKEN)
    expect(answer.body).toEqual({
      ...{ name: 'admin', role: 'admin', environment: 'production', host: 'own' },
      sessionEndsAt: expect.any(String),
    })
    const hours = (Date.parse(String(answer.body.sessionEndsAt)) - Date.now()) / 3_600_000
    expect(hours).toBeGreaterThan(11.9)
    expect(hours).toBeLessThanOrEqual(12)
    expect(await call('GET', '/me', { ...OWN, ...cookie })).toMatchObject({
      status: 200,
      body: { name: 'admin' },
    })
  })

  it('needs a token that is valid', async () => {
    const { call, signIn } = isolate()
    expect((await signIn('wrong')).answer).toMatchObject({ status: 401, setCookie: null })
    expect(await call('POST', '/session', OWN)).toMatchObject({ status: 401, setCookie: null })
    const { cookie } = await signIn()
    const again = await call('POST', '/session', { ...OWN, ...cookie })
    expect(again).toMatchObject({ status: 200, setCookie: null, body: { sessionEndsAt: null } })
  })

  it('gives each its own session, and another isolate knows it', async () => {
    const [one, other] = [isolate(), isolate()]
    const sessions = [await one.signIn(), await one.signIn()]
    expect(new Set(sessions.map(({ cookie }) => cookie.cookie)).size).toBe(2)
    for (const { cookie } of sessions)
      expect((await other.call('GET', '/me', { ...OWN, ...cookie })).status).toBe(200)
  })

  it('on a host that the site shares it gives none, and no cookie counts there', async () => {
    const shared = isolate({ ADMIN_HOST: undefined })
    expect((await shared.signIn()).answer).toMatchObject({
      ...{ status: 200, setCookie: null },
      body: { host: 'shared', sessionEndsAt: null },
    })
    const { cookie } = await isolate().signIn()
    expect(await shared.call('GET', '/me', { ...OWN, ...cookie })).toMatchObject({
      status: 401,
      body: { host: 'shared' },
    })
  })

  it('whether one is signed in is an answer, not a failure, and says no more than a refusal', async () => {
    const { call, signIn } = isolate()
    expect(await call('GET', '/session', OWN)).toEqual({
      ...{ status: 200, setCookie: null, body: { user: null, host: 'own' } },
    })
    const { cookie } = await signIn()
    const user = { name: 'admin', role: 'admin', environment: 'production', host: 'own' }
    expect((await call('GET', '/session', { ...OWN, ...cookie })).body).toEqual({ user, host: 'own' })
    // Another page can make the browser send the cookie, not the dashboard's header.
    expect((await call('GET', '/session', cookie)).status).toBe(403)
    expect(await call('DELETE', '/session', { ...OWN, ...cookie })).toMatchObject({ status: 200 })
    expect(await call('GET', '/session', { ...OWN, ...cookie })).toEqual({
      ...{ status: 200, setCookie: FORGOTTEN, body: { user: null, host: 'own' } },
    })
    const shared = isolate({ ADMIN_HOST: undefined })
    expect((await shared.call('GET', '/session', OWN)).body).toEqual({ user: null, host: 'shared' })
    const reporter = { name: 'session reporter', role: 'reporter' } as const
    const { token } = await byToken.call('createToken', { body: reporter })
    expect((await call('GET', '/session', { ...OWN, authorization: `Bearer ${token}` })).body.user).toBeNull()
  })

  it('in development a shared host has sessions: the site is one’s own', async () => {
    const local = isolate({ ADMIN_HOST: undefined, ENVIRONMENT: 'development' })
    const { answer, cookie } = await local.signIn()
    expect(answer.setCookie).toMatch(COOKIE)
    expect((await local.call('POST', '/flags/nowhere/pause', { ...OWN, ...cookie })).status).toBe(404)
  })
})

describe('a session', () => {
  const CHANGES: [string, string, object?][] = [
    ['POST', '/tokens', { name: 'minted', role: 'admin' }],
    ['POST', '/flags/nowhere/kill'],
    ['PUT', '/document', { document: {}, expectedVersion: 0 }],
    ['DELETE', '/tokens/nothing'],
    ['PATCH', '/flags/nowhere', { patch: {} }],
    ['DELETE', '/session'],
    ['POST', '/explain', {}],
  ]
  const FOREIGN: [string, object][] = [
    ['nothing of the dashboard', {}],
    ['its origin alone', { origin: HOST }],
    ['its header alone', { 'sluice-dashboard': '1' }],
    ['a sibling', { ...OWN, origin: 'https://sibling.test' }],
    ['a subdomain', { ...OWN, origin: 'https://x.admin.test' }],
    ['the site', { ...OWN, origin: 'https://www.test' }],
    ['another port', { ...OWN, origin: 'https://admin.test:8443' }],
    ['plain http', { ...OWN, origin: 'http://admin.test' }],
    ['an opaque origin', { ...OWN, origin: 'null' }],
    ['nonsense', { ...OWN, origin: 'admin.test' }],
  ]

  it.each(FOREIGN)('changes nothing for %s', async (_, headers) => {
    const { call, signIn } = isolate()
    const { cookie } = await signIn()
    for (const [method, path, body] of CHANGES) {
      const answer = await call(method, path, { ...cookie, ...headers }, body)
      expect([answer.status, answer.body.detail], path).toEqual([
        403,
        'Without a token, changes must come from the dashboard itself',
      ])
    }
    expect((await byToken.call('listTokens')).tokens.map(({ name }) => name)).not.toContain('minted')
    expect((await call('GET', '/me', { ...OWN, ...cookie })).status).toBe(200)
  })

  it('reads nothing for a request that another page can send', async () => {
    const { call, signIn } = isolate()
    const { cookie } = await signIn()
    for (const path of ['/me', '/document', '/status/stream', '/tokens'])
      expect((await call('GET', path, cookie)).status, path).toBe(403)
    expect((await call('GET', '/me', { ...cookie, 'sluice-dashboard': '1' })).status).toBe(200)
  })

  it('changes what its role allows from the dashboard; behind a proxy that ends TLS, too', async () => {
    const { call, signIn } = isolate()
    const { token } = await byToken.call('createToken', {
      body: { name: 'session operator', role: 'operator' },
    })
    const { cookie } = await signIn(token)
    expect((await call('POST', '/flags/nowhere/pause', { ...OWN, ...cookie })).status).toBe(404)
    expect((await call('POST', '/tokens', { ...OWN, ...cookie }, { name: 'x', role: 'admin' })).status).toBe(
      403,
    )
    const plain = isolate({}, 'http://admin.test')
    expect((await plain.call('POST', '/flags/nowhere/pause', { ...OWN, ...cookie })).status).toBe(404)
  })

  it('is nothing that a token could be taken for, nor the other way round', async () => {
    const { call, signIn } = isolate()
    const { cookie } = await signIn()
    const secret = /session=([\w-]+)/.exec(cookie.cookie)?.[1]
    await call('GET', '/me', { ...OWN, ...cookie })
    expect((await call('GET', '/me', { authorization: `Bearer ${secret}` })).status).toBe(401)
    const forged = { cookie: `__Host-sluice_session=${ADMIN_TOKEN}` }
    expect((await call('GET', '/me', { ...OWN, ...forged })).status).toBe(401)
    for (const name of ['sluice_session', '__Secure-sluice_session', '__host-sluice_session'])
      expect((await call('GET', '/me', { ...OWN, cookie: `${name}=${secret}` })).status, name).toBe(401)
  })
})

describe('the end', () => {
  it('signing out ends it for every copy of the cookie', async () => {
    const { call, signIn } = isolate()
    const { cookie } = await signIn()
    const other = await signIn()
    const out = await call('DELETE', '/session', { ...OWN, ...cookie })
    expect(out).toEqual({ status: 200, body: { signedOut: true }, setCookie: FORGOTTEN })
    for (const each of [isolate().call, call]) {
      expect(await each('GET', '/me', { ...OWN, ...cookie })).toMatchObject({
        ...{ status: 401, setCookie: FORGOTTEN },
        body: { detail: 'The session has ended. Sign in again', host: 'own' },
      })
    }
    expect((await call('GET', '/me', { ...OWN, ...other.cookie })).status).toBe(200)
  })

  it('a session dies with its token', async () => {
    const { call, signIn } = isolate()
    const { token, id } = await byToken.call('createToken', {
      body: { name: 'session revoked', role: 'viewer' },
    })
    const { cookie } = await signIn(token)
    expect((await call('GET', '/me', { ...OWN, ...cookie })).status).toBe(200)
    await byToken.call('revokeToken', { params: { id } })
    expect((await isolate().call('GET', '/me', { ...OWN, ...cookie })).status).toBe(401)
    expect(await adminAs(token).refusal('whoAmI')).toMatchObject({ status: 401 })
  })

  it('and with another ADMIN_TOKEN', async () => {
    const { cookie } = await isolate().signIn()
    const rotated = isolate({ ADMIN_TOKEN: 'another' })
    expect((await rotated.call('GET', '/me', { ...OWN, ...cookie })).status).toBe(401)
    const closed = isolate({ ADMIN_TOKEN: undefined })
    expect((await closed.call('GET', '/me', { ...OWN, ...cookie })).status).toBe(401)
  })
})

describe('in an isolate', () => {
  /** With a Controller and a clock of the test. */
  function stage(found: object | undefined) {
    const asked: string[] = []
    const gate = {
      nowMs: 1_000_000,
      asked,
      found,
      authenticator: new Authenticator(),
      login: (secret: string, sender = '192.0.2.1') =>
        gate.authenticator.login(
          new Request(`${HOST}/x`, {
            headers: { ...OWN, cookie: `__Host-sluice_session=${secret}`, 'cf-connecting-ip': sender },
            cf: { colo: 'OTP' },
          } as RequestInit),
          { env: bindings, nowMs: gate.nowMs, waitUntil: () => {} },
        ),
    }
    const bindings = envWith(
      {
        findSession: async (hash: string) => {
          asked.push(hash)
          if (gate.found instanceof Error) throw gate.found
          return gate.found
        },
        note: async () => {},
      },
      { ADMIN_HOST: 'admin.test', ADMIN_TOKEN: 'the-admin' },
    )
    return gate
  }
  const SECRET = 's'.repeat(43)
  const olga = { name: 'Olga', role: 'operator' }
  const session = { tokenHash: 'h', untilMs: 1e9, token: olga }

  it('it is trusted for 15 seconds, and no millisecond beyond its end or its token’s', async () => {
    const gate = stage(session)
    const ok = { ok: true, actor: olga, ambient: 'session' }
    expect(await gate.login(SECRET)).toEqual(ok)
    gate.nowMs += 14_999
    expect(await gate.login(SECRET)).toEqual(ok)
    expect(gate.asked).toEqual([await sha256Hex(SECRET)])
    gate.nowMs += 1
    await gate.login(SECRET)
    expect(gate.asked).toHaveLength(2)
    for (const ends of [{ untilMs: 2_000_000 }, { token: { ...olga, expiresAtMs: 2_000_000 } }]) {
      const short = stage({ ...session, ...ends })
      short.nowMs = 1_999_999
      await short.login(SECRET)
      short.found = undefined
      expect(await short.login(SECRET)).toEqual(ok)
      short.nowMs = 2_000_000
      expect(await short.login(SECRET)).toMatchObject({ status: 401, endsSession: true })
    }
  })

  it('it is forgotten after a revocation', async () => {
    const gate = stage(session)
    await gate.login(SECRET)
    gate.found = undefined
    gate.authenticator.forget()
    expect(await gate.login(SECRET)).toMatchObject({ status: 401 })
  })

  it('a role that this version does not know lets no one in; nor does a token that is not ADMIN_TOKEN', async () => {
    expect(await stage({ ...session, token: { ...olga, role: 'owner' } }).login(SECRET)).toMatchObject({
      status: 401,
    })
    expect(await stage({ ...session, token: undefined }).login(SECRET)).toMatchObject({ status: 401 })
    const admin = { ...session, token: undefined, tokenHash: await sha256Hex('the-admin') }
    expect(await stage(admin).login(SECRET)).toMatchObject({ actor: { name: 'admin', role: 'admin' } })
  })

  it('while the Controller is away it is neither right nor wrong', async () => {
    vi.spyOn(console, 'error').mockImplementation(() => {})
    onTestFinished(() => void takeInternalErrors())
    expect(await stage(new Error('away')).login(SECRET)).toMatchObject({ ok: false, status: 503 })
  })

  it('cookies that stand for nothing ask the Controller 60 times, then once a second; right ones are free', async () => {
    const gate = stage(undefined)
    for (let n = 0; n < 100; n++) await gate.login(String(n).padStart(43, 'x'))
    expect(gate.asked).toHaveLength(60)
    gate.nowMs += 1_000
    await gate.login(SECRET)
    expect(gate.asked).toHaveLength(61)
    await gate.login(SECRET, '192.0.2.2')
    expect(gate.asked).toHaveLength(62)
    const right = stage(session)
    for (let n = 0; n < 100; n++) await right.login(String(n).padStart(43, 'x'))
    expect(right.asked).toHaveLength(100)
    expect(await gate.login('not the shape of a session', '192.0.2.3')).toMatchObject({ status: 401 })
    expect(gate.asked).toHaveLength(62)
  })
})

describe('Cloudflare Access on a host that the site shares', () => {
  it('reads, and changes nothing, since every page of the site could', async () => {
    vi.spyOn(Authenticator.prototype, 'login').mockResolvedValue({
      ...{ ok: true, ambient: 'access' },
      actor: { name: 'ada@example.com', role: 'admin' },
    })
    const shared = isolate({ ADMIN_HOST: undefined })
    const minted = await shared.call('POST', '/tokens', OWN, { name: 'minted', role: 'admin' })
    expect([minted.status, minted.body.detail]).toEqual([
      403,
      'Here pages of the site could act in your name, so changes need a token. Sign in with one, or set ADMIN_HOST',
    ])
    expect((await shared.call('GET', '/me', OWN)).status).toBe(200)
    expect((await shared.call('POST', '/explain', OWN, {})).status).toBe(200)
    for (const env of [{}, { ADMIN_HOST: undefined, ENVIRONMENT: 'development' }])
      expect((await isolate(env).call('POST', '/flags/nowhere/pause', OWN)).status).toBe(404)
    expect((await shared.call('GET', '/tokens', OWN)).status).toBe(403)
    expect((await shared.call('GET', '/keys/origin', OWN)).status).toBe(403)
    vi.restoreAllMocks()
    expect((await byToken.call('listTokens')).tokens.map(({ name }) => name)).not.toContain('minted')
  })
})
