/** Webhooks: which events they get, in which format, how often a message is tried, and when it is given up. */
import { expect, it, onTestFinished, vi } from 'vitest'
import { eventOf, type Notifier } from '../../../../src/durable/controller/news/notifier.ts'
import { hmacHex } from '../../../../src/platform/crypto.ts'
import { keysOf } from '../../../../src/platform/keys.ts'
import { CAUSE, DOCUMENT, fakeClock, makeParts, type Parts, START_MS } from '../../support/parts.ts'
import { withStorage } from '../../support/storage.ts'

type Post = { url: string; headers: Headers; body: Record<string, unknown>; text: string; init: RequestInit }

/** Receivers that take what comes, until `answer` says otherwise. */
function fakeReceivers() {
  const posts: Post[] = []
  const receivers = { posts, answer: async (): Promise<Response> => new Response() }
  vi.stubGlobal('fetch', async (url: string, init: RequestInit) => {
    const text = String(init.body)
    posts.push({ url, headers: new Headers(init.headers), text, body: JSON.parse(text), init })
    return await receivers.answer()
  })
  onTestFinished(() => void vi.unstubAllGlobals())
  return receivers
}

type World = Parts & {
  clock: ReturnType<typeof fakeClock>
  receivers: ReturnType<typeof fakeReceivers>
  storage: DurableObjectStorage
}

async function withNotifier(
  webhooks: object[] | undefined,
  work: (world: World) => Promise<void>,
  env: object = {},
) {
  const clock = fakeClock()
  const receivers = fakeReceivers()
  const document = { ...DOCUMENT, ...(webhooks && { notifications: { webhooks } }) }
  await withStorage(async (storage) => {
    await work({ ...makeParts(storage, { document, env }), clock, receivers, storage })
  })
}

const deliver = ({ notifier }: { notifier: Notifier }) => notifier.deliver(Date.now())
const kill = ({ notifier }: { notifier: Notifier }, flag = 'plain', cause = CAUSE) =>
  notifier.enqueue('kill', flag, cause, Date.now())

it('a message says what happened to which flag, where, by whose hand and why', () =>
  withNotifier(
    [{ url: 'http://hook.test/' }],
    async (world) => {
      kill(world, 'plain', { ...CAUSE, evidence: { pValue: 0.01 } as never })
      world.control.perform({ kind: 'stage', flag: 'staged', stage: 1 }, { stages: [5, 50] }, CAUSE, START_MS)
      world.notifier.enqueue('advance', 'staged', CAUSE, START_MS)
      kill(world, '*')
      await deliver(world)
      const { posts } = world.receivers
      expect(posts.map(({ url }) => url)).toEqual(Array(3).fill('http://hook.test/'))
      const same = { at: '2026-11-02T12:00:00.000Z', environment: 'staging', actor: 'Ada', reason: 'because' }
      expect(posts.map(({ body }) => body)).toEqual([
        {
          ...same,
          id: expect.stringMatching(/^[\da-f-]{36}$/),
          event: 'kill',
          flag: 'plain',
          generation: 1,
          stage: 0,
          percentage: 10,
          from: null,
          to: null,
          changes: [],
          evidence: { pValue: 0.01 },
        },
        expect.objectContaining({
          ...same,
          event: 'advance',
          flag: 'staged',
          stage: 1,
          percentage: 50,
          evidence: null,
        }),
        expect.objectContaining({ ...same, event: 'kill', flag: '*', percentage: null }),
      ])
      expect(new Set(posts.map(({ body }) => body.id)).size).toBe(3)
    },
    { ENVIRONMENT: 'staging' },
  ))

it('a message is posted as JSON, signed by the key of its webhook, without following a redirect', () =>
  withNotifier(
    [{ url: 'http://a.test/' }, { url: 'http://b.test/', secretBinding: 'B_KEY' }],
    async (world) => {
      kill(world)
      await deliver(world)
      const seconds = START_MS / 1_000
      const keys = { 'http://a.test/': (await keysOf('a key')).webhook, 'http://b.test/': 'the key of b' }
      expect(world.receivers.posts).toHaveLength(2)
      // In whatever order they are sent.
      for (const [receiver, key] of Object.entries(keys)) {
        const { headers, text, init, body } = world.receivers.posts.find(
          ({ url }) => url === receiver,
        ) as Post
        expect(headers.get('content-type')).toBe('application/json')
        expect(headers.get('sluice-delivery')).toBe(body.id)
        const signature = await hmacHex(key, `${seconds}.${text}`)
        expect(headers.get('sluice-signature')).toBe(`t=${seconds},v1=${signature}`)
        expect([init.method, init.redirect, init.signal]).toEqual(['POST', 'manual', expect.anything()])
      }
    },
    { B_KEY: 'the key of b' },
  ))

