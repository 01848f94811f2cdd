/** A rollout that begins with shadow traffic: no visitor meets the new version before its answers have been compared. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  SHOP_FAULTS,
  type ShopFault,
  shopAnswer,
  shopRequest,
} from '../../../test-kit/simulation/noisy-shop.ts'
import { seeded } from '../../../test-kit/simulation/random.ts'
import { SEED } from '../../support/seed.ts'
import { sluiceFor } from '../cli/support/cli.ts'
import { documentOfFlags, staged } from '../harness/documents.ts'
import { eventually } from '../harness/eventually.ts'
import { type Load, startLoad, visitorHeaders } from '../harness/load.ts'
import { LONG } from '../harness/long.ts'
import { type Answer, type Origin, startOrigin } from '../harness/origin.ts'
import { type Gate, startGate } from '../harness/running-gate.ts'

/** `SLUICE_LONG=1` compares a version with its equal for five minutes. */
const BAKE = LONG ? '5m' : '2s'
const stages = [
  { shadow: 100, bake: BAKE },
  { percentage: 1, advance: 'manual' },
]
const FLAGS = ['alike', 'faulty', 'slow', 'secret', 'written', 'hanging', 'killed']

/** The noisy shop below a path. */
function shop(name: string, fault?: ShopFault): Answer {
  const random = seeded(`${name} over http`, SEED)
  return ({ url = '' }, response) => {
    const [, , ...rest] = url.split('/')
    const answer = shopAnswer({ method: 'GET', path: `/${rest.join('/')}` }, random, fault)
    if ('failure' in answer || answer.body.kind !== 'text') return void response.destroy()
    response.writeHead(answer.status, answer.headers.flat())
    response.end(answer.body.text)
  }
}

let origins: { old: Origin; new: Origin }
let gate: Gate
let load: Load | undefined

const FAULT = SHOP_FAULTS.find(({ name }) => name === 'the wrong currency') as ShopFault

beforeAll(async () => {
  origins = { old: await startOrigin('old', shop('old')), new: await startOrigin('new', shop('new')) }
  const document = documentOfFlags(
    { old: origins.old.url, new: origins.new.url },
    Object.fromEntries(FLAGS.map((key) => [key, staged(stages, { guard: { errors: {} } })])),
  )
  const routes = document.routes.map((route) =>
    'path' in route && route.path !== '/*'
      ? { ...route, path: `${route.path}/*`, shadow: { maxRps: 200, methods: ['GET', 'POST'] } }
      : route,
  )
  gate = await startGate({ document: { ...document, routes } })
})
afterAll(async () => {
  await load?.stop()
  await Promise.all([gate?.close(), origins.old.close(), origins.new.close()])
})

function visit(flag: string): Load {
  const random = seeded(`visits of ${flag}`, SEED)
  return startLoad({
    url: gate.url,
    requestsPerSecond: 60,
    concurrency: 8,
    request: (n) => ({ path: `/${flag}${shopRequest(random).path}`, headers: visitorHeaders(n % 500) }),
  })
}

const shadowOf = (flag: string) => gate.admin.call('getShadow', { params: { flag } })
const askedBy = (origin: Origin, flag: string) =>
  origin.requests.filter(({ url }) => url.startsWith(`/${flag}/`))

