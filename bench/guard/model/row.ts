/** A row of the benchmark's table: scenarios to run, and what their results mean. */

import { percentile } from '../../../test-kit/report/percentiles.ts'
import type { RunResult, Scenario } from './scenario.ts'
import { type Interval, proportionInterval, quantileInterval } from './statistics.ts'

export type Unit = 'share' | 'seconds' | 'ratio' | 'number'

/** One measured figure with its limit. */
export type Figure = {
  /** What of the row this is, such as a scenario. */
  of: string
  value: number
  interval: Interval | null
  unit: Unit
  limit: number
  /** Whether the limit must not be exceeded, or must be reached. */
  side: 'most' | 'least'
  repeats: number
  /** Why the limit is known to be missed: told with the figure, and no failure of the run. */
  miss?: string
  /** Others in the same run, or the bound: name → figure in the same unit. */
  beside: Readonly<Record<string, number>>
}

export type Row = {
  id: string
  measure: string
  target: string
  /** Scenarios with the runs of the quick and the full mode. */
  scenarios: readonly Scenario[]
  runs: { quick: number; full: number }
  figures(results: ResultsOf): Figure[]
}

/** What the sum over a row's scenarios is called: their runs are in it once more. */
export const TOGETHER = 'all of these together'

export type ResultsOf = (scenario: Scenario) => readonly RunResult[]

export function meets({ value, limit, side }: Figure): boolean {
  return side === 'most' ? value <= limit : value >= limit
}

/** Whether the whole 95 % interval lies on the right side, so that luck is not the reason. */
export function surely({ interval, value, limit, side }: Figure): boolean {
  const { low, high } = interval ?? { low: value, high: value }
  return side === 'most' ? high <= limit : low >= limit
}

/** Whether the whole 95 % interval lies on the wrong side, of a limit that isn't known to be missed. */
export function fails(figure: Figure): boolean {
  return figure.miss === undefined && surelyNot(figure)
}

/** Whether the whole 95 % interval lies on the wrong side. */
export function surelyNot({ interval, value, limit, side }: Figure): boolean {
  const { low, high } = interval ?? { low: value, high: value }
  return side === 'most' ? low > limit : high < limit
}

/** The share of runs for which something holds. */
export function shareFigure(
  of: string,
  results: readonly RunResult[],
  holds: (result: RunResult) => boolean,
  limit: number,
  side: Figure['side'] = 'most',
): Figure {
  const hits = results.filter(holds).length
  const runs = results.length
  return {
    of,
    value: hits / runs,
    interval: proportionInterval(hits, runs),
    unit: 'share',
    limit,
    side,
    repeats: runs,
    beside: rivalShares(results),
  }
}

function rivalShares(results: readonly RunResult[]): Record<string, number> {
  const names = Object.keys(results[0]?.rivals ?? {}) as (keyof RunResult['rivals'])[]
  return Object.fromEntries(
    names.map((name) => [
      name,
      results.filter(({ rivals }) => rivals[name] !== null).length / results.length,
    ]),
  )
}

/** A quantile of the seconds until the rollback. */
export function delayFigure(of: string, results: readonly RunResult[], share: number, limit: number): Figure {
  // A rollback before the regression began is a false alarm, not a fast detection.
  const delays = results.map(({ rolledBackS }) =>
    rolledBackS !== null && rolledBackS > 0 ? rolledBackS : Infinity,
  )
  const names = Object.keys(results[0]?.rivals ?? {}) as (keyof RunResult['rivals'])[]
  const beside = names.map((name): [string, number] => [
    name,
    percentile(
      results.map(({ rivals }) => rivals[name] ?? Infinity),
      share,
    ),
  ])
  return {
    of,
    value: percentile(delays, share),
    interval: quantileInterval(delays, share),
    unit: 'seconds',
    limit,
    side: 'most',
    repeats: delays.length,
    beside: Object.fromEntries(beside),
  }
}

/** The median time to a rollback against that of another scenario. */
export function ratioFigure(
  of: string,
  late: readonly RunResult[],
  early: readonly RunResult[],
  limit: number,
): Figure {
  const [last, first] = [delayFigure('', late, 0.5, 0), delayFigure('', early, 0.5, 0)]
  return {
    ...last,
    of,
    value: last.value / first.value,
    interval: {
      low: (last.interval?.low ?? 0) / (first.interval?.high ?? 1),
      high: (last.interval?.high ?? Infinity) / (first.interval?.low ?? 1),
    },
    unit: 'ratio',
    limit,
    beside: {},
  }
}

/** A rate as text: `0.5 %`. */
export const percentText = (rate: number) => `${Number((rate * 100).toPrecision(3))} %`
