/**
 * Client errors: does the canary turn visitors away (4xx, a redirect to the page itself) more often than control?
 *
 * The null is `r_c ≤ 1.5·r_b + 0.01`, by the formula of formula.ts: a rewritten site may answer 404 where the old one
 * answered something else, so the margin is wide, and by default the verdict holds the stage and calls a person
 * (`action: freeze`). A canary that turns away most visitors is another matter (collapse.ts).
 *
 * Why E ≤ 1: the counts are those of the error test, one per visitor and rest, the canary's strictly and control's
 * plainly (dedupe.ts), so each factor has an expectation of at most 1; taking fewer of the canary's (a full list, the
 * meter) lowers `f`. Bets enter at times that depend on no outcome. The part of α is in alpha.ts.
 *
 * No one but their own network can confirm these answers, so in one or two networks they are no evidence.
 */

import { MOST_ERRORED_SLOTS } from '../../counters/slots.ts'
import type { ArmTick } from '../../counters/ticks.ts'
import { type DedupeState, type Eligible, initialDedupe, stepDedupe } from '../dedupe/dedupe.ts'
import type { Part } from '../dedupe/exposure.ts'
import { levelOf } from '../evidence/alpha.ts'
import { addGroups, LEAST_BATCH_REQUESTS } from '../evidence/batch.ts'
import { addCounts, type Counts, NO_COUNTS } from '../evidence/formula.ts'
import { meter } from '../evidence/meter.ts'
import type { GuardSettings } from '../evidence/settings.ts'
import type { GuardTick } from '../evidence/types.ts'
import { type Bet, grow, initialWealth, type Test, totalWealth, type Wealth } from '../evidence/wealth.ts'
import { type ByGroup, marksByGroup, type Standing, sumOf } from '../networks/groups.ts'
import { holdsWithoutTwo, LEAST_RISEN, leastWealth } from '../networks/without-two.ts'

export const CLIENT_ERROR_BETS: readonly Bet[] = [
  { lambda: 1.5, weight: 0.15 },
  { lambda: 2, weight: 0.2 },
  { lambda: 3, weight: 0.25 },
  { lambda: 6, weight: 0.2 },
  { lambda: 20, weight: 0.15 },
  { lambda: 100, weight: 0.05 },
]

/** Distinct visitors that must have been turned away. */
const LEAST_MARKS = 5

export type ClientErrorState = {
  dedupe: DedupeState
  /** The open batch: requests, counts, and counts by group of networks. */
  canaryRequests: number
  controlRequests: number
  open: Counts
  openGroups: readonly Counts[]
  wealth: Wealth
  /** Counts by group of networks since the evidence began to rise. */
  since: readonly Counts[]
  /** Distinct canary marks, as many as are needed. */
  marks: readonly number[]
}

export function initialClientErrors(percentage: number): ClientErrorState {
  return {
    dedupe: initialDedupe(percentage),
    canaryRequests: 0,
    controlRequests: 0,
    open: NO_COUNTS,
    openGroups: [],
    wealth: initialWealth(CLIENT_ERROR_BETS),
    since: [],
    marks: [],
  }
}

/** At least two batches decide. */
function testOf({ alpha, clientErrors }: GuardSettings): Test {
  const logCap = (Math.log(levelOf('clientErrors', alpha)) * 2) / 3
  return { bets: CLIENT_ERROR_BETS, null_: clientErrors, logCap }
}

/** Marks that are evidence: those of groups that take part. */
export function turnedAway(arm: ArmTick, { regime, aside }: Standing): readonly number[] {
  const { marks } = arm.clientErrors
  if (regime === 'few' || marks.length === 0) return []
  return aside.includes(true) ? marks.filter((mark) => aside[Math.floor(mark / 65_536)] !== true) : marks
}

