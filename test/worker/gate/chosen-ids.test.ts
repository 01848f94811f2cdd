/**
 * Visitors who choose their id. The bucket of an id can be computed by anyone, so an id counts for a comparison only where
 * the gate has chosen it: computed ones are answered, and are evidence for nothing.
 */
import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test'
import { afterEach, expect, it, vi } from 'vitest'
import { cellKeyOf } from '../../../src/core/counters/cell.ts'
import { compileSalt, isInsideShare, positionOfKey } from '../../../src/core/flags/position.ts'
import type { Outcome } from '../../../src/core/outcome/outcome.ts'
import { createGate } from '../../../src/gate/gate.ts'
import type { Env } from '../../../src/platform/env.ts'
import { keysOf } from '../../../src/platform/keys.ts'
import { gateVisitors } from '../../../test-kit/traffic/visitor-ids.ts'
import { environment, stubOrigins } from './support/stage.ts'

const KEY = 'the key of this test'
const FLAG = 'new-shop'
const documentAt = (percentage: number, targetingKey: object[] = []) => ({
  origins: { old: { url: 'http://old.test' }, new: { url: 'http://new.test' } },
  ...(targetingKey.length > 0 && { context: { targetingKey } }),
  routes: [{ path: '/*', flag: FLAG, origins: { on: 'new', off: 'old' } }],
  flags: {
    [FLAG]: {
      ...{ variants: { on: true, off: false }, off: 'off' },
      rules: [{ serve: 'on', stages: [{ percentage }, { percentage: 100 }] }],
    },
  },
})

afterEach(() => void vi.restoreAllMocks())

/** A gate whose canary fails every request; what it counts for the guard, and what visitors get. */
function startGate(percentage: number, { key = KEY, targetingKey = [] as object[] } = {}) {
  stubOrigins(() => new Response('broken', { status: 500 }))
  const gate = createGate({ bundled: documentAt(percentage, targetingKey) })
  const outcomes: Outcome[] = []
  vi.spyOn(gate.reporter, 'report').mockImplementation((outcome) => void outcomes.push(outcome))
  const bindings = { ...environment, SIGNING_KEY: key } as Env
  const visit = async (headers: Record<string, string>, init: RequestInit = {}) => {
    const ctx = createExecutionContext()
    const request = new Request('https://shop.test/', {
      ...init,
      headers: { accept: 'text/html', ...headers },
    })
    const response = await gate.handle(request, bindings, ctx)
    // A failure of control counts once the canary's origin has been asked as well.
    await waitOnExecutionContext(ctx)
    return response
  }
  /** Outcomes that some test of the guard would hear of. */
  const evidence = () =>
    outcomes
      .map(({ decision }) => cellKeyOf(decision))
      .filter(({ arm, isByRule }) => arm !== 'other' || isByRule)
  return { visit, outcomes, evidence }
}

/** Ids of the canary, as anybody can compute them: the salt of a flag is its key. */
function computedIds(percentage: number, candidate: (n: number) => string, count = 30): string[] {
  const salt = compileSalt(FLAG)
  const found: string[] = []
  for (let n = 0; found.length < count; n++) {
    const id = candidate(n)
    if (isInsideShare(positionOfKey(salt, id), percentage * 1_000)) found.push(id)
  }
  return found
}

const asUuid = (n: number) => `00000000-0000-4000-8000-${n.toString(16).padStart(12, '0')}`
const asOurs = (n: number) =>
  `aoac.${n.toString(36).padStart(16, 'x')}.aoac.${n.toString(16).padStart(16, '0')}`

it.each([
  [1, 'names', (n: number) => `visitor-${n}`],
  [5, 'ids from before they were signed', asUuid],
  [25, 'the gate’s own form', asOurs],
  [50, 'names', (n: number) => `visitor-${n}`],
] as const)('at %i %%, computed as %s, are evidence for nothing', async (percentage, _, candidate) => {
  const { visit, outcomes, evidence } = startGate(percentage)
  for (const id of computedIds(percentage, candidate)) await visit({ cookie: `sluice_id=${id}` })
  expect(outcomes).toHaveLength(30)
  expect(evidence()).toEqual([])
})

