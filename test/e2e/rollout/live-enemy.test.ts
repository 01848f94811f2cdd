/**
 * One network with 50 requests a second of its choice, against a site with 20 a second and a canary of 5 %: five minutes in
 * the long form. It closes no healthy canary, freezes none, and neither hides nor promotes one that fails a tenth.
 */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { staticContext } from '../../../src/core/context/attributes.ts'
import { compileSalt, isInsideShare, positionOf } from '../../../src/core/flags/position.ts'
import { LONG } from '../harness/long.ts'
import { failsEvenly, type Origin, startOrigin } from '../harness/origin.ts'
import { raw } from '../harness/raw.ts'
import { type Gate, SIGNING_KEY, startGate } from '../harness/running-gate.ts'

const PERCENTAGE = 5
const LASTS_MS = LONG ? 300_000 : 15_000
const VISITS_PER_SECOND = 20
const SHOTS_PER_SECOND = 50
const ENEMY = '203.0.113.66'

/** `steady` and `climber` are healthy; the two others fail a tenth of the canary's requests. */
const STAGES = {
  steady: [{ percentage: PERCENTAGE, bake: '1d' }, { percentage: 100 }],
  bad: [{ percentage: PERCENTAGE, bake: '30s' }, { percentage: 50 }],
  'bad-alone': [{ percentage: PERCENTAGE, bake: '30s' }, { percentage: 50 }],
}
type Flag = keyof typeof STAGES
const FLAGS = Object.keys(STAGES) as Flag[]

let old: Origin
let fresh: Origin
let gate: Gate

beforeAll(async () => {
  const failing = { bad: failsEvenly(() => 0.1), 'bad-alone': failsEvenly(() => 0.1) }
  const now = { old: failsEvenly(() => 0.005), new: failsEvenly(() => 0.005) }
  const origin = (name: 'old' | 'new') =>
    startOrigin(name, ({ url = '' }, response) => {
      const [, flag, page] = url.split('/')
      const isBad =
        name === 'new' && (flag === 'bad' || flag === 'bad-alone') && page === 'page' && failing[flag]()
      const isBroken = page === 'both-fail' || (page === 'canary-fails' && name === 'new') || isBad
      response.writeHead(isBroken || (page === 'page' && now[name]()) ? 500 : 200).end('x')
    })
  ;[old, fresh] = await Promise.all([origin('old'), origin('new')])
  for (const { server } of [old, fresh]) server.on('upgrade', (_, socket) => socket.destroy())
  gate = await startGate({
    environment: 'production',
    signingKey: SIGNING_KEY,
    document: {
      origins: { old: { url: old.url }, new: { url: fresh.url } },
      context: { targetingKey: [{ header: 'x-user-id' }], trustedProxies: 1 },
      routes: [
        ...FLAGS.map((flag) => ({ path: `/${flag}/*`, flag, origins: { on: 'new', off: 'old' } })),
        { path: '/*', origin: 'old' },
      ],
      flags: Object.fromEntries(
        FLAGS.map((flag) => [
          flag,
          {
            variants: { on: true, off: false },
            off: 'off',
            rules: [{ serve: 'on', stages: STAGES[flag] }],
            // The machine of a test may be slow for a moment.
            guard: { errors: {}, ceilings: { errorRate: 0.15 }, latency: false },
          },
        ]),
      ),
    },
  })
})
afterAll(() => Promise.all([gate?.close(), old?.close(), fresh?.close()]))

/** As many ids of one arm as are asked for, computed as anyone can. */
function idsOf(flag: Flag, arm: 'canary' | 'control') {
  let tried = 0
  return () => {
    for (;;) {
      const id = `enemy-${tried++}`
      const position = positionOf(compileSalt(flag), staticContext(id, {})) ?? 0
      if (isInsideShare(position, PERCENTAGE * 1_000) === (arm === 'canary')) return id
    }
  }
}

type Shot = { path: string; id: string; method?: string; body?: string; upgrade?: true }

