/**
 * The rollback test: errors and latency under one error probability.
 *
 * `M = 0.6·M_errors + 0.4·M_latency`, where `M_latency` is the mean over three quantiles. Means of martingales are
 * martingales, so `P(M ever ≥ 1/α) ≤ α` covers both. With one switched off, M is the other. Errors weigh more because
 * latency has far more counts to work with. Durations reported by the app take a third of M_latency (timings.ts).
 */

import { canarySlotCount } from '../dedupe/dedupe.ts'
import type { Batch } from '../evidence/batch.ts'
import { NO_COUNTS } from '../evidence/formula.ts'
import { LATENCY_QUANTILES, SLOW_BETS } from '../evidence/latency.ts'
import type { GuardSettings } from '../evidence/settings.ts'
import type { Bet, Wealth } from '../evidence/wealth.ts'
import { grow, initialWealth, totalWealth } from '../evidence/wealth.ts'
import type { TimingState } from './timings.ts'
import { stepTimings, withTimings } from './timings.ts'

/**
 * Most is bet on what is hard to see: ratios of 2 to 10, where each error says little and evidence takes seconds. A
 * canary that fails hundreds of times as often proves itself with a small stake.
 */
export const ERROR_BETS: readonly Bet[] = [
  { lambda: 1.5, weight: 0.08 },
  { lambda: 2, weight: 0.14 },
  { lambda: 3, weight: 0.17 },
  { lambda: 5, weight: 0.19 },
  { lambda: 10, weight: 0.18 },
  { lambda: 30, weight: 0.14 },
  { lambda: 100, weight: 0.07 },
  { lambda: 1000, weight: 0.03 },
]

/** Weight of errors in M; latency has the rest. */
const ERROR_WEIGHT = 0.6

export type RollbackState = {
  errors: Wealth
  /** Per quantile. */
  latency: readonly Wealth[]
  /** Slow canary requests so far, per quantile. */
  slowSeen: readonly number[]
  /** Null until the app reported durations in both arms. */
  timings: TimingState | null
  /** Distinct canary slots with errors, at most as many as are needed. */
  erroredBuckets: readonly number[]
  /** Anytime-valid: the least 1/M so far. */
  pValue: number
}

export function initialRollback(): RollbackState {
  return {
    errors: initialWealth(ERROR_BETS),
    latency: LATENCY_QUANTILES.map(() => initialWealth(SLOW_BETS)),
    slowSeen: LATENCY_QUANTILES.map(() => 0),
    timings: null,
    erroredBuckets: [],
    pValue: 1,
  }
}

/**
 * Cap of ln f per batch: at least two bad seconds before errors decide, as any single one can be an accident. Half of
 * ln(1/α) instead of two thirds costs 2 s of the median where errors are few and each says much (1 % canary).
 */
export function errorCap(alpha: number): number {
  return (Math.log(1 / alpha) * 2) / 3
}

/**
 * The meter's cap. With a large α and so a low cap, a meter would stop at the first errors; at rates of tens of
 * percent, where errors are drawn from few requests, that biases a batch by up to 2 %.
 */
export function meterCap(alpha: number): number {
  return errorCap(Math.min(alpha, 0.05))
}

/**
 * Cap of ln f per batch of latency. Stalls cluster in time (a pod collects garbage), so a batch weighs less; even
 * less on few machines.
 */
export function slowCap(alpha: number, fewMachines: boolean): number {
  return Math.log(1 / alpha) / (fewMachines ? 12 : 6)
}

