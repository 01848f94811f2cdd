/** OFREP and Unleash's front-end API by themselves: who may ask, from where, how often, and what comes back. */
import { createExecutionContext } from 'cloudflare:test'
import { Hono } from 'hono/tiny'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { taggedAnswer } from '../../../src/api/flags/etag-answer.ts'
import { createEventsApi, type EventsPorts } from '../../../src/api/flags/events.ts'
import { attributesIn } from '../../../src/api/flags/given-attributes.ts'
import { createOfrepApi } from '../../../src/api/flags/ofrep.ts'
import type { FlagPorts } from '../../../src/api/flags/ports.ts'
import { createUnleashApi } from '../../../src/api/flags/unleash.ts'
import type { FlagQuerySettings } from '../../../src/core/config/compile/snapshot.ts'
import { type Decision, NOT_COMPARED } from '../../../src/core/decision/decide.ts'
import type { CompiledFlag } from '../../../src/core/flags/flag.ts'
import type { GivenVisitor } from '../../../src/gate/evaluation/flag-query.ts'
import type { Env } from '../../../src/platform/env.ts'
import { takeInternalErrors } from '../../../src/platform/internal-errors.ts'
import { START_MS } from '../support/parts.ts'

const flag = (key: string, more: object = {}) => ({
  key,
  off: 'off',
  isPrivate: false,
  metadata: {},
  ...more,
})
const FLAGS = new Map([
  ['open', flag('open', { metadata: { team: 'web' } })],
  ['secret', flag('secret', { isPrivate: true })],
  ['keyed', flag('keyed')],
])
const decided = (key: string, more: object = {}) => ({
  flag: key,
  variant: 'on',
  value: true,
  reason: 'SPLIT',
  placement: NOT_COMPARED,
  ...more,
})

/** APIs over ports that note what they are asked for. */
function startApis(
  settings: Partial<FlagQuerySettings> = {},
  decisions: Readonly<Record<string, object>> = {},
) {
  vi.useFakeTimers({ toFake: ['Date'], now: START_MS })
  onTestFinished(() => void vi.useRealTimers())
  const world = {
    given: [] as GivenVisitor[],
    tokens: [] as string[],
    setCookie: undefined as string | undefined,
    revision: '7-x',
    hash: 'hash',
    fails: false,
  }
  const ports: FlagPorts = {
    settings: async () =>
      ({
        requireToken: false,
        requestsPerMinute: 1_000,
        allowedOrigins: undefined,
        visitorsSendBearer: false,
        trustedProxies: 0,
        ...settings,
      }) as FlagQuerySettings,
    query: async (_, given) => {
      if (world.fails) throw new Error('the evaluator is broken')
      world.given.push(given)
      return {
        flags: FLAGS as unknown as Map<string, CompiledFlag>,
        decide: ({ key }) =>
          (key === 'keyed' ? undefined : (decisions[key] ?? decided(key))) as Decision | undefined,
        setCookie: world.setCookie,
        revision: world.revision,
      }
    },
    checkToken: async (token) => {
      world.tokens.push(token)
      if (token === 'good') return { ok: true }
      if (token === 'busy')
        return { ok: false, status: 429, detail: 'Too many wrong tokens', retryAfterSeconds: 9 }
      return { ok: false, status: 401, detail: 'Token not recognised' }
    },
    documentHash: () => world.hash,
    revision: async () => world.revision,
  }
  const app = new Hono<{ Bindings: Env }>()
  app.route('/o', createOfrepApi(ports, '/o'))
  app.route('/u', createUnleashApi(ports))
  const ask = async (path: string, { method = 'POST', body, ...headers }: Init = {}) => {
    const init = { method, headers, ...(body !== undefined && { body }) } as RequestInit
    return await app.fetch(
      new Request(`https://gate.test${path}`, init),
      DEVELOPMENT,
      createExecutionContext(),
    )
  }
  return { world, ask }
}