/** What the enemy sends, one kind after the other. Against `steady` all that may close it, against `bad` all that may hide it. */
function shots(): () => [Flag, Shot] {
  const canary = { steady: idsOf('steady', 'canary'), bad: idsOf('bad', 'canary') }
  const control = { steady: idsOf('steady', 'control'), bad: idsOf('bad', 'control') }
  const report = (flag: Flag, more: object) => JSON.stringify({ reports: [{ flag, ...more }] })
  const kinds: (() => [Flag, Shot])[] = [
    () => ['steady', { path: '/steady/canary-fails', id: canary.steady() }],
    () => ['steady', { path: '/steady/both-fail', id: canary.steady() }],
    () => ['steady', { path: '/steady/canary-fails', id: canary.steady(), method: 'HEAD' }],
    () => ['steady', { path: '/steady/canary-fails', id: canary.steady(), method: 'POST', body: 'x' }],
    () => ['steady', { path: '/steady/socket', id: canary.steady(), upgrade: true }],
    () => ['steady', { path: '/steady/fine', id: control.steady() }],
    () => [
      'steady',
      {
        path: '/__sluice/events',
        id: canary.steady(),
        method: 'POST',
        body: report('steady', { type: 'error' }),
      },
    ],
    () => [
      'steady',
      {
        path: '/__sluice/events',
        id: canary.steady(),
        method: 'POST',
        body: report('steady', { type: 'timing', durationMs: 60_000 }),
      },
    ],
    () => ['bad', { path: '/bad/fine', id: canary.bad() }],
    () => ['bad', { path: '/bad/both-fail', id: control.bad() }],
    () => ['bad', { path: '/bad/fine', id: control.bad() }],
    () => ['bad', { path: '/bad/socket', id: control.bad(), upgrade: true }],
  ]
  let next = 0
  return () => (kinds[next++ % kinds.length] as () => [Flag, Shot])()
}

async function send({ path, id, method = 'GET', body, upgrade }: Shot, ip: string): Promise<unknown> {
  const headers = { 'x-forwarded-for': ip, 'x-user-id': id }
  if (upgrade) {
    const asked = { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13' }
    const key = { 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==' }
    return await raw(gate.url + path, { headers: { ...headers, ...asked, ...key } })
  }
  const response = await fetch(gate.url + path, { method, headers, ...(body !== undefined && { body }) })
  return await response.arrayBuffer()
}

let visits = 0
/** A visitor of one of some two thousand networks asks for a page. */
const visit = (flag: Flag) => {
  const n = visits++
  return send(
    { path: `/${flag}/page`, id: `visitor ${n}` },
    `198.${18 + (n % 2)}.${(n * 7) % 250}.${n % 250}`,
  )
}

/** A gate on a busy machine that answers late gets no more at once: what piles up would end the process, not the canary. */
const MOST_OPEN = 40

/** So many a second until told to stop, as far as they are answered; returns how many were sent a second. */
function keepSending(perSecond: number, work: () => Promise<unknown>): () => number {
  const startedMs = Date.now()
  let due = 0
  let sent = 0
  let open = 0
  const timer = setInterval(() => {
    for (due += perSecond / 20; due >= 1 && open < MOST_OPEN; due--) {
      sent++
      open++
      const ended = () => void open--
      work().then(ended, ended)
    }
    due = Math.min(due, perSecond)
  }, 50)
  return () => {
    clearInterval(timer)
    return Math.round((sent * 1_000) / (Date.now() - startedMs))
  }
}

it('decides nothing', { timeout: LASTS_MS + 240_000 }, async () => {
  const nextShot = shots()
  const stops = [
    ...FLAGS.map((flag) => keepSending(VISITS_PER_SECOND, () => visit(flag))),
    keepSending(SHOTS_PER_SECOND, () => {
      const [, shot] = nextShot()
      return send(shot, ENEMY)
    }),
  ]
  const foundMs: Partial<Record<Flag, number>> = {}
  const startedMs = Date.now()
  while (Date.now() - startedMs < LASTS_MS) {
    await new Promise((resolve) => setTimeout(resolve, 500))
    const { flags } = await gate.status().catch(() => ({ flags: undefined }))
    if (flags === undefined) continue
    for (const flag of ['bad', 'bad-alone'] as const) {
      const view = flags[flag]
      expect([flag, view?.stage ?? 0], view?.verdict?.sentence).toEqual([flag, 0])
      if (view?.state === 'rolled-back') foundMs[flag] ??= Date.now() - startedMs
    }
    const { steady } = flags
    expect([steady?.state, steady?.frozen], steady?.verdict?.sentence).toEqual(['open', null])
  }
  const perSecond = stops.map((stop) => stop())
  const { flags } = await gate.status()
  console.log(
    JSON.stringify({
      perSecond,
      foundMs,
      steady: flags.steady?.arms,
      sentence: flags.steady?.verdict?.sentence,
    }),
  )
  // The enemy was there, and so were the visitors.
  expect(flags.steady?.arms.canary.pairing.shared).toBeGreaterThan(0)
  expect(flags.steady?.arms.canary.errors).toBeGreaterThan(0)
  if (!LONG) return
  const { bad, 'bad-alone': alone } = foundMs
  expect(alone, 'a bad canary that no one hides').toBeLessThan(LASTS_MS)
  expect(bad, 'one that is hidden').toBeLessThan(2 * (alone ?? 0) + 30_000)
})
