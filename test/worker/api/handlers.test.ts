/** What the admin API makes of the Controller's answers, and how it takes calls: with a Controller of the test. */
import { createExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { Hono } from 'hono/tiny'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { createAdminApi } from '../../../src/api/admin/admin-api.ts'
import { serveApiDescription, serveDashboard } from '../../../src/api/admin/static-files.ts'
import { Authenticator } from '../../../src/api/auth/authenticator.ts'
import { createEndpoints } from '../../../src/api/endpoints.ts'
import { INITIAL_CONTROL_STATE } from '../../../src/core/config/control.ts'
import type { AuditRecord } from '../../../src/core/rollout/audit.ts'
import { createGate } from '../../../src/gate/gate.ts'
import { sha256Hex } from '../../../src/platform/crypto.ts'
import type { Env } from '../../../src/platform/env.ts'
import { takeInternalErrors } from '../../../src/platform/internal-errors.ts'
import { describedFetch } from '../../support/openapi.ts'
import vectors from '../../vectors/keys.json' with { type: 'json' }
import { DOCUMENT, START_MS } from '../support/parts.ts'

const AT = '2026-11-02T12:00:00.000Z'
const INFO = {
  version: 3,
  hash: 'h',
  atMs: START_MS,
  actor: 'Olga',
  reason: 'because',
  source: 'api',
  bytes: 9,
}
const TAG = { version: 0, hash: '', atMs: 0, replaced: [], inKv: true }
const STATUS = {
  state: INITIAL_CONTROL_STATE,
  cells: [],
  rollouts: {},
  document: { version: 3, hash: '', refused: undefined, killList: [] },
  tag: TAG,
  shards: [],
  kv: { writtenEpoch: 0, lastError: undefined },
  internalErrors: [],
}

/** The API over a Controller with these methods; `called` has the arguments of each. */
function startApi(methods: Readonly<Record<string, (...all: never[]) => unknown>> = {}, more: object = {}) {
  vi.useFakeTimers({ toFake: ['Date'], now: START_MS })
  onTestFinished(() => void vi.useRealTimers())
  const called: [string, ...unknown[]][] = []
  const all: Readonly<Record<string, (...all: never[]) => unknown>> = {
    status: () => STATUS,
    findToken: () => undefined,
    note: () => {},
    ...methods,
  }
  const controller = new Proxy(
    {},
    {
      get:
        (_, name) =>
        async (...given: never[]) => {
          called.push([String(name), ...given])
          const method = all[String(name)]
          if (method === undefined) throw new Error(`${String(name)} is not expected`)
          return method(...given)
        },
    },
  )
  const bindings = {
    ...env,
    ADMIN_TOKEN: 'the-admin',
    CONTROLLER: { idFromName: () => '', get: () => controller },
    ...more,
  } as unknown as Env
  const { live } = createGate({ bundled: DOCUMENT })
  const signed: object[] = []
  const app = new Hono<{ Bindings: Env }>()
  app.route(
    '/__sluice/api/v1',
    createAdminApi({
      live,
      authenticator: new Authenticator(),
      visitors: {
        described: async () => {
          throw new Error('not expected')
        },
        signPreview: async (payload) => {
          signed.push(payload)
          return bindings.SIGNING_KEY === undefined ? undefined : 'signed'
        },
      },
    }),
  )
  const send = describedFetch(
    (async (url: string, init: RequestInit) =>
      await app.fetch(new Request(url, init), bindings, createExecutionContext())) as typeof fetch,
  )
  const call = async (method: string, path: string, body?: unknown, token = 'the-admin') => {
    const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body)
    const headers = { authorization: `Bearer ${token}`, 'cf-connecting-ip': '192.0.2.1' }
    const init = { method, headers, ...(text !== undefined && { body: text }) } as RequestInit
    const response = await send(`https://gate.test/__sluice/api/v1${path}`, init)
    const type = response.headers.get('content-type') ?? ''
    const json = type.includes('json') ? ((await response.json()) as Record<string, unknown>) : {}
    return { status: response.status, body: json, headers: response.headers }
  }
  const callsOf = (name: string) => called.filter(([each]) => each === name).map(([, ...given]) => given)
  return { call, callsOf, signed, live }
}

