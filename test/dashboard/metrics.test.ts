/** From the results of a metric to its chart. */
import { describe, expect, it } from 'vitest'
import type { MetricView } from '../../src/contract/responses/results.ts'
import { drawingOf } from '../../src/dashboard/components/metrics/drawing.ts'
import { isMeasured, limitOf } from '../../src/dashboard/components/metrics/measured.ts'
import { ORDER, REVENUE } from '../cli/gate/results.ts'

const metric = (more: Partial<MetricView> = {}): MetricView => ({ ...ORDER, ...more })
const point = (s: number, variant: string, figures: readonly (number | null)[]) => {
  const [relative = null, low = null, high = null] = figures
  return { atMs: s * 1_000, variant, relative, low, high }
}
const [b, c] = ORDER.comparisons
const onlyB = (series: MetricView['series'], more: Partial<MetricView> = {}) =>
  drawingOf(metric({ comparisons: b ? [b] : [], series, ...more }))
const round = (values: readonly (number | null)[] | undefined) =>
  values?.map((value) => value && Number(value.toFixed(4)))

describe('the chart of a metric', () => {
  it('has a band and a line for each variant, the line of no difference, and the limit', () => {
    const drawing = drawingOf(ORDER)
    expect(
      drawing?.lines.map(({ label, edge, dash }) => (edge ? 'edge' : dash ? `${label} dashed` : label)),
    ).toEqual([...['edge', 'edge', 'edge', 'edge', 'a (control)', 'b', 'c', 'limit dashed']])
    expect(drawing?.bands).toEqual([
      { lines: [0, 1], colour: 'series-1-band' },
      { lines: [2, 3], colour: 'series-2-band' },
    ])
    const values = drawing?.lines.map((line) => round(line.values))
    expect(values).toEqual([
      [1.9, 1.44],
      [0.8, 1.08],
      [1.7, 1.1],
      [0.5, 0.86],
      [1, 1],
      [1.3, 1.25],
      [1.05, 0.98],
      [0.95, 0.95],
    ])
    expect(drawing?.format(0.8)).toBe('−20 %')
  })

  it('draws the limit of a metric of which less is better above', () => {
    const series = [point(1, 'b', [0, -0.01, 0.01]), point(2, 'b', [0, -0.01, 0.01])]
    const limit = (more: Partial<MetricView>) =>
      onlyB(series, more)?.lines.find(({ label }) => label === 'limit')
    expect(round(limit({ better: 'lower', marginPercent: 3 })?.values)).toEqual([1.03, 1.03])
    expect(limit({ marginPercent: undefined })).toBeUndefined()
  })

  it.each([
    [[0, -0.04, 0.04], undefined, [0.95, 1.05]],
    [[0, -0.05, 0.04], undefined, [0.8, 1.25]],
    [[0, -0.04, 0.04], 5, [0.8, 1.25]],
    [[0, -0.2, 0.1], undefined, [0.5, 2]],
    [[0, -0.1, 0.25], undefined, [0.5, 2]],
    [[0, -0.5, 0.1], undefined, [0.1, 10]],
    [[40, 20, null], undefined, [0.1, 10]],
    [[0.01, null, null], undefined, [0.95, 1.05]],
  ] as const)('of latest figures %j with a limit of %j has the scale %j', (figures, marginPercent, range) => {
    const drawing = onlyB([point(1, 'b', [5, -0.9, 9]), point(2, 'b', figures)], { marginPercent })
    expect(drawing?.scale?.range).toEqual(range)
  })

  it('draws a band that is open to the edge, a figure that is not known not at all, and keeps all inside', () => {
    const drawing = onlyB([point(1, 'b', [null, null, null]), point(2, 'b', [0, -2, 30])])
    const [high, low, , line] = drawing?.lines.map(({ values }) => values) ?? []
    expect([high, low, line]).toEqual([
      [10, 10],
      [0.1, 0.1],
      [null, 1],
    ])
  })

  it('keeps the last figures of a variant that has no new ones, and has none before its first', () => {
    const drawing = drawingOf(
      metric({
        comparisons: b && c ? [b, c] : [],
        series: [point(3, 'b', [0.02]), point(1, 'b', [0.01]), point(2, 'c', [-0.01])],
      }),
    )
    expect(drawing?.times).toEqual([1, 2, 3])
    const [lineOfB, lineOfC] = ['b', 'c'].map(
      (name) => drawing?.lines.find(({ label }) => label === name)?.values,
    )
    expect(round(lineOfB)).toEqual([1.01, 1.01, 1.02])
    expect(round(lineOfC)).toEqual([null, 0.99, 0.99])
  })

  it('is not there before there are two moments', () => {
    expect(drawingOf(REVENUE)).toBeUndefined()
    expect(onlyB([point(1, 'b', [0])])).toBeUndefined()
  })
})

describe('a flag', () => {
  const flag = { variants: { on: true, off: false }, off: 'off' }
  it('measures where its guard or an experiment names a metric', () => {
    expect(isMeasured(flag)).toBe(false)
    expect(isMeasured({ ...flag, guard: {} })).toBe(false)
    expect(isMeasured({ ...flag, guard: { metrics: {} } })).toBe(false)
    const guard = { metrics: { order: { maxDropPercent: 5 } } }
    // Without a split there are no variants to compare.
    expect(
      [[], [{ serve: 'on' }], [{ serve: { on: 100 } }]].map((rules) => isMeasured({ ...flag, guard, rules })),
    ).toEqual([false, false, false])
    const splits = [
      { serve: 'on', percentage: 50 },
      { serve: { on: 50, off: 50 } },
      { serve: 'on', stages: [{ percentage: 100 }] },
    ]
    expect(splits.map((rule) => isMeasured({ ...flag, guard, rules: [rule] }))).toEqual([true, true, true])
    expect(isMeasured({ ...flag, experiment: { primary: 'order' } })).toBe(true)
  })

  it('is limited by a drop, or by a rise where less is better', () => {
    expect([limitOf({}), limitOf(undefined), limitOf({ better: 'lower' })]).toEqual([
      ...['maxDropPercent', 'maxDropPercent', 'maxRisePercent'],
    ])
  })
})
