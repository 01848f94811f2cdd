import { env, exports } from 'cloudflare:workers'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import type { Env } from '../../../src/platform/env.ts'

const gate = exports.default
const BASE = 'https://gate.test/__sluice/api/frontend'

const variants = { on: true, off: false }
const by = (attribute: string, value: string) => ({
  variants,
  off: 'off',
  rules: [{ when: [{ attribute, op: 'in', values: [value] }], serve: 'on' }],
})
const DOCUMENT = {
  origins: { app: { url: 'https://app.example.com' } },
  routes: [{ path: '/*', origin: 'app' }],
  flags: {
    everybody: { variants, off: 'off', rules: [{ serve: 'on' }], metadata: { impressionData: true } },
    never: { variants, off: 'off' },
    secret: { variants, off: 'off', private: true, rules: [{ serve: 'on' }] },
    'by-user': by('userId', 'u7'),
    'by-property': by('plan', 'pro'),
    'by-address': by('remoteAddress', '203.0.113.9'),
    'by-session': by('sessionId', 's1'),
    half: { variants, off: 'off', rules: [{ percentage: 50, serve: 'on' }] },
    colour: { variants: { red: 'rgb(1,0,0)', none: '' }, off: 'none', rules: [{ serve: 'red' }] },
    imported: {
      variants: {
        on: { name: 'disabled' },
        off: { name: 'disabled' },
        a: { name: 'a', payload: { type: 'string', value: 'x' } },
      },
      off: 'off',
      rules: [{ serve: 'a' }],
      metadata: { unleash: true },
    },
  },
}

type Toggle = { name: string; enabled: boolean; impressionData: boolean; variant: object }

async function togglesOf(response: Response): Promise<Map<string, Toggle>> {
  expect(response.status).toBe(200)
  const { toggles } = (await response.json()) as { toggles: Toggle[] }
  return new Map(toggles.map((toggle) => [toggle.name, toggle]))
}

const get = (query = '', headers: Record<string, string> = {}) =>
  gate.fetch(BASE + query, {
    headers: { authorization: 'some-frontend-key', ...headers },
    cf: { colo: 'OTP' },
  } as RequestInit)

beforeAll(async () => {
  await (env as unknown as Env).GATE.put('config', JSON.stringify(DOCUMENT))
  // The first request loads the Worker, and an isolate waits for KV 1.5 s at most: both are a matter of the machine.
  const isInForce = async () => (await togglesOf(await get())).has('imported')
  await vi.waitUntil(isInForce, { timeout: 60_000, interval: 200 })
}, 120_000)

describe("Unleash's front-end API", () => {
  it('lists the flags that are on, with their variants, and no private ones', async () => {
    const toggles = await togglesOf(await get())
    expect([...toggles.keys()]).toEqual(['everybody', 'colour', 'imported'])
    const disabled = { name: 'disabled', enabled: false, feature_enabled: true }
    expect(toggles.get('everybody')).toEqual({
      name: 'everybody',
      enabled: true,
      impressionData: true,
      variant: disabled,
    })
    expect(toggles.get('colour')?.variant).toEqual({
      name: 'red',
      payload: { type: 'string', value: 'rgb(1,0,0)' },
      enabled: true,
      feature_enabled: true,
    })
    expect(toggles.get('imported')?.variant).toEqual({
      name: 'a',
      payload: { type: 'string', value: 'x' },
      enabled: true,
      feature_enabled: true,
    })
  })

  it('takes the context from the query or from the body', async () => {
    const query = '?userId=u7&sessionId=s1&properties[plan]=pro'
    const body = { context: { userId: 'u7', sessionId: 's1', properties: { plan: 'pro' } } }
    const post = { method: 'POST', body: JSON.stringify(body) }
    for (const response of [await get(query), await gate.fetch(BASE, post)]) {
      const toggles = await togglesOf(response)
      expect(['by-user', 'by-property', 'by-session'].every((name) => toggles.has(name))).toBe(true)
    }
  })

  it('knows the address from the request, unless the context states one', async () => {
    const headers = { 'cf-connecting-ip': '203.0.113.9' }
    expect((await togglesOf(await get('', headers))).has('by-address')).toBe(true)
    expect((await togglesOf(await get('?remoteAddress=192.0.2.1', headers))).has('by-address')).toBe(false)
    expect((await togglesOf(await get('?remoteAddress=203.0.113.9'))).has('by-address')).toBe(true)
  })

  it('places visitors without user by their session, and invents none', async () => {
    const places = await Promise.all(
      Array.from({ length: 40 }, async (_, n) =>
        (await togglesOf(await get(`?sessionId=s${n}`))).has('half'),
      ),
    )
    expect(new Set(places).size).toBe(2)
    const again = await Promise.all(
      Array.from({ length: 40 }, async (_, n) =>
        (await togglesOf(await get(`?sessionId=s${n}`))).has('half'),
      ),
    )
    expect(again).toEqual(places)
    expect((await togglesOf(await get())).has('half')).toBe(false)
  })

  it('answers 304 to who has it already, and anew where the context is another', async () => {
    const etag = (await get('?userId=u1')).headers.get('etag') ?? ''
    expect((await get('?userId=u1', { 'if-none-match': etag })).status).toBe(304)
    expect((await get('?userId=u7', { 'if-none-match': etag })).status).toBe(200)
  })

  it('does not mind a slash at the end of its address', async () => {
    expect((await togglesOf(await get('/?userId=u7'))).has('by-user')).toBe(true)
    const body = JSON.stringify({ context: { userId: 'u7' } })
    const posted = await togglesOf(await gate.fetch(`${BASE}/`, { method: 'POST', body }))
    expect(posted.has('by-user')).toBe(true)
    expect((await get('/other')).status).toBe(404)
  })

  it('takes metrics and registrations, and lets other sites ask', async () => {
    const metrics = await gate.fetch(`${BASE}/client/metrics`, { method: 'POST', body: '{}' })
    expect([metrics.status, metrics.headers.get('access-control-allow-origin')]).toEqual([202, '*'])
    const preflight = await gate.fetch(BASE, { method: 'OPTIONS', headers: { origin: 'https://a.example' } })
    expect(preflight.status).toBe(204)
  })

  it('refuses a body that is not JSON', async () => {
    expect((await gate.fetch(BASE, { method: 'POST', body: '{' })).status).toBe(400)
  })
})
