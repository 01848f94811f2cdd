/** What leaves an isolate of metrics: who met which variant, which requests were events, and what never counts. */
import { afterEach, describe, expect, it, vi } from 'vitest'
import { groupOf } from '../../../src/core/counters/networks.ts'
import { networkOf } from '../../../src/gate/request/network.ts'
import {
  answering,
  cookieOf,
  MEASURING,
  names,
  position,
  stageMetrics as stage,
  variantServed,
} from './support/metric-stage.ts'

afterEach(() => void vi.restoreAllMocks())

describe('an exposure', () => {
  it('is told once for each visitor, with the variant that they got and their place in the split', async () => {
    answering()
    const { visit, exposed } = stage()
    const served: Record<string, string> = {}
    for (const name of [...names, ...names])
      served[name] = await variantServed(await visit('/look/', cookieOf(name)))
    expect(new Set(Object.values(served)).size).toBe(3)
    expect(await exposed()).toHaveLength(names.length)
    for (const name of names) expect(await exposed()).toContainEqual([served[name], position(name)])
  })

  it('tells the group of networks that the visitor comes from, of a private address none', async () => {
    answering()
    const { visit, flushed, env } = stage({
      ...MEASURING,
      context: { ...MEASURING.context, trustedProxies: 1 },
    })
    const addresses = ['203.0.113.7', '203.0.113.99', '198.51.100.7', '2001:db8::1', '10.0.0.7', 'nowhere']
    for (const [at, address] of addresses.entries())
      await visit('/look/', { ...cookieOf(names[at] ?? ''), 'x-forwarded-for': address })
    const told = new Map<number | undefined, number>()
    for (const { groups } of await flushed())
      for (const { exposed, networks = [] } of groups)
        for (const [at, group] of networks.entries()) told.set(exposed[2 * at], group)
    const [first, ...others] = names.slice(0, addresses.length).map((name) => told.get(position(name)))
    expect(first).toBe(groupOf(networkOf('203.0.113.7', env)))
    const v4 = groupOf(networkOf('198.51.100.7', env))
    expect(others).toEqual([first, v4, groupOf(networkOf('2001:db8::1', env)), 0, 31])
  })

  it('is not of one whom a separate rule serves, nor of a flag that measures nothing', async () => {
    answering()
    const { visit, flushed } = stage()
    await visit('/look/?staff=1', cookieOf('ann'))
    await visit('/half/', cookieOf('ann'))
    expect(await flushed()).toEqual([])
  })

  it.each([{ 'sec-gpc': '1' }, { dnt: '1' }])('is not of one who sends %o', async (wish) => {
    answering()
    const { visit, flushed } = stage()
    await visit('/look/', { ...cookieOf('ann'), ...wish })
    expect(await flushed()).toEqual([])
  })

  it('of an identity that the visitor could choose is counted apart', async () => {
    answering()
    const { visit, exposed, refused } = stage()
    const from = { 'cf-connecting-ip': '203.0.113.7' }
    await visit('/look/', { 'x-user-id': 'ann', ...from })
    await visit('/look/', { 'x-user-id': 'ann', ...from })
    await visit('/look/', { cookie: 'sluice_id=of-my-own-making', ...from })
    expect(await exposed()).toEqual([])
    expect(await refused()).toEqual([['look', 'unproven visit', 2]])
  })

  it('of a chosen identity counts where no network is known, and where no key signs', async () => {
    answering()
    const local = stage(MEASURING, { ENVIRONMENT: 'development' })
    await local.visit('/look/', { 'x-user-id': 'ann', 'cf-connecting-ip': '127.0.0.1' })
    expect(await local.exposed()).toHaveLength(1)
    const keyless = stage(MEASURING, { SIGNING_KEY: '' })
    await keyless.visit('/look/', { 'x-user-id': 'ann', 'cf-connecting-ip': '203.0.113.7' })
    expect(await keyless.exposed()).toHaveLength(1)
  })

  it('of a visitor outside the percentage is one of control', async () => {
    answering()
    const rules = [{ serve: 'b', stages: [{ percentage: 50 }] }]
    const { visit, exposed } = stage({
      ...MEASURING,
      flags: { ...MEASURING.flags, look: { ...MEASURING.flags.look, rules, guard: {} } },
    })
    for (const name of names) await visit('/look/', cookieOf(name))
    expect(new Set((await exposed()).map(([variant]) => variant))).toEqual(new Set(['a', 'b']))
  })

  it('is told again to a shard that has learned to read it', async () => {
    answering()
    const { visit, exposed, messages } = stage(MEASURING, {}, 4)
    await visit('/look/', cookieOf('ann'))
    await exposed()
    await visit('/named', cookieOf('ann'))
    await visit('/half/', cookieOf('ann'))
    await exposed()
    expect(messages.filter(({ metrics }) => metrics?.groups.length === 1).length).toBeGreaterThan(1)
  })
})

