/** Messages between the gate's parts that get lost, arrive twice, late, and after newer ones. */
import { isDeepStrictEqual } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { AdminClient } from '../../../src/contract/client.ts'
import type { FlagStatusView } from '../../../src/contract/responses.ts'
import { compileSalt, positionOfKey } from '../../../src/core/flags/position.ts'
import { seeded } from '../../../test-kit/simulation/random.ts'
import { SEED } from '../../support/seed.ts'
import { documentOfFlags } from '../harness/documents.ts'
import { eventually } from '../harness/eventually.ts'
import { lastAre, startLoad, visitorHeaders } from '../harness/load.ts'
import { LONG } from '../harness/long.ts'
import { failsEvenly, type Origin, startOrigin } from '../harness/origin.ts'
import { adminOf } from '../harness/running-gate.ts'
import { type KvServer, type ServedGate, serve, startKv } from '../harness/serve.ts'

const FLAG = 'rollout'
const REQUESTS = LONG ? 20_000 : 600
const COMMON_ERROR_RATE = 0.1
/** Of a shop that compares two variants by what visitors do there. */
const SHOPPERS = LONG ? 50_000 : 1_000
const SHOP = {
  variants: { a: 'a', b: 'b' },
  off: 'a',
  rules: [{ serve: { a: 50, b: 50 } }],
  experiment: { primary: 'order', metrics: ['basket'] },
}
const SHOP_ROUTE = { path: '/shop/*', flag: 'shop', origins: { a: 'old', b: 'new' }, rescue: false }
const METRICS = {
  order: { request: { path: '/shop/ordered', status: 200 } },
  basket: { type: 'count', request: { path: '/shop/basket' } },
}
const random = seeded('flushes', SEED)

type Tally = { requests: number; errors: number }
const tallies: Record<'old' | 'new', Tally> = {
  old: { requests: 0, errors: 0 },
  new: { requests: 0, errors: 0 },
}
/** What the origins were asked of the shop, and how they answered. */
type Served = { variant: 'a' | 'b'; visitor: string; path: string; isOk: boolean }
const served: Served[] = []
let newErrorRate = COMMON_ERROR_RATE
let origins: { old: Origin; new: Origin }
let kv: KvServer
let gate: ServedGate
let admin: AdminClient

beforeAll(async () => {
  const counting = (name: 'old' | 'new', rate: () => number) => {
    const failsNext = failsEvenly(rate)
    return startOrigin(name, ({ url = '', headers }, response) => {
      const fails = failsNext()
      if (url.startsWith('/shop/')) {
        const visitor = String(headers['x-user-id'])
        served.push({ variant: name === 'old' ? 'a' : 'b', visitor, path: url, isOk: !fails })
        response.writeHead(fails ? 500 : 200).end(name)
        return
      }
      tallies[name].requests += 1
      tallies[name].errors += fails ? 1 : 0
      response.writeHead(fails ? 500 : 200).end(name)
    })
  }
  origins = {
    old: await counting('old', () => COMMON_ERROR_RATE),
    new: await counting('new', () => newErrorRate),
  }
  const document = documentOfFlags(
    { old: origins.old.url, new: origins.new.url },
    { [FLAG]: { rules: [{ percentage: 50, serve: 'on' }], guard: {} }, shop: SHOP },
    {
      routes: [SHOP_ROUTE, { path: '/*', flag: FLAG, origins: { on: 'new', off: 'old' }, rescue: false }],
      metrics: METRICS,
    },
  )
  kv = await startKv({ config: JSON.stringify(document) })
  const entry = 'test/e2e/workers/unreliable-flushes.js'
  gate = await serve({ document, kv, isolates: 2, entry })
  for (const url of gate.urls) await fetch(`${url}/__sluice/mischief?seed=${SEED}`)
  admin = adminOf(gate.urls[0] ?? '')
})
afterAll(async () => {
  await gate?.close()
  await Promise.all([kv?.close(), origins.old.close(), origins.new.close()])
})

/** Visitors who come to both isolates, through one of them or the other. */
const visit = () =>
  gate.urls.map((url) =>
    startLoad({
      url,
      requestsPerSecond: 150,
      concurrency: 4,
      request: () => ({ path: `/${FLAG}`, headers: visitorHeaders(random.below(2_000)) }),
    }),
  )

async function flag(): Promise<FlagStatusView> {
  const found = (await admin.call('getStatus')).flags[FLAG]
  if (found === undefined) throw new Error('The status does not have the flag')
  return found
}

async function mischief() {
  const sums: Record<string, number> = {}
  for (const url of gate.urls) {
    const tally = (await (await fetch(`${url}/__sluice/mischief`)).json()) as Record<string, number>
    for (const [kind, count] of Object.entries(tally)) sums[kind] = (sums[kind] ?? 0) + count
  }
  return sums
}

