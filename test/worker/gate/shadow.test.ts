/** Copies of requests in a shadow stage: when they are made, of which answers, and how those are read. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { readInSteps } from '../../../src/core/shadow/read-answer.ts'
import type { ShadowSample } from '../../../src/core/shadow/sample.ts'
import { createGate } from '../../../src/gate/gate.ts'
import { OriginHealth } from '../../../src/gate/origin/origin-health.ts'
import { createMirror } from '../../../src/gate/shadow/mirror.ts'
import { type Asked, SHOP, stubOrigins, unsigned } from './support/stage.ts'

const PAUSE_MS = 50
const wait = scheduler.wait.bind(scheduler)
const DOCUMENT = {
  ...SHOP,
  context: { targetingKey: [{ header: 'x-user-id' }] },
  routes: [
    {
      path: '/*',
      flag: 'f',
      origins: { on: 'new', off: 'old' },
      shadow: { maxRps: 1000, methods: ['GET', 'HEAD', 'POST'] },
    },
  ],
  flags: {
    f: {
      variants: { on: true, off: false },
      off: 'off',
      rules: [{ serve: 'on', stages: [{ shadow: 100, bake: '1d' }, { percentage: 100 }] }],
      guard: { errors: {} },
    },
  },
}

beforeEach(() => vi.useFakeTimers({ toFake: ['Date'] }))
afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

/** A gate in a shadow stage; `copies` are what origins were asked of without a visitor. */
function stage(answer: (asked: Asked) => Response | Promise<Response>, document: object = DOCUMENT) {
  const all = stubOrigins(answer)
  const gate = createGate({ bundled: document as never, mirror: createMirror })
  vi.spyOn(gate.reporter, 'inColo', 'get').mockReturnValue(1)
  const samples: ShadowSample[] = []
  vi.spyOn(gate.reporter, 'reportShadow').mockImplementation((sample) => void samples.push(sample))
  const paused: number[] = []
  // Flushes wait for good.
  vi.spyOn(scheduler, 'wait').mockImplementation((ms) => {
    paused.push(ms)
    return ms > PAUSE_MS ? new Promise(() => {}) : wait(0)
  })
  const copies = () =>
    all.filter(({ headers }) => headers.has('sluice-shadow')).map(({ url }) => new URL(url).host)
  /** A visitor's request, a minute after the one before: by then every rate has something. */
  const ask = (path = '/', init: RequestInit = {}, laterMs = 60_000) => {
    vi.setSystemTime(Date.now() + laterMs)
    const request = new Request(`https://shop.test${path}`, { ...init, headers: { 'x-user-id': 'ada' } })
    return gate.handle(request, unsigned, { waitUntil: (work) => void work.catch(() => {}) })
  }
  /** Gates earn their rate from their first request on. */
  const warm = async (path = '/warm', init: RequestInit = {}) => void (await (await ask(path, init)).text())
  return { gate, samples, paused, copies, ask, warm }
}
const settled = async () => {
  for (let turn = 0; turn < 50; turn++) await wait(0)
}
/** Unlike `vi.waitFor` it leaves the clock alone, by which rates go. */
async function eventually(check: () => void): Promise<void> {
  for (let turn = 0; turn < 2_000; turn++) {
    try {
      return check()
    } catch {
      await wait(1)
    }
  }
  check()
}
const page = () => new Response('{"a":1}', { headers: { 'content-type': 'application/json' } })