/** State after one closed batch; `paid` = instalments so far. */
export function stepRollback(
  settings: GuardSettings,
  state: RollbackState,
  batch: Batch,
  paid: number,
): RollbackState {
  const { alpha, errors, latency } = settings
  const next: RollbackState = {
    ...state,
    errors: errors.enabled
      ? grow(state.errors, batch.errors, paid, {
          bets: ERROR_BETS,
          null_: errors,
          logCap: errorCap(alpha),
        })
      : state.errors,
  }
  if (latency.enabled) {
    const test = { bets: SLOW_BETS, null_: latency, logCap: slowCap(alpha, latency.fewMachines) }
    next.latency = state.latency.map((wealth, k) => grow(wealth, batch.slow[k] ?? NO_COUNTS, paid, test))
    next.slowSeen = state.slowSeen.map((seen, k) => seen + (batch.slow[k]?.canaryBad ?? 0))
    const stake = meanWealth(state.latency)
    next.timings = stepTimings(state.timings, batch.slowTimings, stake, paid, test)
  }
  next.pValue = Math.min(state.pValue, 1 / rollbackWealth(settings, next).all)
  return next
}

/** Distinct slots that must have errors; fewer only when the canary has hardly any. */
export function slotsNeeded(settings: GuardSettings, percentage: number): number {
  return Math.min(settings.errors.minBuckets, Math.max(1, Math.floor(canarySlotCount(percentage))))
}

/** Notes counted canary slots, up to `needed` distinct ones. */
export function noteSlots(
  known: readonly number[],
  counted: readonly number[],
  needed: number,
): readonly number[] {
  let result = known
  for (const slot of counted) {
    if (result.length >= needed) break
    if (!result.includes(slot)) result = [...result, slot]
  }
  return result
}

/** Wealth of the whole test and of its halves; a half switched off is 1 and has no weight. */
export function rollbackWealth(
  settings: GuardSettings,
  state: RollbackState,
): { all: number; errors: number; latency: number } {
  const errors = totalWealth(state.errors)
  const latency = withTimings(meanWealth(state.latency), state.timings).all
  if (settings.errors.enabled && settings.latency.enabled)
    return { all: ERROR_WEIGHT * errors + (1 - ERROR_WEIGHT) * latency, errors, latency }
  if (settings.errors.enabled) return { all: errors, errors, latency: 1 }
  return { all: settings.latency.enabled ? latency : 1, errors: 1, latency }
}

export type RollbackCause = 'errors' | 'latency' | 'timings'

/**
 * The cause of a rollback, or null while the evidence doesn't suffice. The leading measure also needs its minimum of
 * distinct visitors or slow requests, so a lone visitor never rolls back; another measure decides only if its share
 * of the wealth alone is enough.
 */
export function rollbackCause(
  settings: GuardSettings,
  state: RollbackState,
  slotsNeeded: number,
): RollbackCause | null {
  const needed = 1 / settings.alpha
  const wealth = rollbackWealth(settings, state)
  if (wealth.all < needed) return null
  const { errors, latency } = settings
  const weight = errors.enabled && latency.enabled ? ERROR_WEIGHT : errors.enabled ? 1 : 0
  const parts = withTimings(meanWealth(state.latency), state.timings)
  const { minSlow } = latency
  const candidates: { cause: RollbackCause; wealth: number; enough: boolean }[] = [
    { cause: 'errors', wealth: weight * wealth.errors, enough: state.erroredBuckets.length >= slotsNeeded },
    {
      cause: 'latency',
      wealth: (1 - weight) * parts.latency,
      enough: leadingSlowSeen(state.latency, state.slowSeen) >= minSlow,
    },
    {
      cause: 'timings',
      wealth: (1 - weight) * parts.timings,
      enough:
        state.timings !== null && leadingSlowSeen(state.timings.wealth, state.timings.slowSeen) >= minSlow,
    },
  ]
  const [first, ...others] = candidates.toSorted((a, b) => b.wealth - a.wealth)
  if (first?.enough) return first.cause
  return others.find((other) => other.enough && other.wealth >= needed)?.cause ?? null
}

function meanWealth(wealths: readonly Wealth[]): number {
  let sum = 0
  for (const wealth of wealths) sum += totalWealth(wealth) / wealths.length
  return sum
}

/** Slow requests of the quantile with most wealth. */
function leadingSlowSeen(wealths: readonly Wealth[], slowSeen: readonly number[]): number {
  const totals = wealths.map(totalWealth)
  return slowSeen[totals.indexOf(Math.max(...totals))] ?? 0
}
