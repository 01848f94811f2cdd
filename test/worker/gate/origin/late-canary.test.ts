/** Origins that take long: no answer is cut off before its time, and no visitor waits for two timeouts. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { OriginHealth } from '../../../../src/gate/origin/origin-health.ts'
import { type Fallback, OriginClient } from '../../../../src/gate/origin/retry-and-fallback.ts'
import {
  flagTargetAt,
  originAt,
  requestTo,
  SHOP,
  snapshotOf,
  stopClock,
  stubOrigins,
} from '../support/stage.ts'

beforeEach(() => stopClock())
afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

const canary = originAt('http://new.test', { timeoutMs: 125_000 })
const stable = originAt('http://old.test', { timeoutMs: 125_000 })
const call = { origin: canary, extraHeaders: [] }
const fallback: Fallback = {
  origin: stable,
  mayRepeat: true,
  isPairable: true,
  call: async () => ({ origin: stable, extraHeaders: [] }),
}

type Speed = { afterS: number; status?: number }

/** Sends a request, and says who answered, when, and what the canary is charged with. */
async function visit(
  onCanary: Speed,
  onStable: Speed,
  {
    init = {},
    asked = call,
    health = new OriginHealth(),
  }: { init?: RequestInit; asked?: typeof call; health?: OriginHealth } = {},
) {
  const cancelled: string[] = []
  const all = stubOrigins(({ url }) => {
    const name = new URL(url).hostname
    const { afterS, status = 200 } = name === 'new.test' ? onCanary : onStable
    const body = new ReadableStream({ cancel: () => void cancelled.push(name) })
    return new Promise((resolve) => setTimeout(resolve, afterS * 1_000, new Response(body, { status })))
  })
  const startedMs = Date.now()
  const sent = new OriginClient(health).send(requestTo('https://shop.test/report', init), asked, fallback)
  let atS: number | undefined
  void sent.then(() => (atS = (Date.now() - startedMs) / 1_000))
  for (let second = 0; second < 400 && atS === undefined; second++) await vi.advanceTimersByTimeAsync(1_000)
  const { answer, charge, rescued } = await sent
  // What comes later.
  await vi.advanceTimersByTimeAsync(400_000)
  const status = answer.kind === 'answered' ? answer.status : answer.failure
  const { failure, pairedAs, latencyMs } = charge
  return {
    got: `${answer.origin.name} ${status} after ${atS} s`,
    charge: failure === undefined ? 'none' : `${failure} ${pairedAs} ${latencyMs}`,
    rescued,
    asked: all.map(({ url }) => new URL(url).hostname),
    cancelled,
  }
}

describe('a canary that says nothing for half a minute', () => {
  it('answers the visitor if it is the first to, and is charged with nothing', async () => {
    expect(await visit({ afterS: 33 }, { afterS: 33 })).toEqual({
      got: 'new.test 200 after 33 s',
      charge: 'none',
      rescued: false,
      asked: ['new.test', 'old.test'],
      cancelled: ['old.test'],
    })
  })

  it('is overtaken by control, and charged with a timeout', async () => {
    const health = new OriginHealth()
    const noted = vi.spyOn(health, 'record')
    expect(await visit({ afterS: 300 }, { afterS: 1 }, { health })).toMatchObject({
      got: 'old.test 200 after 31 s',
      charge: 'timeout discordant 31000',
      rescued: true,
    })
    expect(noted.mock.calls.map(([{ origin, failure }]) => `${origin.name} ${failure}`)).toEqual(
      expect.arrayContaining(['old.test undefined', 'new.test timeout']),
    )
  })

  it('costs no second timeout where control is as silent', async () => {
    expect(await visit({ afterS: 300 }, { afterS: 300 })).toMatchObject({
      got: 'old.test timeout after 125 s',
      charge: 'timeout shared 125000',
      asked: ['new.test', 'old.test'],
    })
  })

  it('is waited for where control fails', async () => {
    expect(await visit({ afterS: 60 }, { afterS: 1, status: 500 })).toMatchObject({
      got: 'new.test 200 after 60 s',
      charge: 'none',
      rescued: false,
      cancelled: ['old.test'],
    })
    const both = await visit({ afterS: 60, status: 503 }, { afterS: 1, status: 500 })
    expect(both).toMatchObject({ got: 'old.test 500 after 60 s', charge: 'status shared 60000' })
  })

  it('that fails then leaves the visitor to control, however long that takes', async () => {
    expect(await visit({ afterS: 40, status: 500 }, { afterS: 30 })).toMatchObject({
      got: 'old.test 200 after 60 s',
      charge: 'status discordant 40000',
      rescued: true,
      cancelled: ['new.test'],
    })
  })

  it('that fails sooner is no matter of patience', async () => {
    expect(await visit({ afterS: 29, status: 500 }, { afterS: 1 })).toMatchObject({
      got: 'old.test 200 after 30 s',
    })
    expect(await visit({ afterS: 29 }, { afterS: 1 })).toMatchObject({
      got: 'new.test 200 after 29 s',
      asked: ['new.test'],
    })
  })
})

