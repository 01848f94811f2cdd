/** The row behind the picture: one share and control, canaries from a little to completely failing. */

import { delayFigure, type Row } from '../model/row.ts'
import { boundOf, regression, withBound } from './worse.ts'

export const SWEEP_RATES: readonly number[] = [
  0.003, 0.005, 0.007, 0.01, 0.015, 0.02, 0.03, 0.05, 0.1, 0.2, 0.5, 1,
]

const SWEEP = SWEEP_RATES.map((canaryRate) => regression(5, 0.001, canaryRate))

/** Median and p95 of each rate, in turn: picture.ts relies on it. Only the median has a target. */
export const SWEEP_ROW: Row = {
  id: 'sweep',
  measure: 'detection against effect size: control 0.1 %, canary 5 % of 1,000 rps',
  target: 'median ≤ 1.5 × bound + 4 ticks',
  scenarios: SWEEP,
  runs: { quick: 25, full: 1000 },
  figures: (results) =>
    SWEEP.flatMap((scenario) => {
      const limit = 1.5 * boundOf(scenario) + 4
      const median = delayFigure(`${scenario.name}, median`, results(scenario), 0.5, limit)
      const slow = delayFigure(`${scenario.name}, p95`, results(scenario), 0.95, Infinity)
      return [withBound(median, scenario), slow]
    }),
}