/** A visitor of the shop, who comes to any isolate each time: some twice, some buy, some of those twice. */
async function shopBy(number: number): Promise<void> {
  const paths = [
    ...['/shop/', ...(number % 7 === 0 ? ['/shop/'] : [])],
    ...(number % 4 === 0 ? ['/shop/basket', '/shop/basket'] : []),
    ...(number % (number % 2 === 0 ? 5 : 6) === 0 ? ['/shop/ordered'] : []),
    ...(number % 60 === 0 ? ['/shop/ordered'] : []),
  ]
  for (const path of paths) {
    const url = gate.urls[random.below(gate.urls.length)]
    await (await fetch(`${url}${path}`, { headers: visitorHeaders(`shopper-${number}`) })).text()
  }
}

/** What the origins' log says of the shop, by place in the split: visitors of two variants at one place count for none. */
function shopByLog() {
  const salt = compileSalt('shop')
  const places = Map.groupBy(served, ({ visitor }) => positionOfKey(salt, visitor))
  const unmixed = [...places.values()].filter((all) => new Set(all.map(({ variant }) => variant)).size === 1)
  return (['a', 'b'] as const).map((variant) => {
    const own = unmixed.filter(([first]) => first?.variant === variant)
    const counts = (path: string) =>
      own.map((all) => all.filter((each) => each.path === path && each.isOk).length)
    return {
      variant,
      visitors: own.length,
      orders: counts('/shop/ordered').filter((count) => count > 0).length,
      baskets: counts('/shop/basket').reduce((sum, count) => sum + count, 0),
    }
  })
}

async function shopByGate() {
  const { metrics, variants } = await admin.call('getResults', { params: { flag: 'shop' } })
  const total = (name: string, variant: string) =>
    metrics.find((metric) => metric.name === name)?.variants.find((each) => each.variant === variant)?.total
  return variants.map(({ variant, visitors }) => ({
    ...{ variant, visitors },
    ...{ orders: total('order', variant), baskets: total('basket', variant) },
  }))
}

const counted = ({ requests, errors }: Tally): Tally => ({ requests, errors })

// One story: each test goes on where the one before ended.
describe('over an unreliable line', { shuffle: false }, () => {
  it(
    `${REQUESTS} requests are counted once each, and nothing is closed`,
    async () => {
      const loads = visit()
      await eventually(
        'enough have come, and each mischief was done',
        async () => {
          const done = Object.values(await mischief())
          const shots = loads.reduce((sum, load) => sum + load.shots.length, 0)
          return shots >= REQUESTS && done.length === 5 && done.every((count) => count >= 2)
        },
        { deadlineMs: LONG ? 600_000 : 150_000, everyMs: 500 },
      )
      await Promise.all(loads.map((load) => load.stop()))
      const { arms } = await eventually(
        'everything has arrived',
        async () => {
          const now = await flag()
          const seen = now.arms.canary.requests + now.arms.control.requests
          const sent = tallies.old.requests + tallies.new.requests
          if (seen >= sent) return now
          // What was lost is sent again with the next flush, and that one needs a visitor.
          for (const url of gate.urls) await fetch(`${url}/${FLAG}`, { headers: visitorHeaders('late') })
          throw new Error(`${seen} of ${sent}`)
        },
        { deadlineMs: 120_000, everyMs: 5_000 },
      )
      expect({ canary: counted(arms.canary), control: counted(arms.control) }).toEqual({
        canary: tallies.new,
        control: tallies.old,
      })
      expect((await flag()).state).toBe('open')
    },
    LONG ? 900_000 : 300_000,
  )

  it(
    `${SHOPPERS} visitors of a shop are counted by metric and variant exactly as the origins have them`,
    async () => {
      let next = 0
      const shop = async () => {
        while (next < SHOPPERS) await shopBy(next++)
      }
      await Promise.all(Array.from({ length: 24 }, shop))
      const truth = shopByLog()
      expect(truth[0]?.visitors).toBeGreaterThan(SHOPPERS / 3)
      await eventually(
        'everything has arrived',
        async () => {
          if (isDeepStrictEqual(await shopByGate(), truth)) return true
          for (const url of gate.urls) await fetch(`${url}/${FLAG}`, { headers: visitorHeaders('late') })
          return false
        },
        { deadlineMs: 120_000, everyMs: 1_000 },
      ).catch(async () => expect(await shopByGate()).toEqual(truth))
      // What comes twice, or late, changes nothing afterwards either.
      for (const url of gate.urls) await fetch(`${url}/${FLAG}`, { headers: visitorHeaders('late') })
      expect(await shopByGate()).toEqual(truth)
      const { kept } = await admin.call('getResults', { params: { flag: 'shop' } })
      expect(kept).toMatchObject({ share: 1, unproven: 0 })
      if (LONG) console.info(JSON.stringify({ truth, kept, mischief: await mischief() }))
    },
    LONG ? 900_000 : 200_000,
  )

  it('a canary that is really worse is closed all the same', async () => {
    newErrorRate = 0.5
    const loads = visit()
    await eventually('it is closed', async () => (await flag()).state === 'rolled-back')
    const closedMs = Date.now()
    await eventually('no one is led there', () =>
      loads.every((load) => lastAre(load, 20, closedMs, ({ origin }) => origin === 'old')),
    )
    await Promise.all(loads.map((load) => load.stop()))
  }, 240_000)
})