describe('what an origin is said to have done, where both were asked', () => {
  it.each([
    ['the canary answers first', { afterS: 33 }, { afterS: 33 }, ['new undefined', 'old undefined']],
    ['both say nothing', { afterS: 300 }, { afterS: 300 }, ['old timeout']],
    ['control fails', { afterS: 60 }, { afterS: 1, status: 500 }, ['old status', 'new undefined']],
    ['both fail', { afterS: 60, status: 503 }, { afterS: 1, status: 500 }, ['old status']],
    [
      'the canary fails, control is later',
      { afterS: 40, status: 500 },
      { afterS: 30 },
      ['old undefined', 'new status'],
    ],
  ])('%s', async (_, onCanary, onStable, expected) => {
    const health = new OriginHealth()
    const noted = vi.spyOn(health, 'record')
    await visit(onCanary, onStable, { health })
    const seen = noted.mock.calls.map(([{ origin, failure }]) => `${origin.name.slice(0, 3)} ${failure}`)
    expect(seen).toEqual(expected)
  })

  it('control may not be asked', async () => {
    const health = new OriginHealth()
    vi.spyOn(health, 'mayAsk').mockReturnValue(false)
    const noted = vi.spyOn(health, 'record')
    expect(await visit({ afterS: 33 }, { afterS: 1 }, { health })).toMatchObject({ asked: ['new.test'] })
    expect(noted).toHaveBeenCalledOnce()
    await visit({ afterS: 33, status: 500 }, { afterS: 1 }, { health })
    expect(noted).toHaveBeenCalledOnce()
  })
})

describe('no second origin is asked at once', () => {
  it('with a body, which may do something', async () => {
    const init = { method: 'OPTIONS', body: 'x', headers: { 'content-length': '1' } }
    expect(await visit({ afterS: 33 }, { afterS: 1 }, { init })).toMatchObject({
      got: 'new.test 200 after 33 s',
      asked: ['new.test'],
    })
  })

  it('within a timeout that the document sets', async () => {
    const asked = { ...call, origin: { ...canary, timeoutMs: 30_000 } }
    expect(await visit({ afterS: 33 }, { afterS: 1 }, { asked })).toMatchObject({
      got: 'old.test 200 after 31 s',
      charge: 'timeout discordant 30000',
    })
  })
})

it('a route has its own timeout, shorter or longer than that of its origins', async () => {
  const document = {
    ...SHOP,
    routes: SHOP.routes.map((route) =>
      route.path === '/checkout/*' ? { ...route, timeoutMs: 5_000 } : route,
    ),
  }
  const target = flagTargetAt(snapshotOf(document), '/checkout/')
  expect(
    await visit({ afterS: 33 }, { afterS: 1 }, { asked: { ...call, target } as typeof call }),
  ).toMatchObject({
    got: 'old.test 200 after 6 s',
    charge: 'timeout discordant 5000',
  })
})
