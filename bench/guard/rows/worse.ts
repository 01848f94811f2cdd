/** Rows about canaries that are worse: how long the guard needs. */

import { boundSeconds } from '../model/bound.ts'
import { delayFigure, type Figure, type Row } from '../model/row.ts'
import type { Scenario } from '../model/scenario.ts'

const NULL = { rho: 1.1, delta: 1e-4 }
const ALPHA = 0.01
const RPS = 1000
/** The default of `latency.warmUp`. */
const WARM_UP_S = 120
const percent = (rate: number) => `${Number((rate * 100).toPrecision(3))} %`

export function boundOf({ stages, requestsPerSecond, canaryRate, controlRate }: Scenario): number {
  return boundSeconds(stages[0] ?? 1, requestsPerSecond, canaryRate, controlRate, NULL, ALPHA)
}

/** Canary against control at one stage and 1,000 requests/s, watched for long enough. */
export function regression(percentage: number, controlRate: number, canaryRate: number): Scenario {
  const scenario: Scenario = {
    name: `${percent(controlRate)} → ${percent(canaryRate)}, canary ${percentage} %`,
    stages: [percentage],
    requestsPerSecond: RPS,
    seconds: 360,
    canaryRate,
    controlRate,
    rivals: ['flagger', 'zTest'],
  }
  return { ...scenario, seconds: Math.max(360, Math.ceil(boundOf(scenario) * 6)) }
}

const GRID: readonly Scenario[] = [
  regression(1, 0.001, 0.02),
  regression(1, 0.001, 0.1),
  regression(1, 0.01, 0.05),
  regression(5, 0.001, 0.005),
  regression(5, 0.001, 0.03),
  regression(5, 0.01, 0.03),
  regression(5, 0.01, 0.1),
  regression(50, 0.001, 0.003),
  regression(50, 0.001, 0.01),
  regression(50, 0.01, 0.02),
]
const FIVE = regression(1, 0.001, 0.05)
const TEN = regression(5, 0.001, 0.01)
const DEAD: readonly Scenario[] = [
  { ...regression(1, 0.001, 1), seconds: 60 },
  { ...regression(5, 0.001, 1), requestsPerSecond: 200, seconds: 60 },
].map((scenario) => ({
  ...scenario,
  name: `dead, ${scenario.stages[0]} % of ${scenario.requestsPerSecond}/s`,
}))

const SLOW: Scenario = {
  name: 'latency × 1.5, canary 5 %, from the end of the warm-up on',
  stages: [5],
  requestsPerSecond: RPS,
  warmS: WARM_UP_S,
  seconds: 300 + WARM_UP_S,
  canaryRate: 0.001,
  controlRate: 0.001,
  slowdown: 1.5,
}
/** After an hour of health; half the requests, for time's sake. */
const LATE: Scenario = {
  ...TEN,
  name: `${TEN.name}, after an hour`,
  regressionS: 3600,
  seconds: 3900,
  rivals: [],
}
const LATE_SLOW: Scenario = {
  ...SLOW,
  name: `${SLOW.name}, after an hour`,
  warmS: 0,
  regressionS: 3600,
  seconds: 3900,
}

export function withBound(figure: Figure, scenario: Scenario): Figure {
  return { ...figure, beside: { ...figure.beside, bound: boundOf(scenario) } }
}

const boundRow: Row = {
  id: 'bound',
  measure: 'median detection, over a grid of shares and rates',
  target: '≤ 1.5 × bound + 4 ticks',
  scenarios: [FIVE, TEN, ...GRID],
  runs: { quick: 40, full: 1000 },
  figures: (results) =>
    [FIVE, TEN, ...GRID].map((scenario) => {
      const limit = 1.5 * boundOf(scenario) + 4
      return withBound(delayFigure(scenario.name, results(scenario), 0.5, limit), scenario)
    }),
}

const deadRow: Row = {
  id: 'dead',
  measure: 'canary fails completely, 10 canary requests/s: slowest of all runs',
  target: '≤ 3 s + flush',
  scenarios: DEAD,
  runs: { quick: 200, full: 2000 },
  figures: (results) => DEAD.map((scenario) => delayFigure(scenario.name, results(scenario), 1, 3)),
}

function quantiles(id: string, target: string, scenario: Scenario, limits: [number, number][]): Row {
  return {
    id,
    measure: `${scenario.name}, 1,000 rps`,
    target,
    scenarios: [scenario],
    runs: { quick: 100, full: 2000 },
    figures: (results) =>
      limits.map(([share, limit]) => {
        const of = share === 0.5 ? 'median' : `p${share * 100}`
        return delayFigure(of, results(scenario), share, limit)
      }),
  }
}

const lateRow: Row = {
  id: 'late',
  measure: 'the same regression after one healthy hour, median / median at t = 0',
  target: '≤ 2.5',
  scenarios: [TEN, LATE, SLOW, LATE_SLOW],
  runs: { quick: 2, full: 200 },
  figures: (results) =>
    [
      [TEN, LATE],
      [SLOW, LATE_SLOW],
    ].map(([early = TEN, late = LATE]) => {
      const first = delayFigure('', results(early), 0.5, 0)
      const last = delayFigure('', results(late), 0.5, 0)
      return {
        ...last,
        of: early.name,
        value: last.value / first.value,
        interval: {
          low: (last.interval?.low ?? 0) / (first.interval?.high ?? 1),
          high: (last.interval?.high ?? Infinity) / (first.interval?.low ?? 1),
        },
        unit: 'ratio',
        limit: 2.5,
      }
    }),
}

export const WORSE_ROWS: readonly Row[] = [
  boundRow,
  deadRow,
  quantiles('five', 'median ≤ 10 s, p95 ≤ 20 s', FIVE, [
    [0.5, 10],
    [0.95, 20],
  ]),
  quantiles('ten', 'median ≤ 16 s, p95 ≤ 35 s', TEN, [
    [0.5, 16],
    [0.95, 35],
  ]),
  quantiles('slow', 'median ≤ 13 s', SLOW, [[0.5, 13]]),
  lateRow,
]
