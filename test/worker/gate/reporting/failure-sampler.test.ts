/** What the gate samples of requests that fail, and that it samples nothing of others. */
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { FailureSample } from '../../../../src/core/counters/samples/failures.ts'
import { createGate } from '../../../../src/gate/gate.ts'
import { FailureSampler } from '../../../../src/gate/reporting/failure-sampler.ts'
import { SHOP, stubOrigins, unsigned } from '../support/stage.ts'

afterEach(() => void vi.restoreAllMocks())

const staged = {
  variants: { on: true, off: false },
  off: 'off',
  rules: [{ serve: 'on', stages: [{ percentage: 50 }] }],
}
const DOCUMENT = {
  ...SHOP,
  context: { targetingKey: [{ header: 'x-user-id' }] },
  routes: [{ path: '/judged/*', flag: 'judged', origins: { on: 'new', off: 'old' } }, ...SHOP.routes],
  flags: { ...SHOP.flags, judged: staged },
}

type Answer = (url: string) => Response
async function samplesOf(answer: Answer, paths: readonly string[], headers: Record<string, string> = {}) {
  stubOrigins(({ url }) => answer(url))
  const failures = new FailureSampler()
  const gate = createGate({ bundled: DOCUMENT as never, failures })
  vi.spyOn(gate.reporter, 'report').mockImplementation(() => {})
  const visit = async (path: string, user: string) => {
    const work: Promise<unknown>[] = []
    const request = new Request(`https://shop.test${path}`, {
      headers: { 'x-user-id': user, ...headers },
      cf: { country: 'RO', colo: 'OTP' },
    } as RequestInit)
    const response = await gate.handle(request, unsigned, { waitUntil: (each) => void work.push(each) })
    await response.text().catch(() => {})
    await Promise.all(work)
  }
  for (const [index, path] of paths.entries()) await visit(path, `visitor-${index}`)
  return failures.take()
}
const isNew = (url: string) => url.startsWith('http://new')
const failing: Answer = (url) => new Response('x', { status: isNew(url) ? 503 : 200 })
const of = (count: number, path = '/judged/cart') => Array.from({ length: count }, () => path)

describe('a sample', () => {
  it('says status, path, place and browser of an answer that failed, without its query', async () => {
    const [first, ...rest] = await samplesOf(failing, of(6, '/judged/4711?card=4242&name=ada'), {
      'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:120.0) Gecko/20100101 Firefox/120.0',
      'cf-ray': '8a1b2c3d4e5f6071-OTP',
    })
    expect(first).toEqual({
      ...{ flag: 'judged', generation: 1, variant: 'on', arm: 'canary', as: 'failed' },
      atMs: expect.any(Number),
      seen: {
        ...{ statuses: '503', paths: 'GET /judged/:id', colos: 'OTP', countries: 'RO', browsers: 'Firefox' },
      },
      requestId: '8a1b2c3d4e5f6071-OTP',
    })
    expect(JSON.stringify([first, ...rest])).not.toMatch(/card|4242|ada|4711/)
  })

  it.each<[string, Answer]>([
    ['answers that are good', () => new Response('fine')],
    ['redirects', () => new Response(null, { status: 302, headers: { location: '/elsewhere' } })],
  ])('is not taken of %s', async (_, answer) => {
    expect(await samplesOf(answer, of(6))).toEqual([])
  })

  it('of what turns visitors away is of another kind', async () => {
    const samples = await samplesOf((url) => new Response('x', { status: isNew(url) ? 410 : 200 }), of(6))
    expect(samples[0]).toMatchObject({ as: 'turned-away', arm: 'canary', seen: { statuses: '410' } })
  })

  it('of an origin that can not be reached names the failure', async () => {
    const samples = await samplesOf((url) => {
      if (isNew(url)) throw new Error('connection refused')
      return new Response('fine')
    }, of(4))
    expect(samples[0]).toMatchObject({ as: 'failed', arm: 'canary', seen: { statuses: 'connect' } })
  })

  it('is taken of control, too', async () => {
    const samples = await samplesOf((url) => new Response('x', { status: isNew(url) ? 200 : 500 }), of(8))
    expect(new Set(samples.map(({ arm, variant }) => `${arm} ${variant}`))).toEqual(new Set(['control off']))
  })

  it('is not taken where nothing is compared', async () => {
    expect(await samplesOf(() => new Response('x', { status: 500 }), of(4, '/checkout/'))).toEqual([])
  })

  it('is taken of eight of a kind until they are handed over', async () => {
    const bySide = new Map<string, FailureSample[]>()
    for (const each of await samplesOf(() => new Response('x', { status: 500 }), of(60)))
      bySide.set(each.arm, [...(bySide.get(each.arm) ?? []), each])
    expect([...bySide.values()].map(({ length }) => length)).toEqual([8, 8])
  })
})

describe('the id of a request', () => {
  const trace = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
  it.each<[string, Record<string, string>, string | undefined]>([
    ['is Cloudflare’s', { 'cf-ray': 'ray-OTP', 'x-request-id': 'own' }, 'ray-OTP'],
    ['or that of a proxy', { 'x-request-id': 'req_42.a:b-c', traceparent: trace }, 'req_42.a:b-c'],
    ['or that of its trace', { traceparent: trace }, '0af7651916cd43dd8448eb211c80319c'],
    ['is none where the request has none', {}, undefined],
    ['is none where it holds spaces', { 'x-request-id': 'ada lovelace <script>' }, undefined],
    ['is none where it is too long', { 'x-request-id': 'x'.repeat(65) }, undefined],
  ])('%s', async (_, headers, expected) => {
    const [sample] = await samplesOf(failing, of(4), headers)
    expect(sample?.requestId).toBe(expected)
  })
})
