/** What a flush says of failures: what they prove, of which networks they are, and what the other origin was asked. */
import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Cell } from '../../../src/core/counters/cell.ts'
import type { FlushMessage } from '../../../src/core/counters/protocol.ts'
import { createGate } from '../../../src/gate/gate.ts'
import { isOneTime } from '../../../src/gate/origin/pairs.ts'
import type { Env } from '../../../src/platform/env.ts'
import { type Asked, holdFlushes, SHOP, stubOrigins } from './support/stage.ts'

const staged = {
  variants: { on: true, off: false },
  off: 'off',
  rules: [{ serve: 'on', stages: [{ percentage: 50 }] }],
}
const origins = { on: 'new', off: 'old' }
const DOCUMENT = {
  ...SHOP,
  context: { targetingKey: [{ header: 'x-user-id' }] },
  routes: [
    { path: '/judged/*', flag: 'judged', origins },
    { path: '/alone/*', flag: 'alone', origins, rescue: false },
    { path: '/same/*', flag: 'same', origins: { on: 'new', off: 'new' } },
    ...SHOP.routes,
  ],
  flags: { ...SHOP.flags, judged: staged, alone: staged, same: staged },
}
type Host = 'old' | 'new'
type Answer = number | 'broken' | 'hangs'
type Sent = { path?: string; ip?: string } & RequestInit

beforeEach(() => vi.useFakeTimers({ toFake: ['Date'], shouldAdvanceTime: true }))
afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

/** A gate in production, whose origins answer what a test says; `cells` are those of the next flush. */
function stage(answers: Record<Host, Answer> = { old: 200, new: 200 }) {
  const gate = createGate({ bundled: DOCUMENT })
  let flushed: Cell[] = []
  const shard = {
    flush: async ({ cells, ...message }: FlushMessage) => {
      flushed = cells
      return { epoch: message.epoch, intervalMs: 1_000, shards: 1, sampleQuota: 0 }
    },
  }
  const own = { ...env, ENVIRONMENT: 'production', COUNTERS: { idFromName: () => '', get: () => shard } }
  const work: Promise<unknown>[] = []
  const flushes = holdFlushes()
  const all = stubOrigins(({ url }) => {
    const answer = answers[new URL(url).hostname.split('.')[0] as Host]
    if (typeof answer === 'number') return new Response('x', { status: answer })
    return answer === 'broken' ? Promise.reject(new Error('The connection broke')) : new Promise(() => {})
  })
  const send = async (
    visitor: string,
    { path = '/judged/', ip = '198.51.100.1', headers, ...init }: Sent = {},
  ) => {
    const sent = new Headers(headers)
    sent.set('x-user-id', visitor)
    sent.set('cf-connecting-ip', ip)
    const raw = new Request(`https://shop.test${path}`, { ...init, headers: sent })
    Object.defineProperty(raw, 'cf', { value: { colo: 'OTP' } })
    const answer = await gate.handle(raw, own as unknown as Env, {
      waitUntil: (each) => void work.push(each),
    })
    await answer.text()
    return answer.status
  }
  const cells = async () => {
    // The next flush is due.
    vi.setSystemTime(Date.now() + 2_000)
    flushed = []
    await flushes.pass(work)
    return {
      canary: flushed.find(({ arm }) => arm === 'canary'),
      control: flushed.find(({ arm }) => arm === 'control'),
      other: flushed.find(({ arm }) => arm === 'other'),
    }
  }
  const hosts = () => all.map(({ url }) => new URL(url).hostname.split('.')[0])
  return { gate, send, cells, hosts, all, answers }
}

/** Visitors of the three flags whom the split makes canary, or control. */
const CANARY = 'u4'
const CONTROL = 'u0'
const OF = { '/judged/': [CANARY, CONTROL], '/alone/': ['u1', 'u0'], '/same/': ['u0', 'u1'] } as const

