/** Every row of the design's budgets, with what was measured. */

import type { Ratio } from '../../test-kit/report/ratio.ts'
import { lead } from '../evaluate/report.ts'
import { type Figure, TOGETHER } from '../guard/model/row.ts'
import { proportionInterval } from '../guard/model/statistics.ts'
import type { Name, Results } from './results.ts'

export type Budget = {
  what: string
  by: Name
  /** Undefined where the benchmark has not run. */
  measure(results: Partial<Results>): Measured | undefined
  mustReach: number
  aimFor: number
  /** Set where more is better. */
  isMoreBetter?: true
  text(value: number): string
}

/** `spread` says how far the figure may be off; `atBest` is the figure at the better end of its interval. */
export type Measured = { value: number; spread?: string; atBest?: number }

export type Verdict = 'aim reached' | 'reached' | 'missed, within chance' | 'MISSED' | 'not measured'

export function verdictOf(budget: Budget, measured: Measured | undefined): Verdict {
  if (measured === undefined) return 'not measured'
  const { mustReach, aimFor, isMoreBetter } = budget
  const meets = (value: number, limit: number) => (isMoreBetter ? value >= limit : value <= limit)
  if (meets(measured.value, aimFor)) return 'aim reached'
  if (meets(measured.value, mustReach)) return 'reached'
  return meets(measured.atBest ?? measured.value, mustReach) ? 'missed, within chance' : 'MISSED'
}

const ratio = (value: number) => value.toFixed(2)
const percent = (value: number) => `${Number((100 * value).toFixed(2))} %`
const whole = (value: number) => Math.round(value).toLocaleString('en')
/** `spread` and the better end of a ratio's interval. */
const measuredRatio = ({ value, low, high }: Ratio): Measured => ({
  value,
  spread: `${ratio(low)}–${ratio(high)}`,
  atBest: low,
})

export const BUDGETS: readonly Budget[] = [
  {
    what: 'CPU of a proxied request: gate ÷ bare passthrough Worker',
    by: 'proxy',
    measure: ({ proxy }) => proxy && measuredRatio(proxy.gateToBare),
    mustReach: 1.2,
    aimFor: 1.1,
    text: ratio,
  },
  {
    what: 'evaluating flags: how many times faster than the fastest other, the worst row',
    by: 'evaluate',
    measure: ({ evaluate }) => {
      if (evaluate === undefined) return undefined
      const { name, ratio } = lead(evaluate)
      return { value: ratio, spread: name }
    },
    mustReach: 3,
    aimFor: 5,
    isMoreBetter: true,
    text: (value) => `${value.toFixed(1)} ×`,
  },
  {
    what: 'CPU of a request: 10,000 flags and 100 routes ÷ 10 flags',
    by: 'proxy',
    measure: ({ proxy }) => proxy && measuredRatio(proxy.manyToFew),
    mustReach: 1.05,
    aimFor: 1,
    text: ratio,
  },
  {
    what: 'Worker bundle, gzip',
    by: 'document',
    measure: ({ document }) => document && { value: document.bundleBytes },
    mustReach: 140_000,
    aimFor: 110_000,
    text: (bytes) => `${(bytes / 1e3).toFixed(1)} kB`,
  },
  {
    what: 'kill or rollback to the last request on the closed variant, p99',
    by: 'propagation',
    measure: ({ propagation }) => {
      const rows = propagation?.rows.filter(({ name }) => name === 'kill' || name === 'rollback') ?? []
      return rows.length === 0
        ? undefined
        : {
            value: Math.max(...rows.map(({ lastAnswer }) => lastAnswer.p99Ms)),
            spread: rows.map(({ name, lastAnswer }) => `${name}: median ${lastAnswer.p50Ms} ms`).join(', '),
          }
    },
    mustReach: 2_000,
    aimFor: 1_000,
    text: (ms) => `${whole(ms)} ms`,
  },
  {
    what: 'Durable Object requests per million proxied, at 1,000 requests/s',
    by: 'scale',
    measure: ({ scale }) => {
      const outcome = scale?.outcomes.find(({ requestsPerSecond }) => requestsPerSecond === 1_000)
      return outcome && { value: outcome.perMillion }
    },
    mustReach: 5_000,
    aimFor: 2_000,
    text: whole,
  },
  {
    what: 'any one Durable Object at 10 million requests/s (simulated)',
    by: 'scale',
    measure: ({ scale }) => {
      const outcome = scale?.outcomes.find(({ requestsPerSecond }) => requestsPerSecond === 10_000_000)
      if (outcome === undefined) return undefined
      const { busiestShard, controller } = outcome
      const spread = `busiest shard ${whole(busiestShard)}/s, Controller ${whole(controller)}/s`
      return { value: Math.max(busiestShard, controller), spread }
    },
    mustReach: 500,
    aimFor: 200,
    text: (value) => `${whole(value)}/s`,
  },
  {
    what: 'false rollback over an unlimited horizon',
    by: 'guard',
    measure: ({ guard }) => {
      const figures = figuresOf(guard, ['same', 'outage', 'drift', 'clusters', 'faults']).filter(
        ({ of }) => of !== TOGETHER,
      )
      if (figures.length === 0) return undefined
      const runs = figures.reduce((sum, { repeats }) => sum + repeats, 0)
      const alarms = Math.round(figures.reduce((sum, { value, repeats }) => sum + value * repeats, 0))
      const { low, high } = proportionInterval(alarms, runs)
      return {
        value: alarms / runs,
        spread: `${alarms} of ${whole(runs)} runs, 95 %: at most ${percent(high)}`,
        atBest: low,
      }
    },
    mustReach: 0.01,
    aimFor: 0.003,
    text: percent,
  },
  {
    what: 'detection: median less 4 ticks ÷ information bound, the worst of the grid',
    by: 'guard',
    measure: ({ guard }) => {
      const figures = figuresOf(guard, ['bound'])
      if (figures.length === 0) return undefined
      const toBound = (seconds: number, { beside }: Figure) =>
        Math.max(0, seconds - 4) / (beside.bound ?? Number.NaN)
      const worst = figures.toSorted((a, b) => toBound(b.value, b) - toBound(a.value, a))[0] as Figure
      const atBest = Math.max(
        ...figures.map((figure) => toBound(figure.interval?.low ?? figure.value, figure)),
      )
      return { value: toBound(worst.value, worst), spread: worst.of, atBest }
    },
    mustReach: 1.5,
    aimFor: 1.2,
    text: ratio,
  },
]

function figuresOf(guard: Results['guard'] | undefined, ids: readonly string[]): Figure[] {
  return (guard?.rows ?? []).filter(({ id }) => ids.includes(id)).flatMap(({ figures }) => figures)
}
