/**
 * Tells when a tick has enough errors: a batch's factor is capped, so errors beyond the cap would be wasted. Taking
 * errors one by one in an order blind to the arms, and stopping on what was seen, is optional stopping: the factor
 * stays a test supermartingale. (Exact for rare errors; for frequent errors in small batches it holds as long as the
 * meter does not stop too early: see meterCap, and the test by enumeration.)
 */

import type { Counts, Null } from './formula.ts'
import { logFactor } from './formula.ts'
import type { Bet } from './wealth.ts'

/** Gets the arm of the next error; true once no more are needed. */
export type Meter = (isCanary: boolean) => boolean

/** Share of the most that a capped batch can say; the rest would take as many errors again. */
const ENOUGH = 0.75

/**
 * A meter for one tick.
 *
 * @param counts the open batch so far, with this tick's exposure already in it but not its errors
 * @param null_ of the test
 * @param logCap upper bound of ln f per batch
 */
export function meter(counts: Counts, bets: readonly Bet[], null_: Null, logCap: number): Meter {
  const logs = bets.map(({ lambda }) => logFactor(counts, lambda, null_))
  const step = (more: Counts) => bets.map(({ lambda }, k) => logFactor(more, lambda, null_) - (logs[k] ?? 0))
  const canaryStep = step({ ...counts, canaryBad: counts.canaryBad + 1 })
  const controlStep = step({ ...counts, controlBad: counts.controlBad + 1 })
  const wanted = ENOUGH * Math.exp(logCap)
  return (isCanary) => {
    const steps = isCanary ? canaryStep : controlStep
    let sum = 0
    bets.forEach(({ weight }, k) => {
      const log = (logs[k] ?? 0) + (steps[k] ?? 0)
      logs[k] = log
      sum += weight * Math.exp(Math.min(log, logCap))
    })
    return sum >= wanted
  }
}
