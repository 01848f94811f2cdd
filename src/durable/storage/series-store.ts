import type { Cell } from '../../core/counters/cell.ts'
import {
  addToPoint,
  closePoint,
  type OpenPoint,
  openPoint,
  SERIES,
  type SeriesArm,
} from '../../core/counters/series.ts'
import type { Arm } from '../../core/decision/decide.ts'

/** The state of the rollout at the end of a point. */
export type PointContext = {
  generation: number
  stage: number
  percentage: number | null
  wealth: number | null
}
export type SeriesPoint = PointContext & Record<Arm, SeriesArm> & { atMs: number }

/** Points of every flag with traffic, in each width. The current point is in memory only. */
export class SeriesStore {
  readonly #sql: SqlStorage
  readonly #open = new Map<string, OpenPoint[]>()

  constructor(sql: SqlStorage) {
    this.#sql = sql
    sql.exec(
      `CREATE TABLE IF NOT EXISTS series (
         flag TEXT, step_ms INTEGER, at_ms INTEGER, data TEXT NOT NULL, PRIMARY KEY (flag, step_ms, at_ms)
       ) WITHOUT ROWID`,
    )
  }

  add(cells: readonly Cell[], nowMs: number): void {
    for (const cell of cells) {
      let points = this.#open.get(cell.flag)
      if (points === undefined) {
        points = SERIES.map(({ stepMs }) => openPoint(nowMs, stepMs))
        this.#open.set(cell.flag, points)
      }
      for (const point of points) addToPoint(point, cell)
    }
  }

  /** Stores the points that have ended. */
  close(nowMs: number, contextOf: (flag: string) => PointContext): void {
    for (const [flag, points] of this.#open) {
      const rest = points.map((point, index) => {
        const { stepMs, keptMs } = SERIES[index] as (typeof SERIES)[number]
        if (nowMs < point.startMs + stepMs) return point
        this.#put(flag, stepMs, point, contextOf(flag))
        this.#sql.exec(
          'DELETE FROM series WHERE flag = ? AND step_ms = ? AND at_ms < ?',
          flag,
          stepMs,
          nowMs - keptMs,
        )
        return openPoint(nowMs, stepMs)
      })
      const isQuiet = rest.every(({ arms }) => Object.values(arms).every((arm) => arm.requests === 0))
      if (isQuiet) this.#open.delete(flag)
      else this.#open.set(flag, rest)
    }
  }

  /** Points since a time, oldest first, in the narrowest width that reaches so far back. */
  since(flag: string, sinceMs: number, nowMs: number): { stepMs: number; points: SeriesPoint[] } {
    const { stepMs } = SERIES.find(({ keptMs }) => nowMs - sinceMs <= keptMs) ?? SERIES[1]
    const rows = this.#sql.exec<{ data: string }>(
      'SELECT data FROM series WHERE flag = ? AND step_ms = ? AND at_ms >= ? ORDER BY at_ms',
      flag,
      stepMs,
      sinceMs,
    )
    return { stepMs, points: rows.toArray().map(({ data }) => JSON.parse(data) as SeriesPoint) }
  }

  #put(flag: string, stepMs: number, point: OpenPoint, context: PointContext): void {
    const data: SeriesPoint = { atMs: point.startMs, ...context, ...closePoint(point) }
    this.#sql.exec(
      'INSERT OR REPLACE INTO series (flag, step_ms, at_ms, data) VALUES (?, ?, ?, ?)',
      flag,
      stepMs,
      point.startMs,
      JSON.stringify(data),
    )
  }
}
