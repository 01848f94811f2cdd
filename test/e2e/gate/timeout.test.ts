/** Origins that say nothing, or take long. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { document } from '../harness/documents.ts'
import { LONG } from '../harness/long.ts'
import { type Origin, startOrigin } from '../harness/origin.ts'
import { type Gate, startGate } from '../harness/running-gate.ts'

describe('an origin that says nothing', () => {
  const TIMEOUT_MS = 2_000
  let origin: Origin
  let gate: Gate

  beforeAll(async () => {
    origin = await startOrigin('old', ({ url }, response) => {
      if (url !== '/hangs') response.end('here')
    })
    gate = await startGate({
      document: {
        origins: { old: { url: origin.url, timeoutMs: TIMEOUT_MS } },
        routes: [{ path: '/*', origin: 'old' }],
        flags: {},
      },
    })
  })
  afterAll(() => Promise.all([gate?.close(), origin?.close()]))

  const visit = (path: string, signal: AbortSignal | null = null) =>
    fetch(gate.url + path, { signal }).then(
      ({ status }) => status,
      () => 'left' as const,
    )

  async function timed(answer: Promise<unknown>): Promise<number> {
    const startedMs = performance.now()
    await answer
    return performance.now() - startedMs
  }

  it('each visitor hears when the time is up, whichever others have left', async () => {
    const early = new AbortController()
    const first = visit('/hangs', early.signal)
    const others = Array.from({ length: 5 }, () => visit('/hangs'))
    const leastMs = timed(Promise.race(others))
    await visit('/at-once')
    early.abort()
    expect(await first).toBe('left')
    const later = visit('/hangs')
    expect(await Promise.all(others)).toEqual(others.map(() => 504))
    expect(await later).toBe(504)
    // No visitor is told too early.
    expect(await leastMs).toBeGreaterThan(TIMEOUT_MS * 0.95)
  })
})

/** With no timeout in the document the gate waits as the platform does (125 s). */
describe('an origin that takes long', () => {
  /** `SLUICE_LONG=1`: longer than the 30 s after which control is asked beside a canary that has not answered. */
  const SLOW_MS = LONG ? 33_000 : 1_500

  let origins: { old: Origin; new: Origin }
  let gate: Gate

  beforeAll(async () => {
    const slow = (name: string) =>
      startOrigin(name, async ({ url = '' }, response) => {
        const isSlow = url.startsWith(`/slow-${name}`) || url.startsWith('/slow-both')
        if (isSlow) await new Promise((resolve) => setTimeout(resolve, SLOW_MS))
        response.end(name)
      })
    origins = { old: await slow('old'), new: await slow('new') }
    const base = document(
      { old: origins.old.url, new: origins.new.url },
      { rules: [{ serve: 'on', stages: [{ percentage: 100 }] }] },
    )
    gate = await startGate({
      document: { ...base, routes: [{ path: '/slow-old/*', origin: 'old' }, ...base.routes] },
    })
  })
  afterAll(() => Promise.all([gate?.close(), origins?.old.close(), origins?.new.close()]))

  async function ask(path: string, init: RequestInit = {}) {
    const startedMs = performance.now()
    const response = await fetch(gate.url + path, { headers: { 'x-user-id': 'someone' }, ...init })
    const text = await response.text()
    return { got: `${text} ${response.status}`, tookMs: performance.now() - startedMs }
  }

  it.concurrent.each<[what: string, got: string, path: string, init?: RequestInit]>([
    ['of an origin without a flag', 'old 200', '/slow-old/a'],
    ['of a canary to a form', 'new 200', '/slow-new/b', { method: 'POST', body: 'x' }],
    ['of both origins', 'new 200', '/slow-both/c'],
  ])('an answer %s comes when it comes', async (_, expected, path, init) => {
    const { got, tookMs } = await ask(path, init)
    expect(got).toBe(expected)
    expect(tookMs).toBeGreaterThan(SLOW_MS * 0.95)
  })

  it.concurrent('a page of a canary comes from control once the canary is late, and is never lost', async () => {
    const { got, tookMs } = await ask('/slow-new/d')
    expect(got).toBe(LONG ? 'old 200' : 'new 200')
    expect(tookMs).toBeLessThan(LONG ? SLOW_MS : 30_000)
  })
})