/** There CF-Connecting-IP is believed. */
const DEVELOPMENT = { ENVIRONMENT: 'development' } as Env

type Init = Readonly<Record<string, string | undefined>>
const ALL = '/o/v1/evaluate/flags'
const bodyOf = async (response: Response) => (await response.json()) as Record<string, unknown>
const cookie = 'sluice_id=x'

describe('OFREP', () => {
  it('evaluates one flag: value, variant, reason, metadata, and the cookie of a new visitor', async () => {
    const { world, ask } = startApis({}, { open: decided('open', { reason: 'OVERRIDE' }) })
    world.setCookie = cookie
    const response = await ask(`${ALL}/open`)
    expect(await bodyOf(response)).toEqual({
      key: 'open',
      value: true,
      variant: 'on',
      reason: 'TARGETING_MATCH',
      metadata: { team: 'web', sluiceReason: 'OVERRIDE' },
    })
    expect(response.headers.get('set-cookie')).toBe(cookie)
    expect(response.headers.get('content-type')).toBe('application/json')
    expect(response.headers.get('cache-control')).toBe('no-store')
  })

  it.each([
    ['KILLED', 'DISABLED', { sluiceReason: 'KILLED' }],
    ['ROLLED_BACK', 'DISABLED', { sluiceReason: 'ROLLED_BACK' }],
    ['SPLIT', 'SPLIT', {}],
  ])('says of %s that it is %s', async (reason, told, metadata) => {
    const { ask } = startApis({}, { secret: decided('secret', { reason, value: null }) })
    const answer = await bodyOf(await ask(`${ALL}/secret`, { 'x-api-key': 'good' }))
    // Without a value there is no variant either.
    expect(answer).toEqual({ key: 'secret', reason: told, metadata })
  })

  it('answers all flags that the caller may see, with the stream that goes on from them', async () => {
    const { world, ask } = startApis()
    world.setCookie = cookie
    const response = await ask(ALL)
    expect(await bodyOf(response)).toEqual({
      flags: [
        expect.objectContaining({ key: 'open', value: true }),
        expect.objectContaining({ key: 'keyed', errorCode: 'TARGETING_KEY_MISSING' }),
      ],
      eventStreams: [
        { type: 'sse', endpoint: { requestUri: '/o/v1/stream?since=7-x' }, inactivityDelaySec: 120 },
      ],
    })
    expect(response.headers.get('set-cookie')).toBe(cookie)
    const keys = (await bodyOf(await ask(ALL, { 'x-api-key': 'good' }))).flags as { key: string }[]
    expect(keys.map(({ key }) => key)).toEqual(['open', 'secret', 'keyed'])
  })

  it('has another tag for another document, context or decision, and 304 for the same', async () => {
    const { world, ask } = startApis()
    const tagOf = async (body?: string) => (await ask(ALL, { body })).headers.get('etag') ?? ''
    const tag = await tagOf()
    expect(tag).toMatch(/^"[\da-f]{32}"$/)
    expect(await tagOf()).toBe(tag)
    expect(await tagOf('{"context": {"plan": "pro"}}')).not.toBe(tag)
    world.revision = '8-x'
    expect(await tagOf()).toBe(tag)
    world.hash = 'another'
    expect(await tagOf()).not.toBe(tag)
    world.hash = 'hash'
    const same = await ask(ALL, { 'if-none-match': `"x" , W/${tag}` })
    expect([same.status, await same.text(), same.headers.get('etag')]).toEqual([304, '', tag])
    expect((await ask(ALL, { 'if-none-match': tag.slice(1, -1) })).status).toBe(200)
  })

  it('passes on what the query says of the visitor', async () => {
    const { world, ask } = startApis()
    const context = {
      targetingKey: 'u1',
      plan: 'pro',
      user: { roles: ['a', { b: 1 }, 2, null] },
      nothing: null,
    }
    await ask(ALL, { body: JSON.stringify({ context }) })
    await ask(ALL, { body: JSON.stringify({ context: { targetingKey: 'u1', userId: 'u2' } }) })
    await ask(ALL, { body: JSON.stringify({ context: { targetingKey: '', plan: 'pro' } }) })
    await ask(`${ALL}/open`, { body: ' ' })
    await ask(ALL, { body: '{}' })
    expect(world.given).toEqual([
      { targetingKey: 'u1', attributes: { userId: 'u1', plan: 'pro', 'user.roles': ['a', 2] } },
      { targetingKey: 'u1', attributes: { userId: 'u2' } },
      { targetingKey: undefined, attributes: { plan: 'pro' } },
      { targetingKey: undefined, attributes: {} },
      { targetingKey: undefined, attributes: {} },
    ])
  })

  it.each([
    ['{', 'PARSE_ERROR', 'The body must be JSON'],
    ['7', 'INVALID_CONTEXT', 'Body and "context" must be JSON objects'],
    ['[]', 'INVALID_CONTEXT', 'Body and "context" must be JSON objects'],
    ['{"context": 7}', 'INVALID_CONTEXT', 'must be JSON objects'],
    ['{"context": {"targetingKey": 7}}', 'INVALID_CONTEXT', '"targetingKey" must be a string'],
    [`"${'x'.repeat(64_000)}"`, 'GENERAL', 'at most 64000 bytes'],
  ])('refuses the body %.40s', async (body, errorCode, errorDetails) => {
    const { ask } = startApis()
    const problem = { errorCode, errorDetails: expect.stringContaining(errorDetails) }
    const [all, one] = [await ask(ALL, { body }), await ask(`${ALL}/a%2fb`, { body })]
    expect([all.status, await bodyOf(all)]).toEqual([400, problem])
    expect([one.status, await bodyOf(one)]).toEqual([400, { key: 'a/b', ...problem }])
  })

  it('knows no flag that is not there or private, and takes a broken escape literally', async () => {
    const { ask } = startApis()
    for (const [path, key] of [
      ['nowhere', 'nowhere'],
      ['secret', 'secret'],
      ['%zz', '%zz'],
    ] as const) {
      const response = await ask(`${ALL}/${path}`)
      expect([response.status, await bodyOf(response)]).toEqual([
        404,
        { key, errorCode: 'FLAG_NOT_FOUND', errorDetails: `The gate document has no flag "${key}"` },
      ])
    }
    const keyed = await ask(`${ALL}/keyed`)
    expect([keyed.status, (await bodyOf(keyed)).errorCode]).toEqual([400, 'TARGETING_KEY_MISSING'])
  })

  it('says which method and path it has', async () => {
    const { ask } = startApis()
    const errorDetails = `Ask with POST ${ALL} or POST ${ALL}/KEY`
    for (const [path, status, allow] of [
      [ALL, 405, 'POST, OPTIONS'],
      [`${ALL}/open`, 405, 'POST, OPTIONS'],
      ['/o/v1/configuration', 404, null],
    ] as const) {
      const response = await ask(path, { method: 'GET' })
      expect([response.status, response.headers.get('allow'), await bodyOf(response)]).toEqual([
        status,
        allow,
        { errorDetails },
      ])
    }
  })

  it('that can not evaluate says so, and it counts as an internal error', async () => {
    const { world, ask } = startApis()
    takeInternalErrors()
    world.fails = true
    const response = await ask(ALL)
    expect([response.status, await bodyOf(response)]).toEqual([
      500,
      { errorDetails: 'The gate could not evaluate this' },
    ])
    expect(takeInternalErrors()).toMatchObject([{ place: 'api.ofrep' }])
  })

  it('opens a stream from what the client knows: its last event, or the address', async () => {
    const { ask, world } = startApis({ requireToken: true })
    const firstOf = async (path: string, headers: Init) => {
      const response = await ask(path, { method: 'GET', ...headers })
      expect(response.headers.get('content-type')).toBe('text/event-stream')
      expect(response.headers.get('cache-control')).toBe('no-store')
      expect(response.headers.get('x-accel-buffering')).toBe('no')
      expect(response.headers.get('access-control-allow-origin')).toBe('*')
      const reader = response.body?.getReader()
      const { value } = (await reader?.read()) ?? {}
      await reader?.cancel()
      return new TextDecoder().decode(value)
    }
    const greeting = 'retry: 1000\nid: 7-x\n: open\n\n'
    const missed = `${greeting}id: 7-x\nevent: message\ndata: {"type":"refetchEvaluation"}\n\n`
    expect(await firstOf('/o/v1/stream', {})).toBe(greeting)
    expect(await firstOf('/o/v1/stream?since=7-x', {})).toBe(greeting)
    expect(await firstOf('/o/v1/stream?since=6-x', {})).toBe(missed)
    expect(await firstOf('/o/v1/stream?since=6-x', { 'last-event-id': '7-x' })).toBe(greeting)
    expect(world.tokens).toEqual([])
  })

  it('opens no stream for a site that may not ask', async () => {
    const { ask } = startApis({ allowedOrigins: new Set(['https://a.test']) })
    expect((await ask('/o/v1/stream', { method: 'GET', origin: 'https://b.test' })).status).toBe(403)
    expect((await ask('/o/v1/stream', { method: 'GET', origin: 'https://a.test' })).status).toBe(200)
  })
})

