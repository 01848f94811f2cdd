/** What is left of a test without two groups of networks is what the others say, however much the two have sent. */
import { describe, expect, it } from 'vitest'
import { NETWORK_GROUPS } from '../../../src/core/counters/networks.ts'
import {
  addCounts,
  type Counts,
  canaryShare,
  logFactorAt,
  NO_COUNTS,
} from '../../../src/core/guard/evidence/formula.ts'
import { equalBets, initialWealth, MOST_WEALTH } from '../../../src/core/guard/evidence/wealth.ts'
import { resolveGuardSettings } from '../../../src/core/guard/index.ts'
import type { Standing } from '../../../src/core/guard/networks/groups.ts'
import { growCopies, leastWealth } from '../../../src/core/guard/networks/without-two.ts'
import { arm, feed, start, tick } from './support.ts'

const GROUPS = Array.from({ length: NETWORK_GROUPS + 1 }, (_, group) => group)
const bets = equalBets([1.25, 2, 5, 30])
const standing: Standing = { regime: 'many', groups: 31, aside: GROUPS.map(() => false), suspects: [] }
/** Group 5 fails so often; the others are healthy visitors of both arms. */
const groupsWith = (failures: number): Counts[] =>
  GROUPS.map((group) => {
    if (group === 0) return NO_COUNTS
    if (group === 5)
      return { canaryN: failures * 2, controlN: failures * 38, canaryBad: failures, controlBad: 0 }
    return { canaryN: 80 + group, controlN: 1_500, canaryBad: group % 3 === 0 ? 1 : 0, controlBad: 8 }
  })

/** The factor of a bet on all but two groups, from the sum of the others. */
function factorOfOthers(
  groups: readonly Counts[],
  pair: readonly number[],
  lambda: number,
  null_: { rho: number; delta: number },
  shareOf: 'all' | 'others',
) {
  const others = groups.filter((_, group) => !pair.includes(group)).reduce(addCounts, NO_COUNTS)
  const share = canaryShare(shareOf === 'others' ? others : groups.reduce(addCounts, NO_COUNTS), null_)
  return Math.exp(logFactorAt(others, share, lambda, null_))
}

describe.each([
  { rho: 0, delta: 0.15 },
  { rho: 1.1, delta: 1e-4 },
])('by the null %j', (null_) => {
  it.each([10, 100, 1_000, 100_000])('an enemy who fails %i times leaves what the others say', (failures) => {
    const groups = groupsWith(failures)
    let least = MOST_WEALTH
    for (const a of GROUPS.slice(1))
      for (const b of GROUPS.slice(a + 1)) {
        const wealth = bets.reduce(
          (sum, { lambda, weight }) => sum + weight * factorOfOthers(groups, [a, b], lambda, null_, 'others'),
          0,
        )
        least = Math.min(least, wealth)
      }
    const found = leastWealth(groups, { bets, null_ }, standing)
    expect(Math.abs(Math.log((found + 1e-300) / (least + 1e-300)))).toBeLessThan(1e-6)
    expect(found).toBeLessThan(1)
  })

  it.each([10, 100, 1_000, 100_000])('and so in each batch, of %i failures', (failures) => {
    const groups = groupsWith(failures)
    const all = groups.reduce(addCounts, NO_COUNTS)
    const whole = initialWealth(bets)
    const test = { bets, null_, logCap: 3 }
    const copies = growCopies(null, whole, { all, groups }, 0, test) ?? []
    let index = 0
    for (const a of GROUPS.slice(1))
      for (const b of GROUPS.slice(a + 1)) {
        const parts = copies[index++] ?? []
        for (const [k, { lambda }] of bets.entries()) {
          const before = whole.parts[k] ?? 0
          const factor = Math.min(factorOfOthers(groups, [a, b], lambda, null_, 'all'), Math.exp(3))
          expect(parts[k] ?? 0).toBeCloseTo(before * factor, 9)
        }
      }
    expect(index).toBe(copies.length)
  })
})

it('who fills control with quick requests does not make the others look slow', () => {
  // Of the others as many are slow in both arms; the enemy has only control's ids.
  const groups = GROUPS.map((group): Counts => {
    if (group === 0) return NO_COUNTS
    if (group === 5) return { canaryN: 0, controlN: 200_000, canaryBad: 0, controlBad: 0 }
    return { canaryN: 200, controlN: 3_800, canaryBad: 20, controlBad: 380 }
  })
  expect(leastWealth(groups, { bets, null_: { rho: 1, delta: 0 } }, standing)).toBeLessThan(1.01)
})

/** By then the others can judge for themselves (networks/groups.ts). */
const CROWD_KNOWN_S = 60

describe('one network for a quarter of an hour and more, among healthy visitors of thirty groups', () => {
  /** A second: the enemy's requests of both arms by the split, half of the canary's failing; a request of all others. */
  const second = (atMs: number, failing: number) => {
    const visitors = (each: number) =>
      Array.from({ length: 60 }, (_, k) => ({
        ...none,
        network: 100 + k,
        requests: each,
        latency: { 50: each },
      }))
    const slots = Array.from({ length: failing }, (_, k) => (atMs / 1_000 + k * 7) % 3_000)
    const enemy = {
      ...none,
      network: 5,
      requests: failing * 2,
      errors: failing,
      errored: failing,
      discordant: failing,
    }
    const marks = slots.map((slot) => slot + 65_536 * (1 + (5 % NETWORK_GROUPS)))
    const canary = arm(60 * 0.2 + failing * 2, slots)
    const networksOf = (each: number, own: object) => [...visitors(each), own] as never
    return tick(
      atMs,
      { ...canary, pairing: { ...canary.pairing, discordant: marks }, networks: networksOf(0.2, enemy) },
      {
        ...arm(60 * 3.8 + failing * 38),
        networks: networksOf(3.8, { ...enemy, requests: failing * 38, errors: 0, errored: 0, discordant: 0 }),
      },
      { percentage: 5 },
    )
  }
  const none = { errors: 0, errored: 0, discordant: 0, unpaired: 0, unasked: 0, journeys: 0 }

  it.each<[string, Parameters<typeof resolveGuardSettings>[0], number, number]>([
    ['a ceiling', { errors: false, latency: false, ceilings: { errorRate: 0.15 } }, 2, 3_600],
    [
      'a ceiling, 200 failures at a time',
      { errors: false, latency: false, ceilings: { errorRate: 0.15 } },
      200,
      900,
    ],
    ['the comparison', { latency: false }, 2, 1_800],
    ['the comparison, 200 failures at a time', { latency: false }, 200, 900],
  ])('closes no healthy canary: %s', (_, options, failing, seconds) => {
    const ticks = Array.from({ length: seconds }, (_, k) =>
      second((k + 1) * 1_000, k < CROWD_KNOWN_S ? 0 : failing),
    )
    const { verdict } = feed(resolveGuardSettings(options), start(5), ticks)
    expect([verdict.action, verdict.sentence]).toEqual(['none', expect.any(String)])
  })
})
