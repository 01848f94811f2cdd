import { env, exports } from 'cloudflare:workers'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import type { Env } from '../../../src/platform/env.ts'
import { conforming, type OfrepAnswer } from '../../ofrep/protocol.ts'

const gate = exports.default
const BASE = 'https://gate.test/__sluice/ofrep/v1/evaluate/flags'
const ADMIN_TOKEN = 'test-admin-token'

const variants = { on: true, off: false }
const DOCUMENT = {
  origins: { app: { url: 'https://app.example.com' } },
  context: { attributes: { plan: { cookie: 'plan' } } },
  routes: [{ path: '/*', origin: 'app' }],
  flagQueries: { requestsPerMinute: 60 },
  flags: {
    everybody: { variants, off: 'off', rules: [{ serve: 'on' }], metadata: { team: 'web', tier: 2 } },
    half: { variants, off: 'off', rules: [{ percentage: 50, serve: 'on' }] },
    'by-country': {
      variants,
      off: 'off',
      rules: [{ when: [{ attribute: 'country', op: 'in', values: ['RO'] }], serve: 'on' }],
    },
    'by-plan': {
      variants,
      off: 'off',
      rules: [{ when: [{ attribute: 'plan', op: 'in', values: ['pro'] }], serve: 'on' }],
    },
    'by-nested': {
      variants,
      off: 'off',
      rules: [{ when: [{ attribute: 'user.roles', op: 'in', values: ['admin'] }], serve: 'on' }],
    },
    'group/with/slashes': { variants: { on: 'yes', off: 'no' }, off: 'off', rules: [{ serve: 'on' }] },
    grösse: { variants: { on: { size: 3 }, off: null }, off: 'off', rules: [{ serve: 'on' }] },
    'no-value': { variants: { on: true, off: null }, off: 'off' },
    secret: { variants, off: 'off', private: true, rules: [{ serve: 'on' }] },
    closed: { variants, off: 'off', enabled: false, rules: [{ serve: 'on' }] },
    killed: { variants, off: 'off', rules: [{ serve: 'on' }] },
    'on-the-shop': {
      variants,
      off: 'off',
      rules: [{ when: [{ attribute: 'path', op: 'starts_with', values: ['/shop'] }], serve: 'on' }],
    },
  },
}

let senders = 0
type Init = { body?: unknown; headers?: Record<string, string>; method?: string }