/** Discordant, shared, unasked and unpaired failures, and questions. */
function proofs(cell: Cell | undefined): number[] {
  const { pairing } = cell ?? {}
  if (pairing === undefined) return [0, 0, 0, 0, 0]
  const { discordant, sharedFailures, unasked, unpaired, questions } = pairing
  return [discordant.length, sharedFailures, unasked.length, unpaired.length, questions]
}

describe('a failure of the canary', () => {
  it.each<[string, Answer, Answer, number[]]>([
    ['that control answers is discordant', 500, 200, [1, 0, 0, 0, 0]],
    ['that control answers with a page that is not there is discordant', 500, 404, [1, 0, 0, 0, 0]],
    ['that control fails as well is shared', 500, 503, [0, 1, 0, 0, 0]],
    ['in which neither can be reached is shared', 'broken', 'broken', [0, 1, 0, 0, 0]],
    ['that can not be reached, and control can, is discordant', 'broken', 200, [1, 0, 0, 0, 0]],
  ])('%s', async (_, onNew, onOld, expected) => {
    const { send, cells } = stage({ new: onNew, old: onOld })
    await send(CANARY)
    const { canary } = await cells()
    expect(canary).toMatchObject({ requests: 1 })
    expect(proofs(canary)).toEqual(expected)
  })
})

describe('a failure of control', () => {
  it.each<[string, Answer, Answer, number[]]>([
    ['that the canary answers is discordant', 200, 500, [1, 0, 0, 0, 1]],
    ['that the canary fails as well is shared', 503, 500, [0, 1, 0, 0, 1]],
    ['in which neither can be reached is shared', 'broken', 'broken', [0, 1, 0, 0, 1]],
  ])('%s', async (_, onNew, onOld, expected) => {
    const { send, cells, answers } = stage({ new: 200, old: onOld })
    // A canary that no visitor has met is asked nothing.
    await send(CANARY)
    answers.new = onNew
    await send(CONTROL)
    const { control } = await cells()
    expect(control).toMatchObject({ requests: 1 })
    expect(proofs(control)).toEqual(expected)
  })

  it('asks the canary as the visitor would have been sent there, marked, once the visitor has the answer', async () => {
    const { send, all, answers, hosts } = stage({ new: 200, old: 500 })
    await send(CANARY, { path: '/judged/?page=7' })
    answers.new = 'hangs'
    const headers = { cookie: 'session=1', 'sluice-shadow': '0' }
    expect(await send(CONTROL, { path: '/judged/?page=7', headers })).toBe(500)
    await vi.waitFor(() => expect(hosts()).toEqual(['new', 'old', 'new']), { timeout: 1_000 })
    const [first, own, question] = all as [Asked, Asked, Asked]
    expect(question.url).toBe('http://new.test/judged/?page=7')
    expect(question.method).toBe('GET')
    expect(question.headers.get('sluice-flags')).toBe(first.headers.get('sluice-flags'))
    expect(question.headers.get('sluice-shadow')).toBe('1')
    expect([own.headers.get('sluice-shadow'), question.headers.get('cookie')]).toEqual([null, 'session=1'])
  })

  it('is unasked where no visitor has met the canary, and beyond a tenth of its traffic', async () => {
    const { send, cells, hosts } = stage({ new: 200, old: 500 })
    await send(CONTROL)
    expect(hosts()).toEqual(['old'])
    for (let n = 0; n < 3; n++) await send(CANARY)
    for (let n = 0; n < 20; n++) await send(CONTROL, { ip: `198.51.${n}.1` })
    const { control } = await cells()
    expect(control?.pairing).toMatchObject({ unaskedFailures: 16, questions: 5 })
    expect(hosts().filter((host) => host === 'new')).toHaveLength(3 + 5)
  })

  it('of one network takes a quarter of the questions while others are seen', async () => {
    const { send, cells } = stage({ new: 200, old: 500 })
    await send(CANARY)
    for (let n = 0; n < 4; n++) await send(CONTROL, { ip: '203.0.113.9' })
    expect((await cells()).control?.pairing).toMatchObject({ questions: 2, unaskedFailures: 2 })
  })

  it('is not asked of a flag that is closed by then', async () => {
    const { gate, send, cells, hosts } = stage({ new: 200, old: 500 })
    await send(CANARY)
    const asking = gate.origins.send.bind(gate.origins)
    vi.spyOn(gate.origins, 'send').mockImplementation(async (...given) => {
      gate.live.adopt({ epoch: 9, killed: ['judged'], kvKilled: [], flags: {} }, Date.now())
      return await asking(...given)
    })
    await send(CONTROL)
    expect(proofs((await cells()).control)).toEqual([0, 0, 1, 0, 0])
    expect(hosts()).toEqual(['new', 'old'])
  })
})

