/** A test of slow requests: one wealth per quantile of control, and their mean. */

import { type Counts, NO_COUNTS } from '../evidence/formula.ts'
import { LATENCY_QUANTILES, SLOW_BETS } from '../evidence/latency.ts'
import type { GuardSettings } from '../evidence/settings.ts'
import { grow, initialWealth, type Test, totalWealth, type Wealth } from '../evidence/wealth.ts'
import type { Standing } from '../networks/groups.ts'
import { leastWealth, sinceRise } from '../networks/without-two.ts'

/** Processes of one kind, an element per quantile. */
export type SlowProcess = {
  wealth: readonly Wealth[]
  /** Slow canary requests so far. */
  seen: readonly number[]
  /** Counts by group of networks since the wealth last was below 2. */
  since: readonly (readonly Counts[])[]
}

/** What a batch holds for a process: slow requests of all, and by group. */
export type SlowCounts = { all: readonly Counts[]; groups: readonly (readonly Counts[])[] }

export function initialProcess(): SlowProcess {
  return {
    wealth: LATENCY_QUANTILES.map(() => initialWealth(SLOW_BETS)),
    seen: LATENCY_QUANTILES.map(() => 0),
    since: LATENCY_QUANTILES.map(() => []),
  }
}

/** Fallback for a test that isn't there. */
const NO_TEST: Test = { bets: [], null_: { rho: 1, delta: 1 }, logCap: 0 }

/** One process after a batch; `paid` = instalments so far. */
export function stepProcess(
  settings: GuardSettings,
  process: SlowProcess,
  { all, groups }: SlowCounts,
  paid: number,
  tests: readonly Test[],
): SlowProcess {
  return {
    wealth: process.wealth.map((wealth, k) => grow(wealth, all[k] ?? NO_COUNTS, paid, tests[k] ?? NO_TEST)),
    seen: process.seen.map((seen, k) => seen + (all[k]?.canaryBad ?? 0)),
    since: sinceRise(wealthOf(settings, process), process.since, groups),
  }
}

/** Mean over the quantiles that are judged. */
export function wealthOf({ latency }: GuardSettings, { wealth }: Pick<SlowProcess, 'wealth'>): number {
  let sum = 0
  let judged = 0
  wealth.forEach((each, k) => {
    if (!isJudged(latency, k)) return
    sum += totalWealth(each)
    judged++
  })
  return judged === 0 ? 1 : sum / judged
}

/** Whether a quantile, by its index, is one of those that the guard compares. */
export function isJudged({ quantiles }: GuardSettings['latency'], index: number): boolean {
  return quantiles.includes(LATENCY_QUANTILES[index] ?? 0)
}

/** Slow canary requests of the judged quantile with most wealth. */
export function leadingSeen({ latency }: GuardSettings, { wealth, seen }: SlowProcess): number {
  let most = -1
  let leading = 0
  wealth.forEach((each, k) => {
    const total = totalWealth(each)
    if (!isJudged(latency, k) || total <= most) return
    most = total
    leading = seen[k] ?? 0
  })
  return leading
}

/** A process's wealth, and its least without two groups of networks. */
export function processParts(
  settings: GuardSettings,
  process: SlowProcess,
  widening: readonly number[],
  standing: Standing,
): { all: number; rest: number } {
  const all = wealthOf(settings, process)
  const { rho, delta } = settings.latency
  let sum = 0
  let judged = 0
  process.since.forEach((groups, k) => {
    if (!isJudged(settings.latency, k)) return
    const null_ = { rho: rho * (widening[k] ?? 1), delta }
    sum += leastWealth(groups, { bets: SLOW_BETS, null_ }, standing)
    judged++
  })
  return { all, rest: Math.min(all, sum / Math.max(1, judged)) }
}