describe('a copy', () => {
  it('is made once the visitor has all of the answer, and not before', async () => {
    let end = () => {}
    const slow = () => {
      const body = new ReadableStream({
        start: (controller) => {
          controller.enqueue(new TextEncoder().encode('{"a":'))
          end = () => {
            controller.enqueue(new TextEncoder().encode('1}'))
            controller.close()
          }
        },
      })
      return new Response(body, { headers: { 'content-type': 'application/json' } })
    }
    const { ask, warm, copies, samples, paused } = stage(({ url, headers }) =>
      new URL(url).pathname === '/slow' && !headers.has('sluice-shadow') ? slow() : page(),
    )
    await warm()
    const response = await ask('/slow')
    await settled()
    expect([copies(), paused.includes(PAUSE_MS)]).toEqual([[], false])
    const text = response.text()
    end()
    expect(await text).toBe('{"a":1}')
    await eventually(() => expect(samples.length).toBe(1))
    expect(copies()).toEqual(['old.test', 'new.test', 'old.test'])
    expect(paused).toContain(PAUSE_MS)
    expect(samples[0]).toMatchObject({ route: 'GET /slow', canaryOnly: [], controlOnly: [], both: [] })
  })

  it('waits for the end also where the isolate is too busy to watch bodies', async () => {
    const { ask, copies, samples } = stage(({ headers }) =>
      headers.has('sluice-shadow') ? page() : new Response(new ReadableStream({ start: () => {} })),
    )
    const responses: Response[] = []
    for (let n = 0; n < 30; n++) responses.push(await ask(`/${n}`, {}, 1))
    await settled()
    expect([copies(), samples]).toEqual([[], []])
    for (const response of responses) await response.body?.cancel()
  })

  it('is made of an answer without a body, too', async () => {
    const { ask, warm, samples } = stage(() => new Response(null, { status: 204 }))
    await warm()
    await ask('/none')
    await eventually(() => expect(samples.map(({ route }) => route)).toEqual(['GET /none']))
  })

  it.each(['new.test', 'old.test'])('is not made while %s is down', async (host) => {
    const { ask, warm, copies } = stage(page)
    await warm()
    vi.spyOn(OriginHealth.prototype, 'isDown').mockImplementation(
      ({ url = '' }) => new URL(url).host === host,
    )
    await (await ask()).text()
    await settled()
    expect(copies()).toEqual([])
  })

  it('is not made once the flag is killed', async () => {
    const { gate, ask, warm, copies } = stage(page)
    await warm()
    const response = await ask()
    vi.spyOn(gate.live.last.control, 'isKilled').mockReturnValue(true)
    await response.text()
    await settled()
    expect(copies()).toEqual([])
  })

  it('that is under way ends with a kill', async () => {
    const { gate, ask, warm, copies, samples } = stage(({ headers }) => {
      if (headers.has('sluice-shadow')) vi.spyOn(gate.live.last.control, 'isKilled').mockReturnValue(true)
      return page()
    })
    await warm()
    await (await ask()).text()
    await eventually(() => expect(copies()).toEqual(['old.test']))
    await settled()
    expect([copies(), samples]).toEqual([['old.test'], []])
  })

  it('is not made of an event stream, whatever the request says it takes', async () => {
    const { ask, warm, copies } = stage(
      () => new Response('data: 1\n\n', { headers: { 'content-type': 'text/event-stream' } }),
    )
    await warm()
    await (await ask()).text()
    await settled()
    expect(copies()).toEqual([])
  })

  it('is one of four in an isolate', async () => {
    const { ask, warm, copies } = stage(({ headers }) =>
      headers.has('sluice-shadow') ? new Promise(() => {}) : page(),
    )
    await warm()
    for (let n = 0; n < 8; n++) await (await ask(`/${n}`, {}, 10)).text()
    await eventually(() => expect(copies().length).toBe(4))
    await settled()
    expect(copies().length).toBe(4)
  })
})

describe('a large answer', () => {
  const sized = (bytes: number) => () => new Response(null, { headers: { 'content-length': String(bytes) } })
  const HEAD = { method: 'HEAD' }

  it.each([
    ['of 1 MB is copied as others are', 1_000_000, 6],
    ['of more is copied once in ten seconds', 1_000_001, 1],
  ])('%s', async (_, bytes, expected) => {
    const { ask, warm, samples } = stage(sized(bytes))
    await warm('/warm', HEAD)
    // Within the ten seconds after a first one.
    await ask('/0', HEAD, 10_000)
    for (let n = 1; n < 6; n++) await ask(`/${n}`, HEAD, 1_900)
    await eventually(() => expect(samples.length).toBe(expected))
    await settled()
    expect(samples.length).toBe(expected)
  })

  it('takes nothing from the rate of others', async () => {
    const { ask, warm, samples } = stage(({ url }) => sized(url.includes('large') ? 5_000_000 : 5)())
    await warm('/large', HEAD)
    await warm('/small', HEAD)
    for (let n = 0; n < 3; n++) {
      await ask('/large', HEAD, 100)
      await ask('/small', HEAD, 100)
    }
    await eventually(() => expect(samples.length).toBe(4))
    await settled()
    expect(samples.filter(({ route }) => route === 'HEAD /small').length).toBe(3)
  })

  it('that does not say its length is known by the route from then on', async () => {
    const long = 'x'.repeat(300_000)
    const { ask, warm, copies, samples } = stage(({ url }) =>
      url.includes('long') ? new Response(new Response(long).body) : page(),
    )
    await warm()
    // The rate of large answers has nothing yet.
    await (await ask('/long/1')).text()
    await eventually(() => expect(copies()).toEqual(['old.test']))
    await settled()
    await (await ask('/long/2', {}, 1_000)).text()
    await settled()
    expect([copies(), samples]).toEqual([['old.test'], []])
    await (await ask('/short', {}, 1_000)).text()
    await eventually(() => expect(samples.length).toBe(1))
    // It has after ten seconds.
    await (await ask('/long/3', {}, 10_000)).text()
    await eventually(() => expect(samples.map(({ route }) => route)).toEqual(['GET /short', 'GET /long/:id']))
  })

  it('is compared by its beginning', async () => {
    const long = (end: string) => new Response('x'.repeat(262_143) + end)
    const ends = { 'old.test': 'a', 'new.test': 'b' }
    const { ask, warm, copies, samples } = stage(({ url }) =>
      long(ends[new URL(url).host as keyof typeof ends]),
    )
    await warm()
    await (await ask()).text()
    await eventually(() => expect(copies()).toEqual(['old.test']))
    await settled()
    await (await ask()).text()
    await eventually(() => expect(samples.length).toBe(1))
    expect(samples[0]?.canaryOnly).toEqual(['body'])
  })
})

