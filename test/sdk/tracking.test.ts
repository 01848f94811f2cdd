/** Events of metrics on their way from a back end to the gate. */
import { OpenFeature } from '@openfeature/server-sdk'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { gateContext, SluiceProvider } from '../../src/sdk/openfeature/index.ts'
import { Tracker } from '../../src/sdk/server/index.ts'
import { testFlags } from '../../src/sdk/testing/index.ts'

const KEY = 'sluice-origin-secret'
const NOW_MS = 1_700_000_000_000

afterEach(async () => {
  vi.useRealTimers()
  await OpenFeature.close()
})

type Sent = { url: string; authorization: string | null; reports: Record<string, unknown>[] }

/** A gate that gives these answers, one after the other, then takes everything. */
function gateWith(...answers: (Response | Error)[]) {
  const sent: Sent[] = []
  const problems: string[] = []
  const fetch = async (url: string, init: RequestInit) => {
    const { reports } = JSON.parse(String(init.body)) as Pick<Sent, 'reports'>
    sent.push({ url, authorization: new Headers(init.headers).get('authorization'), reports })
    const answer =
      answers.shift() ?? Response.json({ accepted: reports.length, refused: [] }, { status: 202 })
    if (answer instanceof Error) throw answer
    return answer
  }
  const options = {
    ...{ url: 'https://gate.test', token: 't', fetch },
    onProblem: (problem: string) => problems.push(problem),
  }
  return { sent, problems, options, events: () => sent.flatMap(({ reports }) => reports) }
}

async function clientOf(provider: SluiceProvider) {
  await OpenFeature.setProviderAndWait(provider)
  return OpenFeature.getClient()
}

const ada = { targetingKey: 'ada' }

describe("OpenFeature's track", () => {
  it('sends name, value, id and time for the visitor whom the context names, with what rules ask for', async () => {
    vi.useFakeTimers({ now: NOW_MS, toFake: ['Date'] })
    const { sent, options } = gateWith()
    const provider = new SluiceProvider(options)
    const client = await clientOf(provider)
    client.track('order', { ...ada, country: 'RO' }, { value: 49.9, id: 'order-123', currency: 'EUR' })
    expect(await provider.flush()).toBe(true)
    const context = { targetingKey: 'ada', country: 'RO' }
    const event = { type: 'track', name: 'order', value: 49.9, id: 'order-123', atMs: NOW_MS, context }
    expect(sent).toEqual([
      { url: 'https://gate.test/__sluice/events', authorization: 'Bearer t', reports: [event] },
    ])
  })

  it('counts for the visitor of a request that came through the gate, and for no forged one', async () => {
    const { events, problems, options } = gateWith()
    const provider = new SluiceProvider({ ...options, signingKey: KEY })
    const client = await clientOf(provider)
    const headers = await testFlags({ shop: 'on' }, { targetingKey: 'Zoë' }).headers({ signingKey: KEY })
    client.track('order', gateContext(headers))
    client.track('order', gateContext({ ...headers, 'sluice-targeting-key': 'eve' }))
    await provider.flush()
    expect(events()).toEqual([expect.objectContaining({ context: { targetingKey: 'Zoë' } })])
    expect(problems).toEqual(['Cannot track order: the visitor must have a targeting key'])
  })

  it('gives each call its own id, so that a message that is sent again counts once', async () => {
    const { events, options } = gateWith(new Error('the answer was lost'))
    const provider = new SluiceProvider(options)
    const client = await clientOf(provider)
    client.track('visit', ada)
    client.track('visit', ada)
    expect(await provider.flush()).toBe(false)
    expect(await provider.flush()).toBe(true)
    const ids = events().map(({ id }) => id)
    expect(ids).toEqual([ids[0], ids[1], ids[0], ids[1]])
    expect(ids[0]).not.toBe(ids[1])
  })

  it('sends what is left when the provider is closed', async () => {
    const { events, options } = gateWith()
    const client = await clientOf(new SluiceProvider(options))
    client.track('order', ada)
    await OpenFeature.close()
    expect(events()).toHaveLength(1)
  })

  it('throws nothing into the app: without a token, without a visitor, with values that are none', async () => {
    const { sent, problems, options } = gateWith()
    const { token: _, ...withoutToken } = options
    const silent = await clientOf(new SluiceProvider(withoutToken))
    silent.track('order', ada)
    silent.track('order', ada)
    expect(problems).toEqual(['Cannot track: the provider must have a token of the role reporter'])
    problems.length = 0
    const provider = new SluiceProvider(options)
    const client = await clientOf(provider)
    const cycle: Record<string, unknown> = {}
    cycle.self = cycle
    client.track('order', {})
    client.track('', ada)
    client.track('x'.repeat(201), ada)
    client.track('long', ada, { id: 'x'.repeat(201) })
    client.track('empty', ada, { id: '' })
    client.track('cycle', { ...ada, cycle } as never)
    client.track('large', { ...ada, text: 'x'.repeat(40_000) })
    await provider.flush()
    expect(sent).toEqual([])
    expect(problems).toEqual([
      'Cannot track order: the visitor must have a targeting key',
      'Cannot track : the name must be a text of at most 200 characters',
      expect.stringMatching(/^Cannot track x+: the name must be a text of at most 200 characters$/),
      'Cannot track long: id must be a text of at most 200 characters',
      'Cannot track empty: id must be a text of at most 200 characters',
      expect.stringMatching(/^Cannot track cycle: TypeError: .*circular/),
      'a report must be below 31000 bytes',
    ])
  })
})

