/**
 * Visitors for whom nothing works: does the canary have more than its share of those who fail again and again?
 *
 * Requests hardly show it. A canary that breaks one visitor in a hundred fails them all day, but each counts once and
 * then rests, and what healthy visitors ask for dilutes them. So this test counts visitors: each is one label, `canary` or
 * `control`, in the second in which they have failed twice, and another when they have failed four times
 * (dedupe/failing-runs.ts).
 *
 * Why E ≤ 1: who is canary is drawn by a hash of the visitor. If the canary is no worse, a visitor's failures don't depend on
 * the draw, so each label is `canary` with the split's probability p, whatever visitors, errors and outages do together: the
 * formula with the split's shares as exposure is a likelihood ratio of independent labels (a randomisation test; Ramdas,
 * Grünwald, Vovk & Shafer, "Game-theoretic statistics and safe anytime-valid inference", 2023, section 4). The null is wider
 * than that: 1.5 times control's rate, and one visitor in 100,000 requests. A visitor who moves from control to canary
 * with a stage takes their failures along; those who haven't come to a level yet are a random part of all such, so
 * labels stay drawn. Where memory is full, someone may be counted twice; they are one of thousands, and the factor 1.5 is
 * many standard errors of so many. The canary's failures are those that are evidence, control's also those about which
 * no one was asked: more labels for control only lower `f`. Both levels' wealth is averaged, which is safe under any
 * dependence. alpha.ts has the test's part of α.
 *
 * The advance test uses the same memory: some visitors fail all day at both origins (a broken client, a bot). By its rule
 * (dedupe.ts) each of the canary's would count every minute and each of control's hardly ever, so no healthy canary with
 * such visitors would advance. Where the canary has no more of them than control lets expect, they count alike.
 */

import { slotOf } from '../../counters/networks.ts'
import { canarySlotCount, isCanarySlot, VISITOR_SLOTS } from '../dedupe/dedupe.ts'
import type { Part } from '../dedupe/exposure.ts'
import { type FailingRuns, LEVELS, noteRuns, repeatingByArm } from '../dedupe/failing-runs.ts'
import { ALPHA_SHARES, levelOf } from '../evidence/alpha.ts'
import { addGroups } from '../evidence/batch.ts'
import { type Counts, NO_COUNTS } from '../evidence/formula.ts'
import type { GuardSettings } from '../evidence/settings.ts'
import type { GuardTick } from '../evidence/types.ts'
import {
  type Bet,
  grow,
  initialWealth,
  meanWealth,
  type Test,
  totalWealth,
  type Wealth,
} from '../evidence/wealth.ts'
import { failuresOf, marksByGroup, type Standing, sumOf } from '../networks/groups.ts'
import { holdsWithoutTwo, LEAST_RISEN, leastWealth } from '../networks/without-two.ts'

export const AFFECTED_BETS: readonly Bet[] = [
  { lambda: 2, weight: 0.1 },
  { lambda: 5, weight: 0.15 },
  { lambda: 20, weight: 0.3 },
  { lambda: 100, weight: 0.45 },
]
export const AFFECTED_NULL = { rho: 1.5, delta: 1e-5 }

/** Distinct visitors of the canary who must be affected. */
const LEAST_VISITORS = 3

export type AffectedState = {
  runs: FailingRuns
  /** By level (failing-runs.ts). */
  wealth: readonly Wealth[]
  /** Counts by group of networks since the evidence began to rise, by level. */
  since: readonly (readonly Counts[])[]
  /** Visitors who have come to a level, by arm, at the time of each. */
  canary: readonly number[]
  control: readonly number[]
  /** Slots that fail again and again, by the arm that they are in at the present percentage. */
  repeating: { percentage: number; canary: number; control: number }
}

export function initialAffected(percentage: number): AffectedState {
  return {
    runs: [],
    wealth: LEVELS.map(() => initialWealth(AFFECTED_BETS)),
    since: LEVELS.map(() => []),
    canary: LEVELS.map(() => 0),
    control: LEVELS.map(() => 0),
    repeating: { percentage, canary: 0, control: 0 },
  }
}

/** At least two visitors decide; no second does alone. */
function testOf({ alpha }: GuardSettings): Test {
  return { bets: AFFECTED_BETS, null_: AFFECTED_NULL, logCap: (Math.log(levelOf('visitors', alpha)) * 2) / 3 }
}