describe('what can not be asked twice is unpaired, in both arms', () => {
  const CASES: [string, Sent][] = [
    ['a POST', { method: 'POST', body: 'x=1', headers: { 'content-length': '3' } }],
    ['a PUT without a body', { method: 'PUT' }],
    ['a DELETE', { method: 'DELETE' }],
    ['an upgrade', { headers: { upgrade: 'websocket', connection: 'Upgrade' } }],
    ['a route without rescue', { path: '/alone/' }],
    ['a flag whose variants one origin serves', { path: '/same/' }],
  ]
  it.each(CASES)('%s', async (_, request) => {
    const [canaryVisitor, controlVisitor] = OF[(request.path ?? '/judged/') as keyof typeof OF]
    const { send, cells } = stage({ new: 'broken', old: 'broken' })
    await send(canaryVisitor, request)
    await send(controlVisitor, request)
    const { canary, control } = await cells()
    expect([proofs(canary), proofs(control)]).toEqual([
      [0, 0, 0, 1, 0],
      [0, 0, 0, 1, 0],
    ])
  })

  it.each(['GET', 'HEAD', 'OPTIONS'])('but %s can', async (method) => {
    const { send, cells, answers } = stage({ new: 200, old: 500 })
    await send(CANARY, { method })
    await send(CONTROL, { method })
    await cells()
    answers.new = 500
    answers.old = 200
    await send(CANARY, { method })
    expect(proofs((await cells()).canary)).toEqual([1, 0, 0, 0, 0])
  })
})

describe('a URL that serves once takes no part, in neither arm', () => {
  it.each([
    ...[
      'code=4/x',
      'a=1&state=xyz',
      'token=1',
      'id_token=1',
      'access_token=1',
      'resetToken=1',
      'user[reset_token]=1',
    ],
    ...['user%5Breset_token%5D=1', 'ticket=ST-1', 'X-Amz-Signature=1', 'sig=1', 'nonce=1', 'SAMLResponse=1'],
    ...[
      'verification_code=1',
      'otp=123456',
      'oauth_verifier=1',
      'invite-code=x',
      'login_otp=1',
      'CODE=1',
      'oobCode=1',
    ],
  ])('?%s', async (query) => {
    const { send, cells, hosts } = stage({ new: 500, old: 500 })
    await send(CANARY, { path: `/judged/?${query}` })
    await send(CONTROL, { path: `/judged/?${query}` })
    const { canary, control, other } = await cells()
    expect([canary, control, other?.requests, other?.isByRule]).toEqual([undefined, undefined, 1, undefined])
    // The visitor is rescued all the same; no question is asked.
    expect(hosts()).toEqual(['new', 'old', 'old'])
  })

  it.each([
    'zip_code=1',
    'country_code=RO',
    'design=x',
    'estate=7',
    'q=token',
    'q=?token',
    'decode=1',
    'path=/a/code',
  ])('but ?%s is no such URL', async (query) => {
    const { send, cells } = stage({ new: 500, old: 500 })
    await send(CANARY, { path: `/judged/?${query}` })
    expect((await cells()).canary?.pairing?.sharedFailures).toBe(1)
  })
})

