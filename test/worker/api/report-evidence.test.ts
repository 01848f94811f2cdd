/** What app reports are worth: an enemy who reports what it likes moves no comparison by more than its network's share. */
import { createExecutionContext } from 'cloudflare:test'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createEndpoints } from '../../../src/api/endpoints.ts'
import { ReportEvidence } from '../../../src/api/flags/report-evidence.ts'
import { type Decision, EXCLUDED } from '../../../src/core/decision/decide.ts'
import { createGate } from '../../../src/gate/gate.ts'
import { sha256Hex } from '../../../src/platform/crypto.ts'
import { gateVisitors } from '../../../test-kit/traffic/visitor-ids.ts'
import { envWith } from '../support/fake-gate.ts'

const NOW_MS = Date.UTC(2026, 10, 2, 12)
const KEY = 'the key of this test'
const onOff = { variants: { on: true, off: false }, off: 'off' }
const DOCUMENT = {
  origins: { old: { url: 'http://old.test' }, new: { url: 'http://new.test' } },
  context: { targetingKey: [{ header: 'x-user-id' }] },
  routes: [{ path: '/*', flag: 'shop', origins: { on: 'new', off: 'old' } }],
  flags: {
    shop: { ...onOff, rules: [{ serve: 'on', stages: [{ percentage: 50 }] }] },
    local: {
      ...onOff,
      rules: [
        {
          when: [{ attribute: 'country', op: 'in', values: ['RO'] }],
          serve: 'on',
          stages: [{ percentage: 50 }],
        },
      ],
    },
    secret: { ...onOff, private: true, rules: [{ serve: 'on', stages: [{ percentage: 50 }] }] },
  },
}
const visitor = await gateVisitors(KEY, NOW_MS)
const error = { type: 'error', flag: 'shop' }

beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'], now: NOW_MS }))
afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

type Sent = { headers?: Record<string, string>; ip?: string | undefined; colo?: string }

/** A gate in production on Cloudflare, and what it counts of reports. */
function startGate({ key = KEY, tokens = {} as Record<string, string> } = {}) {
  const gate = createGate({ bundled: DOCUMENT })
  const counted: { decision: Decision; report: { type: string } }[] = []
  vi.spyOn(gate.reporter, 'reportFromApp').mockImplementation(
    (decision, report) => void counted.push({ decision, report }),
  )
  const kept: { text: string; network?: string }[] = []
  const hashes = Promise.all(
    Object.entries(tokens).map(
      async ([token, role]) => [await sha256Hex(token), { name: role, role }] as const,
    ),
  )
  const asked: string[] = []
  const env = envWith(
    {
      findToken: async (hash: string) => {
        asked.push(hash)
        return (await hashes).find(([known]) => known === hash)?.[1]
      },
      note: async () => {},
      addFeedback: async (entries: { text: string }[]) => void kept.push(...entries),
    },
    { SIGNING_KEY: key, ENVIRONMENT: 'production', ADMIN_TOKEN: 'the-admin' },
  )
  const endpoints = createEndpoints(gate)
  const post = async (reports: object[], { headers = {}, ip = '192.0.2.1', colo = 'OTP' }: Sent = {}) => {
    const init = {
      method: 'POST',
      headers: { ...(ip && { 'cf-connecting-ip': ip }), ...headers },
      cf: { colo },
      body: JSON.stringify({ reports }),
    } as RequestInit
    const response = await endpoints.fetch(
      new Request('https://shop.test/__sluice/events', init),
      env,
      createExecutionContext(),
    )
    return { status: response.status, body: (await response.json()) as Record<string, unknown> }
  }
  const evidence = () => counted.filter(({ decision }) => decision.placement.arm !== 'other')
  return { post, counted, evidence, kept, asked }
}
/** The n-th visitor, from a network of theirs. */
const from = (n: number, network = n) => ({
  headers: { cookie: visitor(n).cookie },
  ip: `10.${network % 250}.${n % 250}.1`.replace(/^10\./, '198.'),
})