describe('tokens of queries', () => {
  it('are taken from X-API-Key or Authorization; the JWT of a visitor is none', async () => {
    const { world, ask } = startApis()
    await ask(ALL, { 'x-api-key': 'good', authorization: 'Bearer other' })
    await ask(ALL, { authorization: 'bearer  good' })
    await ask(ALL, { authorization: 'Basic good' })
    await ask(ALL, { authorization: 'Bearer a.b.c' })
    expect(world.tokens).toEqual(['good', 'good', 'a.b.c'])
    const visitors = startApis({ visitorsSendBearer: true })
    await visitors.ask(ALL, { authorization: 'Bearer a.b.c' })
    await visitors.ask(ALL, { authorization: 'Bearer good' })
    await visitors.ask(ALL, { authorization: 'Bearer a.b' })
    expect(visitors.world.tokens).toEqual(['good', 'a.b'])
  })

  it('that are wrong or too many are refused as the admin API refuses them', async () => {
    const { ask } = startApis()
    const wrong = await ask(ALL, { 'x-api-key': 'wrong' })
    expect([wrong.status, wrong.headers.get('www-authenticate'), wrong.headers.get('retry-after')]).toEqual([
      401,
      'Bearer',
      null,
    ])
    expect(await bodyOf(wrong)).toEqual({ errorDetails: 'Token not recognised' })
    const busy = await ask(ALL, { 'x-api-key': 'busy' })
    expect([busy.status, busy.headers.get('www-authenticate'), busy.headers.get('retry-after')]).toEqual([
      429,
      null,
      '9',
    ])
  })

  it('are needed where the document says so', async () => {
    const { ask } = startApis({ requireToken: true })
    const none = await ask(ALL)
    expect([none.status, (await bodyOf(none)).errorDetails]).toEqual([
      401,
      'Send a token of the gate: "Authorization: Bearer TOKEN" or "X-API-Key: TOKEN"',
    ])
    expect((await ask(ALL, { 'x-api-key': 'good' })).status).toBe(200)
  })

  it.each([{ 'sec-fetch-site': 'same-origin' }, { origin: 'https://gate.test' }])(
    'do not show private flags to a page: %j',
    async (headers) => {
      const { ask } = startApis()
      expect((await ask(`${ALL}/secret`, { 'x-api-key': 'good' })).status).toBe(200)
      expect((await ask(`${ALL}/secret`, { 'x-api-key': 'good', ...headers })).status).toBe(404)
    },
  )
})

