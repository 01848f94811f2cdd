/**
 * Reads the states of earlier versions, so that an update costs a running rollout no evidence.
 *
 * | version | what changed |
 * |---|---|
 * | 8 | `affected`: visitors who fail again and again; what a stage asks for: `margin`, `required` |
 * | 7 | what else is told of answers and visitors: `clientErrors`, and their sums; `collapse` keeps control's record |
 * | 6 | control's median is a fourth quantile; latency's processes and bursts stand together in `rollback.slow`; `population` |
 */

import { EMPTY_BATCH } from '../evidence/batch.ts'
import type { Counts } from '../evidence/formula.ts'
import type { Wealth } from '../evidence/wealth.ts'
import { initialPopulation } from '../latency/population.ts'
import { initialSlow } from '../latency/slow.ts'
import { initialProcess, type SlowProcess } from '../latency/slow-process.ts'
import type { TimingState } from '../latency/timings.ts'
import { initialAdvance } from './advance.ts'
import { type GuardState, initialGuardState, STATE_VERSION } from './guard-state.ts'
import type { RollbackState } from './rollback.ts'
import { NO_TOTALS, NOTHING_RECENT } from './totals.ts'

type Groups = readonly (readonly Counts[])[]

/** As version 5 wrote it, where it differs. */
type RollbackState5 = Omit<RollbackState, 'slow'> & {
  latency: readonly Wealth[]
  slowSeen: readonly number[]
  slowSince: Groups
  timings:
    | (Pick<TimingState, 'stake' | 'paidBefore' | 'wealth' | 'since'> & { slowSeen: readonly number[] })
    | null
}
type GuardState5 = Omit<GuardState, 'version' | 'rollback' | 'population'> & {
  version: 5
  rollback: RollbackState5
}

/** As versions 6 and 7 wrote it: without the tests that came later. */
type Later = 'affected' | 'margin' | 'required'
type GuardState6 = Omit<GuardState, 'version' | 'collapse' | Later> & { version: 6 }
type GuardState7 = Omit<GuardState, 'version' | Later> & { version: 7 }
type StoredState = GuardState | GuardState5 | GuardState6 | GuardState7

/**
 * A stored state, brought up to date where one of the three versions before wrote it; undefined where another one did.
 * Evidence then starts afresh, which costs time only, while a misread state could decide anything.
 */
export function restoreGuardState(stored: StoredState | undefined): GuardState | undefined {
  if (stored?.version === 5) return withLaterTests(fromVersion5(stored))
  if (stored?.version === 6) return withLaterTests(stored)
  if (stored?.version === 7)
    return withLaterSums({
      ...initialGuardState({ ...stored, atMs: stored.startedAtMs }),
      ...stored,
      version: STATE_VERSION,
    })
  return stored?.version === STATE_VERSION ? withLaterSums(stored) : undefined
}

/** A test that the version before didn't have starts with the next tick: its wealth is 1, as at a generation's start. */
function withLaterTests(stored: GuardState6): GuardState {
  const start = initialGuardState({ ...stored, atMs: stored.startedAtMs })
  return withSums({ ...start, ...stored, collapse: start.collapse, version: STATE_VERSION })
}

function withLaterSums(state: GuardState): GuardState {
  return state.totals.canaryJourneys === undefined ? withSums(state) : state
}

/** Sums that an earlier release didn't have begin at 0. */
function withSums(state: GuardState): GuardState {
  return {
    ...state,
    totals: { ...NO_TOTALS, ...state.totals },
    stageTotals: { ...NO_TOTALS, ...state.stageTotals },
    recent: { ...NOTHING_RECENT, ...state.recent },
  }
}

/** The state as this version writes it. A new quantile's test starts afresh. */
function fromVersion5(stored: GuardState5): GuardState6 {
  const { latency, slowSeen, slowSince, timings, ...rollback } = stored.rollback
  const [, ...advance] = stored.advance.wealth
  const fresh = initialAdvance()
  const first = <T>(before: readonly T[], made: readonly T[], after: readonly T[]): T[] => [
    ...before.slice(0, 1),
    ...made.slice(1, 2),
    ...after,
  ]
  return {
    ...stored,
    version: 6,
    latency: { ...stored.latency, edges: null },
    timings: { ...stored.timings, edges: null },
    population: initialPopulation(),
    batch: EMPTY_BATCH,
    rollback: {
      ...rollback,
      slow: {
        ...initialSlow(stored.lastAtMs),
        warm: withMedian({ wealth: latency, seen: slowSeen, since: slowSince }),
        timings:
          timings === null ? null : { ...timings, ...withMedian({ ...timings, seen: timings.slowSeen }) },
      },
    },
    advance: {
      wealth: first(stored.advance.wealth, fresh.wealth, advance),
      counts: first(stored.advance.counts, fresh.counts, stored.advance.counts.slice(1)),
      byGroup: first(stored.advance.byGroup, fresh.byGroup, stored.advance.byGroup.slice(1)),
    },
  }
}

function withMedian({ wealth, seen, since }: SlowProcess): SlowProcess {
  const fresh = initialProcess()
  return {
    wealth: [...fresh.wealth.slice(0, 1), ...wealth],
    seen: [0, ...seen],
    since: [[], ...since],
  }
}
