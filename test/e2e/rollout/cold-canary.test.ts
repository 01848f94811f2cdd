/** A canary whose machines are cold: slower than control for two minutes, then as fast. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { documentOfFlags, staged } from '../harness/documents.ts'
import { eventually } from '../harness/eventually.ts'
import { type Load, startLoad, visitorHeaders } from '../harness/load.ts'
import { LONG } from '../harness/long.ts'
import { type Origin, sayName, startOrigin } from '../harness/origin.ts'
import { type Gate, startGate } from '../harness/running-gate.ts'

const COLD_MS = 120_000
const USUAL_MS = 60

let origins: { old: Origin; new: Origin }
let gate: Gate
let load: Load

/** Long enough that 30 % more is more than the machine's own noise. */
const after = (delayMs: () => number, name: string) => {
  const say = sayName(name)
  return async (...call: Parameters<typeof say>) => {
    await new Promise((done) => setTimeout(done, delayMs() * (0.8 + 0.4 * Math.random())))
    await say(...call)
  }
}

describe.runIf(LONG)('a canary that takes 30 % longer in its first two minutes', () => {
  beforeAll(async () => {
    const startedMs = performance.now()
    const isCold = () => performance.now() - startedMs < COLD_MS
    origins = {
      old: await startOrigin(
        'old',
        after(() => USUAL_MS, 'old'),
      ),
      new: await startOrigin(
        'new',
        after(() => (isCold() ? 1.3 : 1) * USUAL_MS, 'new'),
      ),
    }
    gate = await startGate({
      document: documentOfFlags(
        { old: origins.old.url, new: origins.new.url },
        {
          cold: staged([{ percentage: 50, bake: '30s' }, { percentage: 100 }], {
            guard: { errors: {}, latency: {} },
          }),
        },
      ),
    })
    load = startLoad({
      url: gate.url,
      requestsPerSecond: 100,
      concurrency: 24,
      request: (n) => ({ path: '/cold', headers: visitorHeaders(n % 2_000) }),
    })
  }, 60_000)
  afterAll(async () => {
    await load?.stop()
    await Promise.all([gate?.close(), origins?.old.close(), origins?.new.close()])
  })

  it('is not closed, and climbs', async () => {
    await eventually(
      'the second stage',
      async () => {
        const { state, percentage, verdict } = await gate.flag('cold')
        expect([state, verdict?.action ?? 'none']).toEqual(['open', 'none'])
        return (percentage ?? 0) > 50
      },
      { deadlineMs: 480_000, everyMs: 1_000 },
    )
  }, 600_000)
})
