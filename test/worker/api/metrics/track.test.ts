/** Events of metrics over `POST /__sluice/events`: whose they are, which count, and the reason for each that does not. */
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createEndpoints } from '../../../../src/api/endpoints.ts'
import { checkTrack } from '../../../../src/api/flags/track-message.ts'
import { cookieOf, MEASURING, position, stageMetrics, visitor } from '../../gate/support/metric-stage.ts'

afterEach(() => void vi.restoreAllMocks())

const HOUR_MS = 3_600_000
const TOKEN = { authorization: 'Bearer test-admin-token', cookie: '' }
const DOCUMENT = {
  ...MEASURING,
  metrics: { ...MEASURING.metrics, revenue: { type: 'sum', cap: 500 }, unmeasured: {} },
  flags: {
    ...MEASURING.flags,
    look: { ...MEASURING.flags.look, experiment: { primary: 'order', metrics: ['basket', 'revenue'] } },
  },
}
type Answer = { accepted: number; refused: { metric?: string; flag?: string; reason: string }[] }

function stage(more: Record<string, object> = {}) {
  const flags = Object.entries(DOCUMENT.flags).map(([key, flag]) => [key, { ...flag, ...more[key] }])
  const staged = stageMetrics({ ...DOCUMENT, flags: Object.fromEntries(flags) })
  const endpoints = createEndpoints(staged.gate)
  const post = async (reports: unknown, headers: Record<string, string> = {}) =>
    await endpoints.fetch(
      new Request('https://shop.test/__sluice/events', {
        method: 'POST',
        headers: { ...cookieOf('ann'), ...headers },
        body: JSON.stringify({ reports }),
      }),
      staged.env,
      { waitUntil: (each) => void staged.work.push(each), passThroughOnException: () => {}, props: {} },
    )
  const track = async (event: object, headers?: Record<string, string>): Promise<Answer> => {
    const response = await post([{ type: 'track', ...event }], headers)
    expect(response.status).toBe(202)
    return (await response.json()) as Answer
  }
  return { ...staged, post, track }
}
const reasonOf = ({ accepted, refused }: Answer) => {
  expect([accepted, refused.length]).toEqual([0, 1])
  return refused[0]?.reason.split(':')[0]
}

