/**
 * Ceilings: absolute limits of the canary, by the same formula with ρ = 0 and δ = the ceiling. Control is no part of
 * the evidence, but decides the fault: when it breaches the ceiling too, the outage is shared. All failures count,
 * shared ones too; but a breach must hold without any two groups of networks, and so must control's innocence.
 */

import type { Histogram } from '../../counters/histogram.ts'
import { upperEdgeMs } from '../../counters/histogram.ts'
import type { ArmTick } from '../../counters/ticks.ts'
import { addCounts, atMostRequests, type Counts, cleanCount, NO_COUNTS } from '../evidence/formula.ts'
import type { GuardSettings } from '../evidence/settings.ts'
import type { GuardTick } from '../evidence/types.ts'
import type { Wealth } from '../evidence/wealth.ts'
import { equalBets, grow, initialWealth, totalWealth } from '../evidence/wealth.ts'
import { durationsOf } from '../networks/durations.ts'
import {
  inUse,
  marksByGroup,
  requestsByGroup,
  type Standing,
  spread,
  sumOf,
  takingPart,
} from '../networks/groups.ts'
import { holdsWithoutTwo, LEAST_RISEN, leastWealth } from '../networks/without-two.ts'

/** Share of requests that may be slower than a p95. */
export const P95_CEILING_RATE = 0.05

const CEILING_BETS = equalBets([1.25, 1.5, 2, 3, 5, 10, 30, 100])

export type CeilingState = {
  wealth: Wealth
  /** Counts by group of networks since the canary's evidence began to rise. */
  since: readonly Counts[]
  /** Canary slot → ticks with errors since then. */
  bucketsSince: Readonly<Record<number, number>>
}

/** More distinct slots make no difference. */
const MOST_SLOTS = 64
/** This many visitors who always fail, as some bots do, must not look like an outage. */
const FEW_VISITORS = 2

/** `shared`: control is not shown to be below the ceiling in the same time, so the fault is unknown. */
export type CeilingVerdict = 'below' | 'breached' | 'shared'

/** Cap of ln f per tick: at least two bad seconds before a ceiling decides. */
export function ceilingCap(alpha: number): number {
  return (Math.log(1 / alpha) * 2) / 3
}

export function initialCeiling(): CeilingState {
  return {
    wealth: initialWealth(CEILING_BETS),
    since: [],
    bucketsSince: {},
  }
}

/** What both arms did in a tick, by group of networks (one where none is known); `slots`: the canary's with errors. */
export type CeilingTick = { groups: readonly Counts[]; slots: readonly number[] }

/** State after one tick; `ceiling` is a rate (0–1), `logCap` bounds ln f, `paid` = instalments so far. */
export function stepCeiling(
  state: CeilingState,
  { groups, slots }: CeilingTick,
  { ceiling, logCap }: { ceiling: number; logCap: number },
  paid: number,
): CeilingState {
  const rising = totalWealth(state.wealth) >= LEAST_RISEN
  const before = rising ? state : initialCeiling()
  const sum = groups.reduce(addCounts, NO_COUNTS)
  const counts = atMostRequests(sum, 'canary', sum.canaryN)
  return {
    wealth: grow(state.wealth, counts, paid, { bets: betsFor(ceiling), null_: nullOf(ceiling), logCap }),
    since: groups.map((group, k) => addCounts(before.since[k] ?? NO_COUNTS, group)),
    bucketsSince: noteTicks(before.bucketsSince, slots),
  }
}

/** A rate can't exceed 1. */
const betsFor = (ceiling: number) =>
  CEILING_BETS.map(({ lambda, weight }) => ({ lambda: Math.min(lambda, 1 / ceiling), weight }))
const nullOf = (ceiling: number) => ({ rho: 0, delta: ceiling })

function noteTicks(
  ticks: CeilingState['bucketsSince'],
  slots: readonly number[],
): CeilingState['bucketsSince'] {
  if (slots.length === 0) return ticks
  const noted: Record<number, number> = { ...ticks }
  let known = Object.keys(noted).length
  for (const slot of slots) {
    if (noted[slot] === undefined && known++ >= MOST_SLOTS) continue
    noted[slot] = (noted[slot] ?? 0) + 1
  }
  return noted
}

/** Distinct canary slots with errors while the evidence rose. */
export function erroredSince({ bucketsSince }: CeilingState): number {
  return Object.keys(bucketsSince).length
}

/** Whether the canary is above the ceiling even without the visitors who fail most. */
export function isWidespread({ since, bucketsSince }: CeilingState, ceiling: number): boolean {
  const heaviest = Object.values(bucketsSince)
    .sort((a, b) => b - a)
    .slice(0, FEW_VISITORS)
    .reduce((sum, ticks) => sum + ticks, 0)
  const { canaryN, canaryBad } = since.reduce(addCounts, NO_COUNTS)
  return canaryBad - heaviest >= ceiling * (canaryN - heaviest)
}

/** Without a control (100 %) the ceiling alone decides. */
export function judgeCeiling(
  state: CeilingState,
  ceiling: number,
  alpha: number,
  hasControl: boolean,
): CeilingVerdict {
  if (totalWealth(state.wealth) < 1 / alpha) return 'below'
  if (!hasControl) return 'breached'
  return controlAgainst(state, ceiling) === 'below' ? 'breached' : 'shared'
}

