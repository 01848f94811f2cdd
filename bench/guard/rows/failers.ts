/** Rows about visitors who fail again and again: at the canary alone, or wherever they are. */

import { percentile } from '../../../test-kit/report/percentiles.ts'
import type { Failers } from '../model/failers.ts'
import { delayFigure, type Figure, type Row, shareFigure } from '../model/row.ts'
import type { RunResult, Scenario } from '../model/scenario.ts'
import { quantileInterval } from '../model/statistics.ts'

const VISITORS = 20_000
const HALF_HOUR_S = 1800
const LADDER = [5, 25, 50, 99]
const BASE_RATE = 0.001

const BROKEN = [0.005, 0.01, 0.02].map(
  (atCanary): Scenario => ({
    name: `${atCanary * 100} % of ${VISITORS} visitors, 50/s, canary 5 %`,
    stages: [5],
    requestsPerSecond: 50,
    seconds: 5400,
    canaryRate: BASE_RATE,
    controlRate: BASE_RATE,
    failers: { visitors: VISITORS, atCanary },
  }),
)
const BROKEN_LADDER: Scenario = {
  ...(BROKEN[1] as Scenario),
  name: `1 % of ${VISITORS} visitors, 50/s, ladder`,
  stages: LADDER,
  bakeS: 60,
}

const isFound = ({ rolledBackS }: RunResult) => rolledBackS !== null && rolledBackS <= HALF_HOUR_S

const brokenRow: Row = {
  id: 'broken-visitors',
  measure: 'nothing works at the canary for a few visitors: found within half an hour',
  target: '≥ 95 % from 1 % of the visitors on; not promoted',
  scenarios: [...BROKEN, BROKEN_LADDER],
  runs: { quick: 2, full: 200 },
  figures: (results) => [
    ...BROKEN.flatMap((scenario, k) => [
      shareFigure(scenario.name, results(scenario), isFound, k === 0 ? 0 : 0.95, 'least'),
      delayFigure(`${scenario.name}, median`, results(scenario), 0.5, Infinity),
    ]),
    shareFigure(`${BROKEN_LADDER.name}: promoted`, results(BROKEN_LADDER), ({ finished }) => finished, 0.01),
  ],
}

/** A healthy canary on its way up. */
function climbing(name: string, failers: Omit<Failers, 'visitors'>): Scenario {
  return {
    name,
    stages: LADDER,
    bakeS: 60,
    requestsPerSecond: 200,
    seconds: 7200,
    canaryRate: BASE_RATE,
    controlRate: BASE_RATE,
    failers: { visitors: VISITORS, ...failers },
  }
}

const bots = (failing: number) => ({ bots: { share: 0.001, failing, activity: 30 } })
const WITHOUT = climbing('no one fails always', {})
const WITH = [
  climbing('0.1 % of visitors fail always', { always: 0.001 }),
  climbing('0.5 % of visitors fail always', { always: 0.005 }),
  climbing('20 bots, which fail 10 % and ask 30 times as often', bots(0.1)),
  climbing('20 bots, which fail 30 % and ask 30 times as often', bots(0.3)),
]

function climbTimes(results: readonly RunResult[]): number[] {
  return results.map(({ finished, seconds }) => (finished ? seconds : Infinity))
}

function climbFigure(
  scenario: Scenario,
  results: readonly RunResult[],
  without: readonly RunResult[],
): Figure {
  const [own, others] = [climbTimes(results), climbTimes(without)]
  const [some, none] = [quantileInterval(own, 0.5), quantileInterval(others, 0.5)]
  return {
    of: scenario.name,
    value: percentile(own, 0.5) / percentile(others, 0.5),
    interval: { low: some.low / none.high, high: some.high / none.low },
    unit: 'ratio',
    limit: 1.5,
    side: 'most',
    repeats: results.length,
    beside: {},
  }
}

const alwaysRow: Row = {
  id: 'always-failing',
  measure: 'healthy canary, visitors who fail always in both arms: median time to climb / without them',
  target: '≤ 1.5, and no rollback',
  scenarios: [WITHOUT, ...WITH],
  runs: { quick: 2, full: 100 },
  figures: (results) => [
    ...WITH.map((scenario) => climbFigure(scenario, results(scenario), results(WITHOUT))),
    shareFigure('rolled back', WITH.flatMap(results), ({ rolledBackS }) => rolledBackS !== null, 0.01),
  ],
}

export const FAILER_ROWS: readonly Row[] = [brokenRow, alwaysRow]
