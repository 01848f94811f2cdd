/**
 * What servers report for their visitors: errors of a back end that answers 200 and fails all the same close the canary, and
 * events of metrics count beside those of browsers and of the edge.
 */
import { isDeepStrictEqual } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { SluiceProvider } from '../../../src/sdk/openfeature/index.ts'
import { ErrorReporter, readDecision } from '../../../src/sdk/server/index.ts'
import { gateVisitors } from '../../../test-kit/traffic/visitor-ids.ts'
import { document, FLAG } from '../harness/documents.ts'
import { eventually } from '../harness/eventually.ts'
import { type Load, startLoad } from '../harness/load.ts'
import { type Origin, sayName, startOrigin } from '../harness/origin.ts'
import { type Gate, SIGNING_KEY, startGate } from '../harness/running-gate.ts'
import { derivedKey } from '../harness/tokens.ts'

const STAGED = {
  rules: [{ serve: 'on', stages: [{ percentage: 50, bake: '1h' }] }],
  guard: { errors: {}, latency: false },
}
/** Three variants, compared by two metrics. */
const MEASURED = {
  metrics: {
    order: { request: { path: '/look/ordered', status: 200 } },
    revenue: { type: 'sum', cap: 100 },
  },
  routes: [
    { path: '/look/*', flag: 'look', origins: { a: 'old', b: 'new', c: 'old' } },
    { path: '/*', flag: FLAG, origins: { on: 'new', off: 'old' } },
  ],
  flags: {
    look: {
      variants: { a: 'a', b: 'b', c: 'c' },
      off: 'a',
      rules: [{ serve: { a: 34, b: 33, c: 33 } }],
      experiment: { primary: 'order', metrics: ['revenue'] },
    },
  },
}
let origins: { old: Origin; new: Origin }
let gate: Gate
let load: Load | undefined

beforeAll(async () => {
  origins = { old: await startOrigin('old'), new: await startOrigin('new') }
  const urls = { old: origins.old.url, new: origins.new.url }
  gate = await startGate({ document: document(urls, STAGED, MEASURED), signingKey: SIGNING_KEY })
})
afterAll(async () => {
  await load?.stop()
  await Promise.all([gate?.close(), origins.old.close(), origins.new.close()])
})

it('errors that a server reports with its token roll the canary back', async () => {
  const { token } = await gate.admin.call('createToken', { body: { name: 'shop', role: 'reporter' } })
  const reporter = new ErrorReporter({ url: gate.url, token, gatherMs: 200 })
  load = startLoad({ url: gate.url, requestsPerSecond: 100 })
  await eventually('visitors see the canary', () => origins.new.requests.length > 20)
  expect((await gate.flag(FLAG)).state).toBe('open')
  origins.new.answer(async (request, response) => {
    const decision = await readDecision(request.headers, { signingKey: derivedKey('origin') })
    if (decision !== undefined) reporter.report(decision)
    await sayName('new')(request, response)
  })
  await eventually('the flag is rolled back', async () => (await gate.flag(FLAG)).state === 'rolled-back')
  const { cells } = await gate.flag(FLAG)
  const reported = cells
    .filter(({ arm }) => arm === 'canary')
    .map(({ errorsByKind }) => errorsByKind.reported ?? 0)
  expect(Math.max(...reported)).toBeGreaterThan(0)
  // The visitors themselves had no error page.
  expect(load.shots.filter(({ status }) => status >= 500)).toEqual([])
})

it('events by all four ways count for the variant that their visitor got, once, also over a crash', async () => {
  const { token } = await gate.admin.call('createToken', { body: { name: 'tracker', role: 'reporter' } })
  const visitor = await gateVisitors(SIGNING_KEY)
  const provider = new SluiceProvider({ url: gate.url, token })
  const post = async (report: object, headers: Record<string, string>) => {
    const body = JSON.stringify({ reports: [{ type: 'track', ...report }] })
    const response = await fetch(`${gate.url}/__sluice/events`, { method: 'POST', headers, body })
    return { status: response.status, ...((await response.json()) as { accepted?: number }) }
  }
  const bearer = { authorization: `Bearer ${token}` }
  /** What visitors did, counted by the variant that the gate told each. */
  const truth: Record<string, { visitors: number; orders: number; revenue: number }> = {}
  const ways: ((id: { cookie: string; key: string }) => unknown)[] = [
    ({ cookie }) => gate.get('/look/ordered', { cookie }),
    ({ cookie }) => post({ name: 'order', id: 'mine' }, { cookie }),
    ({ key }) => post({ name: 'order', id: 'mine', context: { targetingKey: key } }, bearer),
    ({ key }) => provider.track('order', { targetingKey: key }, { value: 1 }),
    () => undefined,
  ]
  const visit = async (name: string, way: number) => {
    const id = visitor(name)
    const { variant = '' } = await gate.get('/look/', { cookie: id.cookie })
    truth[variant] ??= { visitors: 0, orders: 0, revenue: 0 }
    const sums = truth[variant]
    sums.visitors++
    await ways[way]?.(id)
    if (way === 4) return
    sums.orders++
    // The same order again, and an amount above the cap.
    if (way === 1) await post({ name: 'order', id: 'mine' }, { cookie: id.cookie })
    await post({ name: 'revenue', value: way === 3 ? 400 : 10 }, { cookie: id.cookie })
    sums.revenue += way === 3 ? 100 : 10
  }
  const counted = async () => {
    const { metrics } = await gate.admin.call('getResults', { params: { flag: 'look' } })
    const of = (name: string) => metrics.find((metric) => metric.name === name)?.variants ?? []
    return Object.fromEntries(
      of('order').map(({ variant, visitors, total }) => {
        const revenue = of('revenue').find((each) => each.variant === variant)?.total
        return [variant, { visitors, orders: total, revenue }]
      }),
    )
  }
  const agrees = async () => isDeepStrictEqual(await counted(), truth)
  for (let number = 0; number < 25; number++) await visit(`shopper-${number}`, number % 5)
  await provider.flush()
  expect(Object.keys(truth).sort()).toEqual(['a', 'b', 'c'])
  await eventually('all has been counted', agrees)
  await gate.crash()
  expect(await counted()).toEqual(truth)
  // Ids that are not the gate's, and one that it never saw.
  await gate.get('/look/', { cookie: 'sluice_id=of-my-own-making' })
  await gate.get('/look/ordered', { cookie: 'sluice_id=of-my-own-making' })
  expect(await post({ name: 'order' }, { cookie: 'sluice_id=of-my-own-making' })).toMatchObject({
    accepted: 0,
    refused: [{ metric: 'order', reason: expect.stringMatching(/^unproven: /) }],
  })
  expect(await post({ name: 'order', context: { targetingKey: 'x' } }, {})).toMatchObject({ status: 401 })
  expect(await post({ name: 'order', context: { targetingKey: 'never-seen' } }, bearer)).toMatchObject({
    accepted: 1,
  })
  for (let number = 25; number < 40; number++) await visit(`shopper-${number}`, number % 5)
  await provider.flush()
  await eventually('the rest has been counted', agrees)
  const { kept } = await gate.admin.call('getResults', { params: { flag: 'look' } })
  expect(kept.unproven).toBe(2)
})
