/** The pictures of docs/performance.md. */

import { chartSvg } from '../../test-kit/report/chart.ts'
import type { GrowthResult, Series } from '../growth/report.ts'

const short = (value: number) => new Intl.NumberFormat('en', { notation: 'compact' }).format(value)
const linesOf = (series: readonly Series[]) =>
  series.map(({ by, points }) => ({
    name: by,
    points: points.map(({ size, cost }) => [size, cost] as const),
  }))
const sizes = {
  scale: 'log' as const,
  least: 1,
  most: 10_000,
  ticks: [1, 10, 100, 1_000, 10_000],
  text: short,
}

export function decisionsSvg({ decisions }: GrowthResult): string {
  return chartSvg({
    title: 'Finding the route and deciding its flag',
    subtitle: 'nanoseconds of a request, against how many there are of each; both logarithmic',
    x: { label: 'how many', ...sizes },
    y: {
      label: '',
      scale: 'log',
      least: 100,
      most: 100_000,
      ticks: [100, 1_000, 10_000, 100_000],
      text: (ns) => `${short(ns)} ns`,
    },
    lines: linesOf(decisions),
  })
}

export function gateSvg({ gate }: GrowthResult): string {
  const most = Math.max(...gate.flatMap(({ points }) => points.map(({ cost }) => cost)))
  const top = Math.ceil(most / 50) * 50
  return chartSvg({
    title: 'A request through the running gate',
    subtitle: 'microseconds of CPU time, against how many there are of each',
    x: { label: 'how many', ...sizes },
    y: {
      label: '',
      scale: 'linear',
      least: 0,
      most: top,
      ticks: [0, top / 2, top],
      text: (us) => `${us} µs`,
    },
    lines: linesOf(gate),
  })
}