describe('a call', () => {
  it('of an unknown path or method is told what there is, after the login', async () => {
    const { call } = startApi()
    const unknown = await call('GET', '/nothing')
    expect([unknown.status, unknown.body.detail]).toEqual([404, 'The admin API has no such path'])
    expect((await call('GET', '/nothing', undefined, 'wrong')).status).toBe(401)
    for (const [method, path, allow] of [
      ['PUT', '/flags/x', 'GET, PATCH, DELETE, HEAD'],
      ['GET', '/flags/x/kill', 'POST'],
      ['DELETE', '/openapi.json', 'GET, HEAD'],
      ['POST', '/document', 'GET, PUT, HEAD'],
      ['PUT', '/session', 'POST, DELETE, GET, HEAD'],
    ] as const) {
      const { status, headers, body } = await call(method, path)
      expect([status, headers.get('allow'), body.detail]).toEqual([
        405,
        allow,
        `This path takes ${allow}, not ${method}`,
      ])
    }
    expect((await call('POST', '/flags/x/explode')).status).toBe(404)
    expect((await call('GET', '/flags/x/kill/more')).status).toBe(404)
  })

  it('that the Controller does not complete is 503, to be tried again', async () => {
    const { call } = startApi()
    takeInternalErrors()
    const { status, headers, body } = await call('GET', '/tokens')
    expect([status, headers.get('retry-after')]).toEqual([503, '2'])
    expect(body.detail).toBe(
      'The Controller did not complete the call or did not answer; nothing is known to have changed. Try again',
    )
    expect(takeInternalErrors()).toMatchObject([{ place: 'api.admin' }])
  })

  it('is answered as JSON that no cache keeps', async () => {
    const { headers } = await startApi().call('GET', '/me')
    expect(headers.get('cache-control')).toBe('no-store')
  })

  it.each([
    ['{', 400, 'The body must be JSON'],
    ['[]', 400, 'body: must be a JSON object, not a list'],
    [`${'{"reason":'.repeat(300)}1${'}'.repeat(300)}`, 400, 'levels deep'],
    [`{"reason": "${'x'.repeat(64_000)}"}`, 413, 'The body must be at most 64,000 bytes'],
  ])('with the body %.20s is refused', async (text, status, detail) => {
    const { call } = startApi()
    const answer = await call('POST', '/flags/plain/kill', text)
    expect([answer.status, answer.body.detail]).toEqual([status, expect.stringContaining(detail)])
  })

  it.each([
    'PUT /document',
    'POST /document/validate',
    'POST /document/diff',
    'POST /flags',
    'PATCH /flags/x',
  ])('%s may bring a whole document', async (operation) => {
    const { call } = startApi()
    const [method = '', path = ''] = operation.split(' ')
    const { status } = await call(method, path, { nonsense: 'x'.repeat(100_000) })
    expect(status).toBe(400)
  })

  it('that is refused for its role or size is on record, with how often', async () => {
    const viewer = { name: 'Vera', role: 'viewer' }
    const records: AuditRecord[] = []
    const { call } = startApi({ findToken: () => viewer, note: (record) => void records.push(record) })
    for (let time = 0; time < 10; time++) await call('DELETE', '/flags/plain', {}, 'of-vera')
    expect(records).toEqual([
      {
        atMs: START_MS,
        actor: 'Vera',
        action: 'call-refused',
        flag: undefined,
        reason: '1 call of Vera refused in ten minutes, the latest: deleteFlag needs admin',
        evidence: { times: 1, operation: 'deleteFlag', role: 'viewer' },
        before: null,
        after: null,
      },
      expect.objectContaining({
        reason: '10 calls of Vera refused in ten minutes, the latest: deleteFlag needs admin',
        evidence: { times: 10, operation: 'deleteFlag', role: 'viewer' },
      }),
    ])
    await call('POST', '/flags/plain/kill', `"${'x'.repeat(64_000)}"`)
    expect(records.at(-1)).toMatchObject({
      actor: 'admin',
      reason:
        '1 call of admin refused in ten minutes, the latest: commandFlag came with a body that is too large',
    })
  })
})