describe('the limit of queries', () => {
  it('is per address and minute, and changes with the document', async () => {
    const settings = { requestsPerMinute: 3 }
    const { ask } = startApis(settings)
    const from = { 'cf-connecting-ip': '192.0.2.1' }
    const statuses: number[] = []
    for (let time = 0; time < 4; time++) statuses.push((await ask(ALL, from)).status)
    expect(statuses).toEqual([200, 200, 200, 429])
    const late = await ask(ALL, from)
    expect([late.headers.get('retry-after'), await bodyOf(late)]).toEqual([
      '20',
      { errorDetails: 'Too many queries; try again later' },
    ])
    // Callers whose address is not known can't use up one limit for all; a token has none.
    for (let time = 0; time < 5; time++) expect((await ask(ALL)).status).toBe(200)
    for (let time = 0; time < 5; time++)
      expect((await ask(ALL, { ...from, 'x-api-key': 'good' })).status).toBe(200)
    vi.setSystemTime(START_MS + 19_999)
    expect((await ask(ALL, from)).status).toBe(429)
    vi.setSystemTime(START_MS + 20_000)
    expect((await ask(ALL, from)).status).toBe(200)
  })
})

describe('pages of other sites', () => {
  const A = 'https://a.test'
  const corsOf = ({ headers }: Response) =>
    ['origin', 'credentials'].map((name) => headers.get(`access-control-allow-${name}`))

  it('may all ask, without cookies, unless the document lists sites', async () => {
    const { ask } = startApis()
    const response = await ask(ALL, { origin: A })
    expect(corsOf(response)).toEqual(['*', null])
    expect(response.headers.get('access-control-expose-headers')).toBe('etag, retry-after')
    expect(response.headers.get('vary')).toBeNull()
  })

  it('may ask with cookies where they are listed; others are refused, and caches keep them apart', async () => {
    const { ask } = startApis({ allowedOrigins: new Set([A]) })
    const listed = await ask(ALL, { origin: A })
    expect([listed.status, ...corsOf(listed), listed.headers.get('vary')]).toEqual([200, A, 'true', 'origin'])
    const other = await ask(ALL, { origin: 'https://b.test' })
    expect([other.status, ...corsOf(other), other.headers.get('vary')]).toEqual([403, null, null, 'origin'])
    expect(await bodyOf(other)).toEqual({
      errorDetails: 'The document does not list this site in flagQueries.allowedOrigins',
    })
    expect(other.headers.get('access-control-expose-headers')).toBeNull()
    // Servers send no origin, and the gate's own pages may always ask.
    expect((await ask(ALL)).status).toBe(200)
    expect((await ask(ALL, { origin: 'https://gate.test' })).status).toBe(200)
  })

  it.each(['/o/v1/evaluate/flags', '/u/'])('learn beforehand what they may send to %s', async (path) => {
    const { ask } = startApis()
    const response = await ask(path, { method: 'OPTIONS', origin: A })
    expect(response.status).toBe(204)
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'access-control-allow-origin': '*',
      'access-control-allow-methods': 'GET, POST, OPTIONS',
      'access-control-allow-headers': expect.stringContaining('x-api-key'),
      'access-control-max-age': '600',
      'cache-control': 'no-store',
    })
  })
})