describe('Tracker', () => {
  it('leaves it to the gate whether a metric needs its value', async () => {
    const { events, options } = gateWith()
    const tracker = new Tracker(options)
    tracker.track('order', ada, { value: Number.NaN })
    tracker.track('order', ada, { value: '5' as never })
    await tracker.flush()
    expect(events()).toMatchObject([
      { name: 'order', value: null },
      { name: 'order', value: '5' },
    ])
  })

  it('sends at most 50 at once, and less where they are large', async () => {
    const { sent, options } = gateWith()
    const tracker = new Tracker(options)
    for (let n = 0; n < 120; n++) tracker.track('order', ada)
    for (let n = 0; n < 5; n++) tracker.track('order', ada, {}, { text: 'ß'.repeat(5_000) })
    await tracker.flush()
    expect(sent.map(({ reports }) => reports.length)).toEqual([50, 50, 22, 3])
    for (const { reports } of sent)
      expect(Buffer.byteLength(JSON.stringify({ reports }))).toBeLessThanOrEqual(32_000)
  })

  it('keeps what the gate could not take, waits as long as it says, and sends it again in its order', async () => {
    vi.useFakeTimers({ now: NOW_MS })
    const busy = new Response('{}', { status: 429, headers: { 'retry-after': '7' } })
    const { sent, events, options } = gateWith(busy)
    const tracker = new Tracker(options)
    tracker.track('first', ada)
    await vi.advanceTimersByTimeAsync(1_000)
    expect(sent).toHaveLength(1)
    tracker.track('second', ada)
    await vi.advanceTimersByTimeAsync(6_999)
    expect(sent).toHaveLength(1)
    await vi.advanceTimersByTimeAsync(1)
    expect(events().map(({ name, atMs }) => [name, atMs])).toEqual([
      ['first', NOW_MS],
      ['first', NOW_MS],
      ['second', NOW_MS + 1_000],
    ])
  })

  it('waits longer each time while the gate is away, and a minute at most', async () => {
    vi.useFakeTimers({ now: NOW_MS })
    const { sent, options } = gateWith(...Array.from({ length: 9 }, () => new Error('away')))
    const tracker = new Tracker(options)
    tracker.track('order', ada)
    const times: number[] = []
    for (let s = 1; sent.length < 10 && s < 400; s++) {
      const before = sent.length
      await vi.advanceTimersByTimeAsync(1_000)
      if (sent.length > before) times.push(s)
    }
    expect(times.map((each, at) => each - (times[at - 1] ?? 0))).toEqual([1, 1, 2, 4, 8, 16, 32, 60, 60, 60])
  })

  it('keeps 10,000 while the gate is away, and says that it drops the rest', async () => {
    const { events, problems, options } = gateWith()
    const tracker = new Tracker({ ...options, gatherMs: 60_000 })
    for (let n = 0; n < 10_001; n++) tracker.track('order', ada)
    expect(problems).toEqual(['10000 reports are waiting: those that come now are dropped'])
    await tracker.flush()
    expect(events()).toHaveLength(10_000)
  })

  it('does not wait for more once there are many', async () => {
    const { events, options } = gateWith()
    const tracker = new Tracker({ ...options, gatherMs: 3_600_000 })
    for (let n = 0; n < 500; n++) tracker.track('order', ada)
    await vi.waitFor(() => expect(events()).toHaveLength(500))
  })

  it('drops what the gate refuses, and tells each reason once', async () => {
    const refused = [
      { metric: 'oder', reason: 'unknown: no flag measures it' },
      { metric: 'order', reason: 'repeated: an event with this id has counted' },
    ]
    const { sent, problems, options } = gateWith(
      Response.json({ accepted: 0, refused }, { status: 202 }),
      Response.json({ accepted: 0, refused }, { status: 202 }),
      Response.json({ detail: 'The token is not known' }, { status: 401 }),
    )
    const tracker = new Tracker(options)
    for (let n = 0; n < 3; n++) {
      tracker.track('oder', ada)
      await tracker.flush()
    }
    expect(problems).toEqual(['oder does not count: unknown: no flag measures it', 'The token is not known'])
    await tracker.flush()
    expect(sent).toHaveLength(3)
  })

  it('needs an absolute address and a token', () => {
    expect(() => new Tracker({ url: 'gate.test', token: 't' })).toThrow(/url must be absolute/)
    expect(() => new Tracker({ url: 'https://gate.test', token: '' })).toThrow(/token must be/)
  })
})