describe('the document', () => {
  const published = { ok: true, info: INFO, changed: true, changes: [], tag: TAG, kvPending: true }
  const people = { samples: 0, unknown: 0, movedPercent: null, flags: [] }

  it('is published with the reason that was given, or one that names the caller', async () => {
    const { call, callsOf } = startApi({ publish: () => ({ ...published, people }) })
    const document = { origins: {} }
    const { body } = await call('PUT', '/document', {
      document,
      expectedVersion: 2,
      confirm: true,
      reason: 'why',
    })
    expect(body).toEqual({
      ...{ version: 3, hash: 'h', changed: true, changes: [], people, rollouts: [], kv: 'pending' },
    })
    await call('PUT', '/document', { document: '{}', expectedVersion: 2 })
    await call('POST', '/document/versions/7/restore')
    await call('POST', '/flags', { key: 'f', flag: { off: 'x' } })
    await call('PATCH', '/flags/f', { patch: { off: null }, reason: '' })
    await call('DELETE', '/flags/f')
    await call('POST', '/flags/f/enable')
    await call('POST', '/flags/f/disable', { expectedVersion: 0 })
    await call('POST', '/flags/a%2Fb/percentage', { percentage: 2.5 })
    await call('POST', '/flags/f/percentage', { percentage: 5, rule: 1 })
    const options = { expectedVersion: undefined, confirm: false, actor: 'admin' }
    const edit = (each: object) => ({ kind: 'edit', edit: each })
    expect(callsOf('publish')).toEqual([
      [
        { kind: 'text', text: '{\n  "origins": {}\n}\n' },
        { expectedVersion: 2, confirm: true, actor: 'admin', reason: 'why' },
      ],
      [
        { kind: 'text', text: '{}' },
        { ...options, expectedVersion: 2, reason: 'admin published the document' },
      ],
      [
        { kind: 'restore', version: 7 },
        { ...options, reason: 'admin restored version 7' },
      ],
      [
        edit({ kind: 'create', flag: 'f', definition: { off: 'x' } }),
        { ...options, reason: 'admin created f' },
      ],
      [edit({ kind: 'patch', flag: 'f', patch: { off: null } }), { ...options, reason: 'admin changed f' }],
      [edit({ kind: 'delete', flag: 'f' }), { ...options, reason: 'admin deleted f' }],
      [edit({ kind: 'enable', flag: 'f' }), { ...options, reason: 'admin enabled f' }],
      [edit({ kind: 'disable', flag: 'f' }), { ...options, expectedVersion: 0, reason: 'admin disabled f' }],
      [
        edit({ kind: 'percentage', flag: 'a/b', percentage: 2.5, rule: undefined }),
        { ...options, reason: 'admin set to 2.5 % a/b' },
      ],
      [
        edit({ kind: 'percentage', flag: 'f', percentage: 5, rule: 1 }),
        { ...options, reason: 'admin set to 5 % f' },
      ],
    ])
  })

  it('that is published is what this isolate decides by from then on', async () => {
    const text = JSON.stringify({ ...DOCUMENT, flags: { fresh: DOCUMENT.flags.plain } })
    const tag = { ...TAG, version: 3, hash: await sha256Hex(text), atMs: START_MS }
    const state = { ...INITIAL_CONTROL_STATE, epoch: 9, flags: { fresh: { generation: 4, stage: 0 } } }
    const publish = () => ({ ...published, people, tag, state, kvPending: false })
    const { call, live, callsOf } = startApi({ publish, documentText: () => text })
    const { body } = await call('PUT', '/document', { document: text, expectedVersion: 2 })
    expect(body.kv).toBe('written')
    expect([...live.last.snapshot.flags.keys()]).toEqual(['fresh'])
    expect(live.last.control.of('fresh').generation).toBe(4)
    expect(callsOf('documentText')).toEqual([[3]])
  })

  const problem = { path: '$', found: 'x', expected: 'y', fix: 'z' }
  it.each<[object, number, string, string, object]>([
    [
      { why: 'invalid', problems: [problem] },
      422,
      'Unprocessable Content',
      'Cannot publish: the document has 1 problem',
      { problems: [problem] },
    ],
    [
      { why: 'invalid', problems: [problem, problem] },
      422,
      'Unprocessable Content',
      'Cannot publish: the document has 2 problems',
      {},
    ],
    [
      { why: 'conflict', current: INFO, changes: [] },
      409,
      'Conflict',
      'Cannot publish: Olga has published version 3 since version 2. Look at the changes, and publish again on top of it',
      {
        current: { version: 3, hash: 'h', at: AT, actor: 'Olga', reason: 'because', source: 'api', bytes: 9 },
        changes: [],
      },
    ],
    [
      { why: 'unconfirmed', people: { ...people, movedPercent: 40 }, limitPercent: 5 },
      409,
      'Confirmation Needed',
      'Publishing needs confirmation: 40 % of visitors move, more than 5 %. Send "confirm": true to do it all the same',
      { people: { ...people, movedPercent: 40 }, questions: ['40 % of visitors move, more than 5 %'] },
    ],
    [{ why: 'missing', detail: 'd' }, 404, 'Not Found', 'd', {}],
    [{ why: 'exists', detail: 'd' }, 409, 'Conflict', 'd', {}],
    [{ why: 'impossible', detail: 'd' }, 409, 'Conflict', 'd', {}],
  ])('is refused: %j', async (refusal, status, title, detail, more) => {
    const { call } = startApi({ publish: () => ({ ok: false, ...refusal }) })
    const answer = await call('PUT', '/document', { document: '{}', expectedVersion: 2 })
    expect(answer.status).toBe(status)
    expect(answer.body).toMatchObject({ title, status, detail, ...more })
  })

  it('is read as text and value; its versions are listed', async () => {
    const { call, callsOf } = startApi({
      document: () => ({ info: INFO, text: '{ "a": 1 }' }),
      versions: () => ({ current: 3, versions: [INFO] }),
    })
    const view = { version: 3, hash: 'h', at: AT, actor: 'Olga', reason: 'because', source: 'api', bytes: 9 }
    expect((await call('GET', '/document')).body).toEqual({ ...view, document: { a: 1 }, text: '{ "a": 1 }' })
    await call('GET', '/document/versions/12')
    expect(callsOf('document')).toEqual([[undefined], [12]])
    expect((await call('GET', '/document/versions?limit=7&before=9')).body).toEqual({
      current: 3,
      versions: [view],
    })
    await call('GET', '/document/versions')
    expect(callsOf('versions')).toEqual([[{ limit: 7, before: 9 }], [{ limit: 100 }]])
  })

  it('is validated and compared without being published', async () => {
    const review = {
      valid: true,
      problems: [],
      against: 3,
      changes: [],
      people,
      needsConfirmation: false,
    }
    const { call, callsOf } = startApi({ review: () => review })
    expect((await call('POST', '/document/validate', { document: DOCUMENT })).body).toEqual({
      valid: true,
      problems: [],
    })
    expect((await call('POST', '/document/validate', { document: {} })).body).toMatchObject({ valid: false })
    // The Controller is one of the release before.
    const said = { ...review, questions: [], summary: [], audience: [], examples: {} }
    expect((await call('POST', '/document/diff', { document: '{}' })).body).toEqual(said)
    expect(callsOf('review')).toEqual([[{ kind: 'text', text: '{}' }, undefined]])
    await call('POST', '/document/diff', { document: '{}', flag: 'staged' })
    expect(callsOf('review').at(-1)).toEqual([{ kind: 'text', text: '{}' }, 'staged'])
  })
})

