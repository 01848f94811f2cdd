/** What the guard closes, and what it does not: many rollouts on one gate, at different stages, at the same time. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { FlagStatusView } from '../../../src/contract/responses.ts'
import { seeded } from '../../../test-kit/simulation/random.ts'
import { SEED } from '../../support/seed.ts'
import { documentOfFlags, type FlagParts, staged } from '../harness/documents.ts'
import { eventually } from '../harness/eventually.ts'
import { failuresOf, startLoad, visitorHeaders } from '../harness/load.ts'
import { LONG } from '../harness/long.ts'
import { type Answer, failsEvenly, type Origin, startOrigin } from '../harness/origin.ts'
import { type Gate, startGate } from '../harness/running-gate.ts'

const stay = (percentage: number) => ({ percentage, advance: 'manual' })
const at = (percentage: number, parts: FlagParts = { guard: {} }) =>
  staged([stay(percentage), { percentage: 100 }], parts)
const LIMITED = { guard: { advance: 'time', ceilings: { errorRate: 0.01, minRequests: 20 } } }

/** A flag for each thing that can happen; the path of the same name is decided by it. */
const FAILING = {
  quarter: at(25),
  paused: at(50),
  // Done with baking, so that it is approval that it waits for.
  waiting: staged([{ percentage: 25, bake: '0s', approval: true }, { percentage: 100 }], LIMITED),
  // Without a holdback there is no control, and the limit alone judges.
  full: staged([stay(100)], { ...LIMITED, rollout: { holdbackPercent: 0 } }),
  ...(LONG && {
    early: at(5),
    half: at(50),
    holdback: staged([stay(100)], { guard: {}, rollout: { holdbackPercent: 10 } }),
  }),
}
const UNHARMED = {
  outage: at(50),
  lonely: at(50, { guard: { errors: {}, latency: {}, ceilings: { errorRate: 0.2 } } }),
  ...(LONG && { 'slow-for-all': at(50) }),
}
/** Its machines have been warm for long. */
const WARM = { errors: {}, latency: { warmUp: '0s' } }
const FLAGS = { ...FAILING, slower: at(25, { guard: WARM }), ...UNHARMED }
type Flag = string
const KEYS = Object.keys(FLAGS)
const CLOSED = [...Object.keys(FAILING), 'slower']
const RETRIES = 1_000
/** So many that most are new to the guard: whom it has judged lately counts less. */
const MOST_VISITORS = 100_000
const random = seeded('closing', SEED)
/** Enough for a busy machine's own delays to be small beside it. */
const CALM_MS = 160
/** The guard asks for about 8 failures of as many visitors; how soon they come is a matter of traffic. */
const MOST_FAILURES_BEFORE_CLOSED = LONG ? 200 : 60
const PATIENCE_MS = LONG ? 900_000 : 300_000
const TEST_TIMEOUT_MS = PATIENCE_MS + 40_000

/** How an arm fares: share of failures, and how long an answer takes. */
type Fate = { errorRate?: number; delayMs?: number }
const fates: Record<'old' | 'new', Partial<Record<Flag, Fate>>> = {
  old: { slower: { delayMs: CALM_MS }, 'slow-for-all': { delayMs: CALM_MS } },
  new: { slower: { delayMs: CALM_MS }, 'slow-for-all': { delayMs: CALM_MS } },
}
/** The one visitor whose page always fails, as soon as there is one. */
let unlucky = ''

let origins: { old: Origin; new: Origin }
let gate: Gate

beforeAll(async () => {
  origins = {
    old: await startOrigin('old', byFate('old')),
    new: await startOrigin('new', byFate('new')),
  }
  gate = await startGate({ document: documentOfFlags({ old: origins.old.url, new: origins.new.url }, FLAGS) })
})
afterAll(async () => {
  await Promise.all([gate?.close(), origins.old.close(), origins.new.close()])
})

function byFate(arm: 'old' | 'new'): Answer {
  const failsNext = new Map(KEYS.map((key) => [key, failsEvenly(() => fates[arm][key]?.errorRate ?? 0)]))
  return async (request, response) => {
    const flag = request.url?.slice(1) ?? ''
    const { delayMs = 0 } = fates[arm][flag] ?? {}
    if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs))
    const fails = failsNext.get(flag)?.() || request.headers['x-user-id'] === unlucky
    response.writeHead(fails ? 500 : 200, { 'content-type': 'text/plain' }).end(arm)
  }
}

/** Leads visitors to flags until each of them is so; those that are so already get fewer. Gives every answer. */
async function visitUntil(what: string, flags: readonly Flag[], isSo: (flag: FlagStatusView) => boolean) {
  let waiting = [...flags]
  const visited = (n: number) => {
    const among = n % 3 === 0 || waiting.length === 0 ? KEYS : waiting
    return `/${among[Math.floor(n / 3) % among.length]}`
  }
  const load = startLoad({
    url: gate.url,
    // More would keep the machine so busy that nothing is slower than its own delays.
    requestsPerSecond: 250,
    concurrency: 24,
    request: (n) => ({ path: visited(n), headers: visitorHeaders(random.below(MOST_VISITORS)) }),
  })
  try {
    const look = async () => {
      const status = await gate.status()
      waiting = flags.filter((key) => {
        const flag = status.flags[key]
        return flag === undefined || !isSo(flag)
      })
      if (waiting.length > 0) throw new Error(`not ${waiting.join(', ')}`)
      return true
    }
    await eventually(what, look, { deadlineMs: PATIENCE_MS, everyMs: 500 })
  } finally {
    await load.stop()
  }
  return load.shots
}

