/** Who is let in, for how long, and how often a wrong token may be tried; with a Controller and a clock of the test. */
import { expect, it, onTestFinished, vi } from 'vitest'
import { Authenticator, isAllowed, type Login, loginRefused } from '../../../src/api/auth/authenticator.ts'
import { type Realm, RefusedAttempts } from '../../../src/api/auth/refused-attempts.ts'
import type { AuditRecord } from '../../../src/core/rollout/audit.ts'
import { sha256Hex } from '../../../src/platform/crypto.ts'
import { takeInternalErrors } from '../../../src/platform/internal-errors.ts'
import { envWith } from '../support/fake-gate.ts'

type Known = { name: string; role: string; expiresAtMs?: number }

/** A gate whose Controller knows these tokens. */
function startGate(
  tokens: Readonly<Record<string, Known>> = {},
  more: object = { ADMIN_TOKEN: 'the-admin' },
) {
  const asked: string[] = []
  const records: AuditRecord[] = []
  const hashes = Promise.all(
    Object.entries(tokens).map(async ([token, info]) => [await sha256Hex(token), info] as const),
  )
  const gate = {
    nowMs: 1_000_000,
    asked,
    records,
    /** What the Controller does before it answers. */
    before: async () => {},
    authenticator: new Authenticator(),
    async login(
      token: string | undefined,
      sender = '192.0.2.1',
      headers: object = {},
      more: { realm?: Realm; cf?: object } = {},
    ): Promise<Login> {
      const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` }
      const request = new Request('https://gate.test/', {
        headers: { 'cf-connecting-ip': sender, ...authorization, ...headers } as HeadersInit,
        cf: more.cf ?? { colo: 'OTP' },
      } as RequestInit)
      const { realm = 'admin' } = more
      return await gate.authenticator.login(request, { env, nowMs: gate.nowMs, waitUntil: () => {}, realm })
    },
  }
  const env = envWith(
    {
      findToken: async (hash: string) => {
        asked.push(hash)
        await gate.before()
        const found = (await hashes).find(([known]) => known === hash)?.[1]
        return found && !(gate.nowMs >= (found.expiresAtMs ?? Infinity)) ? found : undefined
      },
      note: async (record: AuditRecord) => void records.push(record),
    },
    more,
  )
  return gate
}

const OLGA = { name: 'Olga', role: 'operator' }
const letIn = (actor: object) => ({ ok: true, actor })
const statusOf = (login: Login) => (login.ok ? 200 : login.status)

it('ADMIN_TOKEN lets in as admin, without the Controller; nothing like it does', async () => {
  const gate = startGate()
  expect(await gate.login('the-admin')).toEqual(letIn({ name: 'admin', role: 'admin' }))
  const lowerCase = { authorization: 'bearer  the-admin' }
  expect(await gate.login(undefined, '192.0.2.1', lowerCase)).toMatchObject({ ok: true })
  expect(gate.asked).toEqual([])
  for (const wrong of ['the-admi', 'the-adminn', 'The-admin', 'undefined'])
    expect(statusOf(await gate.login(wrong)), wrong).toBe(401)
  for (const scheme of ['Basic the-admin', 'the-admin', 'Bearer the-admin more', 'xBearer the-admin'])
    expect(statusOf(await gate.login(undefined, '192.0.2.2', { authorization: scheme })), scheme).toBe(401)
})

it('a gate without ADMIN_TOKEN is closed, and says so; one with it asks for a token', async () => {
  const closed = startGate({}, {})
  expect(await closed.login(undefined)).toEqual({
    ok: false,
    status: 401,
    detail: 'No ADMIN_TOKEN is configured, so the admin API is closed',
  })
  const empty = startGate({}, { ADMIN_TOKEN: '' })
  expect(statusOf(await empty.login('x'))).toBe(401)
  const open = 'Send a token: "Authorization: Bearer TOKEN"'
  expect(await startGate().login(undefined)).toMatchObject({ status: 401, detail: open })
  const access = startGate({}, { ACCESS_TEAM_DOMAIN: 'team.test', ACCESS_AUDIENCE: 'aud' })
  expect(await access.login(undefined)).toMatchObject({ status: 401, detail: open })
})

it('a token is looked up by its hash, and trusted for 15 seconds', async () => {
  const gate = startGate({ secret: OLGA })
  expect(await gate.login('secret')).toEqual(letIn(OLGA))
  gate.nowMs += 14_999
  expect(await gate.login('secret')).toEqual(letIn(OLGA))
  expect(gate.asked).toEqual([await sha256Hex('secret')])
  gate.nowMs += 1
  expect(await gate.login('secret')).toEqual(letIn(OLGA))
  expect(gate.asked).toHaveLength(2)
})

it('a token that expires works no millisecond longer, though the isolate knows it', async () => {
  const gate = startGate({ secret: { ...OLGA, expiresAtMs: 1_005_000 } })
  expect(await gate.login('secret')).toEqual(letIn(OLGA))
  gate.nowMs = 1_004_999
  expect(await gate.login('secret')).toEqual(letIn(OLGA))
  expect(gate.asked).toHaveLength(1)
  gate.nowMs = 1_005_000
  expect(await gate.login('secret')).toMatchObject({ status: 401, detail: 'Token not recognised' })
})

it('a token of a role that this version does not know lets no one in', async () => {
  expect(statusOf(await startGate({ secret: { name: 'X', role: 'owner' } }).login('secret'))).toBe(401)
})

it('a token of more than 512 characters is refused without being looked up', async () => {
  const [longest, longer] = ['x'.repeat(512), 'x'.repeat(513)]
  const gate = startGate({ [longest]: OLGA, [longer]: OLGA })
  expect(statusOf(await gate.login(longer))).toBe(401)
  expect(gate.asked).toEqual([])
  expect(statusOf(await gate.login(longest))).toBe(200)
})

it('what is cached is forgotten after a revocation, and beyond 1,000 tokens', async () => {
  const tokens = Object.fromEntries(Array.from({ length: 1_001 }, (_, index) => [`token-${index}`, OLGA]))
  const gate = startGate(tokens)
  await gate.login('token-0')
  gate.authenticator.forget()
  await gate.login('token-0')
  expect(gate.asked).toHaveLength(2)
  for (let index = 1; index < 1_000; index++) await gate.login(`token-${index}`)
  await gate.login('token-0')
  expect(gate.asked).toHaveLength(1_001)
  await gate.login('token-1000')
  await gate.login('token-0')
  expect(gate.asked).toHaveLength(1_003)
})

it('an address may try ten wrong tokens, and one more every ten seconds; right ones always work', async () => {
  const gate = startGate({ secret: OLGA, other: OLGA, third: OLGA })
  for (let time = 0; time < 10; time++) {
    expect(statusOf(await gate.login(`wrong-${time}`)), String(time)).toBe(401)
    if (time === 4) for (const right of ['secret', 'other']) await gate.login(right)
  }
  expect(await gate.login('wrong')).toEqual({
    ok: false,
    status: 429,
    detail: 'Too many wrong tokens; wait before the next one',
    retryAfterSeconds: 10,
  })
  expect(gate.asked).toHaveLength(13)
  for (const right of ['secret', 'the-admin', 'third'])
    expect(statusOf(await gate.login(right)), right).toBe(200)
  expect(statusOf(await gate.login('wrong', '192.0.2.99'))).toBe(401)
  gate.nowMs += 9_999
  expect(await gate.login('wrong')).toMatchObject({ status: 429, retryAfterSeconds: 1 })
  gate.nowMs += 1
  expect(statusOf(await gate.login('wrong'))).toBe(401)
  expect(statusOf(await gate.login('wrong'))).toBe(429)
})

it('wrong tokens in one realm keep no one behind the same address out of another', async () => {
  const gate = startGate({ secret: OLGA })
  const wrongIn = async (realm: Realm) => statusOf(await gate.login('wrong', '192.0.2.1', {}, { realm }))
  for (const realm of ['ofrep', 'unleash', 'events', 'metrics'] as const) {
    for (let time = 0; time < 10; time++) expect(await wrongIn(realm)).toBe(401)
    expect(await wrongIn(realm)).toBe(429)
  }
  expect(await wrongIn('admin')).toBe(401)
  for (let time = 0; time < 20; time++) await wrongIn('admin')
  for (const realm of ['admin', 'ofrep'] as const)
    expect(statusOf(await gate.login('secret', '192.0.2.1', {}, { realm }))).toBe(200)
})

it('a network of IPv6 is one sender, however many addresses it has', async () => {
  const gate = startGate()
  const statuses: number[] = []
  for (let time = 0; time < 11; time++)
    statuses.push(statusOf(await gate.login('wrong', `2001:db8:1:2::${time}`)))
  expect(statuses.slice(-2)).toEqual([401, 429])
  expect(statusOf(await gate.login('wrong', '2001:db8:1:3::1'))).toBe(401)
})

it('off Cloudflare an address is not believed, and a flood of wrong tokens keeps no right one out', async () => {
  const gate = startGate({ secret: OLGA })
  const off = { cf: {} }
  const statuses: number[] = []
  for (let time = 0; time < 11; time++)
    statuses.push(statusOf(await gate.login('wrong', `192.0.2.${time}`, {}, off)))
  expect(statuses.slice(-2)).toEqual([401, 429])
  expect(statusOf(await gate.login('secret', '198.51.100.1', {}, off))).toBe(200)
})

it('a flood of wrong tokens reaches the Controller four at a time, and a right one behind it gets in', async () => {
  const gate = startGate({ secret: OLGA })
  let now = 0
  let most = 0
  gate.before = async () => {
    most = Math.max(most, ++now)
    await scheduler.wait(5)
    now--
  }
  const wrong = Array.from({ length: 60 }, (_, index) => gate.login(`wrong-${index}`))
  expect(statusOf(await gate.login('secret'))).toBe(200)
  await Promise.all(wrong)
  expect(most).toBe(4)
})

it('with a hundred lookups waiting, senders who have failed too often are not looked up', async () => {
  const gate = startGate({ secret: OLGA, other: OLGA })
  for (let time = 0; time < 10; time++) await gate.login(`wrong-${time}`)
  let release = () => {}
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  gate.before = () => held
  const crowd = Array.from({ length: 100 }, (_, index) => gate.login(`crowd-${index}`, '192.0.2.50'))
  await scheduler.wait(20)
  expect(statusOf(await gate.login('secret'))).toBe(429)
  const other = gate.login('other', '192.0.2.51')
  release()
  expect(statusOf(await other)).toBe(200)
  await Promise.all(crowd)
})

it('a call without a token is no wrong token', async () => {
  const gate = startGate({ secret: OLGA })
  for (let time = 0; time < 12; time++) await gate.login(undefined)
  expect(statusOf(await gate.login('secret'))).toBe(200)
  expect(gate.records).toEqual([])
})

it('while the Controller does not answer a token is neither right nor wrong', async () => {
  const gate = startGate({ secret: OLGA })
  takeInternalErrors()
  gate.before = async () => {
    throw new Error('The object is away')
  }
  for (let time = 0; time < 12; time++) {
    expect(await gate.login('secret')).toEqual({
      ok: false,
      status: 503,
      detail: 'Tokens cannot be checked right now: the Controller does not answer. ADMIN_TOKEN still works',
    })
  }
  expect(takeInternalErrors()).toMatchObject([{ place: 'api.login', count: 12 }])
  expect(gate.records).toEqual([])
  gate.before = async () => {}
  expect(statusOf(await gate.login('secret'))).toBe(200)
})

it('many calls with one token at once ask the Controller once; right ones cost nothing, wrong ones one attempt', async () => {
  const gate = startGate({ secret: OLGA })
  for (let time = 0; time < 5; time++) await gate.login(`other-${time}`)
  gate.asked.length = 0
  gate.before = () => scheduler.wait(20)
  const logins = await Promise.all(Array.from({ length: 30 }, () => gate.login('secret')))
  expect(new Set(logins.map(statusOf))).toEqual(new Set([200]))
  const wrong = await Promise.all(Array.from({ length: 30 }, () => gate.login('wrong')))
  expect(new Set(wrong.map(statusOf))).toEqual(new Set([401]))
  expect(gate.asked).toHaveLength(2)
  const rest: number[] = []
  for (let time = 0; time < 5; time++) rest.push(statusOf(await gate.login(`again-${time}`)))
  expect(rest).toEqual([401, 401, 401, 401, 429])
})

it('a lookup that never ends is started again after five seconds', async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: 1_000_000 })
  onTestFinished(() => void vi.useRealTimers())
  const gate = startGate({ secret: OLGA })
  gate.before = () => new Promise(() => {})
  void gate.login('secret')
  await expect.poll(() => gate.asked.length).toBe(1)
  gate.before = async () => {}
  const second = gate.login('secret')
  await scheduler.wait(30)
  expect(gate.asked).toHaveLength(1)
  vi.setSystemTime(1_005_000)
  expect(statusOf(await second)).toBe(200)
  expect(gate.asked).toHaveLength(2)
})

it('refusals are on record: the 1st, 10th, 100th of an address kind, in windows of ten minutes', async () => {
  const gate = startGate()
  const sender = '192.0.2.7'
  for (let time = 1; time <= 100; time++) await gate.login(`wrong-${time}`, sender)
  expect(gate.records.map(({ reason, evidence }) => [reason, evidence])).toEqual(
    [1, 10, 100].map((times) => [
      `${times} login${times > 1 ? 's' : ''} with a wrong token in ten minutes, the latest from ${sender}`,
      { times, sender },
    ]),
  )
  expect(gate.records[0]).toMatchObject({
    atMs: 1_000_000,
    actor: 'unknown',
    action: 'login-refused',
    flag: undefined,
    before: null,
    after: null,
  })
  gate.nowMs += 599_999
  await gate.login('wrong', sender)
  expect(gate.records).toHaveLength(3)
  gate.nowMs += 1
  await gate.login('wrong', sender)
  expect(gate.records.at(-1)?.evidence).toEqual({ times: 1, sender })
})

it('refusals are counted for each actor and action; beyond 1,000 actors all counts begin anew', async () => {
  const refused = new RefusedAttempts()
  const records: AuditRecord[] = []
  const env = envWith({ note: async (record: AuditRecord) => void records.push(record) })
  const note = (actor: string, action: 'call-refused' | 'login-refused' = 'call-refused') =>
    refused.note(
      { actor, action, reason: (times) => `${times}`, evidence: {} },
      { env, nowMs: 0, waitUntil: () => {} },
    )
  note('first')
  note('first', 'login-refused')
  expect(records).toHaveLength(2)
  for (let index = 2; index < 1_000; index++) note(`actor ${index}`)
  note('first')
  expect(records).toHaveLength(1_000)
  note('one too many')
  note('first')
  expect(records).toHaveLength(1_002)
})

it('a record that the Controller does not take is an internal error', async () => {
  takeInternalErrors()
  const work: Promise<unknown>[] = []
  const note = async () => {
    throw new Error('The object is away')
  }
  const context = { env: envWith({ note }), nowMs: 0, waitUntil: (each: Promise<unknown>) => work.push(each) }
  const attempt = { actor: 'a', action: 'call-refused', reason: () => '', evidence: {} } as const
  new RefusedAttempts().note(attempt, context as never)
  expect(work).toHaveLength(1)
  await Promise.all(work)
  expect(takeInternalErrors()).toMatchObject([{ place: 'api.audit' }])
})

it.each([
  [401, 'Unauthorized', 'Bearer', null],
  [403, 'Forbidden', null, null],
  [429, 'Too Many Requests', null, '7'],
  [503, 'Service Unavailable', null, null],
] as const)('%d is answered as %s', async (status, title, challenge, retryAfter) => {
  const more = retryAfter === null ? {} : { retryAfterSeconds: Number(retryAfter) }
  const response = loginRefused({ ok: false, status, detail: 'why', ...more })
  expect(response.status).toBe(status)
  expect(await response.json()).toEqual({ type: 'about:blank', title, status, detail: 'why' })
  expect(response.headers.get('www-authenticate')).toBe(challenge)
  expect(response.headers.get('retry-after')).toBe(retryAfter)
})

it('each role includes the ones before it', () => {
  const roles = ['viewer', 'operator', 'admin'] as const
  const allowed = roles.map((role) => roles.map((needed) => isAllowed({ name: '', role }, needed)))
  expect(allowed).toEqual([
    [true, false, false],
    [true, true, false],
    [true, true, true],
  ])
})
