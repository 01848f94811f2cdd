/** What is measured of sites: coverage, false alarms, detection, power. */
import { judge } from '../../src/core/metrics/judge/judge.ts'
import type { JudgeSpec, JudgeState } from '../../src/core/metrics/judge-types.ts'
import type { MetricResult } from '../../src/core/metrics/results.ts'
import type { Metric } from '../../src/core/metrics/spec.ts'
import { type Random, seeded } from '../../test-kit/simulation/random.ts'
import { isDecidedByMsprt, isSignificant } from './rivals.ts'
import { runSite, type Site, VARIANTS } from './site.ts'

type Measured = { order: 'primary' | 'guard'; revenue: boolean; marginPercent?: number; stages?: number }

function specOf(site: Site, { order, revenue, marginPercent, stages = 1 }: Measured): JudgeSpec {
  const guard = marginPercent === undefined ? undefined : { marginPercent, action: 'rollback' as const }
  const common = { better: 'higher', guard, windowMs: null, definition: '' } as const
  const metrics: Metric[] = [{ ...common, name: 'order', type: 'conversion', role: order, cap: undefined }]
  if (revenue)
    metrics.push({
      ...common,
      name: 'revenue',
      type: 'sum',
      role: guard ? 'guard' : 'secondary',
      cap: site.cap,
    })
  const variants = VARIANTS.slice(0, site.shares.length)
  const measures = { metrics, variants, control: 'control', inside: new Map(), outside: undefined, stages }
  return { flag: 'f', measures, shares: site.shares, guardAlpha: 0.01, unproven: 0 }
}

/** Runs in which an interval missed the truth at any look. */
export type Coverage = {
  runs: number
  missed: number
  missedOrders: number
  missedRevenue: number
  missedMeans: number
}

/**
 * @param means the true means of the two metrics, where a visitor does at once all that they ever do; undefined: means grow
 */
export function coverageOf(
  site: Site,
  runs: number,
  seed: string,
  means: readonly [number, number] | undefined,
): Coverage {
  const coverage = { runs, missed: 0, missedOrders: 0, missedRevenue: 0, missedMeans: 0 }
  const spec = specOf(site, { order: 'primary', revenue: true })
  for (let run = 0; run < runs; run++) {
    const missed = [false, false]
    let missedMean = false
    runSite(site, seeded(`${seed} ${site.name}`, run), ({ summaries, nowMs, ratio }) => {
      const { metrics } = judge(undefined, summaries, spec, nowMs).results
      for (const [at, metric] of metrics.entries()) {
        if (missesRatio(metric, ratio)) missed[at] = true
        if (means && missesMean(metric, means[at] ?? 0, ratio)) missedMean = true
      }
      return false
    })
    if (missed[0]) coverage.missedOrders++
    if (missed[1]) coverage.missedRevenue++
    if (missed[0] || missed[1]) coverage.missed++
    if (missedMean) coverage.missedMeans++
  }
  return coverage
}

/** What stands on a limit after rounding isn't outside. */
const ROUNDING = 1e-9
const isOutside = (truth: number, low: number | null, high: number | null) =>
  (low !== null && truth < low - ROUNDING) || (high !== null && truth > high + ROUNDING)

const missesRatio = ({ comparisons }: MetricResult, ratio: number) =>
  comparisons.some(({ low, high }) => isOutside(ratio - 1, low, high))

const missesMean = ({ variants }: MetricResult, mean: number, ratio: number) =>
  variants.some(({ variant, low, high }) => isOutside(variant === 'control' ? mean : mean * ratio, low, high))

export type Rollouts = { runs: number; rolledBack: number; visitors: number[] }

/** A rollout by stages, whose orders and revenue are guarded: how often is it rolled back, and after how many visitors? */
export function rolloutsOf(stages: readonly Site[], runs: number, seed: string): Rollouts {
  const found: Rollouts = { runs, rolledBack: 0, visitors: [] }
  for (let run = 0; run < runs; run++) {
    const random = seeded(`${seed} rollout ${stages[0]?.name}`, run)
    const after = rollOut(stages, random)
    found.visitors.push(after ?? Infinity)
    if (after !== undefined) found.rolledBack++
  }
  return found
}

/** The visitors until the rollback; undefined without one. */
function rollOut(stages: readonly Site[], random: Random): number | undefined {
  let state: JudgeState | undefined
  let before = 0
  for (const [stage, site] of stages.entries()) {
    const measured = { order: 'guard', revenue: true, marginPercent: 5, stages: stages.length } as const
    const spec = specOf(site, measured)
    let after: number | undefined
    runSite(site, random, ({ summaries, nowMs, visitors }) => {
      const judged = judge(state, { ...summaries, stage }, spec, nowMs)
      state = judged.state
      if (judged.findings.length > 0) after = before + visitors
      return after !== undefined
    })
    if (after !== undefined) return after
    before += site.visitors
  }
  return undefined
}

export const WAYS = ['this judge', 'fixed horizon, one look', 'mSPRT', 't-test at each look'] as const
export type Power = { runs: number; decided: Record<(typeof WAYS)[number], number>; visitors: number[] }

/** How often each way to compare tells a difference, by the end. */
export function powerOf(site: Site, runs: number, seed: string): Power {
  const decided = { 'this judge': 0, 'fixed horizon, one look': 0, mSPRT: 0, 't-test at each look': 0 }
  const visitors: number[] = []
  const spec = specOf(site, { order: 'primary', revenue: false })
  for (let run = 0; run < runs; run++) {
    const ever = { judge: Infinity, msprt: false, peeking: false, last: false }
    runSite(site, seeded(`${seed} ${site.name}`, run), (look) => {
      const { summaries, nowMs } = look
      const [comparison] = judge(undefined, summaries, spec, nowMs).results.metrics[0]?.comparisons ?? []
      if (comparison?.word === 'better' || comparison?.word === 'worse')
        ever.judge = Math.min(ever.judge, look.visitors)
      ever.msprt ||= isDecidedByMsprt(summaries, site.rate)
      ever.last = isSignificant(summaries)
      ever.peeking ||= ever.last
      return false
    })
    if (ever.judge < Infinity) decided['this judge']++
    if (ever.last) decided['fixed horizon, one look']++
    if (ever.msprt) decided.mSPRT++
    if (ever.peeking) decided['t-test at each look']++
    visitors.push(ever.judge)
  }
  return { runs, decided, visitors }
}
