/** Events that a handler of a Hono Worker tracks: they count for the visitor of its request. */
import { Hono } from 'hono'
import { expect, it } from 'vitest'
import { sluice } from '../../../src/sdk/hono/index.ts'
import { cookieOf, MEASURING, position, stageMetrics } from '../gate/support/metric-stage.ts'

const DOCUMENT = {
  ...MEASURING,
  metrics: { ...MEASURING.metrics, revenue: { type: 'sum', cap: 500 } },
  flags: {
    ...MEASURING.flags,
    look: { ...MEASURING.flags.look, experiment: { primary: 'order', metrics: ['basket', 'revenue'] } },
  },
}

/** Handles one request, in which the handler tracks these. */
async function handle(
  tracked: readonly [name: string, details?: { value?: number; id?: string }][],
  headers: Record<string, string> = cookieOf('ann'),
  bindings: object = {},
) {
  const { env, work, flushed, events, refused } = stageMetrics(DOCUMENT)
  const app = new Hono()
  app.use(sluice({ document: DOCUMENT }))
  app.get('/', (c) => {
    const look = c.var.flags.variant('look')
    for (const [name, details] of tracked) c.var.flags.track(name, details)
    return c.text(String(look))
  })
  const ctx = {
    waitUntil: (each: Promise<unknown>) => void work.push(each),
    passThroughOnException: () => {},
    props: {},
  }
  const response = await app.fetch(
    new Request('https://shop.test/', { headers }),
    { ...env, ...bindings },
    ctx as never,
  )
  const look = await response.text()
  const groups = (await flushed()).flatMap((batch) => batch.groups)
  return { status: response.status, look, groups, events: await events(), refused: await refused() }
}

it('count with their value for the variant that the handler was told, and the visitor is exposed', async () => {
  const { look, groups, events } = await handle([['order'], ['revenue', { value: 49.9, id: 'order-1' }]])
  expect(events).toEqual([
    ['order', look, position('ann'), 1],
    ['revenue', look, position('ann'), 49.9],
  ])
  expect(groups.map(({ flag, variant, exposed }) => [flag, variant, exposed[0]])).toEqual([
    ['look', look, position('ann')],
  ])
})

it('count once by their id, and not at all where they are no events', async () => {
  const { status, events } = await handle([
    ['order', { id: 'one' }],
    ['order', { id: 'one' }],
    ['gossip'],
    ['revenue', { value: Number.NaN }],
    ['revenue', { value: -1 }],
    ['revenue'],
    ['order', { id: '' }],
  ])
  expect([status, events.map(([metric]) => metric)]).toEqual([200, ['order']])
})

it('count for no one who does not want to be measured, and for no one who is not proven', async () => {
  expect((await handle([['order']], { ...cookieOf('ann'), 'sec-gpc': '1' })).events).toEqual([])
  const unproven = await handle([['order']], { 'x-user-id': 'ann', 'cf-connecting-ip': '203.0.113.7' })
  expect(unproven.events).toEqual([])
  expect(unproven.refused).toEqual([
    ['look', 'unproven', 1],
    ['look', 'unproven visit', 1],
  ])
})

it('are nothing where nothing is counted', async () => {
  const { status, events } = await handle([['order']], cookieOf('ann'), { COUNTERS: undefined })
  expect([status, events]).toEqual([200, []])
})