describe('flags', () => {
  const times = { knownSinceMs: START_MS, lastSeenMs: START_MS, settledSinceMs: null }
  const facts = {
    key: 'staged',
    description: 'd',
    owner: null,
    tags: ['t'],
    expires: null,
    enabled: true,
    stages: 2,
    ladder: [5, 50].map((percentage) => ({
      ...{ percentage, bakeMs: 600_000, approval: false, advance: 'auto' as const },
    })),
    rules: 1,
    schedule: null,
    routes: ['/*'],
    times,
  }
  const document = () => ({ info: INFO, text: JSON.stringify(DOCUMENT) })

  it('have a summary of definition, rollout and use', async () => {
    const flags = { staged: { generation: 1, stage: 7, paused: { atMs: START_MS, reason: 'r' } } }
    const old = START_MS - 400 * 86_400_000
    const plain = {
      ...facts,
      key: 'plain',
      stages: 0,
      expires: '2026-01-01',
      routes: [],
      times: { knownSinceMs: old, lastSeenMs: null, settledSinceMs: old },
    }
    const { call, callsOf } = startApi({
      status: () => ({ ...STATUS, state: { ...INITIAL_CONTROL_STATE, flags } }),
      flagFacts: () => ({ version: 3, flags: [facts, plain, { ...facts, key: 'gone' }] }),
      document,
    })
    const { body } = await call('GET', '/flags')
    const counts = { requests: 0, errors: 0 }
    const staged = {
      key: 'staged',
      description: 'd',
      owner: null,
      tags: ['t'],
      enabled: true,
      state: 'open',
      percentage: 50,
      stage: 1,
      stages: 2,
      ladder: [
        { percentage: 5, bakeMs: 600_000, approval: false, advance: 'auto' },
        { percentage: 50, bakeMs: 600_000, approval: false, advance: 'auto' },
      ],
      rules: 1,
      schedule: null,
      verdict: null,
      waitingFor: null,
      paused: true,
      frozen: false,
      needsApproval: false,
      needsOperator: false,
      finished: false,
      canary: counts,
      control: counts,
      other: counts,
      expires: null,
      lastSeenAt: AT,
      routes: ['/*'],
    }
    expect(body.version).toBe(3)
    expect((body.flags as object[]).length).toBe(2)
    expect(body.flags).toMatchObject([staged, { key: 'plain', stage: null, lastSeenAt: null }])
    const stale = (body.flags as { stale: { kind: string }[] }[]).map((each) =>
      each.stale.map(({ kind }) => kind),
    )
    expect(stale).toEqual([['ownerless'], ['expired', 'finished', 'ownerless']])
    const one = (await call('GET', '/flags/staged')).body
    expect(one).toMatchObject({ version: 3, summary: staged, definition: DOCUMENT.flags.staged })
    expect(callsOf('flagFacts')).toEqual([[], ['staged']])
  })

  it('are commanded in the name of the caller, and this isolate has the state at once', async () => {
    const state = { ...INITIAL_CONTROL_STATE, epoch: 5, killed: ['plain'] }
    const [before, after] = [
      { generation: 1, stage: 0, killed: false },
      { generation: 1, stage: 0, killed: true },
    ]
    const { call, callsOf, live } = startApi({ command: () => ({ ok: true, state, before, after }) })
    const { body } = await call('POST', '/flags/plain/kill', { reason: 'why' })
    expect(body).toEqual({ epoch: 5, via: 'controller', before, after })
    expect(live.controlState).toMatchObject({ epoch: 5, killed: ['plain'] })
    await call('POST', '/flags/all/unkill')
    await call('POST', '/flags/staged/stage', { stage: 0 })
    expect(callsOf('command')).toEqual([
      [{ kind: 'kill', flag: 'plain' }, 'admin', 'why'],
      [{ kind: 'unkill', flag: '*' }, 'admin', 'unkill by admin'],
      [{ kind: 'stage', flag: 'staged', stage: 0 }, 'admin', 'stage by admin'],
    ])
  })

  it('say which origins a kill that isolates leaves open', async () => {
    const state = { ...INITIAL_CONTROL_STATE, epoch: 5, killed: ['plain'], isolated: ['plain'] }
    const { call } = startApi({ command: () => ({ ok: true, state, before: null, after: null }) })
    const kill = async (body: object) => (await call('POST', '/flags/plain/kill', body)).body
    expect(await kill({ isolate: true })).toMatchObject({ epoch: 5, notIsolated: [] })
    expect(await kill({})).not.toHaveProperty('notIsolated')
  })

  it('that opens other flags is answered with what to confirm, and passes the word on', async () => {
    const questions = ['child: f, which it requires, lets more visitors enter the canary']
    const refused = { ok: false, why: 'unconfirmed', error: 'unkill f needs confirmation: child', questions }
    const { call, callsOf } = startApi({ command: () => refused })
    const { status, body } = await call('POST', '/flags/f/unkill', { confirm: false })
    expect([status, body]).toMatchObject([
      409,
      {
        title: 'Confirmation Needed',
        detail: 'unkill f needs confirmation: child. Send "confirm": true to do it all the same',
        questions,
      },
    ])
    await call('POST', '/flags/f/unkill', { confirm: true })
    expect(callsOf('command').map(([command]) => command)).toEqual([
      { kind: 'unkill', flag: 'f', confirm: false },
      { kind: 'unkill', flag: 'f', confirm: true },
    ])
  })

  it.each([
    ['missing', 404, 'Not Found'],
    ['impossible', 409, 'Conflict'],
  ])('are not commanded where it is %s', async (why, status, title) => {
    const { call } = startApi({ command: () => ({ ok: false, why, error: 'Cannot' }) })
    expect((await call('POST', '/flags/plain/pause')).body).toMatchObject({ status, title, detail: 'Cannot' })
  })
})

