/**
 * Attacks on the guard with ids of the enemy's choice, in many variations: requests pass through the gate, what an isolate
 * flushes is judged by the guard, a second after the other by a clock of the test's.
 */
import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Cell } from '../../../src/core/counters/cell.ts'
import type { FlushMessage } from '../../../src/core/counters/protocol.ts'
import { armPair } from '../../../src/core/counters/ticks.ts'
import { compileSalt, isInsideShare, positionOfKey } from '../../../src/core/flags/position.ts'
import {
  initialGuardState,
  reportOf,
  resolveGuardSettings,
  stepGuard,
} from '../../../src/core/guard/index.ts'
import { createGate } from '../../../src/gate/gate.ts'
import type { Env } from '../../../src/platform/env.ts'
import { holdFlushes, stubOrigins } from './support/stage.ts'

const FLAG = 'judged'
const SECONDS = 12
const VISITS_PER_SECOND = 6
const SHOTS_PER_SECOND = 10
/** What may close a canary that no one knows yet: latency needs longer than this test. */
const SETTINGS = resolveGuardSettings({ errors: {}, ceilings: { errorRate: 0.2 }, latency: false })

type Arm = 'canary' | 'control'
type Source = 'header' | 'cookie'
type Shot = {
  percentage: number
  method: string
  source: Source
  from: Address
  path?: string
  upgrade?: true
  /** Whose ids the enemy takes. */
  arm?: Arm
  /** One id for all shots, instead of one each. */
  oneId?: true
}

const ADDRESSES = {
  'an IPv4 address': () => '203.0.113.66',
  'a /24': (n: number) => `203.0.113.${n % 250}`,
  'a /48': (n: number) => `2001:db8:66:${(n % 65_536).toString(16)}::${(n + 1).toString(16)}`,
  'an address in both families': (n: number) => (n % 2 === 0 ? '203.0.113.66' : '::ffff:203.0.113.66'),
  'thirty networks': (n: number) => `203.${n % 30}.113.66`,
}
type Address = keyof typeof ADDRESSES

beforeEach(() => vi.useFakeTimers({ toFake: ['Date'] }))
afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

/** A gate in production with a flag at a percentage; `badly` is the share of pages that the canary fails by itself. */
function stage(percentage: number, badly: number) {
  const gate = createGate({
    bundled: {
      // Each request has a timer until then, and all tests of a file together may have 10,000.
      origins: {
        old: { url: 'http://old.test', timeoutMs: 1_000 },
        new: { url: 'http://new.test', timeoutMs: 1_000 },
      },
      context: { targetingKey: [{ header: 'x-user-id' }, { cookie: 'uid' }] },
      routes: [{ path: '/*', flag: FLAG, origins: { on: 'new', off: 'old' } }],
      flags: {
        [FLAG]: {
          ...{ variants: { on: true, off: false }, off: 'off' },
          rules: [{ serve: 'on', stages: [{ percentage }, { percentage: 100 }] }],
        },
      },
    },
  })
  let pages = 0
  stubOrigins(({ url, headers }) => {
    const isNew = url.startsWith('http://new.')
    if (headers.has('upgrade')) return Promise.reject(new Error('The connection broke'))
    if (url.endsWith('/page') && isNew && ++pages % 10 < badly * 10) return new Response('x', { status: 500 })
    const fails = url.endsWith('/both-fail') || (isNew && url.endsWith('/canary-fails'))
    return new Response('x', { status: fails ? 500 : 200 })
  })
  const flushes = holdFlushes()
  let flushed: Cell[] = []
  const shard = {
    flush: async ({ cells, ...message }: FlushMessage) => {
      flushed.push(...cells)
      return { epoch: message.epoch, intervalMs: 1_000, shards: 1, sampleQuota: 0 }
    },
  }
  const own = { ...env, ENVIRONMENT: 'production', COUNTERS: { idFromName: () => '', get: () => shard } }
  const work: Promise<unknown>[] = []
  const send = async (id: string, ip: string, { source, path = '/page', method, upgrade }: Partial<Shot>) => {
    const request = new Request(`https://shop.test${path}`, {
      method: method ?? 'GET',
      headers: {
        accept: 'text/html',
        ...(source === 'cookie' ? { cookie: `uid=${id}` } : { 'x-user-id': id }),
        'cf-connecting-ip': ip,
        ...(upgrade && { connection: 'Upgrade', upgrade: 'websocket' }),
      },
      ...(method === 'POST' && { body: 'x=1' }),
    })
    Object.defineProperty(request, 'cf', { value: { colo: 'OTP' } })
    const response = await gate.handle(request, own as unknown as Env, {
      waitUntil: (each) => void work.push(each),
    })
    await response.text()
  }
  /** What the isolate has counted in the second that is over. */
  const cells = async () => {
    vi.setSystemTime(Date.now() + 1_000)
    await flushes.pass(work)
    const taken = flushed
    flushed = []
    return taken
  }
  return { send, cells }
}

/** Ids of one arm, as anyone can compute them. */
function idsOf(percentage: number, arm: Arm): () => string {
  const salt = compileSalt(FLAG)
  let tried = 0
  return () => {
    for (;;) {
      const id = `enemy-${tried++}`
      if (isInsideShare(positionOfKey(salt, id), percentage * 1_000) === (arm === 'canary')) return id
    }
  }
}

