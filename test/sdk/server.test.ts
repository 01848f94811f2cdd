import { describe, expect, it, vi } from 'vitest'
import { ErrorReporter, parseFlags, type ReadOptions, readDecision } from '../../src/sdk/server/index.ts'
import { testFlags } from '../../src/sdk/testing/index.ts'

const KEY = 'sluice-origin-secret'
const FORGED = { 'sluice-flags': 'shop=on;reason=static' }

describe('readDecision', () => {
  it.each([
    [{}],
    [{ signingKey: undefined }],
    [{ signingKey: '' }],
    [{ signingKey: true }],
    [{ signingKey: [] }],
    [{ signingKey: 'the SIGNING_KEY of the gate' }],
    [{ signingKey: ['sluice-origin-new', 'the SIGNING_KEY of the gate'] }],
    [{ signingKey: 'sluice-webhook-key' }],
  ])('refuses to believe headers with %j, and does not repeat it', async (options) => {
    await expect(readDecision(FORGED, options as unknown as ReadOptions)).rejects.toThrow(
      new TypeError(
        'signingKey must be what "sluice key origin" prints (sluice-origin-…), never SIGNING_KEY itself; pass false to read headers that are not verified',
      ),
    )
  })

  it('reads unverified headers only when told so', async () => {
    expect((await readDecision(FORGED, { signingKey: false }))?.variants).toEqual({ shop: 'on' })
    expect(await readDecision(FORGED, { signingKey: KEY })).toBeUndefined()
  })

  it('believes a signature until it is too old', async () => {
    const headers = await testFlags({ shop: 'on' }).headers({ signingKey: KEY })
    const later = (seconds: number) =>
      readDecision(headers, { signingKey: KEY, nowMs: Date.now() + seconds * 1_000, maxAgeSeconds: 10 })
    expect(await later(5)).toMatchObject({ variants: { shop: 'on' }, targetingKey: 'test-visitor' })
    expect(await later(15)).toBeUndefined()
  })

  it('believes either key while they are rotated, and no third one', async () => {
    const signedBy = (signingKey: string) => testFlags({ shop: 'on' }).headers({ signingKey })
    const both = { signingKey: ['sluice-origin-next', KEY] }
    expect(await readDecision(await signedBy(KEY), both)).toBeDefined()
    expect(await readDecision(await signedBy('sluice-origin-next'), both)).toBeDefined()
    expect(await readDecision(await signedBy('sluice-origin-third'), both)).toBeUndefined()
  })
})

it('parseFlags reads names that the gate has encoded', () => {
  expect(parseFlags('gr%C3%B6%C3%9Fe=100%25;reason=split, b=50%;reason=static')).toEqual({
    variants: { größe: '100%', b: '50%' },
    reasons: { größe: 'split', b: 'static' },
  })
})

describe('ErrorReporter', () => {
  const decision = { variants: { shop: 'on', search: 'off' }, targetingKey: 'ada' }
  function start(answer: () => Promise<Response> | Response = () => new Response('{}')) {
    const sent: { url: string; authorization: string | null; reports: object[] }[] = []
    const fetch = async (url: string, init: RequestInit) => {
      const { reports } = JSON.parse(String(init.body)) as { reports: object[] }
      sent.push({ url, authorization: new Headers(init.headers).get('authorization'), reports })
      return await answer()
    }
    return {
      sent,
      reporter: new ErrorReporter({ url: 'https://gate.test/', token: 't', fetch, gatherMs: 1 }),
    }
  }

  it('reports each flag of the request for its visitor, together and with the token', async () => {
    const { sent, reporter } = start()
    reporter.report(decision)
    reporter.report({ variants: { shop: 'on' }, targetingKey: 'bob' }, { country: 'RO' })
    reporter.report({ variants: { shop: 'on' }, targetingKey: undefined })
    await vi.waitFor(() => expect(sent).toHaveLength(1))
    const error = { type: 'error', flag: 'shop' }
    expect(sent).toEqual([
      {
        url: 'https://gate.test/__sluice/events',
        authorization: 'Bearer t',
        reports: [
          { ...error, context: { targetingKey: 'ada' } },
          { ...error, flag: 'search', context: { targetingKey: 'ada' } },
          { ...error, context: { country: 'RO', targetingKey: 'bob' } },
        ],
      },
    ])
  })

  it('sends 50 at once, keeps 1,000 at most, and says whether the gate took them', async () => {
    const { sent, reporter } = start()
    for (let n = 0; n < 1_001; n++) reporter.report({ variants: { shop: 'on' }, targetingKey: `v${n}` })
    expect(await reporter.flush()).toBe(true)
    expect([sent.length, Math.max(...sent.map(({ reports }) => reports.length))]).toEqual([20, 50])
    expect(await reporter.flush()).toBe(true)
    expect(sent).toHaveLength(20)
  })

  it.each([
    ['refuses', () => new Response('', { status: 429 })],
    ['is away', () => Promise.reject(new Error('connection refused'))],
  ])('goes on where the gate %s', async (_, answer) => {
    const { reporter } = start(answer)
    reporter.report(decision)
    expect(await reporter.flush()).toBe(false)
  })

  it('needs an address and a token', () => {
    expect(() => new ErrorReporter({ url: 'gate.test', token: 't' })).toThrow(/url must be absolute/)
    expect(() => new ErrorReporter({ url: 'https://gate.test', token: '' })).toThrow(/token must be/)
  })
})
