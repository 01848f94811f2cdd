/** The pictures of docs/scale.md. */
import type { AdaptationPoint } from '../../test-kit/network/measure.ts'
import { chartSvg } from '../../test-kit/report/chart.ts'
import { isHealthy, type ScaleResult } from './report.ts'

const short = (value: number) => new Intl.NumberFormat('en', { notation: 'compact' }).format(value)

export function loadSvg({ outcomes }: ScaleResult): string {
  const healthy = outcomes.filter(isHealthy)
  const of = (figure: (outcome: (typeof healthy)[number]) => number) =>
    healthy.map((outcome) => [outcome.requestsPerSecond, figure(outcome)] as const)
  return chartSvg({
    title: 'Requests per second to Durable Objects',
    subtitle: 'against proxied requests per second, both logarithmic',
    x: {
      label: 'proxied requests/s',
      scale: 'log',
      least: 100,
      most: 1e7,
      ticks: [100, 1e3, 1e4, 1e5, 1e6, 1e7],
      text: short,
    },
    y: { label: '', scale: 'log', least: 1, most: 1e5, ticks: [1, 10, 100, 1e3, 1e4, 1e5], text: short },
    lines: [
      { name: 'all objects', points: of((each) => each.objectRequestsPerSecond) },
      { name: 'Controller', points: of((each) => each.controller) },
      { name: 'busiest shard', points: of((each) => each.busiestShard) },
      { name: 'what one can take', points: of(() => 1_000), isDashed: true },
    ],
  })
}

export function adaptationSvg({ adaptation }: ScaleResult): string {
  const last = adaptation.at(-1)?.second ?? 1
  const of = (figure: (point: AdaptationPoint) => number) =>
    adaptation.map((point) => [point.second, Math.max(1, figure(point))] as const)
  return chartSvg({
    title: 'Ten times the isolates come to one colo, and go again',
    subtitle: 'nothing is configured; shards and intervals follow by flush replies',
    x: { label: 'seconds', scale: 'linear', least: 0, most: last, ticks: [0, 60, 120, 180, 240, 300] },
    y: { label: '', scale: 'log', least: 1, most: 1e4, ticks: [1, 10, 100, 1e3, 1e4] },
    lines: [
      { name: 'isolates', points: of(({ isolates }) => isolates) },
      { name: 'busiest shard, per s', points: of(({ busiestShard }) => busiestShard) },
      { name: 'shards', points: of(({ shards }) => shards) },
      { name: 'Controller, per s', points: of(({ controller }) => controller) },
    ],
  })
}
