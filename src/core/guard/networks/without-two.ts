/**
 * The network rule: a verdict must hold without any two groups of networks.
 *
 * Ids are free, addresses are not: one machine can be thousands of visitors, but only of a network or two. So each
 * test is run once more for each of the 435 pairs of groups, blind to the two. Whatever two networks send, one of
 * these copies has not seen it; for that copy all visitors are honest, and it is wrong with the test's own
 * probability. The least of all copies is therefore as trustworthy as the test is without an enemy.
 *
 * The errors of the rollback test have such copies from the first request on (`Copies`): an enemy who has the whole
 * test over its line for hours gains nothing from the many looks. The other tests are
 * looked at without two groups once they would decide, on sums (`leastWealth`).
 *
 * Two networks less is less evidence, also of an honest site. So the rest needs not the whole level, but a fair part
 * of all evidence (`holdsWithoutTwo`): at least the fourth root of what there is, where 1/α suffices in any case. An enemy
 * who floods the gate with failures thereby raises what the others have to show to 1/α. Only an enemy who keeps the whole
 * evidence just above its line, without being told where it is, faces the lower level.
 */

import { NETWORK_GROUPS } from '../../counters/networks.ts'
import { addGroupsOfEach } from '../evidence/batch.ts'
import { addCounts, type Counts, canaryShare, logFactorAt, NO_COUNTS } from '../evidence/formula.ts'
import { enteringWith, MOST_WEALTH, type Test, totalWealth, type Wealth } from '../evidence/wealth.ts'
import type { Standing } from './groups.ts'

/** Counts by group of networks; index 0 is no network. Empty while no network is known. */
type GroupCounts = readonly Counts[]

type Pair = readonly [number, number]
const PAIRS: readonly Pair[] = Array.from({ length: NETWORK_GROUPS }, (_, a) =>
  Array.from({ length: NETWORK_GROUPS - 1 - a }, (_, b) => [a + 1, a + 2 + b] as const),
).flat()

/** More changes no decision. Three of them still multiply to a finite number. */
const MOST_LOG = 200

/**
 * The factor of a test, for a bet (its index), on all counts but those of two groups: `ln f` is a sum over groups. All use
 * the π of the whole, which exposureFactors (dedupe/exposure.ts) keeps on the safe side of the split.
 *
 * Hazard: no term may be bounded before all are added. The whole and an enemy's group are large and nearly equal, and what
 * the others say is their difference.
 */
function factorWithout(
  all: Counts,
  groups: GroupCounts,
  { bets, null_ }: Pick<Test, 'bets' | 'null_'>,
): (pair: Pair, bet: number) => number {
  const share = canaryShare(all, null_)
  const logsOf = (counts: Counts) => bets.map(({ lambda }) => logFactorAt(counts, share, lambda, null_))
  const whole = logsOf(all)
  const each = groups.map(logsOf)
  const isLarge = (logs: readonly number[]) => logs.some((log) => Math.abs(log) > MOST_LOG)
  if (isLarge(whole) || each.some(isLarge))
    return ([a, b], bet) => {
      const log = (whole[bet] ?? 0) - (each[a]?.[bet] ?? 0) - (each[b]?.[bet] ?? 0)
      return Math.exp(Math.min(MOST_LOG, log))
    }
  // The usual case. Multiplying costs less than a power for each of 435 pairs.
  const factors = whole.map(Math.exp)
  const without = each.map((logs) => logs.map((log) => Math.exp(-log)))
  return ([a, b], bet) => (factors[bet] ?? 1) * (without[a]?.[bet] ?? 1) * (without[b]?.[bet] ?? 1)
}

/** Parts of the wealth (its cash is that of the whole test) without each pair; null before any network is known. */
export type Copies = readonly (readonly number[])[] | null

/**
 * The copies after a batch.
 *
 * @param whole the test's own wealth before the batch: until a network is known, all copies are equal to it
 * @param all the batch's counts
 * @param groups the same by group
 */
export function growCopies(
  copies: Copies,
  whole: Wealth,
  { all, groups }: { all: Counts; groups: GroupCounts },
  paid: number,
  test: Test,
): Copies {
  if (copies === null && groups.length === 0) return null
  const entering = enteringWith(whole, paid)
  const cap = Math.exp(test.logCap)
  const factorOf = factorWithout(all, groups, test)
  return PAIRS.map((pair, index) => {
    const before = copies?.[index] ?? whole.parts
    return test.bets.map(({ weight }, k) =>
      Math.min(((before[k] ?? 0) + entering * weight) * Math.min(factorOf(pair, k), cap), MOST_WEALTH),
    )
  })
}