it('without a key a message goes unsigned', () =>
  withNotifier(
    [{ url: 'http://a.test/' }],
    async (world) => {
      kill(world)
      await deliver(world)
      expect(world.receivers.posts[0]?.headers.has('sluice-signature')).toBe(false)
    },
    { SIGNING_KEY: '' },
  ))

it('each webhook gets the events that it asks for', () =>
  withNotifier(
    [
      { url: 'http://kills.test/', events: ['kill', 'unkill'] },
      { url: 'http://holds.test/', events: ['hold'] },
    ],
    async (world) => {
      for (const event of ['kill', 'hold', 'advance'] as const)
        world.notifier.enqueue(event, 'plain', CAUSE, START_MS)
      await deliver(world)
      expect(world.receivers.posts.map(({ url, body }) => [url, body.event])).toEqual([
        ['http://kills.test/', 'kill'],
        ['http://holds.test/', 'hold'],
      ])
    },
  ))

it('without webhooks nothing is queued', () =>
  withNotifier(undefined, async (world) => {
    kill(world)
    expect(world.notifier.nextDueMs).toBeUndefined()
    await deliver(world)
    expect(world.receivers.posts).toEqual([])
  }))

it('for chat, nothing in names and reasons is markup', () =>
  withNotifier([{ url: 'http://chat.test/', format: 'slack' }], async (world) => {
    const reason = 'a&b <!channel> <@U123> <http://evil.test|click> <!subteam^S1>'
    kill(world, '<!here>', { ...CAUSE, actor: '<@U999>', reason })
    await deliver(world)
    const [{ body } = { body: {} }] = world.receivers.posts
    expect(body).toEqual({
      text: '`&lt;!here&gt;` was killed (`production`): `a&amp;b &lt;!channel&gt; &lt;@U123&gt; &lt;http://evil.test|click&gt; &lt;!subteam^S1&gt;` — `&lt;@U999&gt;`',
      unfurl_links: false,
      unfurl_media: false,
    })
  }))

it('a message that is not taken is tried again, later each time, under the same id, also after a restart', () =>
  withNotifier([{ url: 'http://a.test/' }], async (world) => {
    const { receivers, clock, storage } = world
    receivers.answer = async () => new Response(null, { status: 500 })
    kill(world)
    expect(world.notifier.nextDueMs).toBe(START_MS)
    await deliver(world)
    expect(world.notifier.nextDueMs).toBe(START_MS + 1_000)
    await clock.advance(999)
    await deliver(world)
    expect(receivers.posts).toHaveLength(1)
    await clock.advance(1)
    await deliver(world)
    expect(world.notifier.nextDueMs).toBe(START_MS + 1_000 + 2_000)
    receivers.answer = async () => {
      throw new Error('connection refused')
    }
    await clock.advance(2_000)
    const restarted = makeParts(storage)
    await deliver(restarted)
    expect(restarted.notifier.nextDueMs).toBe(START_MS + 3_000 + 4_000)
    receivers.answer = async () => new Response()
    await clock.advance(4_000)
    await deliver(restarted)
    expect(restarted.notifier.nextDueMs).toBeUndefined()
    expect(new Set(receivers.posts.map(({ body }) => body.id)).size).toBe(1)
    expect(receivers.posts).toHaveLength(4)
  }))

it('a message is given up after 300 attempts', () =>
  withNotifier([{ url: 'http://a.test/' }], async (world) => {
    world.receivers.answer = async () => new Response(null, { status: 404 })
    kill(world)
    for (let attempt = 1; attempt < 300; attempt++) {
      await deliver(world)
      await world.clock.advance(300_000)
    }
    expect(world.notifier.nextDueMs).toBeDefined()
    await deliver(world)
    expect(world.notifier.nextDueMs).toBeUndefined()
    expect(world.receivers.posts).toHaveLength(300)
  }))