describe('tokens', () => {
  it('are not called as the people whom Cloudflare Access signs in', async () => {
    const access = { ACCESS_TEAM_DOMAIN: 'team.test', ACCESS_AUDIENCE: 'the gate' }
    const body = { name: 'ada@example.com', role: 'viewer' }
    const behind = startApi({ addToken: () => true }, access)
    expect((await behind.call('POST', '/tokens', body)).body).toMatchObject({
      status: 400,
      detail: expect.stringMatching(/^body\.name: must be without "@"/),
    })
    expect((await behind.call('POST', '/tokens', { ...body, name: 'ada' })).body).toMatchObject({
      name: 'ada',
    })
    const alone = startApi({ addToken: () => true })
    expect((await alone.call('POST', '/tokens', body)).body).toMatchObject({ name: 'ada@example.com' })
  })

  it('are made of 32 random bytes, shown once, stored as a hash, and expire after the days that were given', async () => {
    const { call, callsOf } = startApi({ addToken: () => {} })
    const made = (await call('POST', '/tokens', { name: ' Olga ', role: 'operator', expiresInDays: 2 })).body
    const expiresAtMs = START_MS + 2 * 86_400_000
    expect(made).toEqual({
      token: expect.stringMatching(/^sluice_[\w-]{43}$/),
      id: expect.stringMatching(/^[\da-f-]{36}$/),
      name: 'Olga',
      role: 'operator',
      createdAt: AT,
      createdBy: 'admin',
      expiresAt: new Date(expiresAtMs).toISOString(),
      lastUsedAt: null,
    })
    const [[info, hash] = []] = callsOf('addToken')
    expect(info).toMatchObject({ id: made.id, createdAtMs: START_MS, expiresAtMs })
    expect(hash).toBe(await sha256Hex(String(made.token)))
    const other = (await call('POST', '/tokens', { name: 'x', role: 'viewer' })).body
    expect([other.expiresAt, other.token === made.token]).toEqual([null, false])
  })

  it('are listed without their secret, and revoked by id in the name of the caller', async () => {
    const info = {
      id: 'i',
      name: 'n',
      role: 'viewer',
      createdAtMs: START_MS,
      createdBy: 'a',
      expiresAtMs: START_MS,
      lastUsedAtMs: START_MS,
    }
    const { call, callsOf } = startApi({ tokens: () => [info], revokeToken: () => info })
    expect((await call('GET', '/tokens')).body).toEqual({
      tokens: [
        { id: 'i', name: 'n', role: 'viewer', createdAt: AT, createdBy: 'a', expiresAt: AT, lastUsedAt: AT },
      ],
    })
    expect((await call('DELETE', '/tokens/i')).body).toEqual({ id: 'i' })
    expect(callsOf('revokeToken')).toEqual([['i', 'admin']])
  })

  it('that are revoked are looked up again at once', async () => {
    const viewer = { name: 'Vera', role: 'viewer' }
    let known: object | undefined = viewer
    const { call } = startApi({
      findToken: () => known,
      revokeToken: () => {
        known = undefined
        return viewer
      },
    })
    expect((await call('GET', '/me', undefined, 'of-vera')).status).toBe(200)
    known = undefined
    expect((await call('GET', '/me', undefined, 'of-vera')).status).toBe(200)
    await call('DELETE', '/tokens/i')
    expect((await call('GET', '/me', undefined, 'of-vera')).status).toBe(401)
  })
})