describe('an event', () => {
  it('of a browser counts for the visitor whom its cookie proves, whatever page it comes from', async () => {
    const { track, events } = stage()
    expect(await track({ name: 'order', id: 'order-1' })).toEqual({ accepted: 1, refused: [] })
    expect(await track({ name: 'revenue', value: 49.9 })).toEqual({ accepted: 1, refused: [] })
    const counted = await events()
    expect(counted.map(([metric, , at, value]) => [metric, at, value])).toEqual([
      ['order', position('ann'), 1],
      ['revenue', position('ann'), 49.9],
    ])
    expect(['a', 'b', 'c']).toContain(counted[0]?.[1])
  })

  it('of a server counts for the visitor whom it names, with a token only', async () => {
    const { track, post, events } = stage()
    const named = { type: 'track', name: 'order', context: { targetingKey: visitor('bob').key } }
    expect(await track(named, TOKEN)).toEqual({ accepted: 1, refused: [] })
    expect((await events()).map(([, , at]) => at)).toEqual([position('bob')])
    expect((await post([named], { cookie: '' })).status).toBe(401)
    expect((await post([named], { authorization: 'Bearer wrong' })).status).toBe(401)
  })

  it('counts with others of its message, and with reports of other kinds', async () => {
    const { post, events } = stage()
    const reports = [
      { type: 'timing', flag: 'look', durationMs: 5 },
      { type: 'track', name: 'order' },
      { type: 'track', name: 'gossip' },
      { type: 'timing', flag: 'none', durationMs: 5 },
    ]
    expect(await (await post(reports)).json()).toMatchObject({
      accepted: 2,
      refused: [{ metric: 'gossip' }, { flag: 'none' }],
    })
    expect(await events()).toHaveLength(1)
  })

  it('sent again under its id counts once, each visitor’s own', async () => {
    const { track, events, refused } = stage()
    await track({ name: 'order', id: 'one' })
    expect(reasonOf(await track({ name: 'order', id: 'one' }))).toBe('repeated')
    expect((await track({ name: 'basket', id: 'one' })).accepted).toBe(1)
    expect((await track({ name: 'order', id: 'one' }, cookieOf('bob'))).accepted).toBe(1)
    expect((await track({ name: 'order', id: 'two' })).accepted).toBe(1)
    expect((await events()).map(([metric]) => metric)).toEqual(['order', 'basket', 'order', 'order'])
    expect(await refused()).toEqual([['look', 'repeated', 1]])
  })

  it.each<[string, object, Record<string, string>?]>([
    ['late', { name: 'order', atMs: Date.now() - 24 * HOUR_MS - 60_000 }],
    ['late', { name: 'order', at: '2001-01-01T00:00:00Z' }],
    ['future', { name: 'order', atMs: Date.now() + 6 * 60_000 }],
    ['value', { name: 'revenue', value: 1e12 }],
    ['value', { name: 'revenue', value: '49.90' }],
    ['value', { name: 'revenue', value: -1 }],
    ['value', { name: 'revenue' }],
    ['id', { name: 'order', id: 'x'.repeat(201) }],
    ['id', { name: 'order', id: '' }],
    ['unknown', { name: 'gossip' }],
    ['unknown', { name: 'unmeasured' }],
    ['unknown', { name: '' }],
    ['unknown', { name: 'x'.repeat(201) }],
    // NaN, as JSON has it.
    ['value', { name: 'revenue', value: null }],
    ['foreign', { name: 'order', flag: 'half' }],
    ['foreign', { name: 'order', flag: 'no-such-flag' }],
    ['unproven', { name: 'order' }, { 'x-user-id': 'ann', cookie: '' }],
    ['opted out', { name: 'order' }, { 'sec-gpc': '1' }],
    ['opted out', { name: 'order' }, { dnt: '1' }],
  ])('that is %s does not count: %o', async (reason, event, headers) => {
    const { track, events } = stage()
    expect(reasonOf(await track(event, headers))).toBe(reason)
    expect(await events()).toEqual([])
  })

  it.each<[string, object]>([
    ['23 hours late', { atMs: Date.now() - 23 * HOUR_MS }],
    ['ahead by the skew of a clock', { atMs: Date.now() + 4 * 60_000 }],
    ['of a flag that measures it', { flag: 'look' }],
    ['with the longest id', { id: 'x'.repeat(200) }],
    ['a conversion with a value as text', { value: '49.90' }],
    ['a conversion with an object for a value', { value: { amount: 5 } }],
    ['a conversion with a value below 0', { value: -1 }],
    ['a count with too large a value', { name: 'basket', value: 2e9 }],
    ['a count with no number', { name: 'basket', value: null }],
    ['of no value', { name: 'revenue', value: 0 }],
    ['of the largest value', { name: 'revenue', value: 1e9 }],
  ])('that is %s counts', async (_, event) => {
    const { track, events } = stage()
    expect((await track({ name: 'order', ...event })).accepted).toBe(1)
    const [counted] = await events()
    if (counted?.[0] !== 'revenue') expect(counted?.[3]).toBe(1)
  })

  it('for a private flag is answered as for one that isn’t there; its server may send it', async () => {
    const { track, events } = stage({ look: { private: true } })
    for (const [event, headers] of [
      [{}],
      [{ id: 'one' }],
      [{ id: '' }],
      [{ at: 'yesterday' }],
      [{ name: 'revenue' }],
      [{}, { cookie: '' }],
      [{}, { 'sec-gpc': '1' }],
    ] as [object, Record<string, string>?][]) {
      const [named, unknown] = [{ flag: 'look' }, { flag: 'no-such-flag' }]
      const answer = await track({ name: 'order', ...event, ...named }, headers)
      expect(answer).toEqual(await track({ name: 'order', ...event, ...unknown }, headers))
    }
    expect(await events()).toEqual([])
    const context = { targetingKey: visitor('ann').key }
    expect((await track({ name: 'order', flag: 'look', context }, TOKEN)).accepted).toBe(1)
    // Who names no flag names none that is private.
    expect((await track({ name: 'order' })).accepted).toBe(1)
  })

  it.each(['sluice_id=of-my-own-making', ''])(
    'of a visitor with the cookie "%s" is unproven',
    async (cookie) => {
      const { track, post, events } = stage()
      expect(reasonOf(await track({ name: 'order' }, { cookie }))).toBe('unproven')
      const reports = [
        { type: 'track', name: 'order' },
        { type: 'error', flag: 'look' },
      ]
      expect(await (await post(reports, { cookie })).json()).toEqual({
        accepted: 0,
        refused: [
          { metric: 'order', reason: expect.stringMatching(/^unproven: /) },
          { flag: 'look', reason: expect.stringMatching(/^The report brings no identity/) },
        ],
      })
      expect(await events()).toEqual([])
      // Who sends no event learns that nothing of theirs is known.
      expect((await post(reports.slice(1), { cookie })).status).toBe(422)
    },
  )

  it('of a visitor whom no flag compares is not exposed', async () => {
    const { track } = stage()
    const named = { name: 'order', context: { targetingKey: 'ann', 'query.staff': '1' } }
    expect(reasonOf(await track(named, TOKEN))).toBe('not exposed')
  })

  it.each<[string, object]>([
    ['value', { name: 'revenue', value: '12' }],
    ['value', { name: 'revenue', value: { amount: 5 } }],
    ['value', { name: 'revenue', value: true }],
    ['id', { name: 'order', id: 7 }],
    ['id', { name: 'order', id: ['a'] }],
    ['at', { name: 'order', at: 'yesterday' }],
    ['at', { name: 'order', at: 1_790_000_000_000 }],
    ['at', { name: 'order', atMs: '1790000000000' }],
    ['unknown', { name: 5 }],
    ['unknown', {}],
    ['foreign', { name: 'order', flag: 3 }],
  ])('of a wrong type is refused for its %s, and takes no other along: %o', async (reason, event) => {
    const { track, post, events, refused } = stage()
    expect(reasonOf(await track(event))).toBe(reason)
    const good = { type: 'track', name: 'order', id: 'good' }
    const response = await post([
      { type: 'track', ...event },
      good,
      { type: 'timing', flag: 'look', durationMs: 5 },
    ])
    expect([response.status, await response.json()]).toEqual([
      202,
      {
        accepted: 2,
        refused: [{ metric: expect.any(String), reason: expect.stringMatching(`^${reason}: `) }],
      },
    ])
    expect(await events()).toEqual([['order', expect.any(String), position('ann'), 1]])
    const told = ['value', 'id', 'at'].includes(reason)
    expect(await refused()).toEqual(told ? [['look', reason, 2]] : undefined)
  })

  it('with nulls for what it leaves out counts', async () => {
    const { track } = stage()
    const nothing = { id: null, at: null, atMs: null, flag: null }
    expect((await track({ name: 'order', ...nothing })).accepted).toBe(1)
  })

  it.each<[string, unknown]>([
    ['is missing', undefined],
    ['names no one', {}],
    ['is no object', 'ann'],
    ['has a number for a key', { targetingKey: 7 }],
  ])('whose context %s is refused where a server names visitors', async (_, context) => {
    const { post, events } = stage()
    const named = { type: 'track', name: 'order', context: { targetingKey: visitor('bob').key } }
    const reports = [
      named,
      { type: 'track', name: 'order', context },
      { type: 'error', flag: 'look', context },
    ]
    const answer = (await (await post(reports, TOKEN)).json()) as Answer
    expect(answer.accepted).toBe(1)
    expect(answer.refused.map(({ metric, flag }) => metric ?? flag)).toEqual(['order', 'look'])
    expect(answer.refused.every(({ reason }) => reason.includes('context'))).toBe(true)
    expect((await events()).map(([, , at]) => at)).toEqual([position('bob')])
    // Without a token no one may name visitors, whatever else is wrong.
    expect((await post(reports)).status).toBe(401)
  })

  it('stands beside reports that can not be read, each with a reason that is short', async () => {
    const { post } = stage()
    const wrong = [
      { type: 'timing', flag: 'look', durationMs: -1 },
      { type: 'gossip', flag: 'look' },
      { type: 'error', flag: 'x'.repeat(9_000) },
      ...[null, 5, 'x'.repeat(9_000)],
    ]
    const response = await post([...wrong, { type: 'track', name: 'order' }])
    const { accepted, refused } = (await response.json()) as Answer
    expect([response.status, accepted, refused.length]).toEqual([202, 1, wrong.length])
    expect(refused[0]?.reason).toMatch(/^reports\.0\.durationMs: /)
    expect(JSON.stringify(refused).length).toBeLessThan(2_000)
  })
})

