/** Rows about sites with few networks, and about origins that fail by themselves. */

import { percentText, type Row, ratioFigure, shareFigure } from '../model/row.ts'
import type { Scenario } from '../model/scenario.ts'

/** 200 people with 4 requests/s together. */
function people(from: NonNullable<Scenario['from']>): Scenario {
  return {
    name: `25 % of 200 people, canary fails 10 %, from ${from}`,
    stages: [25],
    requestsPerSecond: 4,
    seconds: 1800,
    canaryRate: 0.1,
    controlRate: 0.005,
    from,
  }
}
const [HOME, OFFICE, MIXED] = [people('internet'), people('office'), people('office-and-homes')]

const fewRow: Row = {
  id: 'few-networks',
  measure: 'canary that fails 10 %, 200 people: median time to the rollback / the same people at home',
  target: '≤ 2 in an office; it ends where an office makes 80 % of the traffic',
  scenarios: [HOME, OFFICE, MIXED],
  runs: { quick: 20, full: 300 },
  figures: (results) => [
    ratioFigure('behind one address', results(OFFICE), results(HOME), 2),
    ratioFigure('80 % behind one address, the others at home', results(MIXED), results(HOME), Infinity),
    shareFigure(
      '80 % behind one address: found within half an hour',
      results(MIXED),
      ({ rolledBackS }) => rolledBackS !== null,
      0.99,
      'least',
    ),
  ],
}

/** Carriers with one network each: what the rule costs where two networks are 40 % of the traffic. */
const CARRIERS = (
  [
    [1, 0.001, 0.05],
    [5, 0.001, 0.01],
    [5, 0.01, 0.03],
  ] as const
).map(
  ([percentage, controlRate, canaryRate]): Scenario => ({
    name: `${percentText(controlRate)} → ${percentText(canaryRate)}, canary ${percentage} %, two carriers with one network each`,
    stages: [percentage],
    requestsPerSecond: 1000,
    seconds: 360,
    canaryRate,
    controlRate,
    from: 'carriers',
  }),
)

const carriersRow: Row = {
  id: 'carriers',
  measure:
    'two networks with 20 % of the traffic each: median time to the rollback / with a pool of networks each',
  target: 'shown',
  scenarios: [...CARRIERS, ...CARRIERS.map(pooled)],
  runs: { quick: 20, full: 500 },
  figures: (results) =>
    CARRIERS.map((scenario) =>
      ratioFigure(scenario.name, results(scenario), results(pooled(scenario)), Infinity),
    ),
}

function pooled(scenario: Scenario): Scenario {
  return { ...scenario, name: scenario.name.replace('one network each', 'a pool each'), from: 'internet' }
}

const OUTAGE: Scenario = {
  name: 'control alone fails 20 % for a minute, canary 1 %',
  stages: [1],
  requestsPerSecond: 1000,
  seconds: 300,
  canaryRate: 0.001,
  controlRate: 0.001,
  outage: { fromS: 120, toS: 180, rate: 0.2, isControls: true },
}

const outageRow: Row = {
  id: 'control-outage',
  measure: 'outage of control alone: false rollbacks',
  target: '≤ 1 %',
  scenarios: [OUTAGE],
  runs: { quick: 10, full: 500 },
  figures: (results) => [
    shareFigure(OUTAGE.name, results(OUTAGE), ({ rolledBackS }) => rolledBackS !== null, 0.01),
  ],
}

export const NETWORK_ROWS: readonly Row[] = [fewRow, carriersRow, outageRow]
