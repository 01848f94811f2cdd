/** The middlewares where something breaks: handlers run, visitors get the stable origin, operators see it. */
import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { Hono } from 'hono'
import { afterEach, beforeEach, describe, expect, it, type MockInstance, vi } from 'vitest'
import { GradualRollback } from '../../../src/gate/evaluation/gradual-rollback.ts'
import { takeInternalErrors } from '../../../src/platform/internal-errors.ts'
import { gate, sluice } from '../../../src/sdk/hono/index.ts'
import { testFlags } from '../../../src/sdk/testing/index.ts'

const DOCUMENT = {
  origins: { old: { url: 'http://old.test' }, new: { url: 'http://new.test' } },
  routes: [{ path: '/*', flag: 'site', origins: { on: 'new', off: 'old' } }],
  flags: { site: { variants: { on: true, off: false }, off: 'off', rules: [{ serve: 'on' }] } },
}
const INVALID = { ...DOCUMENT, routes: [{ path: '/*', origin: 'oldd' }] }

let log: MockInstance<typeof console.error>

beforeEach(async () => {
  await Promise.all(['config', 'kill', 'state'].map((key) => env.GATE.delete(key)))
  takeInternalErrors()
  log = vi.spyOn(console, 'error').mockImplementation(() => undefined)
  // Each origin answers with its name.
  vi.stubGlobal('fetch', async (input: Request | string) => {
    const { hostname } = new URL(input instanceof Request ? input.url : input)
    return new Response(hostname)
  })
})
afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllGlobals()
})

async function answerOf(app: Hono, path = '/', bindings: object = env): Promise<string> {
  const ctx = createExecutionContext()
  const response = await app.fetch(new Request(`http://site.test${path}`), bindings, ctx)
  const text = `${response.status} ${await response.text()}`
  await waitOnExecutionContext(ctx)
  return text
}

/** An app whose handler says everything that it knows of its flags. */
const appWith = (...middlewares: Parameters<Hono['use']>[1][]) => {
  const app = new Hono()
  for (const each of middlewares) app.use(each)
  return app.get('/', (c) => {
    const { flags } = c.var
    return c.json([flags.isOn('site'), flags.variant('site'), flags.value('site', 'default'), flags.all()])
  })
}

describe.each([
  ['sluice()', () => sluice({ document: INVALID })],
  ['gate()', () => gate({ document: INVALID })],
])('%s with a document that has problems', (_, make) => {
  it('throws when the Worker starts, and lists them', () => {
    expect(make).toThrow(/^Cannot use the gate document: it has problems\n {2}\$\.routes\[0\]\.origin/)
    let cause: unknown
    try {
      make()
    } catch (error) {
      cause = (error as Error).cause
    }
    expect(cause).toMatchObject([{ path: '$.routes[0].origin', found: '"oldd"' }])
  })
})

describe('sluice()', () => {
  it('gives handlers their flags', async () => {
    const site = { value: true, variant: 'on', reason: 'STATIC' }
    expect(await answerOf(appWith(sluice({ document: DOCUMENT })))).toBe(
      `200 ${JSON.stringify([true, 'on', true, { site }])}`,
    )
  })

  it('turns flags off where the evaluator throws, and says so', async () => {
    vi.spyOn(GradualRollback.prototype, 'decideUnrouted').mockImplementation(() => {
      throw new Error('broken')
    })
    expect(await answerOf(appWith(sluice({ document: DOCUMENT })))).toBe('200 [false,null,"default",{}]')
    expect(takeInternalErrors()).toMatchObject([{ place: 'hono.flags', count: 4 }])
    expect(log).toHaveBeenCalledWith(
      expect.objectContaining({ place: 'hono.flags', error: 'Error: broken', flag: 'site' }),
    )
  })

  it('runs the handler, with flags off, where the Worker has no bindings', async () => {
    const response = await appWith(sluice({ document: DOCUMENT })).request('/')
    expect([response.status, await response.json()]).toEqual([200, [false, null, 'default', {}]])
    expect(takeInternalErrors()).toMatchObject([{ place: 'hono.visitor', count: 1 }])
  })

  it('leaves flags in place that a test forces', async () => {
    const flags = testFlags({ site: 'off' })
    const app = new Hono().use(flags.middleware).route('/', appWith(sluice({ document: DOCUMENT })))
    const site = { variant: 'off', value: false, reason: 'OVERRIDE' }
    expect(await answerOf(app)).toBe(`200 ${JSON.stringify([false, 'off', false, { site }])}`)
  })
})

describe('gate()', () => {
  const routed = () => {
    const app = new Hono()
    app.get('/own', (c) => c.text('the app'))
    app.use(gate({ document: DOCUMENT }))
    return app.get('/after', (c) => c.text('never'))
  }

  it('routes by the decision, behind the routes of the app', async () => {
    expect(await answerOf(routed())).toBe('200 new.test')
    expect(await answerOf(routed(), '/own')).toBe('200 the app')
    expect(await answerOf(routed(), '/after')).toBe('200 new.test')
    expect(await answerOf(routed(), '/__sluice/health')).toBe('200 {"status":"ok"}')
    expect(await answerOf(routed(), '/__sluice/nothing')).toMatch(/^404/)
  })

  it('goes by the document in KV once there is one', async () => {
    await env.GATE.put(
      'config',
      JSON.stringify({ ...DOCUMENT, flags: { site: { ...DOCUMENT.flags.site, rules: [] } } }),
    )
    expect(await answerOf(routed())).toBe('200 old.test')
  })

  it('leads to the stable origin where the evaluator throws', async () => {
    vi.spyOn(GradualRollback.prototype, 'decide').mockImplementation(() => {
      throw new Error('broken')
    })
    expect(await answerOf(routed())).toBe('200 old.test')
  })

  it('lets a middleware around it set headers of what the origin answers', async () => {
    // The real fetch, whose responses refuse changes.
    vi.unstubAllGlobals()
    const app = new Hono()
    app.use(async (c, next) => {
      await next()
      c.res.headers.set('x-own', 'set')
    })
    app.use(gate({ document: { ...DOCUMENT, routes: [{ path: '/*', origin: 'old' }] } }))
    const response = await app.fetch(new Request('http://site.test/'), env, createExecutionContext())
    expect([await response.text(), response.headers.get('x-own')]).toEqual(['an origin', 'set'])
  })

  it('routes by its own document where the Worker has no KV', async () => {
    expect(await answerOf(routed(), '/', { ENVIRONMENT: 'production' })).toBe('200 new.test')
  })
})
