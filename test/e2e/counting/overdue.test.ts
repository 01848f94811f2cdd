/** A canary that hangs, long before its time is up: what no one has an answer to is counted, and closes it. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { eventually } from '../harness/eventually.ts'
import { type Origin, startOrigin } from '../harness/origin.ts'
import { type Gate, startGate } from '../harness/running-gate.ts'

const DEADLINE_MS = 400
/** Longer than the test lasts. */
const TIMEOUT_MS = 300_000
const FLAGS = ['hanging', 'slow-end', 'impatient'] as const
type Flag = (typeof FLAGS)[number]

let hangs = false
let release: (() => void)[] = []
let old: Origin
/** One for each flag, so that how one of them fails says nothing of the others. */
let news: readonly Origin[]
let gate: Gate

beforeAll(async () => {
  old = await startOrigin('old')
  news = await Promise.all(
    FLAGS.map((flag) =>
      startOrigin(`new-${flag}`, (_, response) => {
        if (hangs) release.push(() => response.writeHead(500).end('late'))
        else response.end('new')
      }),
    ),
  )
  gate = await startGate({
    document: {
      origins: {
        old: { url: old.url },
        ...Object.fromEntries(
          FLAGS.map((flag, at) => [`new-${flag}`, { url: news[at]?.url, timeoutMs: TIMEOUT_MS }]),
        ),
      },
      context: { targetingKey: [{ header: 'x-user-id' }] },
      routes: [
        ...FLAGS.map((flag) => ({
          path: `/${flag}`,
          flag,
          origins: { on: `new-${flag}`, off: 'old' },
          // Otherwise the old origin would answer as well, half a minute later.
          ...(flag !== 'slow-end' && { rescue: false }),
        })),
        { path: '/*', origin: 'old' },
      ],
      flags: Object.fromEntries(
        FLAGS.map((flag) => [
          flag,
          {
            variants: { on: true, off: false },
            off: 'off',
            rules: [{ percentage: 50, serve: 'on' }],
            // A busy machine is slow at first, which is not what this is about.
            guard: { latency: { deadlineMs: DEADLINE_MS, warmUp: '0s' } },
          },
        ]),
      ),
    },
  })
})
afterAll(() => Promise.all([gate?.close(), old?.close(), ...(news ?? []).map((each) => each.close())]))

/** The origin that answered; undefined where the visitor gave up. */
function visit(flag: Flag, visitor: number, patienceMs = TIMEOUT_MS): Promise<string | undefined> {
  const headers = { 'x-user-id': `visitor ${visitor}` }
  return fetch(`${gate.url}/${flag}`, { headers, signal: AbortSignal.timeout(patienceMs) })
    .then(async (response) => {
      await response.text()
      return response.headers.get('sluice-origin') ?? undefined
    })
    .catch(() => undefined)
}

/** A visitor whom the new origin answers, and one whom the old one does. */
async function visitorsOf(flag: Flag): Promise<{ canary: number; control: number }> {
  const found: { canary?: number; control?: number } = {}
  for (let visitor = 0; ; visitor++) {
    found[(await visit(flag, visitor)) === `new-${flag}` ? 'canary' : 'control'] = visitor
    const { canary, control } = found
    if (canary !== undefined && control !== undefined) return { canary, control }
  }
}

/** What has been counted of the canary, once nothing more comes. */
async function settledCanary(flag: Flag) {
  let last = -1
  return await eventually(`counts of ${flag} stand still`, async () => {
    await new Promise((resolve) => setTimeout(resolve, 2_500))
    const canary = (await gate.flag(flag)).arms.canary
    const isStill = canary.requests > 0 && canary.requests === last
    last = canary.requests
    return isStill && canary
  })
}

function answerAll(): void {
  hangs = false
  for (const answer of release) answer()
  release = []
}

it('is closed for being slow, although not one request has ended', async () => {
  for (let from = 0; from < 600; from += 20) {
    await Promise.all(Array.from({ length: 20 }, (_, n) => visit('hanging', from + n)))
  }
  hangs = true
  let visitor = 0
  const flag = await eventually('the flag is rolled back', async () => {
    for (let n = 0; n < 8; n++) void visit('hanging', visitor++)
    const seen = await gate.flag('hanging')
    return seen.state === 'rolled-back' && seen
  })
  expect(flag.arms.canary.errors).toBe(0)
  answerAll()
})

it('counts a request once, whenever its answer comes', async () => {
  const { canary, control } = await visitorsOf('slow-end')
  const before = await settledCanary('slow-end')
  hangs = true
  const late = visit('slow-end', canary)
  await eventually('the late request is counted', async () => {
    // Anyone who comes next sees to it.
    await visit('slow-end', control)
    return (await gate.flag('slow-end')).arms.canary.requests === before.requests + 1
  })
  answerAll()
  // The fallback answers for it, and the canary is charged.
  expect(await late).toBe('old')
  await eventually(
    'the canary is charged',
    async () => (await gate.flag('slow-end')).arms.canary.errors === 1,
  )
  expect(await settledCanary('slow-end')).toMatchObject({
    requests: before.requests + 1,
    errors: 1,
    rescued: 1,
  })
})

it('also counts one whose visitor has given up without the runtime telling', async () => {
  const { canary, control } = await visitorsOf('impatient')
  const before = await settledCanary('impatient')
  hangs = true
  expect(await visit('impatient', canary, DEADLINE_MS * 2)).toBeUndefined()
  await visit('impatient', control)
  expect(await settledCanary('impatient')).toMatchObject({ requests: before.requests + 1, errors: 0 })
  answerAll()
})
