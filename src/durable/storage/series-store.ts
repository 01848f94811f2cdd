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
import type { Judged } from '../../core/guard/index.ts'

/** The state of the rollout at the end of a point. */
export type PointContext = {
  generation: number
  stage: number
  percentage: number | null
  wealth: number | null
  /** What the guard has counted since the attempt began; missing without a guard, and in points of an earlier release. */
  judged?: Judged
}
export type SeriesPoint = PointContext & Record<Arm, SeriesArm> & { atMs: number }

/** Finished points that are not in a row of their own yet, by width. */
export type SeriesBlock = { startMs: number; points: SeriesPoint[] }
export type SeriesBlocks = Record<number, SeriesBlock>

/** A row holds the points of so long: a row for each point would be most of what is written. */
const BLOCK_MS = 600_000

/**
 * Points of every flag with traffic, in each width. The current points are in memory; the blocks they end in are stored
 * with the flag's counts (books.ts) until they are full. Rows are places of a ring: what is too old is overwritten.
 */
export class SeriesStore {
  readonly #sql: SqlStorage
  readonly #open = new Map<string, OpenPoint[]>()
  readonly #blocks = new Map<string, SeriesBlocks>()

  constructor(sql: SqlStorage) {
    this.#sql = sql
    sql.exec(
      `CREATE TABLE IF NOT EXISTS points (
         flag TEXT, step_ms INTEGER, place INTEGER, start_ms INTEGER NOT NULL, data TEXT NOT NULL,
         PRIMARY KEY (flag, step_ms, place)
       ) WITHOUT ROWID`,
    )
  }

  /** Takes a flag's open blocks from storage. */
  restore(flag: string, blocks: SeriesBlocks): void {
    this.#blocks.set(flag, blocks)
  }

  /** A flag's open blocks, to be stored. */
  blocksOf(flag: string): SeriesBlocks {
    return this.#blocks.get(flag) ?? {}
  }

  /** `close` comes first: after a silence the open points are of another time. */
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

  /** Ends the points whose time is over. */
  close(nowMs: number, contextOf: (flag: string) => PointContext): void {
    for (const [flag, points] of this.#open) {
      const rest = points.map((point, index) => {
        const { stepMs } = SERIES[index] as (typeof SERIES)[number]
        if (nowMs < point.startMs + stepMs) return point
        this.#end(flag, stepMs, { atMs: point.startMs, ...contextOf(flag), ...closePoint(point) })
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
      'SELECT data FROM points WHERE flag = ? AND step_ms = ? AND start_ms > ? ORDER BY start_ms',
      flag,
      stepMs,
      sinceMs - BLOCK_MS,
    )
    const stored = rows.toArray().flatMap(({ data }) => JSON.parse(data) as SeriesPoint[])
    const points = [...stored, ...(this.blocksOf(flag)[stepMs]?.points ?? [])]
    return { stepMs, points: points.filter(({ atMs }) => atMs >= sinceMs) }
  }

  #end(flag: string, stepMs: number, point: SeriesPoint): void {
    const blocks = this.blocksOf(flag)
    const startMs = point.atMs - (point.atMs % BLOCK_MS)
    const block = blocks[stepMs]
    if (block !== undefined && block.startMs !== startMs) this.#put(flag, stepMs, block)
    const points = block?.startMs === startMs ? [...block.points, point] : [point]
    this.#blocks.set(flag, { ...blocks, [stepMs]: { startMs, points } })
  }

  #put(flag: string, stepMs: number, { startMs, points }: SeriesBlock): void {
    const { keptMs } = SERIES.find((each) => each.stepMs === stepMs) ?? SERIES[1]
    const places = Math.ceil(keptMs / BLOCK_MS) + 1
    this.#sql.exec(
      'INSERT OR REPLACE INTO points (flag, step_ms, place, start_ms, data) VALUES (?, ?, ?, ?, ?)',
      flag,
      stepMs,
      Math.floor(startMs / BLOCK_MS) % places,
      startMs,
      JSON.stringify(points),
    )
  }
}
