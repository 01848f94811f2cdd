/**
 * The rollback test: errors and latency under one error probability.
 *
 * `M = 0.45·M_errors + 0.35·M_latency + 0.2`, where `M_latency` is the mean over quantiles (latency/slow.ts), and 0.2 is the
 * part of α that the other tests have (alpha.ts). Weighted sums of martingales are martingales, so `P(M ever ≥ 1/α) ≤ α`
 * covers all. With one switched off, the other has its part. Errors weigh more because latency has far more counts to
 * work with.
 *
 * The error counts are conservative: the canary's bad ones are discordant or unpaired, control's also those about which
 * the canary was not asked. The null is about the rates of these failures: shared ones are in neither. `f` rises in
 * `e_c` and falls in `e_b`, so a control failure that may have been shared only costs evidence, and `E[f] ≤ 1` holds
 * whatever share of control is asked. (The other way round, it would not: see the test by enumeration.)
 *
 * From three networks on, a cause also has to hold without two groups of them (networks/without-two.ts).
 */

import { canarySlotCount } from '../dedupe/dedupe.ts'
import { ALPHA_SHARES, COMPARED_SHARE, levelOf } from '../evidence/alpha.ts'
import type { Batch } from '../evidence/batch.ts'
import { atMostRequests } from '../evidence/formula.ts'
import type { GuardSettings } from '../evidence/settings.ts'
import type { Bet, Wealth } from '../evidence/wealth.ts'
import { grow, initialWealth, totalWealth } from '../evidence/wealth.ts'
import type { Widening } from '../latency/population.ts'
import { carriedSlow, initialSlow, type SlowState, slowWealth, stepSlow } from '../latency/slow.ts'
import { leadingSeen, processParts } from '../latency/slow-process.ts'
import type { Standing } from '../networks/groups.ts'
import { type Copies, growCopies, holdsWithoutTwo, LEAST_RISEN, leastOf } from '../networks/without-two.ts'

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

export type RollbackState = {
  errors: Wealth
  slow: SlowState
  /** Of errors; null until a network is known. */
  copies: Copies
  /** Distinct canary slots with errors, at most as many as are needed. */
  erroredBuckets: readonly number[]
  /** Anytime-valid: the least 1/M so far. */
  pValue: number
}

export function initialRollback(atMs: number): RollbackState {
  return {
    errors: initialWealth(ERROR_BETS),
    slow: initialSlow(atMs),
    copies: null,
    erroredBuckets: [],
    pValue: 1,
  }
}

/**
 * Cap of ln f per batch: at least two bad seconds before errors decide, as any single one can be an accident. Half of
 * the level instead of two thirds costs 2 s of the median where errors are few and each says much (1 % canary).
 */
export function errorCap(alpha: number): number {
  return (Math.log(levelOf('errors', alpha)) * 2) / 3
}

/**
 * The meter's cap. With a large α and so a low cap, a meter would stop at the first errors; at rates of tens of
 * percent, where errors are drawn from few requests, that biases a batch by up to 2 %.
 */
export function meterCap(alpha: number): number {
  return errorCap(Math.min(alpha, 0.05))
}

