/** Origins that say nothing. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Origin, startOrigin } from '../harness/origin.ts'
import { type Gate, startGate } from '../harness/running-gate.ts'

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