const stateOf = async (flag: Flag) => (await gate.flag(flag)).state
const canaryRequests = (flag: FlagStatusView) => flag.verdict?.evidence.canaryRequests ?? 0
async function rollbacksOf(flag: Flag) {
  return (await gate.audit(flag)).filter(({ action }) => action === 'rollback')
}

// One story: each test goes on where the one before ended.
describe('many rollouts at once', { shuffle: false }, () => {
  it(
    'rollouts whose canary is as good as control stay open, each where it is',
    async () => {
      await gate.admin.command('paused', 'pause', { reason: 'someone wants to look' })
      const shots = await visitUntil('every canary has been seen', KEYS, (flag) => canaryRequests(flag) >= 30)
      for (const key of KEYS) expect([key, await stateOf(key)]).toEqual([key, 'open'])
      expect((await gate.flag('paused')).waitingFor).toMatch(/^paused/)
      expect((await gate.flag('waiting')).waitingFor).toMatch(/waits for approval$/)
      expect(failuresOf(shots)).toEqual([])
    },
    TEST_TIMEOUT_MS,
  )

  it(
    'one visitor who retries a page 1,000 times, which fails for no one else, closes nothing',
    async () => {
      const visit = (id: string) => gate.get('/lonely', { ...visitorHeaders(0), 'x-user-id': id })
      for (let n = 0; unlucky === ''; n++) {
        const { origin } = await visit(`candidate-${n}`)
        if (origin === 'new') unlucky = `candidate-${n}`
      }
      let left = RETRIES
      const retry = async () => {
        while (left-- > 0) await visit(unlucky)
      }
      await Promise.all(Array.from({ length: 8 }, retry))
      const { canary } = await eventually('all of it is counted', async () => {
        const { arms } = await gate.flag('lonely')
        return arms.canary.errors >= RETRIES && arms
      })
      expect(canary).toMatchObject({ errors: RETRIES, erroredBuckets: 1 })
      expect(await stateOf('lonely')).toBe('open')
    },
    TEST_TIMEOUT_MS,
  )

  describe('when some fail, some are slow, and some share an outage with control', () => {
    it(
      'each rollout whose canary fails 5 %, or takes twice as long, is closed at whatever stage it is',
      async () => {
        for (const flag of Object.keys(FAILING)) fates.new[flag] = { errorRate: 0.05 }
        fates.new.slower = { delayMs: 2 * CALM_MS }
        for (const arm of [fates.old, fates.new]) {
          arm.outage = { errorRate: 0.2 }
          arm['slow-for-all'] = { delayMs: 2 * CALM_MS }
        }
        await visitUntil('all of them are closed', CLOSED, ({ state }) => state === 'rolled-back')
      },
      TEST_TIMEOUT_MS,
    )

    it.each(Object.keys(FAILING))('%s was closed by the guard, after a few failures', async (flag) => {
      const rollbacks = await rollbacksOf(flag)
      expect(rollbacks).toHaveLength(1)
      expect(rollbacks[0]).toMatchObject({
        actor: 'guard',
        reason: expect.stringMatching(/canary fails .* %|failed twice|above the ceiling/),
      })
      const { canaryErrors = 0 } = (rollbacks[0]?.evidence ?? {}) as { canaryErrors?: number }
      expect(canaryErrors).toBeGreaterThanOrEqual(3)
      expect(canaryErrors).toBeLessThan(MOST_FAILURES_BEFORE_CLOSED)
    })

    it('slower was closed for being slower', async () => {
      expect(await rollbacksOf('slower')).toMatchObject([
        { actor: 'guard', reason: expect.stringMatching(/slower than control/) },
      ])
    })

    it(
      'no one is led to a closed version any more, and nothing else is closed',
      async () => {
        const enough = ({ verdict }: FlagStatusView) =>
          Math.min(verdict?.evidence.canaryErrors ?? 0, verdict?.evidence.controlErrors ?? 0) >= 10
        for (const flag of CLOSED) {
          await eventually(`the gate knows that ${flag} is closed`, async () => {
            const { reason } = await gate.get(`/${flag}`, visitorHeaders(0))
            return reason === 'rolled_back'
          })
        }
        const shots = await visitUntil('both arms have failed', ['outage'], enough)
        const onClosed = shots.filter(({ path }) => CLOSED.includes(path.slice(1)))
        expect(onClosed.filter(({ origin }) => origin !== 'old')).toEqual([])
        for (const flag of Object.keys(UNHARMED)) expect([flag, await stateOf(flag)]).toEqual([flag, 'open'])
      },
      TEST_TIMEOUT_MS,
    )
  })
})