describe('an exposure by a flag query', () => {
  const stageQuery = () => {
    const staged = stageMetrics(DOCUMENT)
    const endpoints = createEndpoints(staged.gate)
    const query = async (body: object, headers: Record<string, string>) =>
      await endpoints.fetch(
        new Request('https://shop.test/__sluice/ofrep/v1/evaluate/flags/look', {
          method: 'POST',
          headers: { 'cf-connecting-ip': '203.0.113.7', ...headers },
          body: JSON.stringify(body),
        }),
        staged.env,
        { waitUntil: (each) => void staged.work.push(each), passThroughOnException: () => {}, props: {} },
      )
    return { ...staged, query }
  }
  const own = { ...cookieOf('ann'), 'sec-fetch-site': 'same-origin' }

  it('is of the visitor of a page, and of one whom a server with a token names', async () => {
    const { query, exposed, flushed } = stageQuery()
    await query({}, own)
    const context = { targetingKey: visitor('bob').key }
    await query({ context }, { authorization: 'Bearer test-admin-token' })
    expect((await exposed()).map(([, at]) => at)).toEqual([position('ann'), position('bob')])
    // All of a server's visitors come from its network, and it knows who they are.
    const networks = (await flushed()).flatMap(({ groups }) => groups.flatMap((each) => each.networks))
    expect(networks).toEqual([31, 0])
  })

  it('is not of one whom anyone could name, nor of one who wants no part in it', async () => {
    const { query, exposed } = stageQuery()
    await query({ context: { targetingKey: visitor('bob').key } }, {})
    await query({ context: { targetingKey: visitor('bob').key } }, own)
    await query({}, { ...own, 'sec-gpc': '1' })
    expect(await exposed()).toEqual([])
  })
})