describe('previews', () => {
  const overrides = { staged: 'on' }

  it('are links to a page, signed, on record, and expire after a day or the seconds that were given', async () => {
    const notes: AuditRecord[] = []
    const { call, signed } = startApi({ note: (record) => void notes.push(record) })
    expect((await call('POST', '/preview', { overrides })).body).toEqual({
      url: 'https://gate.test/__sluice/preview?t=signed',
      token: 'signed',
      expiresAt: '2026-11-03T12:00:00.000Z',
    })
    const short = (await call('POST', '/preview', { overrides, expiresInSeconds: 60, path: '/a?b=c' })).body
    expect(short).toMatchObject({
      url: 'https://gate.test/__sluice/preview?t=signed&to=%2Fa%3Fb%3Dc',
      expiresAt: '2026-11-02T12:01:00.000Z',
    })
    expect(signed).toEqual([86_400, 60].map((seconds) => ({ exp: START_MS / 1_000 + seconds, overrides })))
    expect(notes.at(-1)).toEqual({
      atMs: START_MS,
      actor: 'admin',
      action: 'preview-created',
      flag: 'staged',
      reason: 'admin made a preview link',
      evidence: { overrides, path: '/a?b=c', expiresAt: '2026-11-02T12:01:00.000Z' },
      before: null,
      after: null,
    })
  })

  it('are refused by a gate without a key, and for variants that are not there', async () => {
    const { call, callsOf } = startApi({}, { SIGNING_KEY: undefined })
    const { status, body } = await call('POST', '/preview', { overrides })
    expect([status, body.detail]).toEqual([409, expect.stringContaining('the gate has no SIGNING_KEY')])
    const mixed = await call('POST', '/preview', { overrides: { ...overrides, plain: 'x' } })
    expect(mixed.body).toMatchObject({
      status: 404,
      detail: 'Cannot make a preview: plain has no variant x; it has on, off',
    })
    expect(callsOf('note')).toEqual([])
  })
})

describe('keys for others', () => {
  it('are shown by purpose, on record', async () => {
    const notes: AuditRecord[] = []
    const { call } = startApi({ note: (record) => void notes.push(record) }, { SIGNING_KEY: 'key' })
    for (const { signingKey, keys } of vectors.keys.slice(0, 1)) {
      expect(signingKey).toBe('key')
      expect((await call('GET', '/keys/origin')).body).toEqual({ purpose: 'origin', key: keys.origin })
      expect((await call('GET', '/keys/webhook')).body).toEqual({ purpose: 'webhook', key: keys.webhook })
    }
    expect(notes.map(({ action, reason }) => [action, reason])).toEqual([
      ['key-shown', 'admin was shown the origin key'],
      ['key-shown', 'admin was shown the webhook key'],
    ])
  })

  it('are no others, and need a signing key', async () => {
    const { call, callsOf } = startApi()
    for (const purpose of ['preview', 'identity', 'nothing', 'constructor'])
      expect((await call('GET', `/keys/${purpose}`)).status, purpose).toBe(404)
    const without = startApi({}, { SIGNING_KEY: undefined })
    expect((await without.call('GET', '/keys/origin')).body).toMatchObject({
      status: 409,
      detail: expect.stringContaining('the gate has no SIGNING_KEY'),
    })
    expect(callsOf('note')).toEqual([])
  })
})

