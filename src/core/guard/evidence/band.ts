/**
 * How much worse the canary is than control, as a ratio of rates, with a band that is valid at every look.
 *
 * A ratio ρ is in the band unless one of two tests, the guard's own formula with δ = 0, has reached `level`: bets on
 * λ > 1 refute every ratio that is too low, bets on 1/λ every ratio that is too high. Each is a test martingale under its
 * ρ, so by Ville's inequality the band misses the true ratio, at any time ever, with probability 2/level at most, while
 * that ratio stays the same.
 *
 * The lower edge lies above the ratio that the guard tolerates exactly when that test's wealth, all bet at once, is above
 * the level at which the guard acts: a band wholly above the line is a verdict. (The guard bets a part later and caps
 * single batches, so it may act a moment after.)
 *
 * Source: the duality of tests and confidence sequences, Howard, Ramdas, McAuliffe & Sekhon, "Time-uniform,
 * nonparametric, nonasymptotic confidence sequences" (arXiv 1810.08240); the martingale is that of formula.ts.
 */
import { type Counts, canaryShare, logFactorAt } from './formula.ts'
import type { Bet } from './wealth.ts'

/** The estimate is null before control has any bad one; an edge is null where nothing bounds it yet. */
export type RatioBand = { estimate: number | null; low: number | null; high: number | null }

/** Ratios between which an edge is looked for; those beyond are "at least 50 times". */
const LEAST_RATIO = 0.02
const MOST_RATIO = 50
const STEPS = 60
const RATIOS = Array.from(
  { length: STEPS + 1 },
  (_, step) => LEAST_RATIO * (MOST_RATIO / LEAST_RATIO) ** (step / STEPS),
)

/** Log wealth of each bet, at one ratio. */
type Side = { bets: readonly Bet[]; logs: number[][] }

/**
 * The band after each batch.
 *
 * @param batches counts, each of one stage
 * @param bets on ratios λ > 1, their weights sum to 1
 * @param level at which the guard acts, such as 1/α
 * @example ratioBands([{ canaryN: 100, controlN: 900, canaryBad: 5, controlBad: 9 }], ERROR_BETS, 222)
 */
export function ratioBands(batches: readonly Counts[], bets: readonly Bet[], level: number): RatioBand[] {
  const worse = sideOf(bets)
  const better = sideOf(bets.map(({ lambda, weight }) => ({ lambda: 1 / lambda, weight })))
  const sums = { canary: 0, control: 0 }
  return batches.map((batch) => {
    const { canaryN, controlN, canaryBad, controlBad } = batch
    const all = canaryN + controlN
    if (canaryN > 0 && controlN > 0) {
      // Mantel & Haenszel: stages with other shares don't mix.
      sums.canary += (canaryBad * controlN) / all
      sums.control += (controlBad * canaryN) / all
      add(worse, batch)
      add(better, batch)
    }
    return {
      estimate: sums.control > 0 ? sums.canary / sums.control : null,
      low: edgeOf(worse, Math.log(level), 'low'),
      high: edgeOf(better, Math.log(level), 'high'),
    }
  })
}

function sideOf(bets: readonly Bet[]): Side {
  return { bets, logs: RATIOS.map(() => bets.map(({ weight }) => Math.log(weight))) }
}

function add({ bets, logs }: Side, batch: Counts): void {
  RATIOS.forEach((rho, at) => {
    const null_ = { rho, delta: 0 }
    const share = canaryShare(batch, null_)
    const row = logs[at] ?? []
    bets.forEach(({ lambda }, k) => {
      row[k] = (row[k] ?? 0) + logFactorAt(batch, share, lambda, null_)
    })
  })
}

/** The ratio where the wealth crosses the level: it falls with the ratio on one side, and rises on the other. */
function edgeOf({ logs }: Side, logLevel: number, side: 'low' | 'high'): number | null {
  const step = side === 'low' ? 1 : -1
  const start = side === 'low' ? 0 : STEPS
  let before: number | undefined
  for (let at = start; at >= 0 && at <= STEPS; at += step) {
    const wealth = logSum(logs[at] ?? [])
    if (wealth < logLevel) {
      if (before === undefined) return null
      // Between the last ratio that is refuted and the first that is not, the log of wealth is nearly straight.
      const part = (before - logLevel) / (before - wealth)
      return (RATIOS[at - step] ?? 1) * ((RATIOS[at] ?? 1) / (RATIOS[at - step] ?? 1)) ** part
    }
    before = wealth
  }
  return RATIOS[start + step * STEPS] ?? null
}

function logSum(logs: readonly number[]): number {
  const top = Math.max(...logs)
  return top + Math.log(logs.reduce((sum, log) => sum + Math.exp(log - top), 0))
}