it('an event counts for a day, at its own time unless the clock that tells it may be wrong by as much', () => {
  const now = Date.parse('2027-03-01T12:00:00Z')
  const MINUTE_MS = 60_000
  const at = (agoMs: number) => checkTrack({ atMs: now - agoMs }, now)
  const day = 24 * 60 * MINUTE_MS
  expect([at(day), at(day + 1)]).toEqual([
    { ok: true, atMs: now - day },
    { ok: false, why: 'late' },
  ])
  expect([at(5 * MINUTE_MS), at(5 * MINUTE_MS - 1)]).toEqual([
    { ok: true, atMs: now - 5 * MINUTE_MS },
    { ok: true, atMs: now },
  ])
  expect([at(-5 * MINUTE_MS), at(-5 * MINUTE_MS - 1)]).toEqual([
    { ok: true, atMs: now },
    { ok: false, why: 'future' },
  ])
  expect(checkTrack({ at: '2027-03-01T11:00:00Z' }, now)).toEqual({ ok: true, atMs: now - 60 * MINUTE_MS })
  expect(checkTrack({}, now)).toEqual({ ok: true, atMs: now })
  expect([0, 1, 200, 201].map((length) => checkTrack({ id: 'i'.repeat(length) }, now).ok)).toEqual([
    ...[false, true, true, false],
  ])
})