describe("Unleash's front-end API", () => {
  const toggles = async (response: Response) => (await bodyOf(response)).toggles as Record<string, unknown>[]

  it('lists what is on: no flag that serves its off, needs a key, or is private', async () => {
    const { ask } = startApis({}, { open: decided('open', { variant: 'off' }) })
    expect(await toggles(await ask('/u/', { method: 'GET' }))).toEqual([])
    const on = startApis()
    const off = { name: 'disabled', enabled: false, feature_enabled: true }
    expect(await toggles(await on.ask('/u', { method: 'GET' }))).toEqual([
      { name: 'open', enabled: true, impressionData: false, variant: off },
    ])
  })

  it.each([
    ['rgb', { type: 'string', value: 'rgb' }],
    [7, { type: 'number', value: '7' }],
    [{ a: 1 }, { type: 'json', value: '{"a":1}' }],
    [null, { type: 'json', value: 'null' }],
  ])('tells the variant and the value %j of a flag of the gate', async (value, payload) => {
    const { ask } = startApis({}, { open: decided('open', { value, variant: 'red' }) })
    const [toggle] = await toggles(await ask('/u/', { method: 'GET' }))
    expect(toggle?.variant).toEqual({ name: 'red', payload, enabled: true, feature_enabled: true })
  })

  it.each([
    [{ name: 'a', payload: { type: 'string', value: 'x' } }, 'a', true],
    [{ name: 'a' }, 'on', false],
    [true, 'a', false],
    [null, 'a', false],
  ])('tells of an imported flag what its value %j says', async (value, variant, isEnabled) => {
    const imported = flag('open', { metadata: { unleash: true, impressionData: true } })
    FLAGS.set('open', imported)
    onTestFinished(() => void FLAGS.set('open', flag('open', { metadata: { team: 'web' } })))
    const { ask } = startApis({}, { open: decided('open', { value, variant }) })
    const [toggle] = await toggles(await ask('/u/', { method: 'GET' }))
    expect(toggle?.impressionData).toBe(true)
    const none = { name: 'disabled', enabled: false, feature_enabled: true }
    expect(toggle?.variant).toEqual(
      isEnabled ? { ...(value as object), enabled: true, feature_enabled: true } : none,
    )
  })

  it('takes the context of the query or of the body, fields before properties, all as text', async () => {
    const { world, ask } = startApis()
    await ask('/u/?userId=7&sessionId=s1&properties[plan]=pro&plan=basic&currentTime=9', { method: 'GET' })
    const properties = { plan: 'pro', seats: 5, nested: { a: true } }
    await ask('/u/', { body: JSON.stringify({ context: { userId: 7, properties, plan: 'basic' } }) })
    await ask('/u/', { body: '' })
    await ask('/u/', { body: '{"context": {"userId": "", "sessionId": "", "properties": 7}}' })
    const none = { targetingKey: undefined, otherwise: undefined }
    expect(world.given).toEqual([
      {
        targetingKey: '7',
        otherwise: 's1',
        attributes: { userId: '7', sessionId: 's1', plan: 'basic', now: '9' },
      },
      {
        targetingKey: '7',
        otherwise: undefined,
        attributes: { userId: '7', plan: 'basic', seats: '5', 'nested.a': 'true' },
      },
      { ...none, attributes: {} },
      { ...none, attributes: { userId: '', sessionId: '' } },
    ])
  })

  it.each(['{', '{"context": 7}', '{"context": null}', `"${'x'.repeat(64_000)}"`])(
    'refuses the body %.20s',
    async (body) => {
      const { ask } = startApis()
      const response = await ask('/u/', { body })
      expect(response.status).toBe(400)
      expect((await bodyOf(response)).detail).toBe(
        'The body must be JSON of at most 64000 bytes, with the context in "context"',
      )
      expect(response.headers.get('access-control-allow-origin')).toBe('*')
    },
  )

  it('asks for the key of a client only where the document wants tokens', async () => {
    const open = startApis()
    expect((await open.ask('/u/', { method: 'GET', authorization: 'any' })).status).toBe(200)
    expect(open.world.tokens).toEqual([])
    const { world, ask } = startApis({ requireToken: true })
    for (const authorization of ['good', 'Bearer good'])
      expect((await ask('/u/', { method: 'GET', authorization })).status).toBe(200)
    expect(world.tokens).toEqual(['good', 'good'])
    const busy = await ask('/u/', { method: 'GET', authorization: 'busy' })
    expect([busy.status, busy.headers.get('retry-after')]).toEqual([429, '9'])
    const none = await ask('/u/', { method: 'GET' })
    expect([none.status, none.headers.get('retry-after')]).toEqual([401, null])
  })

  it('takes the counts of clients and keeps none; knows no other path', async () => {
    const { ask } = startApis()
    const counted = await ask('/u/client/metrics')
    expect([counted.status, counted.headers.get('access-control-allow-origin')]).toEqual([202, '*'])
    expect((await ask('/u/client/metrics', { method: 'GET' })).status).toBe(404)
    expect((await ask('/u/other', { method: 'GET' })).status).toBe(404)
  })
})

