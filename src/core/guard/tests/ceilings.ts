/**
 * Ceilings: absolute limits of the canary, by the same formula with ρ = 0 and δ = the ceiling. Control is no part of
 * the evidence, but decides the fault: when it breaches the ceiling too, the outage is shared.
 */

import type { Histogram } from '../../counters/histogram.ts'
import { upperEdgeMs } from '../../counters/histogram.ts'
import { cleanCount } from '../evidence/formula.ts'
import type { Wealth } from '../evidence/wealth.ts'
import { equalBets, grow, initialWealth, totalWealth } from '../evidence/wealth.ts'

/** Share of requests that may be slower than a p95. */
export const P95_CEILING_RATE = 0.05

const CEILING_BETS = equalBets([1.25, 1.5, 2, 3, 5, 10, 30, 100])

export type Tally = { n: number; bad: number }

export type CeilingState = {
  wealth: Wealth
  /** Counts of both arms since the canary's evidence began to rise. */
  canarySince: Tally
  controlSince: Tally
  /** Canary slot → ticks with errors since then. */
  bucketsSince: Readonly<Record<number, number>>
}

/** More distinct slots make no difference. */
const MOST_SLOTS = 64
/** This many visitors who always fail, as some bots do, must not look like an outage. */
const FEW_VISITORS = 2

/** `shared`: control is not shown to be below the ceiling in the same time, so the fault is unknown. */
export type CeilingVerdict = 'below' | 'breached' | 'shared'

export function initialCeiling(): CeilingState {
  return {
    wealth: initialWealth(CEILING_BETS),
    canarySince: { n: 0, bad: 0 },
    controlSince: { n: 0, bad: 0 },
    bucketsSince: {},
  }
}

/** What both arms did in a tick; `canarySlots` are those with errors. */
export type CeilingTick = { canary: Tally; control: Tally; canarySlots: readonly number[] }

/** State after one tick; `ceiling` is a rate (0–1), `logCap` bounds ln f, `paid` = instalments so far. */
export function stepCeiling(
  state: CeilingState,
  { canary, control, canarySlots }: CeilingTick,
  { ceiling, logCap }: { ceiling: number; logCap: number },
  paid: number,
): CeilingState {
  const rising = totalWealth(state.wealth) >= 2
  const { canarySince, controlSince, bucketsSince } = rising ? state : initialCeiling()
  const counts = { canaryN: canary.n, canaryBad: canary.bad, controlN: 0, controlBad: 0 }
  // A rate can't exceed 1.
  const bets = CEILING_BETS.map(({ lambda, weight }) => ({ lambda: Math.min(lambda, 1 / ceiling), weight }))
  return {
    wealth: grow(state.wealth, counts, paid, { bets, null_: { rho: 0, delta: ceiling }, logCap }),
    canarySince: addTally(canarySince, canary),
    controlSince: addTally(controlSince, control),
    bucketsSince: noteTicks(bucketsSince, canarySlots),
  }
}

const addTally = (a: Tally, b: Tally): Tally => ({ n: a.n + cleanCount(b.n), bad: a.bad + cleanCount(b.bad) })

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
export function isWidespread({ canarySince, bucketsSince }: CeilingState, ceiling: number): boolean {
  const heaviest = Object.values(bucketsSince)
    .sort((a, b) => b - a)
    .slice(0, FEW_VISITORS)
    .reduce((sum, ticks) => sum + ticks, 0)
  return canarySince.bad - heaviest >= ceiling * (canarySince.n - heaviest)
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
  const limit = ceiling * state.controlSince.n
  return state.controlSince.bad + 2 * Math.sqrt(limit) >= limit ? 'shared' : 'breached'
}

/** Durations certainly above `limitMs`: those in bins that start at or above it. */
export function slowerThan(latency: Histogram, limitMs: number): Tally {
  const tally = { n: 0, bad: 0 }
  for (const key in latency) {
    const bin = Number(key)
    const count = cleanCount(latency[bin] ?? 0)
    tally.n += count
    if (bin > 0 && upperEdgeMs(bin - 1) >= limitMs * (1 - 1e-9)) tally.bad += count
  }
  return tally
}
