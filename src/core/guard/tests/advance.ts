/**
 * The advance tests (non-inferiority): is the canary shown to be *not* worse? With λ < 1 the same formula tests the
 * null `r_c ≥ ρ'·r_b + δ'`; wealth ≥ 1/β lets a stage advance. Counts of one stage only. Each latency quantile must
 * pass by itself: an average would pass a canary with a bad p99.
 *
 * Here the canary's bad ones include failures about which control was not asked, and control's only a part of theirs
 * (evidence/asked.ts): `f` falls in `e_c` and rises in `e_b` for λ < 1. A claim must also hold without any two groups of networks, or anyone who sends
 * enough requests that work could make a bad canary look healthy.
 */

import { addGroups, type Batch } from '../evidence/batch.ts'
import { type Course, secondsTo } from '../evidence/course.ts'
import type { Counts, Null } from '../evidence/formula.ts'
import { addCounts, atMostRequests, NO_COUNTS } from '../evidence/formula.ts'
import { LATENCY_QUANTILES } from '../evidence/latency.ts'
import { type GuardSettings, showsNothing } from '../evidence/settings.ts'
import type { LogWealth } from '../evidence/wealth.ts'
import { equalBets, growLog, initialLogWealth, logTotal } from '../evidence/wealth.ts'
import type { PopulationState } from '../latency/population.ts'
import { isJudged } from '../latency/slow-process.ts'
import type { Standing } from '../networks/groups.ts'
import { holdsWithoutTwo, leastWealth } from '../networks/without-two.ts'

export const ADVANCE_LAMBDAS: readonly number[] = [0.02, 0.1, 0.3, 0.5, 0.7, 0.85]
export const ADVANCE_BETS = equalBets(ADVANCE_LAMBDAS)

/**
 * Allowed extra error rate by the share of the smaller arm. A small arm proves little, so little is asked, or a stage
 * would last for days. A holdback of 1 % limits the comparison as much as a canary of 1 %.
 */
const DELTA_BY_SMALLER_ARM: readonly (readonly [percentage: number, delta: number])[] = [
  [1, 0.005],
  [5, 0.002],
  [25, 0.001],
  [50, 0.0005],
]

/** The measures: errors first, then the latency quantiles. */
export type AdvanceState = {
  wealth: readonly LogWealth[]
  counts: readonly Counts[]
  /** Counts by group of networks. */
  byGroup: readonly (readonly Counts[])[]
}

export function initialAdvance(): AdvanceState {
  const measures = [null, ...LATENCY_QUANTILES]
  return {
    wealth: measures.map(() => initialLogWealth(ADVANCE_LAMBDAS.length)),
    counts: measures.map(() => NO_COUNTS),
    byGroup: measures.map(() => []),
  }
}

/** δ' (a rate) at a canary percentage, log-linear between the table's points. */
export function advanceDelta(percentage: number): number {
  const smaller = Math.min(percentage, 100 - percentage)
  let before = DELTA_BY_SMALLER_ARM[0] ?? [1, 0.005]
  for (const point of DELTA_BY_SMALLER_ARM) {
    if (smaller <= point[0]) {
      if (point[0] === before[0]) return point[1]
      const part = Math.log(smaller / before[0]) / Math.log(point[0] / before[0])
      return before[1] * (point[1] / before[1]) ** part
    }
    before = point
  }
  return before[1]
}

/** Where a stage stands, as far as the nulls depend on it. */
export type AdvancePlace = {
  percentage: number
  population: Pick<PopulationState, 'widening'>
  /** Chosen for the stage; null: the usual one. */
  margin: number | null
}

/** A null per measure; a canary whose visitors are the faster ones has to show more. */
export function advanceNulls(
  settings: GuardSettings,
  { percentage, population, margin }: AdvancePlace,
): readonly Null[] {
  const { rho } = settings.advance
  const delta = margin ?? settings.advance.delta ?? advanceDelta(percentage)
  return [1, ...population.widening.advance].map((factor) => ({ rho: rho * factor, delta }))
}

const NO_NULL: Null = { rho: 1, delta: 0 }

/** State after one closed batch of the stage. */
export function stepAdvance(state: AdvanceState, batch: Batch, nulls: readonly Null[]): AdvanceState {
  const errors = atMostRequests(batch.advanceErrors, 'control', batch.controlRequests)
  const parts = [errors, ...batch.advanceSlow]
  const groups = [batch.byGroup.advanceErrors, ...batch.byGroup.advanceSlow]
  return {
    wealth: state.wealth.map((wealth, k) =>
      growLog(wealth, parts[k] ?? NO_COUNTS, ADVANCE_LAMBDAS, nulls[k] ?? NO_NULL),
    ),
    counts: state.counts.map((counts, k) => addCounts(counts, parts[k] ?? NO_COUNTS)),
    byGroup: state.byGroup.map((sums, k) => addGroups(sums, groups[k] ?? [])),
  }
}