/** State after one tick; `nowS` counts from the generation's start. */
export function stepAffected(
  settings: GuardSettings,
  state: AffectedState,
  tick: GuardTick,
  { part, nowS, paid }: { part: Part; nowS: number; paid: number },
): AffectedState {
  const { percentage } = tick
  const share = shareOf(percentage)
  if (!settings.errors.enabled || !(share > 0 && share < 1)) return state
  const { standing } = part
  const canary = failuresOf(tick.canary, standing)
  const control = failuresOf(tick.control, standing)
  const marks = [...canary.certain, ...control.certain, ...control.unasked]
  const { chunks, reached } = noteRuns(state.runs, marks, nowS)
  const test = testOf(settings)
  const of = (level: number, isCanary: boolean) =>
    (reached[level] ?? []).filter((mark) => isCanarySlot(slotOf(mark), percentage) === isCanary)
  const requests = sumOf(part.exposure.canary) + sumOf(part.exposure.control)
  const counts = LEVELS.map((_, level) => countsOf(requests, share, of(level, true), of(level, false)))
  return {
    runs: chunks,
    wealth: state.wealth.map((wealth, level) => grow(wealth, counts[level]?.all ?? NO_COUNTS, paid, test)),
    since: state.since.map((since, level) => {
      if (standing.regime === 'none') return since
      const groups = counts[level]?.groups ?? []
      const wealth = state.wealth[level]
      return wealth !== undefined && totalWealth(wealth) >= LEAST_RISEN ? addGroups(since, groups) : groups
    }),
    canary: state.canary.map((count, level) => count + of(level, true).length),
    control: state.control.map((count, level) => count + of(level, false).length),
    repeating: repeatingAfter(state, chunks, percentage, {
      canary: of(0, true).length,
      control: of(0, false).length,
    }),
  }
}

/** The canary's share of the slots (0–1), each of which is in one arm as a whole. */
function shareOf(percentage: number): number {
  return Math.min(1, Math.max(0, Math.ceil(canarySlotCount(percentage) - 0.5)) / VISITOR_SLOTS)
}

/** The split's shares of all requests are the exposure: heavy visitors are no more people than others. */
function countsOf(
  requests: number,
  share: number,
  canary: readonly number[],
  control: readonly number[],
): { all: Counts; groups: readonly Counts[] } {
  const exposed = Math.max(requests, canary.length + control.length)
  const all: Counts = {
    canaryN: exposed * share,
    controlN: exposed * (1 - share),
    canaryBad: canary.length,
    controlBad: control.length,
  }
  const by = { canary: marksByGroup(canary), control: marksByGroup(control) }
  // The split's shares are no group's: the first has them.
  const groups = by.canary.map((canaryBad, group) => ({
    ...(group === 0 ? all : NO_COUNTS),
    canaryBad,
    controlBad: by.control[group] ?? 0,
  }))
  return { all, groups }
}

/** Another percentage moves slots between the arms. */
function repeatingAfter(
  { repeating }: AffectedState,
  runs: FailingRuns,
  percentage: number,
  news: { canary: number; control: number },
): AffectedState['repeating'] {
  if (percentage !== repeating.percentage)
    return { percentage, ...repeatingByArm(runs, (slot) => isCanarySlot(slot, percentage)) }
  if (news.canary + news.control === 0) return repeating
  return { percentage, canary: repeating.canary + news.canary, control: repeating.control + news.control }
}

/**
 * Whether the canary has no more visitors who fail again and again than control lets expect, by three standard errors
 * of both numbers.
 */
export function isLikeControl({ repeating: { percentage, canary, control } }: AffectedState): boolean {
  const share = shareOf(percentage)
  const odds = share / (1 - share)
  const expected = control * odds
  return canary <= expected + 3 * Math.sqrt(expected * (1 + odds))
}

type AffectedFinding = { wealth: number; pValue: number; decides: boolean; carried: boolean }

/** What the test says: its wealth and p-value, whether it decides, and whether that doesn't depend on two groups of networks. */
export function affectedFinding(
  settings: GuardSettings,
  state: AffectedState,
  standing: Standing,
): AffectedFinding {
  const wealth = meanWealth(state.wealth)
  const pValue = Math.min(1, 1 / (ALPHA_SHARES.visitors * wealth))
  const level = levelOf('visitors', settings.alpha)
  const decides = wealth >= level && (state.canary[0] ?? 0) >= LEAST_VISITORS
  if (!decides || standing.regime !== 'many') return { wealth, pValue, decides, carried: decides }
  const test = testOf(settings)
  const rest =
    state.since.reduce((sum, groups) => sum + leastWealth(groups, test, standing), 0) / LEVELS.length
  return { wealth, pValue, decides, carried: holdsWithoutTwo(wealth, rest, level, standing) }
}