/** How control fares in the same time, two standard errors allowed. `too-few`: even without a bad one it would show nothing. */
export function controlAgainst(
  { since }: Pick<CeilingState, 'since'>,
  ceiling: number,
): 'below' | 'too-few' | 'not-below' {
  const { n, bad } = controlWithoutTwo(since)
  const limit = ceiling * n
  const allowed = 2 * Math.sqrt(limit)
  if (bad + allowed < limit) return 'below'
  return bad <= limit && allowed >= limit ? 'too-few' : 'not-below'
}

/** Control, without the two groups of networks that fail most: they can't make an outage look shared. */
function controlWithoutTwo(groups: readonly Counts[]): { n: number; bad: number } {
  const [own = NO_COUNTS, ...others] = groups
  const rest = others.toSorted((a, b) => b.controlBad - a.controlBad).slice(2)
  const { controlN, controlBad } = [own, ...rest].reduce(addCounts, NO_COUNTS)
  return { n: controlN, bad: controlBad }
}

/** Whether a breach doesn't depend on two groups of networks. */
export function isBreachCarried(
  { wealth, since }: CeilingState,
  ceiling: number,
  alpha: number,
  standing: Standing,
): boolean {
  if (standing.regime !== 'many') return true
  const rest = leastWealth(since, { bets: betsFor(ceiling), null_: nullOf(ceiling) }, standing)
  return holdsWithoutTwo(totalWealth(wealth), rest, 1 / alpha, standing)
}

/** Ceilings move with each tick, as they don't need both arms; `logCaps` bound ln f. */
export function stepCeilings(
  { ceilings }: GuardSettings,
  state: { errorCeiling: CeilingState; latencyCeiling: CeilingState },
  tick: GuardTick,
  {
    standing,
    paid,
    logCaps,
  }: { standing: Standing; paid: number; logCaps: { errors: number; slow: number } },
): { errorCeiling: CeilingState; latencyCeiling: CeilingState } {
  const { errorRate, p95Ms } = ceilings
  const { errorCeiling, latencyCeiling } = state
  const errorTest = { ceiling: errorRate ?? 1, logCap: logCaps.errors }
  const slowTest = { ceiling: P95_CEILING_RATE, logCap: logCaps.slow }
  return {
    errorCeiling:
      errorRate === null
        ? errorCeiling
        : stepCeiling(errorCeiling, failingTick(tick, standing), errorTest, paid),
    latencyCeiling:
      p95Ms === null
        ? latencyCeiling
        : stepCeiling(latencyCeiling, slowTick(tick, p95Ms, standing), slowTest, paid),
  }
}

/**
 * One error per slot and tick: ten retries a second are one failure a second. In a few networks only discordant ones,
 * as no one else could confirm the others.
 */
function failingTick(tick: GuardTick, standing: Standing): CeilingTick {
  const canary = failingOf(tick.canary, standing)
  const control = failingOf(tick.control, standing)
  return {
    groups: canary.n.map((canaryN, group) => ({
      canaryN,
      controlN: control.n[group] ?? 0,
      canaryBad: Math.min(canaryN, canary.bad[group] ?? 0),
      controlBad: (control.bad[group] ?? 0) + (group === 0 ? control.more : 0),
    })),
    slots: tick.canary.erroredSlots,
  }
}

/** An arm's requests and failures by group; `more` are failures beyond the slots that a cell can hold. */
function failingOf(
  arm: ArmTick,
  standing: Standing,
): { n: readonly number[]; bad: readonly number[]; more: number } {
  const bad =
    standing.regime === 'few'
      ? marksByGroup(arm.pairing.discordant)
      : spread(arm, arm.erroredSlots.length, ({ errored }) => errored)
  return {
    n: inUse(takingPart(requestsByGroup(arm), standing), standing),
    bad: takingPart(bad, standing),
    more: arm.slotsCut ? Math.max(0, Math.min(arm.requests, arm.errors) - sumOf(bad)) : 0,
  }
}

/** A p95 above the limit means over 5 % of requests slower than it. */
function slowTick(tick: GuardTick, p95Ms: number, standing: Standing): CeilingTick {
  const { all, groups } = durationsOf(tick, 'latency', standing)
  const countsOf = ({ canary, control }: { canary: Histogram; control: Histogram }): Counts => {
    const [canarySlow, controlSlow] = [slowerThan(canary, p95Ms), slowerThan(control, p95Ms)]
    return {
      canaryN: canarySlow.n,
      canaryBad: canarySlow.bad,
      controlN: controlSlow.n,
      controlBad: controlSlow.bad,
    }
  }
  return { groups: (groups.length > 0 ? groups : [all]).map(countsOf), slots: [] }
}

/** Durations certainly above `limitMs`: those in bins that start at or above it. */
export function slowerThan(latency: Histogram, limitMs: number): { n: number; bad: number } {
  const tally = { n: 0, bad: 0 }
  for (const key in latency) {
    const bin = Number(key)
    const count = cleanCount(latency[bin] ?? 0)
    tally.n += count
    if (bin > 0 && upperEdgeMs(bin - 1) >= limitMs * (1 - 1e-9)) tally.bad += count
  }
  return tally
}
