/** A metric's comparisons over time, bounded: once there are too many points, every second one goes and the gap doubles. */
import type { Series } from '../judge-types.ts'
import { type Comparison, MOST_POINTS, type SeriesPoint } from '../results.ts'

const FIRST_GAP_MS = 10_000

/** The series with what a look found, unless the last point is too recent. */
export function noted(series: Series | undefined, comparisons: readonly Comparison[], nowMs: number): Series {
  const { gapMs, points } = series ?? { gapMs: FIRST_GAP_MS, points: [] }
  const lastMs = points.at(-1)?.atMs
  const found = comparisons.flatMap(({ variant, relative, low, high }): SeriesPoint[] =>
    relative === null || low === null
      ? []
      : [{ atMs: nowMs, variant, relative: short(relative), low: short(low), high: short(high) }],
  )
  if (found.length === 0 || (lastMs !== undefined && nowMs - lastMs < gapMs))
    return series ?? { gapMs, points }
  const all = [...points, ...found]
  if (all.length <= MOST_POINTS) return { gapMs, points: all }
  const times = [...new Set(all.map(({ atMs }) => atMs))]
  const kept = new Set(times.filter((_, at) => (times.length - 1 - at) % 2 === 0))
  return { gapMs: 2 * gapMs, points: all.filter(({ atMs }) => kept.has(atMs)) }
}

function short(share: number): number
function short(share: number | null): number | null
function short(share: number | null): number | null {
  return share === null ? null : Number(share.toPrecision(4))
}