describe('a report', () => {
  it('of a visitor with the gate’s id is evidence', async () => {
    const { post, evidence } = startGate()
    expect(await post([error], from(1))).toMatchObject({ status: 202, body: { accepted: 1 } })
    expect(evidence()).toHaveLength(1)
  })

  it.each([
    ['a header', { 'x-user-id': 'visitor-1' }],
    ['an id from before they were signed', { cookie: 'sluice_id=00000000-0000-4000-8000-000000000001' }],
  ])('of a visitor known by %s is shown, and no evidence', async (_, headers) => {
    const { post, counted, evidence } = startGate()
    for (let n = 0; n < 33; n++) {
      const own = 'x-user-id' in headers ? { 'x-user-id': `visitor-${n}` } : headers
      const ip = `198.51.${n}.1`
      for (const report of [error, { type: 'timing', flag: 'shop', durationMs: 60_000 }])
        expect((await post([report], { headers: own as Record<string, string>, ip })).status).toBe(202)
    }
    expect(evidence()).toEqual([])
    expect(counted).toHaveLength(66)
    expect(counted.every(({ decision }) => decision.placement === EXCLUDED)).toBe(true)
  })

  it('of a made-up id names no visitor', async () => {
    const { post, counted } = startGate()
    expect((await post([error], { headers: { cookie: 'sluice_id=visitor-1' } })).status).toBe(422)
    expect(counted).toEqual([])
  })

  it('without a signing key is worth what the visitor says', async () => {
    const { post, evidence } = startGate({ key: '' })
    for (let n = 0; n < 3; n++)
      await post([error], { headers: { 'x-user-id': `visitor-${n}` }, ip: `198.51.${n}.1` })
    expect(evidence()).toHaveLength(3)
  })

  it('counts once per visitor, flag, type and minute', async () => {
    const { post, evidence, counted } = startGate()
    const timing = { type: 'timing', flag: 'shop', durationMs: 10 }
    for (let time = 0; time < 5; time++) await post([error, timing, { ...timing, name: `n${time}` }], from(1))
    expect(evidence().map(({ report }) => report.type)).toEqual(['error', 'timing'])
    expect(counted).toHaveLength(2)
    vi.setSystemTime(NOW_MS + 59_999)
    await post([error], from(1))
    expect(counted).toHaveLength(2)
    vi.setSystemTime(NOW_MS + 60_000)
    await post([error, error], from(1))
    expect(counted).toHaveLength(3)
  })

  it.each([
    ['one /24', (n: number) => `198.51.100.${n}`],
    ['one /48', (n: number) => `2001:db8:5:${n.toString(16)}::1`],
    ['unknown addresses, off Cloudflare', () => undefined],
  ])('of many visitors in %s is evidence for three of them a minute', async (what, ipOf) => {
    const { post, evidence, counted } = startGate()
    const colo = what.startsWith('unknown') ? 'local' : 'OTP'
    const all = async () => {
      for (let n = 0; n < 40; n++) {
        const ip = ipOf(n) ?? `198.51.${n}.1`
        await post([error], { headers: { cookie: visitor(n).cookie }, ip, colo })
      }
    }
    await all()
    expect([evidence().length, counted.length]).toEqual([3, 40])
    vi.setSystemTime(NOW_MS + 60_000)
    await all()
    expect(evidence()).toHaveLength(6)
  })

  it('of visitors at home is evidence for each', async () => {
    const { post, evidence } = startGate()
    for (let n = 0; n < 20; n++) await post([error], from(n))
    expect(evidence()).toHaveLength(20)
  })

  it('about a private flag is answered as about one that does not exist', async () => {
    const { post } = startGate()
    const about = async (flag: string) => {
      const { status, body } = await post([{ ...error, flag }], from(1))
      return { status, body: JSON.stringify(body).replaceAll(flag, 'FLAG') }
    }
    expect(await about('secret')).toEqual(await about('nothing'))
  })
})