/** Each query comes from a separate address, so that no limit is shared. */
async function ask(
  path: string,
  { body = {}, headers = {}, method = 'POST' }: Init = {},
): Promise<OfrepAnswer> {
  const response = await gate.fetch(BASE + path, {
    method,
    cf: { colo: 'OTP' },
    headers: { 'cf-connecting-ip': `192.0.2.${++senders}`, ...headers },
    ...(method === 'POST' && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  } as RequestInit)
  return await conforming(response, path === '' ? 'bulk' : 'single')
}

const flagsIn = ({ body }: OfrepAnswer) => (body?.flags ?? []) as { key: string; value?: unknown }[]
const of = (answer: OfrepAnswer, key: string) => flagsIn(answer).find((flag) => flag.key === key)

beforeAll(async () => {
  const { GATE } = env as unknown as Env
  await GATE.put('config', JSON.stringify(DOCUMENT))
  await GATE.put('kill', JSON.stringify(['killed']))
  // The first request loads the Worker, and an isolate waits for KV 1.5 s at most: both are a matter of the machine.
  await vi.waitUntil(async () => (await ask('/everybody')).status === 200, { timeout: 60_000, interval: 200 })
}, 120_000)

describe('one flag', () => {
  it('is evaluated for the context of the body', async () => {
    const { status, body } = await ask('/everybody', { body: { context: { targetingKey: 'u1' } } })
    expect([status, body]).toEqual([
      200,
      { key: 'everybody', value: true, variant: 'on', reason: 'STATIC', metadata: { team: 'web', tier: 2 } },
    ])
  })

  it.each(['/group/with/slashes', '/group%2Fwith%2Fslashes', '/group%2fwith/slashes'])(
    'is everything behind flags/, as in %s',
    async (path) => {
      expect((await ask(path)).body).toMatchObject({ key: 'group/with/slashes', value: 'yes' })
    },
  )

  it('may have a key of any script', async () => {
    expect((await ask(`/${encodeURIComponent('grösse')}`)).body).toMatchObject({
      key: 'grösse',
      value: { size: 3 },
    })
  })

  it('accepts an empty body', async () => {
    expect((await ask('/everybody', { body: '' })).body).toMatchObject({ value: true })
  })

  it('leaves the value to the app where the variant has none', async () => {
    const { body } = await ask('/no-value')
    expect(body).not.toHaveProperty('value')
    expect(body).not.toHaveProperty('variant')
    expect(body).toMatchObject({ reason: 'DEFAULT' })
  })

  it('takes country and device from the request, unless the context says otherwise', async () => {
    const cf = { country: 'RO' }
    const response = await gate.fetch(`${BASE}/by-country`, { method: 'POST', cf } as RequestInit)
    expect((await conforming(response, 'single')).body).toMatchObject({
      value: true,
      reason: 'TARGETING_MATCH',
    })
    const explicit = { context: { country: 'US' } }
    const init = { method: 'POST', cf, body: JSON.stringify(explicit) } as RequestInit
    const other = await conforming(await gate.fetch(`${BASE}/by-country`, init), 'single')
    expect(other.body).toMatchObject({ value: false })
  })

  it('knows nested objects and lists of the context', async () => {
    const context = { user: { roles: ['editor', 'admin'] } }
    expect((await ask('/by-nested', { body: { context } })).body).toMatchObject({ value: true })
  })

  it.each([
    ['killed', 'KILLED'],
    ['closed', undefined],
  ])('%s is DISABLED to OpenFeature, with what it is here in the metadata', async (key, own) => {
    const { body } = await ask(`/${key}`)
    expect(body).toMatchObject({ value: false, variant: 'off', reason: 'DISABLED' })
    expect(body?.metadata).toEqual(own === undefined ? {} : { sluiceReason: own })
  })

  it.each([
    ['that does not exist', '/missing', {}, 404, 'FLAG_NOT_FOUND'],
    ['a private one', '/secret', {}, 404, 'FLAG_NOT_FOUND'],
    ['no JSON', '/everybody', '{', 400, 'PARSE_ERROR'],
    ['a list as context', '/everybody', { context: [] }, 400, 'INVALID_CONTEXT'],
    ['a number as targeting key', '/everybody', { context: { targetingKey: 7 } }, 400, 'INVALID_CONTEXT'],
    ['a percentage without a targeting key', '/half', {}, 400, 'TARGETING_KEY_MISSING'],
    ['a body past its bound', '/everybody', { context: { x: 'x'.repeat(70_000) } }, 400, 'GENERAL'],
  ])('refuses %s', async (_what, path, body, status, errorCode) => {
    const answer = await ask(path, { body })
    expect([answer.status, answer.body?.errorCode, answer.body?.key]).toEqual([
      status,
      errorCode,
      path.slice(1),
    ])
  })

  it('does not need a key for a flag that everybody has', async () => {
    expect((await ask('/everybody')).status).toBe(200)
  })

  it('is asked with POST', async () => {
    const { status, headers } = await ask('/everybody', { method: 'GET' })
    expect([status, headers.get('allow')]).toEqual([405, 'POST, OPTIONS'])
  })
})

describe('all flags', () => {
  const context = { targetingKey: 'visitor-1' }

  it('come in one answer, each as it would come alone, private ones left out', async () => {
    const all = await ask('', { body: { context } })
    const keys = flagsIn(all).map(({ key }) => key)
    expect(keys).toEqual(Object.keys(DOCUMENT.flags).filter((key) => key !== 'secret'))
    for (const key of keys) {
      expect(of(all, key)).toEqual((await ask(`/${encodeURIComponent(key)}`, { body: { context } })).body)
    }
  })

  it('say of the ones that need a targeting key that it is missing', async () => {
    const all = await ask('')
    expect(of(all, 'half')).toMatchObject({ errorCode: 'TARGETING_KEY_MISSING' })
    expect(of(all, 'everybody')).toMatchObject({ value: true })
  })

  it('are 304 for the same context, in whatever list the tag stands', async () => {
    const { headers } = await ask('', { body: { context } })
    const etag = headers.get('etag') ?? ''
    for (const list of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
      const again = await ask('', { body: { context }, headers: { 'if-none-match': list } })
      expect([list, again.status, again.headers.get('etag')]).toEqual([list, 304, etag])
    }
  })

  it('are sent again when another attribute comes with the same targeting key', async () => {
    const { headers } = await ask('', { body: { context } })
    const again = await ask('', {
      body: { context: { ...context, plan: 'pro' } },
      headers: { 'if-none-match': headers.get('etag') ?? '' },
    })
    expect([again.status, of(again, 'by-plan')]).toMatchObject([200, { value: true }])
  })

  it.each([
    ['no JSON', '{', 'PARSE_ERROR'],
    ['a context that is text', { context: 'me' }, 'INVALID_CONTEXT'],
  ])('are refused for %s', async (_what, body, errorCode) => {
    expect(await ask('', { body })).toMatchObject({ status: 400, body: { errorCode } })
  })

  it('tell where to hear of changes', async () => {
    expect((await ask('')).body?.eventStreams).toMatchObject([
      {
        type: 'sse',
        endpoint: { requestUri: expect.stringMatching(/^\/__sluice\/ofrep\/v1\/stream\?since=\d+-/) },
      },
    ])
  })
})

describe('a page that asks about itself', () => {
  const fromPage = {
    'sec-fetch-site': 'same-origin',
    'sec-fetch-mode': 'cors',
    referer: 'https://gate.test/shop/cart',
  }

  it('gets an identity, and keeps its place by it', async () => {
    const first = await ask('/half', { headers: fromPage })
    const cookie = first.headers.get('set-cookie') ?? ''
    expect(cookie).toMatch(/^sluice_id=[^;]+;.*HttpOnly/)
    const again = await ask('/half', { headers: { ...fromPage, cookie: cookie.split(';')[0] ?? '' } })
    expect([again.headers.get('set-cookie'), again.body]).toEqual([null, first.body])
  })

  it('is asked about under the path of the page', async () => {
    expect((await ask('/on-the-shop', { headers: fromPage })).body).toMatchObject({ value: true })
    expect((await ask('/on-the-shop')).body).toMatchObject({ value: false })
  })

  it('does not hear of private flags, whatever token it has', async () => {
    const headers = { ...fromPage, authorization: `Bearer ${ADMIN_TOKEN}` }
    expect((await ask('/secret', { headers })).status).toBe(404)
  })
})

describe('tokens', () => {
  it('a server with one sees private flags', async () => {
    for (const headers of [{ authorization: `Bearer ${ADMIN_TOKEN}` }, { 'x-api-key': ADMIN_TOKEN }]) {
      expect((await ask('/secret', { headers })).body).toMatchObject({ value: true })
    }
  })

  it('a wrong one is refused, and says so', async () => {
    const { status, headers } = await ask('/everybody', { headers: { 'x-api-key': 'wrong' } })
    expect([status, headers.get('www-authenticate')]).toEqual([401, 'Bearer'])
  })
})

describe('pages of other sites', () => {
  it('are told what they may send before they ask', async () => {
    const response = await gate.fetch(BASE, {
      method: 'OPTIONS',
      headers: { origin: 'https://elsewhere.example', 'access-control-request-method': 'POST' },
    })
    expect(response.status).toBe(204)
    expect(response.headers.get('access-control-allow-origin')).toBe('*')
    const allowed = response.headers.get('access-control-allow-headers') ?? ''
    for (const name of ['content-type', 'authorization', 'x-api-key', 'if-none-match'])
      expect(allowed).toContain(name)
    expect(response.headers.get('access-control-allow-methods')).toContain('POST')
  })

  it.each(['cross-site', 'same-site', 'none'])('get no cookies (%s)', async (site) => {
    const headers = { origin: 'https://elsewhere.example', 'sec-fetch-site': site }
    const answer = await ask('', { headers })
    expect([answer.status, answer.headers.get('set-cookie')]).toEqual([200, null])
    expect(of(answer, 'half')).toMatchObject({ errorCode: 'TARGETING_KEY_MISSING' })
    // The same query of the site's own page gets one.
    const own = await ask('', { headers: { 'sec-fetch-site': 'same-origin' } })
    expect([own.status, own.headers.get('set-cookie')]).toEqual([200, expect.stringMatching(/^sluice_id=/)])
  })
})

it('one address may ask so often, and is told when to come again', async () => {
  const headers = { 'cf-connecting-ip': '198.51.100.9' }
  let answer = await ask('/everybody', { headers })
  for (let n = 0; n < 200 && answer.status === 200; n++) answer = await ask('/everybody', { headers })
  expect(answer.status).toBe(429)
  expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
})
