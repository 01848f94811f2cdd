/** Recent requests and errors of each flag's arms, as small bars. */
import type { Responses } from '../../contract/responses.ts'
import { rateText } from '../../core/figures.ts'
import type { Paint } from '../base/terminal.ts'
import { table } from './table.ts'

type Status = Responses['getStatus']
type Point = { atMs: number; requests: number; errors: number }

const ARMS = ['canary', 'control', 'other'] as const
const MAX_POINTS = 41
const BARS = '▁▂▃▄▅▆▇█'

export class Trends {
  readonly #points = new Map<string, Point[]>()

  add({ at, flags }: Status): void {
    for (const [key, { arms }] of Object.entries(flags)) {
      for (const arm of ARMS) {
        const name = `${key}\n${arm}`
        const { requests, errors } = arms[arm]
        const points = this.#points.get(name) ?? []
        // The counts start at zero with a new attempt.
        const kept = requests < (points.at(-1)?.requests ?? 0) ? [] : points
        this.#points.set(name, [...kept, { atMs: Date.parse(at), requests, errors }].slice(-MAX_POINTS))
      }
    }
  }

  /** A line for each arm that has had requests since the view began. */
  text(paint: Paint, only: string | undefined): string {
    const rows: string[][] = []
    for (const [name, points] of this.#points) {
      const [flag = '', arm = ''] = name.split('\n')
      if (only !== undefined && flag !== only) continue
      const steps = stepsOf(points)
      const last = steps.at(-1)
      if (last === undefined || steps.every(({ perSecond }) => perSecond === 0)) continue
      const errors = `${rateText(last.errorRate)} errors`
      rows.push([
        flag,
        arm,
        paint('cyan', bars(steps.map(({ perSecond }) => perSecond))),
        `${last.perSecond.toFixed(1)} /s`,
        last.errorRate > 0 ? paint('red', errors) : paint('dim', errors),
      ])
    }
    return rows.length === 0 ? paint('dim', 'no requests since this view began') : table(rows)
  }
}

function stepsOf(points: readonly Point[]): { perSecond: number; errorRate: number }[] {
  return points.slice(1).map((point, index) => {
    const before = points[index] ?? point
    const requests = point.requests - before.requests
    const seconds = Math.max(0.001, (point.atMs - before.atMs) / 1_000)
    return {
      perSecond: requests / seconds,
      errorRate: requests === 0 ? 0 : (point.errors - before.errors) / requests,
    }
  })
}

function bars(values: readonly number[]): string {
  const top = Math.max(...values, 1e-9)
  return values.map((value) => BARS[Math.round((value / top) * (BARS.length - 1))] ?? '').join('')
}
