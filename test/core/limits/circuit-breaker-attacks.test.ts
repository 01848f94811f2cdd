/**
 * Enemies of the circuit breaker, beside visitors of many networks: whatever they send, the visitors reach an origin that
 * answers them; and an origin that answers no one holds few visitors up. A clock of the test's; requests end later.
 */
import { describe, expect, it } from 'vitest'
import { CircuitBreaker, type Contact } from '../../../src/core/limits/circuit-breaker.ts'

type Sent = {
  contact: Contact
  /** How long the origin takes for it. */
  tookMs?: number
  /** Whether it can be repeated elsewhere. */
  mayProbe?: boolean
}
type Enemy = {
  networks: number
  perSecond: number
  /** What the nth request of a network is. */
  sends: (nth: number) => Sent
}
type Scene = {
  enemy?: Enemy
  seconds: number
  visitsPerSecond: number
  /** How many networks visitors come from, in turn. */
  homes?: number
  /** What visitors meet. */
  isDead?: boolean | ((nowMs: number) => boolean)
  /** How long a dead origin takes. */
  deadMs?: number
}

const STEP_MS = 20
const FIRST_HOME = 1_000
const FIRST_ENEMY = 10

/** How many requests reach the origin, and how many are kept back; when the last of the visitors' were. */
function play({ enemy, seconds, visitsPerSecond, homes = 500, isDead = false, deadMs = 10 }: Scene) {
  const breaker = new CircuitBreaker()
  const underWay: { endsMs: number; end(): void }[] = []
  const ofVisitors = { sent: 0, kept: 0, lastKeptMs: 0 }
  const ofEnemy = { sent: 0, kept: 0 }
  const ask = (
    nowMs: number,
    { contact, tookMs = 10, mayProbe = true }: Sent,
    visitor: number,
    network: number,
  ) => {
    const sender = { visitor, network }
    if (breaker.blocks(nowMs, mayProbe, sender)) return false
    const endsMs = nowMs + tookMs
    underWay.push({ endsMs, end: () => void breaker.record(contact, tookMs, endsMs, sender) })
    return true
  }
  let visits = 0
  let shots = 0
  for (let nowMs = STEP_MS; nowMs <= seconds * 1_000; nowMs += STEP_MS) {
    const ended = underWay.filter(({ endsMs }) => endsMs <= nowMs)
    for (const each of ended) each.end()
    underWay.splice(0, underWay.length, ...underWay.filter(({ endsMs }) => endsMs > nowMs))
    // The enemy comes first, each time.
    for (; enemy !== undefined && shots < (nowMs * enemy.perSecond) / 1_000; shots++) {
      const which = shots % enemy.networks
      const sent = enemy.sends(Math.floor(shots / enemy.networks))
      if (ask(nowMs, sent, shots, FIRST_ENEMY + which)) ofEnemy.sent++
      else ofEnemy.kept++
    }
    for (; visits + 0.5 < (nowMs * visitsPerSecond) / 1_000; visits++) {
      const dead = typeof isDead === 'function' ? isDead(nowMs) : isDead
      const sent: Sent = dead ? { contact: 'away', tookMs: deadMs } : { contact: 'answered', tookMs: 30 }
      if (ask(nowMs, sent, 10_000 + visits, FIRST_HOME + (visits % homes))) ofVisitors.sent++
      else {
        ofVisitors.kept++
        ofVisitors.lastKeptMs = nowMs
      }
    }
  }
  return { ...ofVisitors, enemy: ofEnemy, breaker }
}

const away = (): Sent => ({ contact: 'away' })
const KINDS: Record<string, (nth: number) => Sent> = {
  'connections that break': away,
  'bad answers': () => ({ contact: 'failed' }),
  'connections that hang': () => ({ contact: 'away', tookMs: 10_000 }),
  'connections that break, of orders': () => ({ contact: 'away', mayProbe: false }),
  'a good request in two': (nth) => (nth % 2 === 0 ? { contact: 'answered' } : away()),
  'a good request in ten': (nth) => (nth % 10 === 0 ? { contact: 'answered' } : away()),
  'bursts of failures, a minute apart': (nth) => (nth % 3_000 < 60 ? away() : { contact: 'answered' }),
}

describe.each(Object.entries(KINDS))('%s', (_, sends) => {
  it.each([10, 50, 200])('from one network, %i a second, keep no visitor of another back', (perSecond) => {
    const { kept, sent } = play({
      enemy: { networks: 1, perSecond, sends },
      seconds: 120,
      visitsPerSecond: 1,
    })
    expect([kept, sent]).toEqual([0, 120])
  })

  it.each([
    [2, 0],
    [3, 2],
    // Each network probes once, and a probe takes five seconds at most.
    [10, 40],
  ])('from %i networks keep %i visitors of 600 back at the most', (networks, most) => {
    for (const visitsPerSecond of [0.2, 1, 10]) {
      const seconds = 600 / Math.max(1, visitsPerSecond)
      const { kept } = play({ enemy: { networks, perSecond: 50, sends }, seconds, visitsPerSecond })
      expect(kept, `${visitsPerSecond} a second`).toBeLessThanOrEqual(most * Math.max(1, visitsPerSecond))
    }
  })
})

it('an enemy who can not reach the origin is kept from it', () => {
  const { enemy } = play({
    enemy: { networks: 1, perSecond: 50, sends: away },
    seconds: 60,
    visitsPerSecond: 1,
  })
  // Five, and one a second.
  expect(enemy.sent).toBeLessThanOrEqual(5 + 60)
})

describe('a dead origin', () => {
  it.each([
    ['one network', 1],
    ['two networks', 2],
    ['three networks', 3],
    ['five hundred networks', 500],
  ])('that %s ask holds few of them up', (_, homes) => {
    const { sent, kept } = play({ seconds: 60, visitsPerSecond: 20, homes, isDead: true })
    // Until it opens, and a probe or two a second.
    expect(sent).toBeLessThanOrEqual(10 + 2 * 60)
    expect(kept).toBeGreaterThan(1_000)
  })

  it('holds few up where each waits ten seconds', () => {
    const { sent } = play({ seconds: 120, visitsPerSecond: 5, isDead: true, deadMs: 10_000 })
    expect(sent).toBeLessThanOrEqual(52 + (2 * 110) / 5)
  })

  it.each([1, 3, 10])(
    'holds few up beside an enemy of %i networks, and is found when it is back',
    (networks) => {
      const backMs = 30_000
      const { sent, lastKeptMs } = play({
        enemy: { networks, perSecond: 50, sends: away },
        ...{ seconds: 60, visitsPerSecond: 20 },
        isDead: (nowMs) => nowMs < backMs,
      })
      expect(lastKeptMs).toBeGreaterThan(backMs - 1_000)
      expect(lastKeptMs).toBeLessThan(backMs + 1_500)
      expect(sent).toBeLessThanOrEqual(10 + 2 * 30 + 20 * 30)
    },
  )

  it('that dies again and again holds few up', () => {
    const { sent } = play({
      ...{ seconds: 120, visitsPerSecond: 20, homes: 50 },
      isDead: (nowMs) => nowMs % 20_000 < 10_000,
    })
    // Half of the time it answers. The circuit of everybody opens ever later, those of networks don't.
    expect(sent - 1_200).toBeLessThanOrEqual(1_200 / 4)
  })
})
