/**
 * The test of a flag without a split: journeys since it is on, or events of a metric per journey, against the same hours of the
 * weeks before.
 *
 * Null: what is to be expected of a block of five minutes is at least `(1 − margin)` × basis. With `J` journeys that
 * come in groups of up to φ (`dispersion`), `E[x^(J/φ)] ≤ exp(μ/φ·(x − 1))` for x < 1, so the guard's formula with ρ = 0
 * (formula.ts) has an expectation of at most 1 per block whatever came before: basis, margin and φ are fixed before the
 * block begins. Products of blocks are test martingales, and a fall is seen without one with at most the share of α that traffic has.
 *
 * Events of a metric are tested given the journeys of their block: null is that at least `(1 − margin)` × level × the usual rate of the
 * hour × those journeys come, in groups of up to φ. So the same bound holds block by block, whatever the traffic does, and fewer
 * visitors are no fall of what they buy. A visitor's conversion counts once a day, so φ stays small. The rate of an hour is an estimate with a
 * prior of five events at the site's own rate: few journeys at night can't make it large.
 *
 * That is a statement about the null, and the null is weaker than the other tests': nothing was dealt by chance. The basis is
 * an estimate; a holiday, a storm, the end of a campaign, counts that got lost all make the null false without
 * any fault of the flag's. So it asks for more than evidence: the fall itself must have reached the limit. A decline
 * over days is not seen: the basis follows the site, a day after the other.
 */
import { equalBets, grow, initialWealth, type Test, totalWealth, type Wealth } from '../evidence/wealth.ts'
import { LEAST_RISEN } from '../networks/without-two.ts'
import { type Basis, basisOf, type NoBasis } from './basis.ts'
import { HOUR_BLOCKS, type Hours, usualOfBlock } from './hours.ts'

/** `level`: the wealth at which a fall is told; 1 / its share of α. */
export type Limits = { maxDropPercent: number; level: number }

/** Journeys since a block (inclusive), and what was to be expected. */
export type Found = { since: number; journeys: number; expected: number }

/** While the flag is on, of one generation. */
export type Run = {
  generation: number
  wealth: Wealth
  /** Blocks that were tested. */
  tested: number
  basis: Basis | NoBasis
  /** How much the blocks of this basis could have told. */
  information: number
  /** Since the evidence began to rise. */
  risen: Found
  /** Since the basis is in use. */
  whole: Found
}

const BETS = equalBets([0.94, 0.85, 0.7, 0.5, 0.25, 0.05])
/** So many blocks decide at least: half an hour. */
const LEAST_BLOCKS = 6
/** The basis stays for a day at least: a fall at its end would be its own measure otherwise. */
const LEAST_BASIS_HOURS = 24
const MOST_BASIS_HOURS = 14 * 24

export const isBasis = (basis: Basis | NoBasis): basis is Basis => 'level' in basis

export function beginRun(
  hours: Hours,
  limits: Limits,
  { generation, block }: { generation: number; block: number },
): Run {
  const nothing = { since: block, journeys: 0, expected: 0 }
  return {
    generation,
    wealth: initialWealth(BETS),
    tested: 0,
    basis: basisOf(hours, shareOf(limits)),
    information: 0,
    risen: nothing,
    whole: nothing,
  }
}

/** The run with a basis of the hours before `block`; what it has won or lost stays. */
export function rebased(run: Run, hours: Hours, limits: Limits, block: number): Run {
  const { generation, wealth, tested } = run
  return { ...beginRun(hours, limits, { generation, block }), wealth, tested }
}

const shareOf = ({ maxDropPercent }: Limits) => maxDropPercent / 100

/** At the start of an hour: whether the basis has had its time. */
export function isOutlived(run: Run, hour: number, limits: Limits): 'yes' | 'no' | 'begin-anew' {
  if (!isBasis(run.basis) || run.basis.limit !== shareOf(limits)) return 'yes'
  const ageHours = hour - run.basis.hour
  const hasRisen = totalWealth(run.wealth) >= LEAST_RISEN
  // What was told for so long, and was no fall of the limit's size, is how the site is now.
  if (ageHours >= MOST_BASIS_HOURS) return hasRisen ? 'begin-anew' : 'yes'
  const couldTell = run.information >= Math.log(limits.level)
  return ageHours >= LEAST_BASIS_HOURS && couldTell && !hasRisen ? 'yes' : 'no'
}

/** What was counted from a block to before another one; `per`: the journeys in which a metric's events came. */
type Blocks = { from: number; to: number; journeys: number; per: number }

/** The run after blocks from `from` to before `to`, with so many journeys. */
export function afterBlocks(
  run: Run,
  hours: Hours,
  limits: Limits,
  { from, to, journeys, per }: Blocks,
): Run {
  const { basis } = run
  if (!isBasis(basis)) return run
  let expected = 0
  for (let block = from; block < to; block++)
    expected += basis.level * (usualOfBlock(hours, block, basis.weeks, per / (to - from)) ?? 0)
  if (expected <= 0) return run
  const tested = run.tested + to - from
  const counts = {
    ...{
      canaryN: (expected / basis.dispersion) * (1 - basis.margin),
      canaryBad: journeys / basis.dispersion,
    },
    ...{ controlN: 0, controlBad: 0 },
  }
  const wealth = grow(run.wealth, counts, tested / HOUR_BLOCKS, testAt(limits))
  const hasRisen = totalWealth(run.wealth) >= LEAST_RISEN
  const add = ({ since, ...before }: Found): Found => ({
    since,
    journeys: before.journeys + journeys,
    expected: before.expected + expected,
  })
  return {
    ...run,
    wealth,
    tested,
    information: run.information + (expected / basis.dispersion) * distance(basis),
    risen: hasRisen ? add(run.risen) : { since: from, journeys, expected },
    whole: add(run.whole),
  }
}

function testAt({ level }: Limits): Test {
  return {
    bets: BETS,
    null_: { rho: 0, delta: 1 },
    logCap: Math.log(level) / LEAST_BLOCKS,
  }
}

/** What an expected journey tells, where the fall is the least that acts: Kullback–Leibler's distance of Poisson means. */
function distance({ margin, leastFall }: Basis): number {
  const [null_, fallen] = [1 - margin, 1 - leastFall]
  return fallen * Math.log(fallen / null_) + null_ - fallen
}

export const fallOf = ({ journeys, expected }: Found): number => (expected > 0 ? 1 - journeys / expected : 0)

/** What the run says: `fallen` acts, `falling` waits. */
export function standingOf(
  run: Run,
  { level }: Pick<Limits, 'level'>,
): 'unknown' | 'level' | 'falling' | 'below' | 'fallen' {
  if (!isBasis(run.basis)) return 'unknown'
  const wealth = totalWealth(run.wealth)
  if (wealth < LEAST_RISEN) return 'level'
  if (wealth < level) return 'falling'
  return fallOf(run.risen) >= run.basis.leastFall ? 'fallen' : 'below'
}