describe('what was observed', () => {
  it('of a flag that has left the document is told, of one that never was there is no such flag', async () => {
    const cause = { atMs: START_MS, actor: 'a', reason: 'r', evidence: undefined, before: 0, after: 1 }
    const ofAll = { ...cause, id: 1, action: 'kill', flag: '*' }
    const left = {
      ...cause,
      id: 2,
      action: 'document-published',
      flag: undefined,
      evidence: { flags: ['left'] },
    }
    const { call } = startApi({
      audit: ({ flag }: { flag: string }) => (flag === 'left' ? [ofAll, left] : [ofAll]),
      flagFacts: (key: string) => ({ version: 2, flags: key === 'unread' ? [{ key }] : [] }),
      outcomes: () => [],
      feedback: () => [],
      series: () => ({ stepMs: 5_000, points: [] }),
    })
    for (const list of ['/audit?', '/outcomes?', '/feedback?', '/series?']) {
      expect((await call('GET', `${list}flag=left`)).status, list).toBe(200)
      expect((await call('GET', `${list}flag=plain`)).status, list).toBe(200)
      // In force, by a document that this isolate has not read yet.
      expect((await call('GET', `${list}flag=unread`)).status, list).toBe(200)
      const { status, body } = await call('GET', `${list}flag=plane`)
      expect([status, body.detail]).toEqual([404, 'The document has no flag plane. Did you mean plain?'])
    }
    expect((await call('GET', '/audit?flag=*')).status).toBe(200)
    expect((await call('GET', '/outcomes')).status).toBe(200)
  })

  it('is told with times in ISO, and null for what is not known', async () => {
    const record = { id: 7, atMs: START_MS, actor: 'a', action: 'pause', reason: 'r' }
    const arrival = { converged: 1, behind: 0, idle: 0 }
    const convergence = {
      epoch: 4,
      sinceMs: undefined,
      converged: true,
      slowestMs: null,
      isolates: arrival,
      colos: [{ colo: 'AMS', ...arrival, slowestMs: 3 }],
      kv: { writtenEpoch: 3, error: null },
      document: {
        version: 2,
        converged: false,
        isolates: arrival,
        slowestMs: null,
        colos: [
          { colo: 'AMS', ...arrival, slowestMs: null },
          { colo: 'FRA', ...arrival, converged: 0, slowestMs: null },
        ],
      },
    }
    const arm = { requests: 1, errors: 0, p50Ms: 1, p95Ms: 1, p99Ms: 1 }
    const counted = { ...arm, clientErrors: 0, journeys: 0, sharedErrors: 0 }
    const point = {
      generation: 1,
      stage: 0,
      percentage: 5,
      wealth: null,
      canary: arm,
      control: arm,
      other: arm,
    }
    let alpha: number | undefined = 0.01
    const { call, callsOf } = startApi({
      audit: () => [record, { ...record, flag: 'f', evidence: { a: 1 }, before: 1, after: 2 }],
      feedback: () => [{ id: 1, atMs: START_MS, flag: 'f', variant: 'on', text: 't' }],
      convergence: () => convergence,
      series: () => ({ stepMs: 5_000, points: [{ atMs: START_MS, ...point }], alpha }),
    })
    const nulls = { flag: null, evidence: null, before: null, after: null }
    const told = { id: 7, at: AT, actor: 'a', action: 'pause', reason: 'r' }
    expect((await call('GET', '/audit?flag=f&limit=5&before=9')).body).toEqual({
      records: [
        { ...told, ...nulls },
        { ...told, flag: 'f', evidence: { a: 1 }, before: 1, after: 2 },
      ],
    })
    // The document has no such flag: whether it ever did is asked first.
    expect(callsOf('audit')).toEqual([[{ flag: 'f', limit: 1_000 }], [{ flag: 'f', limit: 5, before: 9 }]])
    expect((await call('GET', '/feedback?flag=f&variant=on')).body).toEqual({
      feedback: [{ id: 1, at: AT, flag: 'f', variant: 'on', text: 't' }],
    })
    expect(callsOf('feedback')).toEqual([[{ flag: 'f', variant: 'on', limit: 100 }]])
    expect((await call('GET', '/convergence')).body).toEqual({
      epoch: 4,
      since: null,
      converged: true,
      slowestMs: null,
      isolates: arrival,
      colos: convergence.colos,
      kv: { writtenEpoch: 3, error: null },
      document: { version: 2, converged: false, isolates: arrival, colos: 1 },
    })
    await call('GET', '/convergence?epoch=3')
    expect(callsOf('convergence')).toEqual([[undefined], [3]])
    expect((await call('GET', '/series?flag=f')).body).toEqual({
      flag: 'f',
      stepMs: 5_000,
      // As an earlier release has counted it.
      points: [{ at: AT, ...point, judged: null, canary: counted, control: counted, other: counted }],
      rollbackWealth: 100,
      lines: null,
    })
    alpha = undefined
    expect((await call('GET', '/series?flag=f&seconds=60')).body.rollbackWealth).toBeNull()
    expect(callsOf('series')).toEqual([
      ['f', 900],
      ['f', 60],
    ])
  })

  it('by whom, and where', async () => {
    const { call } = startApi({}, { ENVIRONMENT: 'staging' })
    expect((await call('GET', '/me')).body).toEqual({
      ...{ name: 'admin', role: 'admin' },
      ...{ environment: 'staging', host: 'shared' },
    })
  })

  it('of a webhook: whether the receiver took the message', async () => {
    const result = { delivered: false, detail: 'd' }
    const { call, callsOf } = startApi({ testWebhook: () => result })
    expect((await call('POST', '/webhooks/test', { url: 'http://x.test/' })).body).toEqual(result)
    expect(callsOf('testWebhook')).toEqual([['http://x.test/', 'admin']])
  })
})

