/** The guard's state: plain data that survives a round trip through JSON; dedupe-entry.ts has its size. */

import type { DedupeState } from '../dedupe/dedupe.ts'
import { initialDedupe } from '../dedupe/dedupe.ts'
import type { Asked } from '../evidence/asked.ts'
import type { Batch } from '../evidence/batch.ts'
import { EMPTY_BATCH } from '../evidence/batch.ts'
import type { Judged } from '../evidence/judged.ts'
import type { LearnedLatency } from '../evidence/latency.ts'
import { initialLatency } from '../evidence/latency.ts'
import type { Trigger } from '../evidence/types.ts'
import { initialPopulation, type PopulationState } from '../latency/population.ts'
import { initialNetworks, type NetworkState } from '../networks/groups.ts'
import type { AdvanceState } from './advance.ts'
import { initialAdvance } from './advance.ts'
import { type AffectedState, initialAffected } from './affected.ts'
import type { CeilingState } from './ceilings.ts'
import { initialCeiling } from './ceilings.ts'
import { type ClientErrorState, initialClientErrors } from './client-errors.ts'
import { type CollapseState, initialCollapse } from './collapse.ts'
import { NOTHING_REQUIRED, type RequiredState } from './requirements.ts'
import { initialRises, type Rises } from './rises.ts'
import type { RollbackState } from './rollback.ts'
import { initialRollback } from './rollback.ts'
import type { ShareState } from './share.ts'
import { initialShare } from './share.ts'
import { NO_TOTALS, NOTHING_RECENT, NOTHING_SERVED, type Recent, type Served, type Totals } from './totals.ts'
import { NO_VISITORS, type VisitorState } from './visitors.ts'

/** Final for its generation. */
export type GuardDecision = { trigger: Trigger; sentence: string; atMs: number }

/** Raised when the state's shape changes. */
export const STATE_VERSION = 8

export type GuardState = {
  version: typeof STATE_VERSION
  generation: number
  stage: number
  percentage: number
  startedAtMs: number
  stageStartedAtMs: number
  /** Stages that have begun in the generation, without the first. */
  stageStarts: number
  lastAtMs: number
  canarySeenAtMs: number | null
  controlSeenAtMs: number | null
  networks: NetworkState
  dedupe: DedupeState
  latency: LearnedLatency
  timings: LearnedLatency
  population: PopulationState
  batch: Batch
  rollback: RollbackState
  advance: AdvanceState
  /** δ' of the advance test, where the stage has a time to be left in and it has been chosen (stage-margin.ts). */
  margin: number | null
  /** What the stage asks for besides the tests. */
  required: RequiredState
  affected: AffectedState
  errorCeiling: CeilingState
  latencyCeiling: CeilingState
  collapse: CollapseState
  clientErrors: ClientErrorState
  share: ShareState
  visitors: VisitorState
  /** Of all who are served the flag, by group of networks, in the generation. */
  served: Served
  /** Of the generation, and of the stage. */
  totals: Totals
  stageTotals: Totals
  recent: Recent
  decision: GuardDecision | null
  /** About which failures of control the canary was asked; missing in a state that an earlier release has stored. */
  asked?: Asked
  /** Of the generation, for pictures and sentences only; missing in a state that an earlier release has stored. */
  judged?: Judged
  /** For sentences only. */
  rises?: Rises
  /** Counts that came when their stage was over: no test has seen them, but tables have them. */
  late?: Totals
}

/** The state at the start of a generation. */
export function initialGuardState(start: {
  generation: number
  stage: number
  percentage: number
  atMs: number
}): GuardState {
  return {
    version: STATE_VERSION,
    generation: start.generation,
    stage: start.stage,
    percentage: start.percentage,
    startedAtMs: start.atMs,
    stageStartedAtMs: start.atMs,
    stageStarts: 0,
    lastAtMs: start.atMs,
    canarySeenAtMs: null,
    controlSeenAtMs: null,
    networks: initialNetworks(),
    dedupe: initialDedupe(start.percentage),
    latency: initialLatency(start.atMs),
    timings: initialLatency(start.atMs),
    population: initialPopulation(),
    batch: EMPTY_BATCH,
    rollback: initialRollback(start.atMs),
    advance: initialAdvance(),
    margin: null,
    required: NOTHING_REQUIRED,
    affected: initialAffected(start.percentage),
    errorCeiling: initialCeiling(),
    latencyCeiling: initialCeiling(),
    collapse: initialCollapse(),
    clientErrors: initialClientErrors(start.percentage),
    share: initialShare(),
    visitors: NO_VISITORS,
    served: NOTHING_SERVED,
    totals: NO_TOTALS,
    stageTotals: NO_TOTALS,
    recent: NOTHING_RECENT,
    decision: null,
    rises: initialRises(start.atMs),
  }
}
