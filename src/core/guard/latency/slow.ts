/**
 * The latency half of the rollback test: one process per quantile of control, and their mean.
 *
 * - *slow*: canary requests above control's quantile by a margin, once a stage's machines are warm.
 * - *cold*: canary requests above three times control's quantile, in a stage's first minutes (`latency.warmUp`). New
 *   machines are slow at first, all of them at the same time, and that says nothing about the version; that much slower
 *   is a fault, unless visitors are known to differ too much for a comparison. A tenth of the wealth is bet on it.
 * - *timings*: durations that the app reports (timings.ts).
 *
 * Each is a test supermartingale by the formula's argument, as thresholds and margins depend on the past alone. A process
 * that doesn't run has exposure 0, so its factor is 1 and it stands still. Means of supermartingales are
 * supermartingales, under any dependence (Vovk & Wang, "E-values: calibration, combination and applications", 2021).
 */

import type { Batch } from '../evidence/batch.ts'
import { type Counts, logFactor } from '../evidence/formula.ts'
import { SLOW_BETS } from '../evidence/latency.ts'
import type { GuardSettings } from '../evidence/settings.ts'
import type { Test } from '../evidence/wealth.ts'
import type { Standing } from '../networks/groups.ts'
import { LEAST_RISEN } from '../networks/without-two.ts'
import { type BurstState, burstCap, initialBursts, spend } from './bursts.ts'
import { NO_WIDENING, type Widening } from './population.ts'
import { initialProcess, processParts, type SlowProcess, stepProcess, wealthOf } from './slow-process.ts'
import { stepTimings, type TimingState, timingShares } from './timings.ts'

export type SlowState = {
  warm: SlowProcess
  cold: SlowProcess
  /** Null until the app reported durations in both arms. */
  timings: TimingState | null
  bursts: BurstState
  /** What ρ was last multiplied by, per quantile. */
  widening: readonly number[]
}

/** Share of the latency wealth bet on the first minutes of stages. */
const COLD_SHARE = 0.1

export function initialSlow(atMs: number): SlowState {
  return {
    warm: initialProcess(),
    cold: initialProcess(),
    timings: null,
    bursts: initialBursts(atMs),
    widening: NO_WIDENING.rollback,
  }
}

/** Per-batch cap of ln f: stalls cluster in time (a pod collects garbage); even less on few machines. */
export function slowCap(alpha: number, fewMachines: boolean): number {
  return Math.log(1 / alpha) / (fewMachines ? 12 : 6)
}

/** All processes after a closed batch; `paid` = instalments so far. */
export function stepSlow(
  settings: GuardSettings,
  state: SlowState,
  { batch, paid, widening }: { batch: Batch; paid: number; widening: Widening },
): SlowState {
  const { alpha, latency } = settings
  const { byGroup } = batch
  const logCap = burstCap(state.bursts, alpha, slowCap(alpha, latency.fewMachines))
  const tests = widening.rollback.map(
    (factor): Test => ({
      bets: SLOW_BETS,
      null_: { rho: latency.rho * factor, delta: latency.delta },
      logCap,
    }),
  )
  const stake = requestWealth(settings, state)
  const reported = { all: batch.slowTimings, groups: byGroup.slowTimings }
  const gained = [batch.slow, batch.coldSlow, batch.slowTimings].map((counts) => mostGained(counts, tests))
  return {
    warm: stepProcess(settings, state.warm, { all: batch.slow, groups: byGroup.slow }, paid, tests),
    cold: stepProcess(settings, state.cold, { all: batch.coldSlow, groups: byGroup.coldSlow }, paid, tests),
    timings: stepTimings(settings, state.timings, { counts: reported, stake, paid, tests }),
    bursts: spend(state.bursts, alpha, Math.min(logCap, Math.max(...gained))),
    widening: widening.rollback,
  }
}

/** The largest ln f of a batch. */
function mostGained(counts: readonly Counts[], tests: readonly Test[]): number {
  let most = 0
  counts.forEach((each, k) => {
    const test = tests[k]
    for (const { lambda } of test?.bets ?? [])
      most = Math.max(most, logFactor(each, lambda, test?.null_ ?? NEVER))
  })
  return most
}

const NEVER = { rho: 1, delta: 1 }

/** Wealth of the requests' latencies. */
function requestWealth(settings: GuardSettings, { warm, cold }: SlowState): number {
  return (1 - COLD_SHARE) * wealthOf(settings, warm) + COLD_SHARE * wealthOf(settings, cold)
}

/** The latency wealth, and the shares of it that each kind has. */
export function slowWealth(
  settings: GuardSettings,
  state: SlowState,
): { all: number; warm: number; cold: number; timings: number } {
  const { kept, timings } = timingShares(
    state.timings,
    state.timings === null ? 1 : wealthOf(settings, state.timings),
  )
  const warm = kept * (1 - COLD_SHARE) * wealthOf(settings, state.warm)
  const cold = kept * COLD_SHARE * wealthOf(settings, state.cold)
  return { all: warm + cold + timings, warm, cold, timings }
}

/** The latency wealth as far as it doesn't depend on two networks. */
export function carriedSlow(settings: GuardSettings, state: SlowState, standing: Standing): number {
  const { all } = slowWealth(settings, state)
  if (all < LEAST_RISEN) return all
  const rest = [state.warm, state.cold].map(
    (process) => processParts(settings, process, state.widening, standing).rest,
  )
  return Math.min(all, (1 - COLD_SHARE) * (rest[0] ?? 0) + COLD_SHARE * (rest[1] ?? 0))
}
