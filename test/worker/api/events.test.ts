import { exports } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { gateVisitors } from '../../../test-kit/traffic/visitor-ids.ts'

const gate = exports.default

let senders = 0
const { cookie } = (await gateVisitors('test-signing-key'))('visitor-1')

/** Each test sends from a separate address, so that no limit is shared. */
function post(body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return gate.fetch('http://gate.test/__sluice/events', {
    method: 'POST',
    cf: { colo: 'OTP' },
    headers: { cookie, 'cf-connecting-ip': `192.0.2.${++senders}`, ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  } as RequestInit)
}

async function admin(path: string): Promise<Record<string, unknown>> {
  const headers = { authorization: 'Bearer test-admin-token' }
  return await (await gate.fetch(`http://gate.test/__sluice/api/v1${path}`, { headers })).json()
}

const FLAG = 'new-shop'
/** One that a single test reports on. */
const COUNTED = 'new-checkout'

describe('POST /__sluice/events', () => {
  it('keeps feedback with the variant that the gate finds for the visitor', async () => {
    const response = await post({ reports: [{ type: 'feedback', flag: FLAG, text: ' love it ' }] })
    expect(response.status).toBe(202)
    expect(await response.json()).toEqual({ accepted: 1, refused: [] })
    const { feedback } = await admin(`/feedback?flag=${FLAG}`)
    expect(feedback).toMatchObject([
      { flag: FLAG, text: 'love it', variant: expect.stringMatching(/^o(n|ff)$/) },
    ])
  })

  it('counts errors and timings for the flag', async () => {
    const reports = [
      { type: 'error', flag: COUNTED, message: 'boom' },
      { type: 'timing', flag: COUNTED, durationMs: 120 },
    ]
    expect((await post({ reports })).status).toBe(202)
    await expect
      .poll(
        async () => {
          const { flags } = (await admin('/status')) as { flags: Record<string, { cells: Cell[] }> }
          const cells = flags[COUNTED]?.cells ?? []
          return [
            cells.reduce((sum, cell) => sum + cell.errorsByKind.reported, 0),
            cells.reduce((sum, cell) => sum + cell.timings.count, 0),
          ]
        },
        { timeout: 30_000 },
      )
      .toEqual([1, 1])
  })

  it('says which reports are about flags that do not exist', async () => {
    const response = await post({ reports: [{ type: 'error', flag: 'no-such-flag' }] })
    expect(await response.json()).toMatchObject({ accepted: 0, refused: [{ flag: 'no-such-flag' }] })
  })

  it.each([
    ['what is not JSON', 'nonsense', 400],
    ['an unknown type', { reports: [{ type: 'gossip', flag: FLAG }] }, 400],
    ['a negative duration', { reports: [{ type: 'timing', flag: FLAG, durationMs: -1 }] }, 400],
    ['51 reports', { reports: Array.from({ length: 51 }, () => ({ type: 'error', flag: FLAG })) }, 400],
    ['a body past its bound', `"${'x'.repeat(40_000)}"`, 413],
  ])('refuses %s', async (_what, body, status) => {
    const response = await post(body)
    expect(response.status).toBe(status)
    expect(response.headers.get('content-type')).toBe('application/problem+json')
  })

  it('says which report is wrong, and in what', async () => {
    const wrong = { type: 'timing', flag: FLAG, durationMs: -1 }
    for (const body of [{ reports: [wrong] }, [wrong]]) {
      const { detail } = (await (await post(body)).json()) as { detail: string }
      expect(detail).toMatch(/^reports\.0\.durationMs: /)
    }
    const list = [{ type: 'error', flag: FLAG }, wrong]
    for (const body of [{ reports: list }, list])
      expect(await (await post(body)).json()).toEqual({
        accepted: 1,
        refused: [{ flag: FLAG, reason: expect.stringMatching(/^reports\.1\.durationMs: /) }],
      })
  })

  it('refuses reports of a visitor that it has never seen', async () => {
    const response = await post({ reports: [{ type: 'error', flag: FLAG }] }, { cookie: '' })
    expect(response.status).toBe(422)
  })

  it('refuses reports from pages of other sites', async () => {
    const response = await post(
      { reports: [{ type: 'error', flag: FLAG }] },
      { 'sec-fetch-site': 'cross-site' },
    )
    expect(response.status).toBe(403)
  })

  it('lets one address send so many reports, and says when to come again', async () => {
    const reports = Array.from({ length: 50 }, () => ({ type: 'timing', flag: FLAG, durationMs: 1 }))
    const from = { 'cf-connecting-ip': '198.51.100.7' }
    expect((await post({ reports }, from)).status).toBe(202)
    expect((await post({ reports }, from)).status).toBe(202)
    const third = await post({ reports }, from)
    expect(third.status).toBe(429)
    expect(Number(third.headers.get('retry-after'))).toBeGreaterThan(0)
  })
})

type Cell = { errorsByKind: { reported: number }; timings: { count: number } }
