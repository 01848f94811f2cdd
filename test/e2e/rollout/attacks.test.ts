/**
 * One network against the guard, in production: ids of its choice, requests of its choice, as many as it likes. It closes
 * no healthy canary, and hides no bad one. Each attack has its own flag; all share two origins and a gate.
 */
import { connect } from 'node:net'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { staticContext } from '../../../src/core/context/attributes.ts'
import { compileSalt, isInsideShare, positionOf } from '../../../src/core/flags/position.ts'
import { eventually } from '../harness/eventually.ts'
import { failsEvenly, type Origin, startOrigin } from '../harness/origin.ts'
import { raw } from '../harness/raw.ts'
import { type Gate, SIGNING_KEY, startGate } from '../harness/running-gate.ts'

type Arm = 'canary' | 'control'
type Attack = {
  percentage: number
  /** Whose ids the enemy takes. */
  arm: Arm
  shoot(flag: string, id: string, shot: number): Promise<unknown>
}

const IPV4 = '203.0.113.66'
/** One /48 has more addresses than anyone can count. */
const inIpv6 = (shot: number) => `2001:db8:66:${(shot % 65_536).toString(16)}::${(shot + 1).toString(16)}`
/** By a proxy of the operator's. */
const addressed = (ip: string) => ({ 'x-forwarded-for': ip })

const get =
  (method: string, ip: (shot: number) => string = () => IPV4, source = 'header') =>
  (flag: string, id: string, shot: number) =>
    raw(`${gate.url}/${flag}/both-fail`, {
      method,
      headers: {
        ...addressed(ip(shot)),
        ...(source === 'header' ? { 'x-user-id': id } : { cookie: `uid=${id}` }),
        ...(method === 'POST' && { 'content-length': '2' }),
      },
      ...(method === 'POST' && { body: 'hi' }),
    })

/** As old clients and some tools speak. */
const get10 = (flag: string, id: string) =>
  new Promise<void>((resolve) => {
    const { hostname, port } = new URL(gate.url)
    const socket = connect(Number(port), hostname)
    const headers = Object.entries({
      ...addressed(IPV4),
      cookie: `uid=${id}`,
      host: 'gate.test',
      connection: 'close',
    })
    const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')
    socket.write(`GET /${flag}/both-fail HTTP/1.0\r\n${lines}\r\n`)
    socket.on('close', () => resolve())
    socket.on('error', () => socket.destroy())
    socket.resume()
  })

const upgrade = (flag: string, id: string) =>
  raw(`${gate.url}/${flag}/socket`, {
    method: 'GET',
    headers: {
      ...addressed(IPV4),
      'x-user-id': id,
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
    },
  })

/** A body without a length, a byte now and then. */
const drip = (flag: string, id: string) =>
  new Promise<void>((resolve) => {
    const { hostname, port } = new URL(gate.url)
    const socket = connect(Number(port), hostname)
    const headers = Object.entries({ ...addressed(IPV4), 'x-user-id': id, host: 'gate.test' })
    socket.write(
      `POST /${flag}/upload HTTP/1.1\r\n${headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')}`,
    )
    socket.write('transfer-encoding: chunked\r\nconnection: close\r\n\r\n')
    let bytes = 0
    const timer = setInterval(() => {
      const isOver = bytes++ >= 12
      socket.write(isOver ? '0\r\n\r\n' : '1\r\nx\r\n')
      if (isOver) clearInterval(timer)
    }, 250)
    socket.on('close', () => {
      clearInterval(timer)
      resolve()
    })
    socket.on('error', () => socket.destroy())
    socket.resume()
  })

const ATTACKS: Record<string, Attack> = {
  'get-5': { percentage: 5, arm: 'canary', shoot: get('GET') },
  'get-1': { percentage: 1, arm: 'canary', shoot: get('GET') },
  'http10-1': { percentage: 1, arm: 'canary', shoot: get10 },
  'get-50': { percentage: 50, arm: 'canary', shoot: get('GET', inIpv6, 'cookie') },
  'head-25': { percentage: 25, arm: 'canary', shoot: get('HEAD', inIpv6) },
  'post-25': { percentage: 25, arm: 'canary', shoot: get('POST') },
  'upgrade-25': { percentage: 25, arm: 'canary', shoot: upgrade },
  'drip-25': { percentage: 25, arm: 'canary', shoot: drip },
}
/** No one attacks its visitors; its origins are those that the attacks make fail. */
const BYSTANDER = 'bystander'
/** Canaries that fail a quarter of their requests: one by itself, one whose enemy makes control fail as well. */
const BAD = { alone: 50, hidden: 50 }

let old: Origin
let fresh: Origin
let gate: Gate