describe('static files', () => {
  const ASSETS = { fetch: async (request: Request) => new Response(`${request.method} ${request.url}`) }
  const ask = (path: string, method = 'GET') =>
    serveDashboard(new Request(`https://gate.test/__sluice/ui${path}`, { method }), {
      ASSETS,
    } as unknown as Env)

  it('have the headers that keep a page to itself, and a type by their ending', async () => {
    const response = await ask('/app-ABCD1234.js', 'HEAD')
    expect(response.status).toBe(200)
    const headers = Object.fromEntries(response.headers)
    expect(headers).toMatchObject({
      'content-type': 'text/javascript; charset=utf-8',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      'x-robots-tag': 'noindex',
    })
    for (const part of [
      "default-src 'none'",
      "script-src 'self'",
      "frame-ancestors 'none'",
      "form-action 'none'",
      "base-uri 'none'",
      "trusted-types 'none'",
    ])
      expect(headers['content-security-policy']?.split('; ')).toContain(part)
    const typeOf = async (path: string) => (await ask(path)).headers.get('content-type')
    expect(await typeOf('')).toBe('text/html; charset=utf-8')
    expect(await typeOf('/a.css')).toBe('text/css; charset=utf-8')
    expect(await typeOf('/a.svg')).toBe('image/svg+xml')
    expect((await ask('/a.exe')).status).toBe(404)
    expect(await (await ask('/flags')).text()).toBe('GET https://dashboard/index.html')
  })

  it('are 404 where there is no binding, 405 for writes, and the description is public', async () => {
    const url = 'https://gate.test/__sluice/api/v1/openapi.json'
    const response = await serveApiDescription(new Request(url), { ASSETS } as unknown as Env)
    expect(await response.text()).toBe('GET https://dashboard/openapi.json')
    for (const method of ['POST', 'DELETE', 'OPTIONS']) {
      const refused = await ask('/', method)
      expect([refused.status, refused.headers.get('allow')]).toEqual([405, 'GET, HEAD'])
    }
  })
})

describe('the endpoints', () => {
  const send = async (path: string, more: object = {}) => {
    const app = createEndpoints(createGate({ bundled: DOCUMENT }))
    const bindings = { ...env, ...more } as unknown as Env
    return await app.fetch(new Request(`https://gate.test${path}`), bindings, createExecutionContext())
  }

  it('are below /__sluice; there is nothing else', async () => {
    expect(await (await send('/__sluice/health')).json()).toEqual({ status: 'ok' })
    const nothing = await send('/__sluice/nothing')
    expect(await nothing.json()).toMatchObject({ status: 404, detail: 'The gate has nothing here' })
    expect((await send('/__sluice/metrics')).status).toBe(401)
    expect((await send('/__sluice/api/v1/status')).status).toBe(401)
    expect((await send('/__sluice/preview')).status).toBe(403)
    expect((await send('/__sluice/ui', { ASSETS: undefined })).status).toBe(404)
  })

  it('that fail answer 500, and it counts as an internal error', async () => {
    takeInternalErrors()
    const ASSETS = {
      fetch: async () => {
        throw new Error('no files today')
      },
    }
    for (const path of ['/__sluice/ui', '/__sluice/ui/flags/x']) {
      const response = await send(path, { ASSETS })
      expect(await response.json()).toMatchObject({
        status: 500,
        detail: 'The gate failed to answer this request',
      })
    }
    expect(takeInternalErrors()).toMatchObject([{ place: 'api.endpoints', count: 2 }])
  })
})