describe('the attributes of a context', () => {
  it('are plain values, lists of them, and objects by dotted paths, eight levels deep', () => {
    const deep = { a: { b: { c: { d: { e: { f: { g: { h: 1, i: { j: 2 } } } } } } } } }
    expect(
      attributesIn({ text: 'x', number: 0, yes: false, list: ['a', {}, null, 1], none: null, ...deep }),
    ).toEqual({
      text: 'x',
      number: 0,
      yes: false,
      list: ['a', 1],
      'a.b.c.d.e.f.g.h': 1,
      'a.b.c.d.e.f.g.i.j': 2,
    })
    const deeper = { a: { b: { c: { d: { e: { f: { g: { h: { i: { j: 2 } } } } } } } } } }
    expect(attributesIn(deeper)).toEqual({})
  })

  it('become no larger by what objects repeat', () => {
    const members = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, n) => [`k${n}`, 1]))
    const sizeOf = (context: object) => JSON.stringify(attributesIn({ ...context })).length
    expect(Object.keys(attributesIn({ user: members(5_000) }))).toHaveLength(5_000)
    for (const name of ['n'.repeat(100), 'n'.repeat(990), 'n'.repeat(9_000)])
      expect(sizeOf({ [name]: members(8_000) })).toBeLessThan(130_000)
    expect(
      sizeOf({ ['n'.repeat(500)]: { ['m'.repeat(500)]: members(4_000), ...members(4_000) } }),
    ).toBeLessThan(130_000)
  })
})

