/**
 * The margin of a stage that is to be left within a time (`within`). It is chosen once, from what is known before the
 * advance test begins: the stage before, or, in a first stage, its own first twentieth, after which the test starts
 * afresh. So the margin depends on the past alone, and the test's error probability is that of any fixed margin.
 */

import type { GuardSettings } from '../evidence/settings.ts'
import { type AdvanceState, advanceDelta, initialAdvance } from './advance.ts'
import { marginFor } from './pass-time.ts'
import type { Totals } from './totals.ts'

/** Of the stage's time; the rest is for the warm-up, and for what an estimate is wrong by. */
const PART = 0.75
const LOOK_PART = 0.05
const LEAST_REQUESTS = 30
/** Failures that are assumed of a site that has shown few requests: one of so many. */
const PRIOR_REQUESTS = 200

type Counted = {
  totals: Pick<Totals, 'canaryRequests' | 'controlRequests' | 'controlErrors'>
  elapsedMs: number
}

/** The margin from what was counted; null where too little was, or the stage may take its time. */
export function chosenMargin(
  settings: GuardSettings,
  percentage: number,
  { totals, elapsedMs }: Counted,
): number | null {
  const { withinMs = 0 } = settings
  const requests = totals.canaryRequests + totals.controlRequests
  if (withinMs <= 0 || requests < LEAST_REQUESTS || elapsedMs <= 0) return null
  const site = {
    requestsPerSecond: (requests * 1000) / elapsedMs,
    errorRate: (totals.controlErrors + 1) / (totals.controlRequests + PRIOR_REQUESTS),
  }
  return marginFor(settings, site, { percentage, seconds: (PART * withinMs) / 1000 })
}

/** Until a first stage, of which nothing is known before, chooses: its own look, or until it has had enough requests. */
export function lookMs(withinMs: number, requestsPerSecond: number): number {
  return Math.max(LOOK_PART * withinMs, (LEAST_REQUESTS * 1000) / requestsPerSecond)
}

/** The margin of a stage: the chosen one, or the usual one. */
export function marginOf(
  settings: Pick<GuardSettings, 'advance'>,
  { percentage, margin }: { percentage: number; margin: number | null },
): number {
  return margin ?? settings.advance.delta ?? advanceDelta(percentage)
}

type Margined = { margin: number | null; advance: AdvanceState; percentage: number }

/** The state after a tick: its margin is chosen late where the stage before said nothing, and its test starts afresh. */
export function withLateMargin<State extends Margined>(
  settings: GuardSettings,
  state: State,
  counted: Counted,
): State {
  if (state.margin !== null || counted.elapsedMs < LOOK_PART * (settings.withinMs ?? 0)) return state
  const margin = chosenMargin(settings, state.percentage, counted)
  return margin === null ? state : { ...state, margin, advance: initialAdvance() }
}