/** The least wealth of the copies; that of the whole test while there are none. */
export function leastOf(copies: Copies, whole: Wealth, { suspects }: Standing): number {
  if (copies === null) return totalWealth(whole)
  let least = Infinity
  copies.forEach((parts, pair) => {
    if (isLeftOut(PAIRS[pair], suspects)) least = Math.min(least, totalWealth({ cash: whole.cash, parts }))
  })
  return least
}

/** Whether a pair comes into question: an enemy with two networks has those of the suspects. */
function isLeftOut(pair: Pair | undefined, suspects: readonly number[]): boolean {
  if (pair === undefined || suspects.length === 0) return true
  const [a, b] = [suspects.includes(pair[0]), suspects.includes(pair[1])]
  return suspects.length === 1 ? a || b : a && b
}

/** Below this wealth there is no evidence to speak of. */
export const LEAST_RISEN = 2

/**
 * Sums by group since a test's evidence began to rise: what it is looked at without two groups.
 *
 * @param wealth of the test before the batch
 */
export function sinceRise(
  wealth: number,
  before: readonly GroupCounts[],
  batch: readonly GroupCounts[],
): readonly GroupCounts[] {
  return wealth < LEAST_RISEN ? batch : addGroupsOfEach(before, batch)
}

/**
 * The least wealth, over all pairs of groups left out, of bets placed at once on sums of counts: on what the others sent, by
 * their own π. By that of the whole, an enemy who sends more to one arm than the split does would make the others look bad.
 */
export function leastWealth(
  groups: GroupCounts,
  { bets, null_ }: Pick<Test, 'bets' | 'null_'>,
  { suspects }: Standing,
): number {
  const all = groups.reduce(addCounts, NO_COUNTS)
  let least = MOST_WEALTH
  for (const pair of PAIRS) {
    if (!isLeftOut(pair, suspects)) continue
    const rest = minus(minus(all, groups[pair[0]]), groups[pair[1]])
    const share = canaryShare(rest, null_)
    let wealth = 0
    for (const { lambda, weight } of bets)
      wealth += weight * Math.exp(Math.min(MOST_LOG, logFactorAt(rest, share, lambda, null_)))
    least = Math.min(least, wealth)
  }
  return least
}

function minus(a: Counts, b: Counts = NO_COUNTS): Counts {
  return {
    canaryN: a.canaryN - b.canaryN,
    controlN: a.controlN - b.controlN,
    canaryBad: a.canaryBad - b.canaryBad,
    controlBad: a.controlBad - b.controlBad,
  }
}

/** The least of a wealth, over all pairs of groups left out of the counts. */
export function leastOverPairs(
  groups: GroupCounts,
  { suspects }: Standing,
  wealthOf: (counts: Counts) => number,
): number {
  const all = groups.reduce(addCounts, NO_COUNTS)
  let least = MOST_WEALTH
  for (const pair of PAIRS) {
    if (!isLeftOut(pair, suspects)) continue
    const [a, b] = [groups[pair[0]], groups[pair[1]]]
    least = Math.min(least, wealthOf(minus(minus(all, a), b)))
  }
  return least
}

/** Of a number per group, the sum without the two largest groups. */
export function withoutTwoLargest(by: readonly number[]): number {
  const [first = 0, second = 0] = by.slice(1).sort((a, b) => b - a)
  return by.reduce((sum, count) => sum + count, 0) - first - second
}

/**
 * Chosen by measuring: where a handful of errors decides, two of them are half of the evidence, so an honest site would
 * wait for twice as many if the rest had to reach the level. The benchmark's rows on attacks hold with it.
 */
const FAIR_PART = 0.25
/** By so much one error takes the evidence over its level; that asks no more of the rest. */
const OVERSHOOT = 8

/**
 * Whether evidence holds without two groups of networks: the rest reaches the level by itself, or has its fair part of
 * evidence that has just reached it. An enemy who drives the whole evidence up raises that part to the level.
 *
 * @param all wealth of the whole test
 * @param rest its least wealth without two groups
 */
export function holdsWithoutTwo(all: number, rest: number, level: number, { suspects }: Standing): boolean {
  return (
    rest >= (suspects.length > 0 ? level : Math.min(level, Math.max(level, all / OVERSHOOT) ** FAIR_PART))
  )
}
