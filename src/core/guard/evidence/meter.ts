/**
 * Tells when a tick has brought enough: a batch's factor is capped, so errors beyond the cap would be spent for
 * nothing. Looking at the errors one after the other, in an order that knows nothing of arms, and stopping on what
 * was seen so far is optional stopping: the factor stays a test supermartingale. (Of rare errors that is exact; of frequent
 * ones in small batches it is so as long as the meter does not stop too soon: see meterCap, and the test by enumeration.)
 */

import type { Counts, Null } from './formula.ts'
import { logFactor } from './formula.ts'
import type { Bet } from './wealth.ts'

/** Told of the next error's arm; true once no more are needed. */
export type Meter = (isCanary: boolean) => boolean

/** Of the most that a capped batch can say. The rest would take as many errors again. */
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