beforeAll(async () => {
  const fails = failsEvenly(() => 0.25)
  const answer =
    (isNew: boolean) =>
    (
      request: { url?: string | undefined },
      response: Parameters<Parameters<typeof startOrigin>[1] & object>[1],
    ) => {
      const url = request.url ?? ''
      const isBad = isNew && Object.keys(BAD).some((key) => url.startsWith(`/${key}/`)) && fails()
      response.writeHead(url.includes('both-fail') || isBad ? 500 : 200).end('x')
    }
  old = await startOrigin('old', answer(false))
  fresh = await startOrigin('new', answer(true))
  for (const { server } of [old, fresh]) server.on('upgrade', (_, socket) => socket.destroy())
  const percentages = {
    ...Object.fromEntries(Object.entries(ATTACKS).map(([flag, { percentage }]) => [flag, percentage])),
    [BYSTANDER]: 25,
    ...BAD,
  }
  gate = await startGate({
    environment: 'production',
    signingKey: SIGNING_KEY,
    document: {
      origins: { old: { url: old.url }, new: { url: fresh.url } },
      context: { targetingKey: [{ header: 'x-user-id' }, { cookie: 'uid' }], trustedProxies: 1 },
      routes: [
        ...Object.keys(percentages).map((flag) => ({
          path: `/${flag}/*`,
          flag,
          origins: { on: 'new', off: 'old' },
        })),
        { path: '/*', origin: 'old' },
      ],
      flags: Object.fromEntries(
        Object.entries(percentages).map(([flag, percentage]) => [
          flag,
          {
            variants: { on: true, off: false },
            off: 'off',
            rules: [{ serve: 'on', stages: [{ percentage, bake: '1d' }, { percentage: 100 }] }],
            guard: { errors: {}, latency: {} },
          },
        ]),
      ),
    },
  })
})
afterAll(() => Promise.all([gate?.close(), old?.close(), fresh?.close()]))

/** Ids of one arm, computed as anyone can. */
function idsOf(flag: string, percentage: number, arm: Arm, count: number): string[] {
  const ids: string[] = []
  for (let n = 0; ids.length < count; n++) {
    const id = `enemy-${n}`
    const position = positionOf(compileSalt(flag), staticContext(id, {})) ?? 0
    if (isInsideShare(position, percentage * 1_000) === (arm === 'canary')) ids.push(id)
  }
  return ids
}

/** Visitors of many networks, a request each. */
let visits = 0
const visit = (flag: string) => {
  visits++
  const ip = `198.51.${visits % 200}.${visits % 250}`
  return raw(`${gate.url}/${flag}/page`, { headers: { ...addressed(ip), 'x-user-id': `visitor ${visits}` } })
}
const ignoring = (work: Promise<unknown>) => work.catch(() => {})

/** Several of each a second until told to stop; fewer where a busy machine can't keep up, so that no queue grows. */
function keepGoing(
  everyMs: number,
  work: () => Promise<unknown>,
  atOnce = ROUNDS_AT_ONCE,
): () => Promise<void> {
  let isOver = false
  const underway = new Set<Promise<unknown>>()
  const done = (async () => {
    while (!isOver) {
      while (underway.size >= atOnce) await Promise.race(underway)
      const round: Promise<unknown> = ignoring(work()).finally(() => underway.delete(round))
      underway.add(round)
      await new Promise((resolve) => setTimeout(resolve, everyMs))
    }
  })()
  return async () => {
    isOver = true
    await done
    await Promise.all(underway)
  }
}

const ATTACK_MS = 12_000
const SHOTS_AT_ONCE = 3
const ROUNDS_AT_ONCE = 5
/** A drip takes three seconds. */
const DRIPS_AT_ONCE = 20
/** A machine that does other things as well lets few visitors through. */
const PATIENCE_MS = 240_000
/** Each is used once: what repeats counts less. */
const IDS = 1_500

it('closes no healthy canary, and hides no bad one', { timeout: PATIENCE_MS + 60_000 }, async () => {
  const healthy = [...Object.keys(ATTACKS), BYSTANDER]
  const bad = Object.keys(BAD)
  let rounds = 0
  const stopVisits = keepGoing(100, () => {
    // Most visit what is to be closed: that takes evidence.
    const flags = [...bad, ...bad, ...bad, ...(rounds++ % 2 === 0 ? healthy : [])]
    return Promise.all(flags.map((flag) => ignoring(visit(flag))))
  })
  let shot = 0
  const attacks = [
    ...Object.entries(ATTACKS),
    ['hidden', { percentage: BAD.hidden, arm: 'control', shoot: get('GET') }] as const,
  ].map(([flag, { percentage, arm, shoot }]) => {
    const ids = idsOf(flag, percentage, arm, IDS)
    const round = async () => {
      const shots = Array.from({ length: SHOTS_AT_ONCE }, () => shot++)
      await Promise.all(shots.map((each) => ignoring(shoot(flag, ids[each % ids.length] ?? '', each))))
    }
    return keepGoing(200, round, shoot === drip ? DRIPS_AT_ONCE : ROUNDS_AT_ONCE)
  })
  const stateOf = async (flag: string) => (await gate.flag(flag)).state
  await eventually(
    'both bad canaries are rolled back',
    async () => {
      const states = await Promise.all(bad.map(stateOf))
      return states.every((state) => state === 'rolled-back')
    },
    { deadlineMs: PATIENCE_MS },
  )
  await new Promise((resolve) => setTimeout(resolve, ATTACK_MS))
  for (const stop of attacks) await stop()
  await stopVisits()
  const { flags: seen } = await gate.status()
  for (const flag of healthy) {
    const { state, frozen, verdict, arms } = seen[flag] ?? {}
    expect([flag, state, frozen, verdict?.action], `${verdict?.sentence}`).toEqual([
      flag,
      'open',
      null,
      'none',
    ])
    expect(arms?.canary.requests, flag).toBeGreaterThan(0)
  }
  // The attacks did what they are meant to do.
  expect(seen['get-50']?.arms.canary.pairing.shared).toBeGreaterThan(0)
  expect(seen['http10-1']?.arms.canary.pairing.shared).toBeGreaterThan(0)
  expect(seen['post-25']?.arms.canary.errors).toBeGreaterThan(0)
  expect(seen['upgrade-25']?.arms.canary.errors).toBeGreaterThan(0)
  expect(fresh.requests.some(({ headers }) => headers['sluice-shadow'] === '1')).toBe(true)
})