/** Visitors of many networks, and the shots among them; when the guard acts, and how much the canary was asked. */
async function attack(shot: Shot | undefined, percentage: number, { badly = 0, seconds = SECONDS } = {}) {
  const { send, cells } = stage(percentage, badly)
  const nextId = idsOf(percentage, shot?.arm ?? 'canary')
  const firstId = nextId()
  let memory = initialGuardState({ generation: 1, stage: 0, percentage, atMs: Date.now() })
  let visits = 0
  let shots = 0
  let canaryErrors = 0
  for (let second = 1; second <= seconds; second++) {
    for (let n = 0; n < VISITS_PER_SECOND; n++, visits++)
      await send(`visitor ${visits}`, `198.51.${visits % 200}.${visits % 250}`, {})
    for (let n = 0; shot !== undefined && n < SHOTS_PER_SECOND; n++, shots++)
      await send(shot.oneId ? firstId : nextId(), ADDRESSES[shot.from](shots), shot)
    const arms = armPair(await cells(), 1, 0, 'off')
    canaryErrors += arms.canary.errors
    const tick = { atMs: Date.now(), generation: 1, stage: 0, percentage, ...arms }
    const looked = stepGuard(SETTINGS, memory, tick)
    memory = looked.state
    const { action, sentence } = reportOf(looked.verdict)
    if (action !== 'none') return { action, sentence, second, canaryErrors }
  }
  return { action: 'none', sentence: '', second: Infinity, canaryErrors }
}

const METHODS = ['GET', 'HEAD', 'POST', 'PUT'] as const
const SOURCES = ['header', 'cookie'] as const
const FROM: readonly Address[] = ['an IPv4 address', 'a /24', 'a /48', 'an address in both families']
const PERCENTAGES = [1, 25, 50] as const

/** Each method with each percentage; sources and addresses take turns, so that each meets each method. */
const VARIATIONS = METHODS.flatMap((method, m) =>
  PERCENTAGES.map((percentage, p): Shot => {
    const turn = m + p
    return {
      ...{ percentage, method },
      source: SOURCES[turn % 2] ?? 'header',
      from: FROM[(m * 3 + p) % FROM.length] ?? 'a /24',
    }
  }),
)
const KINDS: Record<string, Partial<Shot>> = {
  'a page that fails at both origins': { path: '/both-fail' },
  'a page that fails at the canary alone': { path: '/canary-fails' },
}

const named = (shot: Shot) =>
  [`${shot.percentage} %, ${shot.method} by ${shot.source} from ${shot.from}`, shot] as const

describe.each(Object.entries(KINDS))("%s, by the canary's ids", (_, kind) => {
  it.each(VARIATIONS.map(named))('%s', async (_name, shot) => {
    const { action, sentence, canaryErrors } = await attack({ ...shot, ...kind }, shot.percentage)
    expect([action, sentence]).toEqual(['none', ''])
    expect(canaryErrors).toBeGreaterThan(4)
  })
})

describe('upgrades that the origin drops', () => {
  it.each(
    PERCENTAGES.map((percentage, n) =>
      named({
        ...{ percentage, method: 'GET', path: '/socket', upgrade: true as const },
        ...{ source: SOURCES[n % 2] ?? 'header', from: FROM[n] ?? 'a /24' },
      }),
    ),
  )('%s', async (_name, shot) => {
    const { action, sentence, canaryErrors } = await attack(shot, shot.percentage)
    expect([action, sentence]).toEqual(['none', ''])
    expect(canaryErrors).toBeGreaterThan(4)
  })
})

describe('page views of one id, or of hundreds, of the canary', () => {
  it.each(
    PERCENTAGES.flatMap((percentage, n) => [
      named({ percentage, method: 'GET', source: SOURCES[n % 2] ?? 'header', from: 'a /24', oneId: true }),
      named({ percentage, method: 'GET', source: SOURCES[(n + 1) % 2] ?? 'header', from: 'a /48' }),
    ]),
  )('freeze nothing: %s', async (_name, shot) => {
    const { action, sentence } = await attack(shot, shot.percentage)
    expect([action, sentence]).toEqual(['none', ''])
  })
})

describe('a canary that fails four pages in ten', () => {
  it.each([25, 50])(
    'at %i percent is found beside an enemy who makes control fail, and not much later',
    async (percentage) => {
      const bad = { badly: 0.4, seconds: 4 * SECONDS }
      const alone = await attack(undefined, percentage, bad)
      expect(alone.action).toBe('rollback')
      for (const [n, method] of METHODS.entries()) {
        const source = SOURCES[n % 2] ?? 'header'
        const shot: Shot = {
          percentage,
          method,
          source,
          from: FROM[n] ?? 'a /24',
          arm: 'control',
          path: '/both-fail',
        }
        const hidden = await attack(shot, percentage, bad)
        expect([method, hidden.action]).toEqual([method, 'rollback'])
        expect(hidden.second, method).toBeLessThanOrEqual(2 * alone.second + SECONDS)
      }
    },
  )
})

it('what one network can not do, thirty can', async () => {
  const shot = { percentage: 25, method: 'GET', source: 'header', path: '/canary-fails' } as const
  expect((await attack({ ...shot, from: 'thirty networks' }, 25)).action).not.toBe('none')
})