/** State after one closed batch; `paid` = instalments so far, `widening` of latency's null. */
export function stepRollback(
  settings: GuardSettings,
  state: RollbackState,
  { batch, paid, widening }: { batch: Batch; paid: number; widening: Widening },
): RollbackState {
  const { alpha, errors, latency } = settings
  const next: RollbackState = { ...state }
  if (errors.enabled) {
    const test = { bets: ERROR_BETS, null_: errors, logCap: errorCap(alpha) }
    const all = atMostRequests(batch.errors, 'canary', batch.canaryRequests)
    const counts = { all, groups: batch.byGroup.errors }
    next.errors = grow(state.errors, all, paid, test)
    next.copies = growCopies(state.copies, state.errors, counts, paid, test)
  }
  if (latency.enabled) next.slow = stepSlow(settings, state.slow, { batch, paid, widening })
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

/** Wealth of the whole test and of its halves. */
export function rollbackWealth(
  settings: GuardSettings,
  state: RollbackState,
): { all: number; errors: number; latency: number } {
  const errors = totalWealth(state.errors)
  const latency = slowWealth(settings, state.slow).all
  return { all: togetherOf(settings, errors, latency), errors, latency }
}

/** Weights in M; a test that is off has none. */
export function weightsOf({ errors, latency }: GuardSettings): { errors: number; latency: number } {
  if (errors.enabled && latency.enabled) return ALPHA_SHARES
  return { errors: errors.enabled ? COMPARED_SHARE : 0, latency: latency.enabled ? COMPARED_SHARE : 0 }
}

/** M; 1 at the start. */
function togetherOf(settings: GuardSettings, errors: number, latency: number): number {
  const weights = weightsOf(settings)
  return weights.errors * errors + weights.latency * latency + 1 - weights.errors - weights.latency
}

/** `cold`: far slower, in a stage's first minutes. */
export type RollbackCause = 'errors' | 'latency' | 'cold' | 'timings'

type Candidate = { cause: RollbackCause; wealth: number; enough: boolean }

/**
 * The cause of a rollback, or null while the evidence doesn't suffice. The leading measure also needs its minimum of
 * distinct visitors or slow requests, so a lone visitor never rolls back, and must not depend on two networks; another
 * measure decides only if its share of the wealth alone is enough.
 */
export function rollbackCause(
  settings: GuardSettings,
  state: RollbackState,
  slotsNeeded: number,
  standing: Standing,
): RollbackCause | null {
  const needed = 1 / settings.alpha
  if (rollbackWealth(settings, state).all < needed) return null
  const [first, ...others] = candidatesOf(settings, state, slotsNeeded)
  const counts = ({ cause, enough }: Candidate) => enough && isCarried(settings, state, cause, standing)
  if (first !== undefined && counts(first)) return first.cause
  return others.find((other) => other.wealth >= needed && counts(other))?.cause ?? null
}

/** The measures with their share of the wealth, largest first. */
function candidatesOf(settings: GuardSettings, state: RollbackState, slotsNeeded: number): Candidate[] {
  const { latency } = settings
  const weights = weightsOf(settings)
  const slow = slowWealth(settings, state.slow)
  const { warm, cold, timings } = state.slow
  const seen = (process: typeof warm | null) =>
    process !== null && leadingSeen(settings, process) >= latency.minSlow
  const candidates: Candidate[] = [
    {
      cause: 'errors',
      wealth: weights.errors * totalWealth(state.errors),
      enough: state.erroredBuckets.length >= slotsNeeded,
    },
    { cause: 'latency', wealth: weights.latency * slow.warm, enough: seen(warm) },
    { cause: 'cold', wealth: weights.latency * slow.cold, enough: seen(cold) },
    { cause: 'timings', wealth: weights.latency * slow.timings, enough: seen(timings) },
  ]
  return candidates.toSorted((a, b) => b.wealth - a.wealth)
}

/**
 * Whether a cause doesn't depend on two networks. Where there are only a few, no one could confirm durations, so they
 * are no cause; errors are, as only discordant ones are counted there.
 */
function isCarried(
  settings: GuardSettings,
  state: RollbackState,
  cause: RollbackCause,
  standing: Standing,
): boolean {
  if (standing.regime === 'none') return true
  if (standing.regime === 'few') return cause === 'errors'
  const { all, rest } = partsOf(settings, state, cause, standing)
  return holdsWithoutTwo(all, rest, 1 / settings.alpha, standing)
}

/** A cause's wealth, and its least without two groups of networks. */
function partsOf(
  settings: GuardSettings,
  state: RollbackState,
  cause: RollbackCause,
  standing: Standing,
): { all: number; rest: number } {
  if (cause === 'errors') {
    const all = totalWealth(state.errors)
    return { all, rest: Math.min(all, leastOf(state.copies, state.errors, standing)) }
  }
  const { warm, cold, timings, widening } = state.slow
  const process = cause === 'cold' ? cold : cause === 'timings' ? (timings ?? warm) : warm
  return processParts(settings, process, widening, standing)
}

/** The wealth of the whole test as far as it doesn't depend on two networks. */
export function carriedWealth(settings: GuardSettings, state: RollbackState, standing: Standing): number {
  const { all, errors } = rollbackWealth(settings, state)
  const { regime } = standing
  if (regime === 'none' || all < LEAST_RISEN) return all
  const errorRest =
    settings.errors.enabled && regime !== 'few' ? partsOf(settings, state, 'errors', standing).rest : errors
  const slowRest = regime === 'few' ? 1 : carriedSlow(settings, state.slow, standing)
  return togetherOf(settings, errorRest, slowRest)
}