describe('a request that is a metric', () => {
  it.each([
    ['on', { rules: [{ serve: 'b' }] }],
    ['off', { rules: [] }],
    ['disabled', { rules: [{ serve: 'b' }], enabled: false }],
  ])('counts for every visitor of a flag without a split that is %s, and exposes none', async (_, part) => {
    answering()
    const { experiment: __, ...look } = MEASURING.flags.look
    const guard = { metrics: { order: { maxDropPercent: 30 } } }
    const flags = { ...MEASURING.flags, look: { ...look, guard, ...part } }
    const { visit, events, exposed, refused } = stage({ ...MEASURING, flags })
    await visit('/look/', cookieOf('ann'))
    for (const name of ['ann', 'ann', 'bob']) await visit('/order/confirmed', cookieOf(name))
    await visit('/order/confirmed', { 'x-user-id': 'eve', 'cf-connecting-ip': '203.0.113.7' })
    const counted = await events()
    expect(counted.map(([metric, variant]) => [metric, variant])).toEqual(Array(3).fill(['order', '']))
    const [ann, again, bob] = counted.map(([, , at]) => at)
    expect([ann === again, ann === bob]).toEqual([true, false])
    expect(await exposed()).toEqual([])
    expect(await refused()).toEqual([['look', 'unproven', 1]])
  })

  it('counts for the visitor at every flag that measures it, also on a route without a flag', async () => {
    answering()
    const { visit, events, exposed } = stage()
    await visit('/look/', cookieOf('ann'))
    await visit('/order/confirmed', cookieOf('ann'))
    await visit('/basket/add', cookieOf('ann'), 'POST')
    await visit('/basket/add', cookieOf('ann'), 'POST')
    const [[variant] = []] = await exposed()
    expect(await events()).toEqual([
      ['order', variant, position('ann'), 1],
      ['basket', variant, position('ann'), 1],
      ['basket', variant, position('ann'), 1],
    ])
  })

  it.each<[string, string, number, Record<string, string>, string?]>([
    ['another status', '/order/confirmed', 404, {}],
    ['another path', '/order/confirmed/again', 200, {}],
    ['another method', '/basket/add', 200, {}, 'GET'],
    ['a page that is fetched ahead', '/order/confirmed', 200, { 'sec-purpose': 'prefetch' }],
    ['a visitor who wants no part in it', '/order/confirmed', 200, { 'sec-gpc': '1' }],
    ['a visitor without an id', '/order/confirmed', 200, { cookie: '' }],
  ])('is not %s', async (_, path, status, headers, method = 'GET') => {
    answering(status)
    const { visit, flushed } = stage()
    const response = await visit(path, { ...cookieOf('ann'), ...headers }, method)
    expect(response.headers.get('set-cookie')).toBeNull()
    expect(await flushed()).toEqual([])
  })

  it('of a forged identity counts for no variant', async () => {
    answering()
    const { visit, events, refused } = stage()
    await visit('/order/confirmed', { 'x-user-id': 'ann', 'cf-connecting-ip': '203.0.113.7' })
    expect(await events()).toEqual([])
    expect(await refused()).toEqual([['look', 'unproven', 1]])
  })

  it('that fails to be counted costs the visitor nothing', async () => {
    answering()
    const { gate, visit } = stage()
    vi.spyOn(gate.reporter.metrics, 'record').mockImplementation(() => {
      throw new Error('no room')
    })
    expect((await visit('/order/confirmed', cookieOf('ann'))).status).toBe(200)
  })
})
