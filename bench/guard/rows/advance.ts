/** Rows about climbing: what is let through, and what is not. */

import { advanceDelta } from '../../../src/core/guard/tests/advance.ts'
import { type Figure, type Row, shareFigure } from '../model/row.ts'
import type { RunResult, Scenario } from '../model/scenario.ts'

/** Ends where the null of the rollback test is so wide that only the advance test decides. */
const NEVER_CLOSE = { errors: { rho: 100, delta: 0.5 }, latency: {}, ceilings: {}, traffic: undefined }

/** A canary exactly at the limit of what a stage must not let through: 1.5 × control + δ'. */
function boundary(percentage: number, controlRate: number, guard?: object): Scenario {
  const canaryRate = 1.5 * controlRate + advanceDelta(percentage)
  return {
    name: `boundary at ${percentage} %, control ${controlRate * 100} %${guard ? ', rollback muted' : ''}`,
    stages: [percentage, Math.min(99, percentage + 10)],
    requestsPerSecond: 2000,
    seconds: 900,
    canaryRate,
    controlRate,
    ...(guard && { guard }),
  }
}

const BOUNDARIES: readonly Scenario[] = [
  ...[1, 5, 25, 50].map((percentage) => boundary(percentage, 0.001, NEVER_CLOSE)),
  boundary(5, 0.01, NEVER_CLOSE),
  // The canary can't be asked about most of control's failures here.
  boundary(1, 0.01, NEVER_CLOSE),
  boundary(5, 0.001),
]

const LADDER = [1, 5, 25, 50, 100]
const HEALTHY: Scenario = {
  name: 'ladder, healthy at 0.1 %',
  stages: LADDER,
  bakeS: 60,
  requestsPerSecond: 1000,
  seconds: 7200,
  canaryRate: 0.001,
  controlRate: 0.001,
}
const WORSE: Scenario = { ...HEALTHY, name: 'ladder, twice as bad', canaryRate: 0.002 }

const advanced = ({ advances }: RunResult) => advances > 0

const boundaryRow: Row = {
  id: 'boundary',
  measure: 'wrong advance exactly on the boundary',
  target: '≤ 5 %',
  scenarios: BOUNDARIES,
  runs: { quick: 8, full: 600 },
  figures: (results) =>
    BOUNDARIES.map((scenario) => shareFigure(scenario.name, results(scenario), advanced, 0.05)),
}

const ladderRow: Row = {
  id: 'ladder',
  measure: 'ladder 1→5→25→50→100 at 0.1 %: healthy promoted, 2× worse rolled back',
  target: '≥ 99 % each',
  scenarios: [HEALTHY, WORSE],
  runs: { quick: 6, full: 1000 },
  figures: (results): Figure[] => [
    shareFigure('healthy promoted', results(HEALTHY), ({ finished }) => finished, 0.99, 'least'),
    shareFigure(
      '2× worse rolled back',
      results(WORSE),
      ({ rolledBackS }) => rolledBackS !== null,
      0.99,
      'least',
    ),
  ],
}

export const ADVANCE_ROWS: readonly Row[] = [boundaryRow, ladderRow]
