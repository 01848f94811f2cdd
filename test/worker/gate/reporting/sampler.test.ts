import { expect, it } from 'vitest'
import { anonymousAs, RequestContext } from '../../../../src/core/context/request-context.ts'
import { Sampler } from '../../../../src/gate/reporting/sampler.ts'
import { environment, NOW_MS, requestTo, SHOP, snapshotOf } from '../support/stage.ts'

const snapshot = snapshotOf(SHOP)

function stage() {
  const sampler = new Sampler()
  const visit = (visitor: string, afterMs = 0, of = snapshot) => {
    const request = requestTo('https://shop.test/half/', {}, { nowMs: NOW_MS + afterMs })
    sampler.offer(of, request, new RequestContext(request, of.identity, anonymousAs(visitor), Math.random))
  }
  const sealed = async () => (await sampler.seal(environment)).length
  return { sampler, visit, sealed }
}

it('samples twenty visitors until the shard asks for more or fewer', async () => {
  const { sampler, visit, sealed } = stage()
  for (let at = 0; at < 50; at++) visit(`a${at}`)
  expect([await sealed(), await sealed()]).toEqual([20, 0])
  for (const quota of [3, 0]) {
    sampler.want(quota)
    for (let at = 0; at < 50; at++) visit(`${quota}-${at}`)
    expect(await sealed()).toBe(quota)
  }
})

it('samples a visitor once per ten minutes', async () => {
  const { visit, sealed } = stage()
  for (const afterMs of [0, 100, 599_999]) visit('ada', afterMs)
  expect(await sealed()).toBe(1)
  visit('ada', 600_099)
  expect(await sealed()).toBe(1)
})

it('rests for ten milliseconds once it has met a visitor whom it knows', async () => {
  const { visit, sealed } = stage()
  visit('ada')
  visit('ada', 100)
  visit('bob', 109)
  visit('cleo', 110)
  expect(await sealed()).toBe(2)
  // A clock that was put back is no reason to rest.
  visit('ada', 200)
  visit('dora', 150)
  expect(await sealed()).toBe(1)
})

it('forgets whom it knows beyond five thousand', async () => {
  const { sampler, visit, sealed } = stage()
  sampler.want(10_000)
  for (let at = 0; at < 4_999; at++) visit(`visitor-${at}`)
  visit('visitor-0', 1_000)
  expect(await sealed()).toBe(4_999)
  visit('visitor-4999', 2_000)
  visit('visitor-0', 3_000)
  expect(await sealed()).toBe(2)
})

it('samples by the document in use', async () => {
  const { sampler, visit } = stage()
  visit('ada')
  const other = snapshotOf({
    ...SHOP,
    flags: {
      ...SHOP.flags,
      half: {
        ...SHOP.flags.half,
        rules: [{ when: [{ attribute: 'country', op: 'in', values: ['RO'] }], serve: 'on' }],
      },
    },
  })
  visit('bob', 0, other)
  const [first, second] = await sampler.seal(environment)
  expect(JSON.stringify(first)).not.toBe(JSON.stringify(second))
  expect(JSON.stringify([first, second])).not.toContain('ada')
})