it('nor for control, nor by another method', async () => {
  const { visit, outcomes, evidence } = startGate(5)
  for (const method of ['POST', 'PUT', 'DELETE', 'HEAD'])
    for (let n = 0; n < 10; n++) await visit({ cookie: `sluice_id=visitor-${n}` }, { method })
  expect(outcomes).toHaveLength(40)
  expect(evidence()).toEqual([])
})

it('the gate’s ids are evidence, at the place that they have', async () => {
  const { visit, outcomes, evidence } = startGate(50)
  const visitor = await gateVisitors(KEY)
  const salt = compileSalt(FLAG)
  for (let n = 0; n < 20; n++) await visit({ cookie: visitor(n).cookie })
  expect(evidence()).toHaveLength(20)
  for (const [n, { decision }] of outcomes.entries())
    expect(decision.placement).toMatchObject({ position: positionOfKey(salt, visitor(n).key) })
  expect(new Set(outcomes.map(({ decision }) => decision.placement.arm))).toEqual(
    new Set(['canary', 'control']),
  )
})

it('an id by a key that leaves the gate is not the gate’s', async () => {
  const keys = await keysOf(KEY)
  for (const key of [keys.origin, keys.webhook, keys.preview, keys.identity]) {
    const { visit, evidence } = startGate(50)
    const visitor = await gateVisitors(key)
    for (let n = 0; n < 10; n++) await visit({ cookie: visitor(n).cookie })
    expect(evidence()).toEqual([])
    vi.restoreAllMocks()
  }
})

it('a visitor with a made-up id gets one of the gate’s, and is compared from the next request on', async () => {
  const { visit, evidence } = startGate(50)
  const first = await visit({ cookie: 'sluice_id=visitor-1' })
  const [cookie = ''] = (first.headers.getSetCookie()[0] ?? '').split(';')
  expect(cookie).toMatch(/^sluice_id=[\w.-]{43}$/)
  expect(evidence()).toEqual([])
  const second = await visit({ cookie })
  expect(second.headers.getSetCookie().filter((each) => each.startsWith('sluice_id'))).toEqual([])
  expect(evidence()).toHaveLength(1)
})

it('an id from before the upgrade keeps its place, without a new cookie', async () => {
  const { visit, outcomes } = startGate(50)
  const salt = compileSalt(FLAG)
  for (let n = 0; n < 20; n++) {
    const response = await visit({ cookie: `sluice_id=${asUuid(n)}` })
    expect(response.headers.getSetCookie().filter((each) => each.startsWith('sluice_id'))).toEqual([])
    const isCanary = isInsideShare(positionOfKey(salt, asUuid(n)), 50_000)
    expect(outcomes.at(-1)?.decision.variant).toBe(isCanary ? 'on' : 'off')
  }
})

it('a request without its cookies, from another site, sets none and is not compared', async () => {
  const { visit, outcomes, evidence } = startGate(50)
  const headers = {
    'sec-fetch-site': 'cross-site',
    'sec-fetch-mode': 'navigate',
    'sec-fetch-dest': 'document',
  }
  const payment = await visit(headers, { method: 'POST' })
  const frame = await visit({ ...headers, 'sec-fetch-dest': 'iframe' })
  expect([payment, frame].map((each) => each.headers.getSetCookie())).toEqual([[], []])
  expect([outcomes.length, evidence()]).toEqual([2, []])
  expect((await visit(headers)).headers.getSetCookie()).toHaveLength(2)
  expect(evidence()).toHaveLength(1)
})

it.each([
  ['header', { 'x-user-id': 'visitor-1' }],
  ['cookie', { cookie: 'uid=visitor-1' }],
] as const)(
  'a key from a %s is unproven, and compared: the network rule of the guard covers it',
  async (kind, headers) => {
    const source = kind === 'header' ? { header: 'x-user-id' } : { cookie: 'uid' }
    const { visit, evidence } = startGate(50, { targetingKey: [source] })
    await visit({ ...headers })
    expect(evidence()).toHaveLength(1)
  },
)

it('a gate without a key takes ids as they come', async () => {
  const { visit, evidence } = startGate(50, { key: '' })
  for (let n = 0; n < 10; n++) await visit({ cookie: `sluice_id=visitor-${n}` })
  expect(evidence()).toHaveLength(10)
})
