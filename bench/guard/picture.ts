/** The picture docs/guard-detection.svg: detection time against effect size, on logarithmic scales. */
import { chartSvg, type Point } from '../../test-kit/report/chart.ts'
import type { Report } from './report.ts'
import { SWEEP_RATES } from './rows/sweep.ts'

const LEAST_S = 0.3

export function pictureSvg({ rows }: Report): string {
  const figures = rows.find(({ id }) => id === 'sweep')?.figures ?? []
  const points = (of: (index: number) => number | undefined) =>
    SWEEP_RATES.map((rate, index): Point => [rate, of(index) ?? Infinity]).filter(([, s]) =>
      Number.isFinite(s),
    )
  const median = points((index) => figures[2 * index]?.value)
  return chartSvg({
    title: 'Seconds until a failing canary is rolled back',
    subtitle: 'canary 5 % of 1,000 requests/s, control fails 0.1 %',
    x: {
      label: 'error rate of the canary',
      scale: 'log',
      least: 0.0025,
      most: 1,
      ticks: [0.003, 0.01, 0.03, 0.1, 0.3, 1],
      text: (rate) => `${Number((rate * 100).toPrecision(2))} %`,
    },
    y: { label: '', scale: 'log', least: LEAST_S, most: 600, ticks: [1, 10, 100], text: (s) => `${s} s` },
    lines: [
      { name: 'guard', points: median, upTo: points((index) => figures[2 * index + 1]?.value) },
      {
        name: 'Flagger',
        points: points((index) => figures[2 * index]?.beside.flagger),
        before: 'Flagger: never, left of this',
      },
      {
        name: 'bound',
        isDashed: true,
        // Below a tick the bound means nothing to a guard that looks once a second.
        points: points((index) => figures[2 * index]?.beside.bound).filter(([, s]) => s > LEAST_S),
      },
    ],
  })
}