it('an answer has a tag of all its parts', async () => {
  const request = new Request('https://gate.test/')
  const tagOf = async (...tag: string[]) =>
    (await taggedAnswer(request, { body: '{}', tag, setCookie: undefined })).headers.get('etag')
  expect(new Set(await Promise.all([tagOf('a'), tagOf('b'), tagOf('a', 'b'), tagOf('b', 'a')])).size).toBe(4)
})

describe('app reports', () => {
  function startEvents(more: Partial<EventsPorts> = {}) {
    vi.useFakeTimers({ toFake: ['Date'], now: START_MS })
    onTestFinished(() => void vi.useRealTimers())
    const reported: object[] = []
    const kept: object[] = []
    const api = new Hono<{ Bindings: Env }>()
    const ports = {
      trustedProxies: () => 0,
      assignments: async () => ({
        isKnown: true,
        isProven: true,
        network: 0,
        colo: 'AMS',
        of: (key: string) => (key === 'nowhere' ? undefined : decided(key)),
      }),
      report: (decision: Decision, report: object, { nowMs }: { nowMs: number }) =>
        void reported.push({ flag: decision.flag, ...report, nowMs }),
      keepFeedback: async (_: Env, entries: readonly object[]) => void kept.push(...entries),
      ...more,
    } as unknown as EventsPorts
    api.route('/e', createEventsApi(ports))
    const post = async (body: unknown, { method = 'POST', ...headers }: Init = {}) => {
      const text = typeof body === 'string' ? body : JSON.stringify(body)
      const init = { method, headers, ...(method === 'POST' && { body: text }) } as RequestInit
      return await api.fetch(new Request('https://gate.test/e', init), DEVELOPMENT, createExecutionContext())
    }
    return { reported, kept, post }
  }
  const error = { type: 'error', flag: 'f' }

  it('are passed on, feedback is kept with its variant, and unknown flags are named', async () => {
    const { reported, kept, post } = startEvents()
    const timing = { type: 'timing', flag: 'f', durationMs: 3_600_000 }
    const vital = { type: 'vital', flag: 'f', name: 'CLS', value: 0 }
    const feedback = { type: 'feedback', flag: 'f', text: ' good ' }
    const response = await post({ reports: [error, timing, vital, feedback, { ...error, flag: 'nowhere' }] })
    expect([response.status, response.headers.get('cache-control')]).toEqual([202, 'no-store'])
    expect(await bodyOf(response)).toEqual({
      accepted: 4,
      refused: [{ flag: 'nowhere', reason: 'the document has no such flag' }],
    })
    expect(reported).toEqual([error, timing, vital].map((each) => ({ ...each, nowMs: START_MS })))
    expect(kept).toEqual([
      { network: expect.any(String), atMs: START_MS, flag: 'f', variant: 'on', text: 'good' },
    ])
  })

  it('without feedback do not trouble the Controller', async () => {
    const keepFeedback = vi.fn()
    const { post } = startEvents({ keepFeedback })
    expect((await post([error])).status).toBe(202)
    expect(keepFeedback).not.toHaveBeenCalled()
  })

  const many = (length: number) => Array.from({ length }, () => error)
  it.each<[string, unknown, number, RegExp]>([
    ['no list', {}, 400, /^reports: .*Send for example/],
    ['an empty list', [], 400, /^reports: /],
    ['50 reports', many(50), 202, /^$/],
    ['51 reports', many(51), 400, /^reports: /],
    [
      'a duration that is too long',
      [{ type: 'timing', flag: 'f', durationMs: 3_600_001 }],
      400,
      /durationMs: /,
    ],
    ['a negative vital', [{ type: 'vital', flag: 'f', name: 'CLS', value: -1 }], 400, /^reports\.0\.value: /],
    ['an unknown vital', [{ type: 'vital', flag: 'f', name: 'XXX', value: 1 }], 400, /^reports\.0\.name: /],
    ['empty feedback', [{ type: 'feedback', flag: 'f', text: '  ' }], 400, /^reports\.0\.text: /],
    ['long feedback', [{ type: 'feedback', flag: 'f', text: 'x'.repeat(2_000) }], 202, /^$/],
    ['feedback that is too long', [{ type: 'feedback', flag: 'f', text: 'x'.repeat(2_001) }], 400, /text: /],
    ['no flag', [{ type: 'error', flag: '' }], 400, /^reports\.0\.flag: /],
    ['a flag that is too long', [{ type: 'error', flag: 'x'.repeat(201) }], 400, /^reports\.0\.flag: /],
    ['no JSON', '{', 400, /^The body must be JSON\. Send for example/],
    ['a large body', `"${'x'.repeat(32_000)}"`, 413, /^Send at most 32000 bytes, in batches of at most 50/],
  ])('of %s', async (_, body, status, detail) => {
    const response = await startEvents().post(body)
    expect(response.status).toBe(status)
    if (status !== 202) expect((await bodyOf(response)).detail).toMatch(detail)
  })

  it('of a visitor without an identity, from another site, or by another method are refused', async () => {
    const unknown = startEvents({ assignments: async () => ({ isKnown: false }) as never })
    expect((await unknown.post([error])).status).toBe(422)
    const { post } = startEvents()
    expect((await post([error], { 'sec-fetch-site': 'cross-site' })).status).toBe(403)
    expect((await post([error], { 'sec-fetch-site': 'same-site' })).status).toBe(202)
    const got = await post('', { method: 'GET' })
    expect([got.status, got.headers.get('allow')]).toEqual([405, 'POST'])
  })

  it('of one address are 100 at once, and two more each second', async () => {
    const { post } = startEvents()
    const from = { 'cf-connecting-ip': '192.0.2.1' }
    for (let time = 0; time < 2; time++) expect((await post(many(50), from)).status).toBe(202)
    const late = await post([error, error, error], from)
    expect([late.status, late.headers.get('retry-after')]).toEqual([429, '2'])
    expect((await post([error])).status).toBe(202)
    vi.setSystemTime(START_MS + 1_500)
    expect((await post([error, error, error], from)).status).toBe(202)
    expect((await post([error], from)).status).toBe(429)
  })
})