describe('a shadow stage', { shuffle: false }, () => {
  it('of a version that answers alike passes by itself, and no visitor is on the new version before', async () => {
    load = visit('alike')
    await eventually('the stage is left', async () => (await gate.flag('alike')).stage === 1, {
      deadlineMs: LONG ? 400_000 : 120_000,
    })
    const asked = askedBy(origins.new, 'alike')
    const shadowed = asked.filter(({ headers }) => headers['sluice-shadow'] === '1')
    const report = await shadowOf('alike')
    expect(report).toMatchObject({ verdict: 'same', stage: 0 })
    expect(report.samples).toBeGreaterThanOrEqual(100)
    expect(shadowed.length).toBeGreaterThanOrEqual(100)
    // All before the first visitor.
    const first = asked.findIndex(({ headers }) => headers['sluice-shadow'] === undefined)
    if (first >= 0) expect(first).toBeGreaterThanOrEqual(100)
    expect((await gate.audit('alike'))[0]).toMatchObject({
      action: 'advance',
      reason: expect.stringContaining('compared requests'),
    })
    await load.stop()
  }, 420_000)

  it('of a version with a fault holds, and names route and field', async () => {
    origins.new.answer(shop('new', FAULT))
    load = visit('faulty')
    await eventually(
      'the fault is named',
      async () => (await shadowOf('faulty').catch(() => undefined))?.verdict === 'different',
    )
    await load.stop()
    const report = await shadowOf('faulty')
    expect(report.findings).toContainEqual(
      expect.objectContaining({
        route: 'GET /faulty/api/products',
        field: '$.items[].price.currency',
      }),
    )
    expect(report.samples).toBeLessThanOrEqual(500)
    expect(report.shown.flatMap(({ differences }) => differences)).toContainEqual({
      field: '$.items[].price.currency',
      control: '"EUR"',
      canary: '"USD"',
    })
    const said = await sluiceFor(gate)(['shadow', 'faulty'])
    expect([said.code, said.out]).toEqual([1, expect.stringContaining('$.items[].price.currency')])
    const status = await gate.flag('faulty')
    expect(status).toMatchObject({ stage: 0, percentage: 0 })
    expect(askedBy(origins.new, 'faulty').every(({ headers }) => headers['sluice-shadow'] === '1')).toBe(true)
  })

  it('of a slower version holds, and no visitor waits for it', async () => {
    const answer = shop('slow new')
    const { promise: visitorsAnswered, resolve: release } = Promise.withResolvers<void>()
    origins.new.answer(async (request, response) => {
      await visitorsAnswered
      await new Promise((resolve) => setTimeout(resolve, 300))
      await answer(request, response)
    })
    load = visit('slow')
    const { shots } = load
    // More than are sent at once, and no copy is answered yet.
    await eventually(
      'visitors have their answers',
      () => shots.filter(({ error }) => error === undefined).length >= 40,
    )
    release()
    await eventually(
      'the slowness is named',
      async () => (await shadowOf('slow').catch(() => undefined))?.verdict === 'different',
    )
    await load.stop()
    expect((await shadowOf('slow')).findings[0]).toMatchObject({ field: 'latency' })
  })

  it('copies no credentials, no one-time links, no parts, and nothing that is not safe', async () => {
    origins.new.answer(shop('new'))
    const ask = (path: string, init: RequestInit = {}) =>
      fetch(`${gate.url}/secret${path}`, {
        redirect: 'manual',
        ...init,
        headers: { ...visitorHeaders(1), cookie: 'sid=top', authorization: 'Bearer top', ...init.headers },
      }).then((response) => response.arrayBuffer())
    await ask('/?code=abc')
    await ask('/?a=1&token=abc')
    await ask('/', { headers: { range: 'bytes=0-9' } })
    await ask('/', { headers: { accept: 'text/event-stream' } })
    await ask('/', { method: 'POST', body: 'x' })
    await ask('/', { method: 'PUT', body: '{}', headers: { 'content-type': 'application/json' } })
    await ask('/', { method: 'POST', body: new FormData() })
    const large = JSON.stringify('x'.repeat(70_000))
    await ask('/', { method: 'POST', body: large, headers: { 'content-type': 'application/json' } })
    await eventually('copies have come', async () => {
      await ask('/api/products')
      return askedBy(origins.new, 'secret').length > 3
    })
    const copies = [...askedBy(origins.new, 'secret'), ...askedBy(origins.old, 'secret')].filter(
      ({ headers }) => headers['sluice-shadow'] === '1',
    )
    expect(new Set(copies.map(({ url }) => url))).toEqual(new Set(['/secret/api/products']))
    expect(copies.filter(({ headers }) => 'cookie' in headers || 'authorization' in headers)).toEqual([])
  })

  it('copies the small bodies of POST where the route says so, and control gets its own as ever', async () => {
    const bodies: { at: string; isCopy: boolean; length: string | undefined; text: string }[] = []
    const keep =
      (at: string): Answer =>
      async (request, response) => {
        const chunks: Buffer[] = []
        for await (const chunk of request) chunks.push(chunk as Buffer)
        if (!request.url?.startsWith('/written/')) return void response.end('{}')
        const { 'content-length': length, 'sluice-shadow': mark } = request.headers
        bodies.push({ at, isCopy: mark === '1', length, text: Buffer.concat(chunks).toString() })
        response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
      }
    origins.old.answer(keep('old'))
    origins.new.answer(keep('new'))
    const order = JSON.stringify({ items: [1, 2], note: 'für später' })
    const headers = { ...visitorHeaders(1), 'content-type': 'application/json; charset=utf-8' }
    const length = String(Buffer.byteLength(order))
    await eventually('a body is copied', async () => {
      const response = await fetch(`${gate.url}/written/order`, { method: 'POST', body: order, headers })
      await response.arrayBuffer()
      return bodies.filter(({ isCopy }) => isCopy).length >= 3
    })
    expect(new Set(bodies.map(({ text }) => text))).toEqual(new Set([order]))
    expect(new Set(bodies.map((body) => body.length))).toEqual(new Set([length]))
    expect(bodies.filter(({ at, isCopy }) => at === 'new' && !isCopy)).toEqual([])
    origins.old.answer(shop('old'))
    origins.new.answer(shop('new'))
  })

  it('of a version that never answers holds no visitor up, and makes few copies', async () => {
    const open = new Set<unknown>()
    origins.new.answer((_, response) => {
      open.add(response)
      response.on('close', () => open.delete(response))
    })
    load = visit('hanging')
    await eventually('copies wait', () => open.size >= 4)
    const beforeMs = Date.now()
    await eventually('visitors are served', () => (load?.since(beforeMs).length ?? 0) > 120)
    expect(load.since(beforeMs).filter(({ status, error }) => error !== undefined || status >= 500)).toEqual(
      [],
    )
    // Four for each isolate.
    expect(open.size).toBeLessThanOrEqual(8)
    await load.stop()
    origins.new.answer(shop('new'))
  })

  it('ends with a kill', async () => {
    load = visit('killed')
    await eventually('copies have come', () => askedBy(origins.new, 'killed').length > 3)
    await gate.admin.command('killed', 'kill')
    await eventually('copies have stopped', async () => {
      const before = askedBy(origins.new, 'killed').length
      await new Promise((resolve) => setTimeout(resolve, 1_000))
      return askedBy(origins.new, 'killed').length === before
    })
    await load.stop()
  })
})
