/**
 * Enemies of the canary's circuit: visitors of many networks keep reaching the canary, and are answered whatever it
 * does, while a few addresses ask for what fails. Requests pass through a gate in production.
 */
import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { compileSalt, isInsideShare, positionOfKey } from '../../../src/core/flags/position.ts'
import { createGate } from '../../../src/gate/gate.ts'
import type { Env } from '../../../src/platform/env.ts'
import { holdFlushes, stubOrigins } from './support/stage.ts'

const FLAG = 'judged'
const PERCENTAGE = 5
const SECONDS = 6
const SHOTS_PER_SECOND = 6

beforeEach(() => vi.useFakeTimers({ toFake: ['Date'] }))
afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

type Arm = 'canary' | 'control'
type Shot = { path: string; method?: string; arm?: Arm; upgrade?: true; isAsking?: true }

/** A gate whose canary fails these pages by itself. */
function stage(isPageBroken: () => boolean = () => false) {
  const gate = createGate({
    bundled: {
      // Each request has a timer until then, and all tests of a file together may have 10,000.
      origins: {
        old: { url: 'http://old.test', timeoutMs: 1_000 },
        new: { url: 'http://new.test', timeoutMs: 1_000 },
      },
      context: { targetingKey: [{ header: 'x-user-id' }] },
      routes: [{ path: '/*', flag: FLAG, origins: { on: 'new', off: 'old' } }],
      flags: {
        [FLAG]: {
          ...{ variants: { on: true, off: false }, off: 'off' },
          rules: [{ serve: 'on', stages: [{ percentage: PERCENTAGE }] }],
        },
      },
    },
  })
  const asked = stubOrigins(({ url }) => {
    const isNew = url.startsWith('http://new.')
    const fails = (where: string) => url.endsWith(where) || (isNew && url.endsWith(`${where}-canary`))
    if (fails('/drop')) return Promise.reject(new Error('The connection broke'))
    if (url.endsWith('/page') && isNew && isPageBroken()) return Promise.reject(new Error('Dead'))
    return new Response('x', { status: fails('/500') ? 500 : 200 })
  })
  holdFlushes()
  const own = { ...env, ENVIRONMENT: 'production' } as unknown as Env
  /** `isAsking`: whether to wait for what is asked in the background. */
  const send = async (id: string, ip: string, { path, method = 'GET', upgrade, isAsking }: Shot) => {
    const request = new Request(`https://shop.test${path}`, {
      method,
      headers: {
        'x-user-id': id,
        'cf-connecting-ip': ip,
        ...(upgrade && { connection: 'Upgrade', upgrade: 'websocket' }),
      },
      ...(method === 'POST' && { body: 'x=1' }),
    })
    Object.defineProperty(request, 'cf', { value: { colo: 'OTP' } })
    const work: Promise<unknown>[] = []
    const response = await gate.handle(request, own, { waitUntil: (each) => void work.push(each) })
    await response.text()
    if (isAsking) await Promise.all(work)
    return response.status
  }
  /** How often the canary was asked for something. */
  const askedOf = (path: string) => asked.filter(({ url }) => url === `http://new.test${path}`).length
  return { send, askedOf }
}

/** Ids of one arm, as anyone can compute them. */
function idsOf(arm: Arm, prefix: string): () => string {
  const salt = compileSalt(FLAG)
  let tried = 0
  return () => {
    for (;;) {
      const id = `${prefix}-${tried++}`
      if (isInsideShare(positionOfKey(salt, id), PERCENTAGE * 1_000) === (arm === 'canary')) return id
    }
  }
}

type Siege = {
  /** Of the enemy. */
  networks: number
  /** Where visitors come from: as many networks as they are, or that of the enemy. */
  isShared?: boolean
  isPageBroken?: () => boolean
  /** How many shots there are before the first visitor comes. */
  burst?: number
}

