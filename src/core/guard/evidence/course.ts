/**
 * How long a test needs, from the traffic alone. The formula gives the drift of a test's log wealth per second under a truth,
 * and what must be gained is known; time is their ratio. For nine of ten runs it takes longer by the wealth's own scatter:
 * `L` nats, each gained with a variance of about v per nat (Wald, "Sequential Analysis": 2 for counts close to each
 * other), have arrived by `t·(1 + √(v/L))`. The normal quantile would be 1.28 instead of 1; errors are few, and their
 * counts are skewed to the early side. A bet on few bad ones (λ < 1) rises steadily and falls with each of them, so it is
 * through earlier. The row `plan` of bench:guard holds it against simulations.
 */

import { logFactor, type Null } from './formula.ts'
import type { Bet } from './wealth.ts'

/** What a test bets on, requests per second of each arm, and the true rates (0–1). */
export type Course = {
  bets: readonly Bet[]
  null_: Null
  perSecond: { canary: number; control: number }
  rates: { canary: number; control: number }
  /** ln of what each bet has become by now; without it, its stake. */
  logWealth?: readonly number[]
}

/** Variance of the log wealth per nat. */
const OF_MANY = 2
const OF_FEW = 0.9

/** Seconds until the wealth of the best bet reaches `level`, with 90 %; Infinity if none grows. */
export function secondsTo(level: number, { bets, null_, perSecond, rates, logWealth }: Course): number {
  const second = {
    canaryN: perSecond.canary,
    controlN: perSecond.control,
    canaryBad: perSecond.canary * rates.canary,
    controlBad: perSecond.control * rates.control,
  }
  let least = Number.POSITIVE_INFINITY
  bets.forEach(({ lambda, weight }, k) => {
    const drift = logFactor(second, lambda, null_)
    const needed = Math.log(level) - (logWealth?.[k] ?? Math.log(weight))
    if (needed <= 0) least = 0
    else if (drift > 0) {
      const variance = lambda < 1 ? OF_FEW : OF_MANY
      least = Math.min(least, (needed / drift) * (1 + Math.sqrt(variance / needed)))
    }
  })
  return least
}
