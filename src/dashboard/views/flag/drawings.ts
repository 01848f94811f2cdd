/** From counts to charts. Pure. */
import { countText, latencyText, NO_FIGURE, percentText, rateText } from '../../../core/figures.ts'
import type { Drawing, Line } from '../../components/charts/chart.ts'
import { type Counted, type Series, type SeriesPoint, smoothed } from '../../state/series.ts'
import type { Moment } from './moments.ts'

export type NamedDrawing = { title: string; summary: string; drawing: Drawing }

/** 95 %. */
const Z = 1.96
const MIN_RATE_SHOWN = 0.01

/** The charts of a flag; one for evidence only where a guard collects any. */
export function drawingsOf(
  { points, stepMs, rollbackWealth }: Series,
  moments: readonly Moment[] = [],
): NamedDrawing[] {
  const times = points.map(({ at }) => Date.parse(at) / 1_000)
  const common = { times, marks: marksOf(points, moments) }
  const hasArms = points.some(({ canary, control }) => canary.requests + control.requests > 0)
  const charts = hasArms
    ? [requests(points, stepMs, common), errors(points, common), latency(points, common)]
    : [requestsOfAll(points, stepMs, common)]
  const isJudged = rollbackWealth !== null && points.some(({ wealth }) => wealth !== null)
  return isJudged ? [...charts, evidence(points, rollbackWealth, common)] : charts
}

type Common = Pick<Drawing, 'times' | 'marks'>

function requests(points: readonly SeriesPoint[], stepMs: number, common: Common): NamedDrawing {
  const perSecond = (arm: 'canary' | 'control' | 'other') =>
    points.map((point) => point[arm].requests / (stepMs / 1_000))
  const [canary, control, other] = [perSecond('canary'), perSecond('control'), perSecond('other')]
  const others = hasOthers(points) ? `, others ${rounded(other.at(-1))}` : ''
  return {
    title: 'Requests per second',
    summary: `canary ${rounded(canary.at(-1))}, control ${rounded(control.at(-1))}${others}`,
    drawing: {
      ...common,
      lines: [line('canary', canary), line('control', control), ...othersOf(points, other)],
      format: (value) => shortCount(Number(value.toPrecision(3))),
      minTop: 1,
    },
  }
}

function requestsOfAll(points: readonly SeriesPoint[], stepMs: number, common: Common): NamedDrawing {
  const all = points.map(({ other }) => other.requests / (stepMs / 1_000))
  return {
    title: 'Requests per second',
    summary: `${rounded(all.at(-1))}; no visitors are compared in this time range`,
    drawing: {
      ...common,
      lines: [{ ...line('control', all), label: 'all' }],
      format: shortCount,
      minTop: 1,
    },
  }
}

function errors(points: readonly SeriesPoint[], common: Common): NamedDrawing {
  const [ofCanary, ofControl] = [smoothed(points, 'canary'), smoothed(points, 'control')]
  const [canary, control] = [ofCanary.map(rateOf), ofControl.map(rateOf)]
  const band = ofCanary.map(wilson)
  return {
    title: 'Error rate',
    summary: `canary ${rateText(canary.at(-1))}, control ${rateText(control.at(-1))} (band: 95 % confidence)`,
    drawing: {
      ...common,
      lines: [
        edge(band.map((interval) => interval?.[1] ?? null)),
        edge(band.map((interval) => interval?.[0] ?? null)),
        line('canary', canary),
        line('control', control),
        ...othersOf(points, smoothed(points, 'other').map(rateOf)),
      ],
      bands: [{ lines: [0, 1], colour: 'accent-band' }],
      format: rateText,
      minTop: MIN_RATE_SHOWN,
    },
  }
}

