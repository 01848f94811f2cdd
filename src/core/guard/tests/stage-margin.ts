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

/** The margin of a stage: the chosen one, or the usual one. */
export function marginOf(
  settings: Pick<GuardSettings, 'advance'>,
  { percentage, margin }: { percentage: number; margin: number | null },
): number {
  return margin ?? settings.advance.delta ?? advanceDelta(percentage)
}

/** Margin and test after a tick: chosen late, where the stage before said nothing. */
export function withLateMargin(
  settings: GuardSettings,
  { margin, advance, percentage }: { margin: number | null; advance: AdvanceState; percentage: number },
  counted: Counted,
): { margin: number | null; advance: AdvanceState } {
  const { withinMs = 0 } = settings
  if (margin !== null || withinMs <= 0 || counted.elapsedMs < LOOK_PART * withinMs) return { margin, advance }
  const chosen = chosenMargin(settings, percentage, counted)
  return chosen === null ? { margin, advance } : { margin: chosen, advance: initialAdvance() }
}