/** Visitors of control and canary each second, of other networks each, after the enemy's shots of that second. */
async function besiege(
  shot: Shot,
  { networks, isShared = false, isPageBroken, burst = SHOTS_PER_SECOND }: Siege,
) {
  const { send, askedOf } = stage(isPageBroken)
  const enemyId = idsOf(shot.arm ?? 'canary', 'enemy')
  const visitorId = idsOf('canary', 'visitor')
  const othersId = idsOf('control', 'visitor')
  const statuses: number[] = []
  let shots = 0
  for (let second = 0; second < SECONDS; second++) {
    vi.setSystemTime(Date.now() + 1_000)
    for (let left = second === 0 ? burst : SHOTS_PER_SECOND; left > 0; left--, shots++)
      await send(enemyId(), `203.0.${113 + (shots % networks)}.7`, shot)
    await send(othersId(), `192.0.${second}.4`, { path: '/page' })
    const ip = isShared ? '203.0.113.99' : `198.51.${second}.4`
    statuses.push(await send(visitorId(), ip, { path: '/page' }))
  }
  return { reached: askedOf('/page'), statuses, shotsAtCanary: askedOf(shot.path) }
}

const KINDS: Record<string, Shot> = {
  'a page that both origins drop': { path: '/drop' },
  'a page that the canary drops': { path: '/drop-canary' },
  'a page that both origins fail': { path: '/500' },
  'a page that the canary fails': { path: '/500-canary' },
  'orders that both origins drop': { path: '/drop', method: 'POST' },
  'orders that the canary drops': { path: '/drop-canary', method: 'POST' },
  'heads that both origins drop': { path: '/drop', method: 'HEAD' },
  'upgrades that both origins drop': { path: '/drop', upgrade: true },
}

describe.each(Object.entries(KINDS))('%s', (_, shot) => {
  it.each([1, 3])('asked for by %i networks: visitors reach the canary all the same', async (networks) => {
    const { reached, statuses } = await besiege(shot, { networks, burst: 36 })
    expect(reached).toBe(SECONDS)
    expect(new Set(statuses)).toEqual(new Set([200]))
  })
})

it.each(['/drop', '/500'])(
  'a page that both origins fail (%s) keeps not even the visitors of the same network from the canary',
  async (path) => {
    const { reached } = await besiege({ path }, { networks: 1, isShared: true, burst: 36 })
    expect(reached).toBe(SECONDS)
  },
)

it('pages that control drops for one address leave the others their fallback', async () => {
  const { statuses } = await besiege(
    { path: '/drop', arm: 'control' },
    { networks: 1, isPageBroken: () => true },
  )
  expect(new Set(statuses)).toEqual(new Set([200]))
})

it.each([1, 3])(
  'a dead canary is found beside %i networks that ask for what fails everywhere',
  async (networks) => {
    const { reached, statuses } = await besiege({ path: '/drop' }, { networks, isPageBroken: () => true })
    // Each connection that closes at once is tried twice, while the retry budget lasts.
    expect(reached).toBeLessThanOrEqual(2 * (5 + SECONDS))
    expect(new Set(statuses)).toEqual(new Set([200]))
  },
)

it('who can not reach the canary is answered by control, and asks the canary once a second', async () => {
  const { shotsAtCanary } = await besiege({ path: '/drop-canary' }, { networks: 1 })
  expect(shotsAtCanary).toBeLessThanOrEqual(2 * (5 + SECONDS))
})

it('what control fails for who can not reach the canary is not asked there', async () => {
  const { send, askedOf } = stage()
  const [canaryId, controlId] = [idsOf('canary', 'visitor'), idsOf('control', 'visitor')]
  const asks = async (ip: string) => {
    const before = askedOf('/500')
    await send(controlId(), ip, { path: '/500', isAsking: true })
    return askedOf('/500') - before
  }
  await send(canaryId(), '198.51.1.4', { path: '/page' })
  for (let count = 0; count < 5; count++) await send(canaryId(), '203.0.113.7', { path: '/drop-canary' })
  expect([await asks('203.0.113.7'), await asks('198.51.1.4')]).toEqual([0, 1])
})