function latency(points: readonly SeriesPoint[], common: Common): NamedDrawing {
  const of = (arm: 'canary' | 'control' | 'other', quantile: 'p50Ms' | 'p95Ms') =>
    points.map((point) => point[arm][quantile])
  const [canary, control] = [of('canary', 'p95Ms'), of('control', 'p95Ms')]
  return {
    title: 'Time to first byte',
    summary: `95th percentile: canary ${latencyText(canary.at(-1))}, control ${latencyText(control.at(-1))}`,
    drawing: {
      ...common,
      lines: [
        { ...line('canary', canary), label: 'canary p95' },
        { ...line('control', control), label: 'control p95' },
        { ...line('canary', of('canary', 'p50Ms')), label: 'canary p50', thin: true },
        { ...line('control', of('control', 'p50Ms')), label: 'control p50', thin: true },
        ...othersOf(points, of('other', 'p95Ms')),
      ],
      format: latencyText,
      minTop: 10,
    },
  }
}

function evidence(points: readonly SeriesPoint[], rollbackWealth: number, common: Common): NamedDrawing {
  // A logarithmic scale has no zero.
  const wealth = points.map((point) => (point.wealth === null ? null : Math.max(0.01, point.wealth)))
  const last = wealth.findLast((value) => value !== null)
  return {
    title: 'Evidence against the canary',
    summary: `${last === undefined || last === null ? NO_FIGURE : Number(last.toPrecision(2))}; the guard acts at ${Number(rollbackWealth.toPrecision(3))}`,
    drawing: {
      ...common,
      lines: [
        { label: 'evidence', colour: 'accent', values: wealth },
        { label: 'acts at', colour: 'bad-fill', values: points.map(() => rollbackWealth), dash: true },
      ],
      format: (value) => String(Number(value.toPrecision(2))),
      minTop: rollbackWealth,
      log: true,
    },
  }
}

/** After a rollback or a kill no one is compared, and visitors come all the same. */
function othersOf(points: readonly SeriesPoint[], values: Line['values']): Line[] {
  return hasOthers(points) ? [{ label: 'others', colour: 'good-fill', values, thin: true }] : []
}

function hasOthers(points: readonly SeriesPoint[]): boolean {
  return points.some(({ other }) => other.requests > 0)
}

function line(arm: 'canary' | 'control', values: Line['values']): Line {
  return { label: arm, colour: arm === 'canary' ? 'accent' : 'control', values }
}

function edge(values: Line['values']): Line {
  return { label: '', colour: 'accent', values, edge: true }
}

function rateOf({ requests, errors }: Counted): number | null {
  return requests === 0 ? null : errors / requests
}

/** Wilson's interval for a rate. */
function wilson({ requests, errors }: Counted): readonly [number, number] | null {
  if (requests === 0) return null
  const rate = errors / requests
  const scale = 1 + Z ** 2 / requests
  const middle = (rate + Z ** 2 / (2 * requests)) / scale
  const half = (Z / scale) * Math.sqrt((rate * (1 - rate)) / requests + Z ** 2 / (4 * requests ** 2))
  return [Math.max(0, middle - half), Math.min(1, middle + half)]
}

/** Where a stage or an attempt begins. */
function marksOf(points: readonly SeriesPoint[], moments: readonly Moment[]): NonNullable<Drawing['marks']> {
  const told = moments.map(({ atS, label, isBad }) => ({ at: atS, label, isBad }))
  const begun = points.flatMap((point, index) => {
    const before = points[index - 1]
    if (before === undefined) return []
    const isNew = before.generation !== point.generation || before.percentage !== point.percentage
    if (!isNew) return []
    const label = point.percentage === null ? `attempt ${point.generation}` : percentText(point.percentage)
    return [{ at: Date.parse(point.at) / 1_000, label }]
  })
  return [...begun, ...told]
}

const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 })

function shortCount(count: number): string {
  return count < 10_000 ? countText(count) : compact.format(count)
}

function rounded(value: number | undefined): string {
  return value === undefined ? NO_FIGURE : shortCount(Number(value.toPrecision(3)))
}