it('ten messages go out at once, the oldest first, and no delivery begins while one runs', () =>
  withNotifier([{ url: 'http://a.test/' }], async (world) => {
    for (let index = 0; index < 12; index++) kill(world, `flag ${index}`)
    let release = () => {}
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    world.receivers.answer = async () => {
      await held
      return new Response()
    }
    const first = deliver(world)
    await deliver(world)
    await vi.waitUntil(() => world.receivers.posts.length >= 10)
    expect(world.receivers.posts.map(({ body }) => body.flag)).toEqual(
      Array.from({ length: 10 }, (_, index) => `flag ${index}`),
    )
    release()
    await first
    await deliver(world)
    expect(world.receivers.posts).toHaveLength(12)
    await deliver(world)
    expect(world.receivers.posts).toHaveLength(12)
  }))

it('the newest 1,000 messages wait, so that a receiver that is gone fills no storage', () =>
  withNotifier([{ url: 'http://a.test/' }], async (world) => {
    for (let index = 0; index < 1_002; index++) kill(world, `flag ${index}`)
    const rows = world.storage.sql.exec<{ body: string }>('SELECT body FROM messages ORDER BY id').toArray()
    expect(rows).toHaveLength(1_000)
    expect(JSON.parse(rows[0]?.body ?? '{}').flag).toBe('flag 2')
  }))

it('a test message goes out at once, signed as others are, and tells what the receiver answered', () =>
  withNotifier(
    undefined,
    async ({ notifier, receivers }) => {
      const webhook = {
        url: 'http://a.test/',
        format: 'json' as const,
        events: ['hold' as const],
        secretBinding: 'B_KEY',
      }
      expect(await notifier.test(webhook)).toEqual({ delivered: true, detail: 'The receiver answered 200' })
      const { body, headers, text } = receivers.posts[0] as Post
      expect(body).toEqual({
        id: expect.stringMatching(/^[\da-f-]{36}$/),
        event: 'test',
        flag: null,
        at: '2026-11-02T12:00:00.000Z',
        environment: 'production',
        actor: 'test',
        reason: 'This is a test message',
        generation: 0,
        stage: 0,
        percentage: null,
        from: null,
        to: null,
        changes: [],
        evidence: null,
      })
      const seconds = START_MS / 1_000
      const signature = await hmacHex('the key of b', `${seconds}.${text}`)
      expect(headers.get('sluice-signature')).toBe(`t=${seconds},v1=${signature}`)
      receivers.answer = async () => new Response(null, { status: 302 })
      const { secretBinding: _, ...plain } = webhook
      expect(await notifier.test(plain)).toEqual({
        delivered: false,
        detail: 'The receiver answered 302',
      })
      expect(receivers.posts[1]?.headers.get('sluice-signature')).toContain(
        await hmacHex((await keysOf('a key')).webhook, `${seconds}.${receivers.posts[1]?.text}`),
      )
      receivers.answer = async () => {
        throw new Error('connection refused')
      }
      expect(await notifier.test(plain)).toEqual({
        delivered: false,
        detail: 'The receiver could not be reached: connection refused',
      })
    },
    { B_KEY: 'the key of b' },
  ))

it('commands cause the event of their name; a stage by hand is an advance or a way down, an approval none', () => {
  const kinds = [
    'kill',
    'unkill',
    'rollback',
    'resume',
    'restart',
    'stage',
    'advance',
    'approve',
    'pause',
    'freeze',
    'finish',
  ]
  const events = kinds.map((kind) =>
    eventOf({ kind, flag: 'f' } as Parameters<typeof eventOf>[0], { from: 5, to: 25 }),
  )
  expect(events).toEqual([
    'kill',
    'unkill',
    'rollback',
    'resume',
    'resume',
    'advance',
    'advance',
    undefined,
    'pause',
    'freeze',
    'finish',
  ])
  expect(eventOf({ kind: 'stage', flag: 'f' }, { from: 25, to: 5 })).toBe('stage-down')
  expect(eventOf({ kind: 'stage', flag: 'f' }, { from: 25, to: 25 })).toBe('advance')
})