export type AdvanceProgress = {
  passed: boolean
  errorWealth: number
  /** Of the quantile furthest behind. */
  latencyWealth: number
  /** Estimated canary requests until all measures pass; 0: passed; null: unknown. */
  requestsToGo: number | null
  /** Whether a null is no more than too few requests: fewer than a canary needs that is as good as control. */
  isEarly: boolean
  /** The measure furthest behind; latency, while it is not compared yet, only if errors have passed. */
  waitsFor: 'errors' | 'latency' | null
}

export function advanceProgress(
  settings: GuardSettings,
  state: AdvanceState,
  place: AdvancePlace & { isCold: boolean },
): AdvanceProgress {
  const needed = Math.log(1 / settings.beta)
  const { percentage, isCold } = place
  const nulls = advanceNulls(settings, place)
  const isEndless = showsNothing(settings)
  const progress: AdvanceProgress = {
    passed: !isEndless,
    errorWealth: Math.exp(logTotal(state.wealth[0] ?? [0])),
    latencyWealth: Math.exp(
      Math.min(
        ...state.wealth
          .slice(1)
          .filter((_, k) => isJudged(settings.latency, k))
          .map(logTotal),
      ),
    ),
    requestsToGo: isEndless ? null : 0,
    isEarly: false,
    waitsFor: null,
  }
  state.wealth.forEach((wealth, measure) => {
    if (!isMeasured(settings, measure) || logTotal(wealth) >= needed) return
    const test = { null_: nulls[measure] ?? NO_NULL, level: 1 / settings.beta, percentage }
    const counts = state.counts[measure] ?? NO_COUNTS
    const toGo = requestsToGo(wealth, counts, test)
    progress.passed = false
    if (isCold && measure > 0) {
      progress.waitsFor ??= 'latency'
      if (progress.waitsFor !== 'latency') return
      progress.requestsToGo = null
      progress.isEarly = true
      return
    }
    if (progress.waitsFor !== null && progress.requestsToGo !== null) {
      if (toGo !== null && toGo <= progress.requestsToGo) return
    } else if (progress.waitsFor !== null) return
    progress.requestsToGo = toGo
    progress.isEarly = toGo === null && isEarly(counts, test)
    progress.waitsFor = measure === 0 ? 'errors' : 'latency'
  })
  return progress
}

/** Whether a measure, by its index, must pass: errors, then the latency quantiles. */
function isMeasured({ errors, latency }: GuardSettings, measure: number): boolean {
  return measure === 0 ? errors.enabled : latency.enabled && isJudged(latency, measure - 1)
}

/** Whether what has passed doesn't depend on two groups of networks. */
export function isAdvanceCarried(
  settings: GuardSettings,
  state: AdvanceState,
  place: AdvancePlace,
  standing: Standing,
): boolean {
  if (standing.regime !== 'many') return true
  const nulls = advanceNulls(settings, place)
  return state.wealth.every((wealth, measure) => {
    const all = Math.exp(logTotal(wealth))
    const rest = () =>
      leastWealth(
        state.byGroup[measure] ?? [],
        { bets: ADVANCE_BETS, null_: nulls[measure] ?? NO_NULL },
        standing,
      )
    return !isMeasured(settings, measure) || holdsWithoutTwo(all, rest(), 1 / settings.beta, standing)
  })
}

/** Weight of control's rate in the estimate, in canary requests. */
const PRIOR_REQUESTS = 500

/** What a measure is tested against, up to which wealth, at which percentage. */
type MeasureTest = { null_: Null; level: number; percentage: number }

/**
 * Canary requests until a measure passes with 90 %, if the rates persist. Null when its wealth doesn't grow, or control has no
 * requests yet.
 */
function requestsToGo(logWealth: LogWealth, counts: Counts, test: MeasureTest): number | null {
  const control = controlRate(counts, test)
  if (control === undefined) return null
  const canary = (counts.canaryBad + PRIOR_REQUESTS * control) / (counts.canaryN + PRIOR_REQUESTS)
  const requests = canaryRequestsTo(test, { canary, control }, logWealth)
  return Number.isFinite(requests) ? requests : null
}

function isEarly(counts: Counts, test: MeasureTest): boolean {
  const control = controlRate(counts, test)
  if (control === undefined) return true
  const needed = canaryRequestsTo(test, { canary: control, control })
  return Number.isFinite(needed) && counts.canaryN < needed
}

/** Undefined where nothing was counted, or nothing is compared. */
function controlRate({ controlN, controlBad }: Counts, { percentage }: MeasureTest): number | undefined {
  return controlN > 0 && percentage > 0 && percentage < 100 ? controlBad / controlN : undefined
}

function canaryRequestsTo(
  { null_, level, percentage }: MeasureTest,
  rates: Course['rates'],
  logWealth?: LogWealth,
): number {
  // A second with one request of the canary.
  const perSecond = { canary: 1, control: (100 - percentage) / percentage }
  return secondsTo(level, { bets: ADVANCE_BETS, null_, perSecond, rates, ...(logWealth && { logWealth }) })
}