describe('an app’s server', () => {
  const about = (n: number, more: object = {}) => ({
    ...error,
    context: { targetingKey: `user-${n}`, ...more },
  })
  const as = (token: string) => ({ headers: { authorization: `Bearer ${token}` } })
  const tokens = { reporting: 'reporter', operating: 'operator', viewing: 'viewer' }

  it('reports for its visitors by a token, from one address and for any number of them', async () => {
    const { post, evidence } = startGate({ tokens })
    for (let at = 0; at < 200; at += 50) {
      const reports = Array.from({ length: 50 }, (_, n) => about(at + n))
      expect((await post(reports, as('reporting'))).status).toBe(202)
    }
    expect(evidence()).toHaveLength(200)
    // Each visitor counts once all the same.
    await post([about(1), about(1), about(2)], as('reporting'))
    expect(evidence()).toHaveLength(200)
  })

  it.each([
    ['no token', {}, 401],
    ['a wrong token', as('wrong').headers, 401],
    ['the token of a viewer', as('viewing').headers, 403],
    ['the token of a reporter', as('reporting').headers, 202],
    ['the token of an operator', as('operating').headers, 202],
    ['ADMIN_TOKEN', as('the-admin').headers, 202],
  ])('with %s gets %s', async (_, headers: Record<string, string>, status) => {
    const { post, counted } = startGate({ tokens })
    expect((await post([about(1)], { headers })).status).toBe(status)
    expect(counted).toHaveLength(status === 202 ? 1 : 0)
  })

  it('passes what the rules ask for; without it the visitor is not compared', async () => {
    const { post, evidence } = startGate({ tokens })
    for (let n = 0; n < 10; n++) {
      await post([{ ...about(n, { country: 'RO' }), flag: 'local' }], as('reporting'))
      await post([{ ...about(100 + n), flag: 'local' }], as('reporting'))
    }
    expect(evidence()).toHaveLength(10)
  })

  it('names each visitor, or none; and knows private flags', async () => {
    const { post } = startGate({ tokens })
    expect((await post([about(1), error], as('reporting'))).body).toMatchObject({
      accepted: 1,
      refused: [{ flag: error.flag, reason: expect.stringMatching(/^context: /) }],
    })
    expect((await post([{ ...error, context: { targetingKey: '' } }], as('reporting'))).status).toBe(400)
    const { body } = await post(
      [
        { ...about(1), flag: 'secret' },
        { ...about(1), flag: 'nothing' },
      ],
      as('reporting'),
    )
    expect(body).toMatchObject({ accepted: 1, refused: [{ flag: 'nothing' }] })
  })

  it('with wrong tokens locks no operator behind the same address out', async () => {
    const { post } = startGate({ tokens })
    const statuses: number[] = []
    for (let n = 0; n < 12; n++) statuses.push((await post([about(1)], as(`wrong-${n}`))).status)
    expect(statuses.slice(9)).toEqual([401, 429, 429])
    expect((await post([about(1)], as('reporting'))).status).toBe(202)
  })
})

it('feedback is kept with a pseudonym of its network, never the address', async () => {
  const { post, kept } = startGate()
  const feedback = { type: 'feedback', flag: 'shop', text: 'good' }
  for (const ip of ['198.51.100.1', '198.51.100.2', '198.51.101.1'])
    await post([feedback], { headers: { cookie: visitor(1).cookie }, ip })
  const [first, second, third] = kept.map(({ network }) => network)
  expect(first).toBe(second)
  expect(first).not.toBe(third)
  expect(first).toMatch(/^\d+$/)
})

it('visitors and networks are remembered within bounds', () => {
  const evidence = new ReportEvidence()
  const decision = (position: number): Decision => ({
    ...{ flag: 'f', variant: 'on', value: true, reason: 'SPLIT', rule: 'r', generation: 1, stage: 0 },
    placement: { arm: 'canary', position },
  })
  const weigh = (position: number) =>
    evidence.weigh(decision(position), 'error', { isProven: true, network: undefined }, NOW_MS).kind
  for (let n = 0; n < 20_000; n++) expect(weigh(n)).toBe('evidence')
  expect(weigh(0)).toBe('repeated')
  expect(weigh(20_000)).toBe('evidence')
  expect([weigh(1), weigh(0)]).toEqual(['repeated', 'evidence'])
})