/** State after one tick, and what the tick counts; `nowS` counts from the generation's start. */
export function stepClientErrors(
  settings: GuardSettings,
  state: ClientErrorState,
  tick: GuardTick,
  { part, nowS, paid }: { part: Part; nowS: number; paid: number },
): { state: ClientErrorState; counted: Counts } {
  if (!settings.clientErrors.enabled) return { state, counted: NO_COUNTS }
  const { standing } = part
  const test = testOf(settings)
  const deduped = stepDedupe(
    state.dedupe,
    {
      nowS,
      percentage: tick.percentage,
      canary: turnedAway(tick.canary, standing),
      control: turnedAway(tick.control, standing),
      groups: standing.groups,
    },
    (eligible) => {
      const exposure = addCounts(state.open, exposureOf(part, eligible))
      return meter(exposure, test.bets, test.null_, test.logCap)
    },
  )
  const { counted, eligible } = deduped
  const counts = {
    ...exposureOf(part, eligible),
    canaryBad: counted.strictCanary.length,
    controlBad: mostOf(tick.control, counted.plainControl.length),
  }
  const next: ClientErrorState = {
    ...state,
    dedupe: deduped.state,
    canaryRequests: state.canaryRequests + sumOf(part.exposure.canary),
    controlRequests: state.controlRequests + sumOf(part.exposure.control),
    open: addCounts(state.open, counts),
    openGroups: addGroups(state.openGroups, groupsOf(part, eligible, counted, counts)),
    marks: [...new Set([...state.marks, ...counted.strictCanary])].slice(0, LEAST_MARKS),
  }
  const isFull = next.canaryRequests >= LEAST_BATCH_REQUESTS && next.controlRequests >= LEAST_BATCH_REQUESTS
  return { state: isFull ? closeClientErrors(settings, next, paid) : next, counted: counts }
}

/** Moves the wealth by the open batch and empties it: once it is full, and before another stage begins. */
export function closeClientErrors(
  settings: GuardSettings,
  state: ClientErrorState,
  paid: number,
): ClientErrorState {
  const { wealth, since, open, openGroups } = state
  const isRising = totalWealth(wealth) >= LEAST_RISEN
  return {
    ...state,
    canaryRequests: 0,
    controlRequests: 0,
    open: NO_COUNTS,
    openGroups: [],
    wealth: grow(wealth, open, paid, testOf(settings)),
    since: isRising ? addGroups(since, openGroups) : openGroups,
  }
}

function exposureOf({ exposure, factors }: Part, eligible: Eligible): Counts {
  return {
    canaryN: sumOf(exposure.canary) * eligible.strictCanary * factors.rollback,
    controlN: sumOf(exposure.control) * eligible.plainControl,
    canaryBad: 0,
    controlBad: 0,
  }
}

/** When control's list was full, all that it turned away: too many are safe. */
function mostOf({ clientErrors }: ArmTick, counted: number): number {
  return clientErrors.marks.length >= MOST_ERRORED_SLOTS ? Math.max(counted, clientErrors.requests) : counted
}

function groupsOf(
  { standing, exposure, factors }: Part,
  eligible: Eligible,
  counted: { strictCanary: readonly number[]; plainControl: readonly number[] },
  { controlBad }: Counts,
): readonly Counts[] {
  if (standing.regime === 'none') return []
  const bad = { canary: marksByGroup(counted.strictCanary), control: marksByGroup(counted.plainControl) }
  const at = (counts: ByGroup, group: number) => counts[group] ?? 0
  return exposure.canary.map((requests, group) => ({
    canaryN: requests * eligible.strictCanary * factors.rollback,
    controlN: at(exposure.control, group) * eligible.plainControl,
    canaryBad: at(bad.canary, group),
    // Those beyond the list are of no known network.
    controlBad: at(bad.control, group) + (group === 0 ? controlBad - counted.plainControl.length : 0),
  }))
}

/** What the test says: its wealth, whether it decides, and whether that doesn't depend on two groups of networks. */
export function clientErrorFinding(
  settings: GuardSettings,
  { wealth, since, marks }: ClientErrorState,
  standing: Standing,
): { wealth: number; decides: boolean; carried: boolean } {
  const all = totalWealth(wealth)
  const level = levelOf('clientErrors', settings.alpha)
  const decides = settings.clientErrors.enabled && all >= level && marks.length >= LEAST_MARKS
  if (!decides || standing.regime === 'none') return { wealth: all, decides, carried: decides }
  const rest = () => leastWealth(since, testOf(settings), standing)
  const carried = standing.regime === 'many' && holdsWithoutTwo(all, rest(), level, standing)
  return { wealth: all, decides, carried }
}