it('a URL is read in no time, whatever its length', () => {
  const address = { host: '', protocol: '', path: '' }
  for (const part of ['verif', '&', '?', 'a&', 'token', 'activat_', 'one_time'])
    for (const end of ['', '=', '&code'])
      expect(isOneTime({ address: { ...address, tail: `/?${part.repeat(20_000)}${end}` } } as never)).toBe(
        false,
      )
})

describe('an open circuit', () => {
  it('is no evidence: what the canary was not asked counts elsewhere', async () => {
    const { send, cells, hosts } = stage({ new: 'broken', old: 200 })
    for (let n = 0; n < 30; n++)
      await send(CANARY, { ip: `198.51.${n % 4}.1`, headers: { accept: 'text/html' } })
    const { canary, other } = await cells()
    const asked = canary?.requests ?? 0
    // Some of them twice: a connection that breaks at once is tried again.
    expect(hosts().filter((host) => host === 'new').length).toBeGreaterThanOrEqual(asked)
    expect(asked).toBeLessThan(30)
    expect(canary).toMatchObject({ errors: { connect: asked }, journeys: 30 - asked })
    expect(other).toMatchObject({ requests: 30 - asked, variant: 'off', errors: { connect: 0 } })
    // One visitor, from four networks.
    expect(proofs(canary)).toEqual([Math.min(4, asked), 0, 0, 0, 0])
  })

  it('is not opened by the ids of one network, whatever they ask for', async () => {
    const { send, hosts, answers } = stage({ new: 200, old: 200 })
    await send(CANARY, { ip: '203.0.113.1' })
    answers.new = 500
    answers.old = 500
    for (let n = 0; n < 48; n++) await send(`u${n}`)
    answers.new = 200
    answers.old = 200
    await send(CANARY, { ip: '203.0.113.1' })
    expect(hosts().at(-1)).toBe('new')
  })
})

describe('networks', () => {
  it('are told by what they did, the strongest at most, and each visitor once', async () => {
    const { send, cells, answers } = stage()
    const headers = { accept: 'text/html' }
    for (let n = 0; n < 20; n++) await send(`u${n}`, { ip: `198.51.${n % 10}.1`, headers })
    answers.new = 500
    for (let n = 0; n < 3; n++) await send(CANARY, { ip: '203.0.113.9' })
    const { canary, control } = await cells()
    expect(canary?.networks?.length).toBeLessThanOrEqual(8)
    const failed = { errors: 3, errored: 1, discordant: 1, unpaired: 0, unasked: 0, journeys: 0 }
    expect(canary?.networks?.[0]).toMatchObject({ requests: 3, ...failed })
    expect(canary?.networks?.[1]).toMatchObject({ errors: 0, latency: expect.any(Object) })
    const marks = [...(canary?.visitors ?? []), ...(control?.visitors ?? [])]
    expect(new Set(marks.map(([mixed]) => mixed)).size).toBe(20)
    expect(marks).toHaveLength(20)
    await send(CANARY)
    expect((await cells()).canary?.visitors).toBeUndefined()
  })

  it('that waste questions take no part for a minute, in neither arm', async () => {
    const { send, cells, answers } = stage({ new: 500, old: 500 })
    for (const ip of ['198.51.1.1', '198.51.2.1', '198.51.3.1']) await send('u99', { ip })
    for (let n = 0; n < 5; n++) await send(CANARY, { ip: '203.0.113.9' })
    await cells()
    answers.new = 200
    answers.old = 200
    for (const id of [CANARY, CONTROL]) await send(id, { ip: '203.0.113.77' })
    const barred = await cells()
    expect([barred.canary, barred.control, barred.other?.requests]).toEqual([undefined, undefined, 1])
    await send(CANARY, { ip: '198.51.1.9' })
    expect((await cells()).canary?.requests).toBe(1)
    vi.setSystemTime(Date.now() + 60_000)
    await send(CANARY, { ip: '203.0.113.77' })
    expect((await cells()).canary?.requests).toBe(1)
  })
})
