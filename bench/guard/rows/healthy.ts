/** Rows about canaries that are as good as control: how often the guard is wrong. */

import { SLOW_BETS } from '../../../src/core/guard/evidence/latency.ts'
import type { Bet } from '../../../src/core/guard/evidence/wealth.ts'
import { ADVANCE_LAMBDAS } from '../../../src/core/guard/tests/advance.ts'
import { ERROR_BETS } from '../../../src/core/guard/tests/rollback.ts'
import { worstExpectation } from '../../../test-kit/simulation/exact.ts'
import { type Row, shareFigure, TOGETHER } from '../model/row.ts'
import type { RunResult, Scenario } from '../model/scenario.ts'

const FALSE_ALARMS = 0.01
const lambdasOf = (bets: readonly Bet[]) => bets.map(({ lambda }) => lambda)
const percent = (rate: number) => `${Number((rate * 100).toPrecision(3))} %`

const exactRow: Row = {
  id: 'exact',
  measure: 'one-batch E[f] on the null’s boundary, by exact enumeration, rates to 60 %',
  target: '≤ 1 + 1e-9',
  scenarios: [],
  runs: { quick: 0, full: 0 },
  figures: () => {
    const { worst, checked } = worstExpectation(
      [
        { lambdas: lambdasOf(ERROR_BETS), null_: { rho: 1.1, delta: 1e-4 } },
        { lambdas: lambdasOf(SLOW_BETS), null_: { rho: 1.1, delta: 1e-4 } },
        { lambdas: ADVANCE_LAMBDAS, null_: { rho: 1.5, delta: 0.005 } },
        { lambdas: ADVANCE_LAMBDAS, null_: { rho: 1.5, delta: 0.0005 } },
        { lambdas: lambdasOf(ERROR_BETS), null_: { rho: 0, delta: 0.15 } },
      ],
      40,
    )
    return [
      {
        of: 'largest of all batches',
        value: worst,
        interval: null,
        unit: 'number',
        limit: 1 + 1e-9,
        side: 'most',
        repeats: checked,
        beside: {},
      },
    ]
  },
}

/** 10⁷ requests: 2,000 s of 5,000 requests/s. */
const SAME: readonly Scenario[] = [0.001, 0.01].flatMap((rate) =>
  [1, 5, 50].map((percentage) => ({
    name: `A/A, ${percent(rate)} errors, canary ${percentage} %`,
    stages: [percentage],
    requestsPerSecond: 5000,
    seconds: 2000,
    canaryRate: rate,
    controlRate: rate,
    rivals: ['flagger', 'zTest'] as const,
  })),
)

const OUTAGE: readonly Scenario[] = [5, 50].map((percentage) => ({
  name: `both arms fail 20 % for 60 s, canary ${percentage} %`,
  stages: [percentage],
  requestsPerSecond: 1000,
  seconds: 400,
  canaryRate: 0.001,
  controlRate: 0.001,
  outage: { fromS: 200, toS: 260, rate: 0.2 },
  rivals: ['flagger', 'zTest'],
}))

const DRIFT: readonly Scenario[] = [5, 50].map((percentage) => ({
  name: `both arms drift 0.1 % ↔ 5 %, canary ${percentage} %`,
  stages: [percentage],
  requestsPerSecond: 1000,
  seconds: 2400,
  canaryRate: 0.001,
  controlRate: 0.001,
  drift: { low: 0.001, high: 0.05, periodS: 600 },
  rivals: ['flagger', 'zTest'],
}))

const CLUSTER_NAMES = {
  retries: 'each error retried 9 times',
  unlucky: '10 % of visitors fail 100 times as often',
  bots: '40 bots, half of them failing always',
  all: 'retries, unlucky visitors and bots',
}

const CLUSTERS: readonly Scenario[] = (['retries', 'unlucky', 'bots', 'all'] as const).flatMap((clusters) =>
  [1, 10, 50].map((percentage) => ({
    name: `${CLUSTER_NAMES[clusters]}, canary ${percentage} %`,
    stages: [percentage],
    requestsPerSecond: 300,
    seconds: 1800,
    canaryRate: 0.005,
    controlRate: 0.005,
    clusters,
    rivals: ['flagger', 'zTest', 'rawCounts'] as const,
  })),
)

const FAULTS: readonly Scenario[] = [
  {
    name: 'healthy, flushes repeated, reordered, delayed and lost',
    stages: [10],
    requestsPerSecond: 500,
    seconds: 1500,
    canaryRate: 0.01,
    controlRate: 0.01,
    faults: true,
  },
]

function falseAlarms(id: string, measure: string, scenarios: readonly Scenario[], runs: Row['runs']): Row {
  return {
    id,
    measure,
    target: `≤ ${percent(FALSE_ALARMS)}`,
    scenarios,
    runs,
    figures: (results) => {
      const figure = (of: string, runs: readonly RunResult[]) =>
        shareFigure(of, runs, (run) => run.rolledBackS !== null, FALSE_ALARMS)
      const each = scenarios.map((scenario) => figure(scenario.name, results(scenario)))
      return each.length === 1 ? each : [...each, figure(TOGETHER, scenarios.flatMap(results))]
    },
  }
}

export const HEALTHY_ROWS: readonly Row[] = [
  exactRow,
  falseAlarms('same', 'A/A false rollbacks in 10⁷ requests', SAME, { quick: 2, full: 1000 }),
  falseAlarms('outage', 'shared outage: false rollbacks', OUTAGE, { quick: 10, full: 1000 }),
  falseAlarms('drift', 'shared drift: false rollbacks', DRIFT, { quick: 2, full: 1000 }),
  falseAlarms('clusters', 'clustered errors: false rollbacks', CLUSTERS, { quick: 2, full: 500 }),
  falseAlarms('faults', 'flushes repeated, reordered, delayed, lost: false rollbacks', FAULTS, {
    quick: 4,
    full: 1000,
  }),
]