describe('long answers', () => {
  const items = Array.from({ length: 3_000 }, (_, n) => ({ id: n, name: `product ${n}`, price: n * 10 }))

  it('are read in steps, and differ in what they differ in', async () => {
    const body = (currency: string) =>
      new Response(JSON.stringify({ items, currency }), { headers: { 'content-type': 'application/json' } })
    const { ask, warm, samples, paused } = stage(({ url }) => body(url.includes('new.test') ? 'USD' : 'EUR'))
    await warm()
    await (await ask('/api')).text()
    await eventually(() => expect(samples.length).toBe(1))
    expect(samples[0]).toMatchObject({
      route: 'GET /api',
      canaryOnly: ['$.currency'],
      controlOnly: [],
      both: [],
    })
    // Control's answers are the same: one of them is read.
    const headers = [['content-type', 'application/json']] as const
    const text = JSON.stringify({ items, currency: 'EUR' })
    const each = [...readInSteps({ status: 200, headers, body: { kind: 'text', text } }, { hosts: [] })]
    expect(each.length).toBeGreaterThan(15)
    expect(paused.filter((ms) => ms === 1).length).toBe(2 * each.length)
  })

  it('of copies that follow each other are told apart, though they share their buffers', async () => {
    let n = 0
    const { ask, warm, samples } = stage(({ url, headers }) =>
      headers.has('sluice-shadow')
        ? new Response('short'.repeat(url.includes('new.test') ? 1 : 5 - Math.floor(n++ / 2)))
        : page(),
    )
    await warm()
    for (const expected of [1, 2]) {
      await (await ask()).text()
      await eventually(() => expect(samples.length).toBe(expected))
    }
    expect(samples.map(({ canaryOnly, controlOnly }) => [canaryOnly, controlOnly])).toEqual([
      [['body lines'], []],
      [['body lines'], []],
    ])
  })
})

describe('networks', () => {
  const ENEMY = '203.0.113.9'
  const PRODUCTION = { ...unsigned, ENVIRONMENT: 'production' }

  /** A gate in production; requests come from an address. */
  function inProduction(answer: Parameters<typeof stage>[0], maxRps: number) {
    const [route] = DOCUMENT.routes
    const staged = stage(answer, { ...DOCUMENT, routes: [{ ...route, shadow: { maxRps } }] })
    const from = async (ip: string, path: string, laterMs: number) => {
      vi.setSystemTime(Date.now() + laterMs)
      const headers = { 'x-user-id': 'ada', 'cf-connecting-ip': ip }
      const request = new Request(`https://shop.test${path}`, { headers })
      Object.defineProperty(request, 'cf', { value: { colo: 'OTP' } })
      const waitUntil = (work: Promise<unknown>) => void work.catch(() => {})
      await (await staged.gate.handle(request, PRODUCTION, { waitUntil })).text()
    }
    return { ...staged, from }
  }

  it('share the rate: one that always comes first has a few of the copies, and each says of which group it is', async () => {
    const { from, samples } = inProduction(page, 0.25)
    for (let n = 0; n < 24; n++) {
      await from(ENEMY, `/works-${'abcdefgh'[n % 8]}`, 4_000)
      await from(`198.51.${n}.1`, `/${'abcdefgh'[n % 8]}`, 0)
      // The rate begins empty; from then on there is one copy each time.
      await eventually(() => expect(samples.length).toBe(n))
    }
    const own = samples.filter(({ route }) => route.startsWith('GET /works'))
    expect(own.length).toBeGreaterThan(3)
    expect(own.length).toBeLessThan(10)
    expect(new Set(own.map(({ group }) => group)).size).toBe(1)
    expect(new Set(samples.map(({ group }) => group)).size).toBeGreaterThan(5)
    expect(samples.every(({ group = 0 }) => group > 0 && group <= 30)).toBe(true)
  })

  it('share the places: one that asks for pages without an end holds up no one else', async () => {
    const { from, samples, copies } = inProduction(
      ({ url, headers }) =>
        url.includes('slow') && headers.has('sluice-shadow') ? new Promise(() => {}) : page(),
      1_000,
    )
    for (let n = 0; n < 6; n++) {
      await from(`198.51.${n}.1`, `/${n}`, 1_000)
      await eventually(() => expect(samples.length).toBe(n))
    }
    for (let n = 0; n < 4; n++) {
      await from(ENEMY, `/slow${n}`, 1_000)
      await eventually(() => expect(copies().length).toBeGreaterThan(15))
    }
    await from('198.51.0.1', '/fine', 1_000)
    await eventually(() => expect(samples.length).toBe(6))
  })

  it('are not told apart in development', async () => {
    const { from, samples } = inProduction(page, 1_000)
    for (let n = 0; n < 3; n++) {
      await from('127.0.0.1', '/', 1_000)
      await eventually(() => expect(samples.length).toBe(n))
    }
    expect(samples.map(({ group }) => group)).toEqual([undefined, undefined])
  })
})
