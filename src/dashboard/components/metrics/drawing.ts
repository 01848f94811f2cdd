/** From the results of a metric to its chart: how each variant differs from control over time. Pure. */
import type { MetricView } from '../../../contract/responses/results.ts'
import { marginOf, shareText } from '../../../contract/words/results.ts'
import type { Drawing, Line } from '../charts/chart.ts'

/** Of the variants that are compared, in their order; each has a band of the same colour. */
const COLOURS = ['series-1', 'series-2', 'series-3', 'series-4', 'series-5', 'series-6'] as const

export function colourOfVariant(index: number): string {
  return COLOURS[index % COLOURS.length] ?? COLOURS[0]
}

type Scale = NonNullable<Drawing['scale']>

/** Ratios to control. The narrowest that has everything important of the latest figures inside is drawn. */
const SCALES: readonly Scale[] = [
  { range: [0.95, 1.05], splits: [0.95, 0.98, 1, 1.02, 1.05] },
  { range: [0.8, 1.25], splits: [0.8, 0.9, 1, 1.1, 1.25] },
  { range: [0.5, 2], splits: [0.5, 0.75, 1, 1.5, 2] },
  { range: [0.1, 10], splits: [0.1, 0.25, 0.5, 1, 2, 4, 10] },
]

type Point = MetricView['series'][number]
type Figure = 'relative' | 'low' | 'high'

/** Undefined while there are fewer than two moments to draw. */
export function drawingOf(metric: MetricView): Drawing | undefined {
  const times = [...new Set(metric.series.map(({ atMs }) => atMs))].sort((a, b) => a - b)
  if (times.length < 2) return undefined
  const variants = metric.comparisons.map(({ variant }) => variant)
  const columns = variants.map((variant) => pointsOf(metric.series, variant, times))
  const margin = marginOf(metric)
  const scale = scaleFor(
    columns.map((points) => points.at(-1)),
    margin,
  )
  const values = (points: readonly (Point | undefined)[], figure: Figure, open: number | null) =>
    points.map((point) => (point === undefined ? null : inside(point[figure], scale, open)))
  const [least, most] = scale.range
  const edges = columns.flatMap((points, index): Line[] => {
    const edge = { label: '', colour: colourOfVariant(index), edge: true }
    return [
      { ...edge, values: values(points, 'high', most) },
      { ...edge, values: values(points, 'low', least) },
    ]
  })
  return {
    times: times.map((ms) => ms / 1_000),
    scale,
    lines: [
      ...edges,
      // In the order of the table, which begins with control.
      {
        label: `${metric.comparisons[0]?.against ?? ''} (control)`,
        ...{ colour: 'control', values: times.map(() => 1), thin: true },
      },
      ...columns.map((points, index) => ({
        label: variants[index] ?? '',
        colour: colourOfVariant(index),
        values: values(points, 'relative', null),
      })),
      ...(margin === undefined
        ? []
        : [
            {
              label: 'limit',
              colour: 'bad-fill',
              values: times.map(() => inside(margin, scale, null)),
              dash: true,
            },
          ]),
    ],
    bands: columns.map((_, index) => ({
      lines: [2 * index, 2 * index + 1] as const,
      colour: `${colourOfVariant(index)}-band`,
    })),
    format: (ratio) => shareText(ratio - 1),
  }
}

/** A point for each time; where a variant has none, that before it still holds. */
function pointsOf(series: readonly Point[], variant: string, times: readonly number[]) {
  const own = new Map(series.filter((each) => each.variant === variant).map((each) => [each.atMs, each]))
  let last: Point | undefined
  return times.map((atMs) => {
    last = own.get(atMs) ?? last
    return last
  })
}

function scaleFor(latest: readonly (Point | undefined)[], margin: number | undefined): Scale {
  const shares = [margin, ...latest.flatMap((point) => [point?.relative, point?.low, point?.high])]
  const fits = ({ range: [least, most] }: Scale) =>
    shares.every((share) => share === undefined || share === null || (1 + share > least && 1 + share < most))
  // Bands that are open on a side are drawn to the edge of any scale.
  return SCALES.find(fits) ?? (SCALES.at(-1) as Scale)
}

/** A share as a ratio on the scale; `open` stands where nothing bounds it. */
function inside(share: number | null, { range: [least, most] }: Scale, open: number | null): number | null {
  return share === null ? open : Math.min(most, Math.max(least, 1 + share))
}
