/** kill -9 of workerd in the middle of a rollout: what the guard knows, and what was decided, is kept. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { documentOfFlags, staged } from '../harness/documents.ts'
import { eventually } from '../harness/eventually.ts'
import { startLoad, visitorHeaders } from '../harness/load.ts'
import { LONG } from '../harness/long.ts'
import { failsEvenly, type Origin, startOrigin } from '../harness/origin.ts'
import { type Gate, startGate } from '../harness/running-gate.ts'

const FLAG = 'rollout'
/** Each is one more chance to die at a bad moment. */
const ATTEMPTS = LONG ? 10 : 1
const STAGES = [
  { percentage: 20, advance: 'manual' },
  { percentage: 50, advance: 'manual' },
]
/** Both arms fail now and then, so that the evidence moves. */
const COMMON_ERROR_RATE = 0.1
let newErrorRate = COMMON_ERROR_RATE

let origins: { old: Origin; new: Origin }
let gate: Gate

beforeAll(async () => {
  const failing = (name: string, rate: () => number) => {
    const fails = failsEvenly(rate)
    return startOrigin(name, (_, response) => void response.writeHead(fails() ? 500 : 200).end(name))
  }
  origins = {
    old: await failing('old', () => COMMON_ERROR_RATE),
    new: await failing('new', () => newErrorRate),
  }
  gate = await startGate({
    document: documentOfFlags(
      { old: origins.old.url, new: origins.new.url },
      { [FLAG]: staged(STAGES, { guard: { errors: {} } }) },
    ),
  })
})
afterAll(async () => {
  await Promise.all([gate?.close(), origins.old.close(), origins.new.close()])
})

/** Visitors come until something is so. */
async function visitUntil<T>(what: string, look: () => T | Promise<T>, everyMs = 200) {
  const load = startLoad({
    url: gate.url,
    requestsPerSecond: 300,
    request: (n) => ({ path: `/${FLAG}`, headers: visitorHeaders(n % 1_000) }),
  })
  try {
    return await eventually(what, look, { deadlineMs: 100_000, everyMs })
  } finally {
    await load.stop()
  }
}

async function evidence() {
  const { verdict } = await gate.flag(FLAG)
  return verdict?.evidence as { wealth: number; canaryRequests: number; canaryErrors: number } | undefined
}

/** What the guard has, when everything that was under way has arrived. */
async function settledEvidence() {
  let last = ''
  return await eventually(
    'the evidence stands still',
    async () => {
      const now = await evidence()
      const isStill = JSON.stringify(now?.canaryRequests) === last
      last = JSON.stringify(now?.canaryRequests)
      return isStill && now
    },
    { everyMs: 2_500 },
  )
}

// One story: each test goes on where the one before has left the gate.
describe('a crash', { shuffle: false }, () => {
  it('in the middle of a stage: evidence, stage and generation go on where they were', async () => {
    await gate.admin.command(FLAG, 'advance', { reason: 'to be somewhere else than at the beginning' })
    await visitUntil('there is evidence', async () => {
      const now = await evidence()
      return now !== undefined && now.canaryErrors >= 20 && now.wealth < 0.9
    })
    const before = await settledEvidence()
    await gate.crash()
    const first = await visitUntil('the guard looks again', evidence)
    expect(first.canaryRequests).toBeGreaterThanOrEqual(before.canaryRequests)
    // Nothing is counted a second time either.
    expect(first.canaryRequests).toBeLessThanOrEqual(origins.new.requests.length)
    // Evidence starts at 1. A few seconds of further visitors move it a little.
    expect(first.wealth).toBeLessThan(0.95)
    expect(await gate.flag(FLAG)).toMatchObject({ state: 'open', generation: 1, stage: 1, percentage: 50 })
  }, 240_000)

  it(
    'in the moment of a rollback: it never un-happens',
    async () => {
      for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
        newErrorRate = 0.7
        await visitUntil('it is rolled back', async () => (await gate.flag(FLAG)).state === 'rolled-back', 20)
        await gate.crash()
        newErrorRate = COMMON_ERROR_RATE
        // An isolate that starts reads KV; should KV not have heard of it yet, the first flush brings it.
        await eventually('isolates know of it', async () => {
          return (await gate.get(`/${FLAG}`, visitorHeaders(1))).reason === 'rolled_back'
        })
        const load = startLoad({
          url: gate.url,
          request: (n) => ({ path: `/${FLAG}`, headers: visitorHeaders(n) }),
        })
        await eventually('300 visitors have come', () => load.shots.length >= 300)
        expect((await load.stop()).filter(({ origin }) => origin === 'new')).toEqual([])
        expect(await gate.flag(FLAG)).toMatchObject({ state: 'rolled-back', generation: attempt })
        const rollbacks = (await gate.audit(FLAG)).filter(({ action }) => action === 'rollback')
        expect(rollbacks).toHaveLength(attempt)
        expect(rollbacks[0]).toMatchObject({
          actor: 'guard',
          reason: expect.stringMatching(/\bfail(?:s|ed)\b/),
        })
        await gate.admin.command(FLAG, 'resume', { reason: 'once more' })
      }
    },
    LONG ? 1_000_000 : 240_000,
  )
})
