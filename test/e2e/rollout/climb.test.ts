/** A rollout that climbs by itself while its canary is well, and stands still while no one comes. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { documentOfFlags, staged } from '../harness/documents.ts'
import { eventually } from '../harness/eventually.ts'
import { failuresOf, type Load, type Shot, startLoad, visitorHeaders } from '../harness/load.ts'
import { LONG } from '../harness/long.ts'
import { type Origin, startOrigin } from '../harness/origin.ts'
import { type Gate, startGate } from '../harness/running-gate.ts'

const VISITORS = 2_000
const ladder = (bake: string) => [1, 5, 25, 50, 100].map((percentage) => ({ percentage, bake }))
/** Judged by an absolute limit alone, a stage is done when it has baked and someone was there. */
const LIMIT_ONLY = { ceilings: { errorRate: 0.5 }, advance: 'time' }

let origins: { old: Origin; new: Origin }
let gate: Gate
let load: Load | undefined

beforeAll(async () => {
  origins = { old: await startOrigin('old'), new: await startOrigin('new') }
  gate = await startGate({
    document: documentOfFlags(
      { old: origins.old.url, new: origins.new.url },
      {
        climbing: staged(ladder('2s'), { guard: LIMIT_ONLY }),
        compared: staged(ladder('5s'), { guard: { errors: {}, latency: { warmUp: '5s' } } }),
        unvisited: staged(ladder('0s'), { guard: {} }),
        'unvisited-limit': staged(ladder('0s'), { guard: LIMIT_ONLY }),
      },
    ),
  })
})
afterAll(async () => {
  await load?.stop()
  await Promise.all([gate?.close(), origins.old.close(), origins.new.close()])
})

/** Visitors come one after the other, again and again, to the page of one flag. */
function visit(flag: string, requestsPerSecond: number): Load {
  return startLoad({
    url: gate.url,
    requestsPerSecond,
    concurrency: 16,
    request: (n) => ({ path: `/${flag}`, headers: visitorHeaders(n % VISITORS) }),
  })
}

/** Visitors who saw the new version and later, in a request sent after that, the old one. */
function whoLeft(shots: readonly Shot[]): number[] {
  const firstNewMs = new Map<number, number>()
  for (const { n, origin, doneMs } of shots) {
    if (origin === 'new')
      firstNewMs.set(n % VISITORS, Math.min(doneMs, firstNewMs.get(n % VISITORS) ?? doneMs))
  }
  const left = shots.filter(
    ({ n, origin, sentMs }) => origin === 'old' && sentMs > (firstNewMs.get(n % VISITORS) ?? Infinity),
  )
  return left.map(({ n }) => n % VISITORS)
}

/** The steps that the audit log has of a flag, oldest first. */
async function stepsOf(flag: string) {
  const records = await gate.audit(flag)
  return records
    .filter(({ action }) => action === 'advance' || action === 'finish' || action === 'rollback')
    .sort((a, b) => a.id - b.id)
    .map(({ action, actor, after }) => ({ action, actor, stage: (after as { stage: number }).stage }))
}

const CLIMBED = [
  ...[1, 2, 3, 4].map((stage) => ({ action: 'advance', actor: 'rollout', stage })),
  { action: 'finish', actor: 'rollout', stage: 4 },
]

async function climbs(flag: string, requestsPerSecond: number, deadlineMs: number): Promise<void> {
  load = visit(flag, requestsPerSecond)
  const isFinished = async () => {
    const { finished, percentage, waitingFor } = await gate.flag(flag)
    if (!finished) throw new Error(`${percentage} %: ${waitingFor}`)
    return true
  }
  await eventually(`${flag} is finished`, isFinished, { deadlineMs, everyMs: 500 })
  await eventually('everybody sees the new version', () =>
    load?.shots.slice(-50).every((shot) => shot.origin === 'new'),
  )
  const shots = await load.stop()
  expect(await stepsOf(flag)).toEqual(CLIMBED)
  expect(failuresOf(shots)).toEqual([])
  expect(whoLeft(shots)).toEqual([])
  expect(await gate.flag(flag)).toMatchObject({ state: 'open', generation: 1, percentage: 100 })
}

describe('a healthy canary', () => {
  it('climbs 1 → 5 → 25 → 50 → 100 % by itself; no one is led back, and no request fails', async () => {
    await climbs('climbing', 200, 180_000)
    const records = await gate.audit('climbing')
    const firstStep = records.filter(({ action }) => action === 'advance').at(-1)
    expect(firstStep?.reason).toMatch(
      /^1 % is done, on to 5 %: the bake time is over; it climbs by time: what is checked holds/,
    )
  })

  it.runIf(LONG)(
    'that is compared with control climbs as well, once it is shown to be not worse',
    () => climbs('compared', 2_000, 1_500_000),
    1_600_000,
  )
})

describe('without traffic', () => {
  it.each(['unvisited', 'unvisited-limit'])('%s stays where it is, and says so', async (flag) => {
    const status = await eventually('the guard has looked', async () => {
      const looked = await gate.flag(flag)
      return looked.verdict !== null && looked
    })
    expect(status).toMatchObject({
      state: 'open',
      stage: 0,
      percentage: 1,
      verdict: { kind: 'no-data', mayAdvance: false, action: 'none' },
      waitingFor: 'no canary requests to judge',
    })
    expect(await stepsOf(flag)).toEqual([])
  })
})
