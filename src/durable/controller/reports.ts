/** What the Controller reports of itself: status, convergence, counts over time. Reads only. */
import { type ControlState, INITIAL_FLAG_CONTROL } from '../../core/config/control.ts'
import type { DocumentTag } from '../../core/config/document-tag.ts'
import type { InternalError } from '../../core/counters/internal-errors.ts'
import { PACES } from '../../core/counters/load/pace.ts'
import { type Counts, type GuardLines, guardLines, type Judged } from '../../core/guard/index.ts'
import { type Convergence, convergenceOf, documentConvergenceOf } from '../../core/rollout/convergence.ts'
import type { Episode } from '../../core/rollout/news/alerts.ts'
import { percentageOf } from '../../core/rollout/news/transition.ts'
import { isUnbilled } from '../../platform/env.ts'
import type { CellStore } from '../storage/cell-store.ts'
import type { PointContext, SeriesPoint } from '../storage/series-store.ts'
import type { ShardLog } from '../storage/shard-log.ts'
import type { DocumentReport } from './kv-reader.ts'
import type { ControllerParts } from './parts.ts'
import type { RolloutView } from './rollout-tick.ts'

/** What the admin API shows of the Controller. */
export type ControllerStatus = {
  state: ControlState
  cells: ReturnType<CellStore['all']>
  rollouts: Record<string, RolloutView>
  document: DocumentReport
  tag: DocumentTag
  shards: ReturnType<ShardLog['all']>
  kv: { writtenEpoch: number; lastError: string | undefined }
  internalErrors: InternalError[]
  /** What was told of the gate itself, and is still so; missing where a Controller of an older release answers. */
  alerts?: Episode[]
}

export type ConvergenceReport = Convergence & {
  epoch: number
  /** When the epoch began, in milliseconds since 1970; undefined if unknown. */
  sinceMs: number | undefined
  kv: { writtenEpoch: number; error: string | null }
  document: { version: number } & Pick<Convergence, 'converged' | 'isolates' | 'colos'>
}

export type SeriesReport = {
  stepMs: number
  points: SeriesPoint[]
  alpha: number | undefined
  /** Missing without a guard. */
  lines?: GuardLines
}

export function statusOf(parts: ControllerParts): ControllerStatus {
  return {
    state: parts.control.state,
    cells: shownCells(parts),
    rollouts: Object.fromEntries(parts.rollouts.views),
    document: parts.kvReader.report,
    tag: parts.documents.tag,
    shards: parts.shards.all(),
    kv: { writtenEpoch: parts.changes.writtenEpoch, lastError: parts.kv.error },
    internalErrors: parts.internalErrors.all(),
    alerts: parts.watch.active(Date.now()),
  }
}

/** Counts of one moment with the verdicts: those that the last look has seen. */
function shownCells({ cells, rollouts }: ControllerParts): ReturnType<CellStore['all']> {
  const isJudged = (flag: string) => (rollouts.views.get(flag)?.verdict ?? null) !== null
  return cells.flags.flatMap((flag) => (isJudged(flag) ? cells.seenOf(flag) : cells.of(flag)))
}

/** Which isolates have the state of an epoch, and the document in force. */
export function convergenceReportOf(
  parts: ControllerParts,
  wanted: number | undefined,
  nowMs: number,
): ConvergenceReport {
  const { control, changes, documents } = parts
  const epoch = wanted ?? control.state.epoch
  const sinceMs = control.epochAtMs(epoch)
  const shards = parts.shards.all()
  const { version, hash } = documents.tag
  // Before the command counts may have been in no hurry.
  const unreportedMs = isUnbilled(parts.env) ? 0 : PACES.live.forwardMs
  return {
    epoch,
    sinceMs,
    kv: { writtenEpoch: changes.writtenEpoch, error: parts.kv.error ?? null },
    document: { version, ...documentConvergenceOf(hash, shards, nowMs, unreportedMs) },
    ...convergenceOf(epoch, sinceMs ?? 0, shards, nowMs, unreportedMs),
  }
}

/** A flag's counts of the last seconds, and the alpha of its guard. */
export function seriesOf(
  { series, documents }: ControllerParts,
  flag: string,
  seconds: number,
  nowMs: number,
): SeriesReport {
  const guard = documents.current.plans.get(flag)?.guard
  const points = series.since(flag, nowMs - seconds * 1_000, nowMs)
  return { ...points, alpha: guard?.alpha, ...(guard && { lines: guardLines(guard) }) }
}

/** What a rollout is doing, for the points of its series. */
export function pointContextOf(
  { documents, control, rollouts, books }: ControllerParts,
  key: string,
): PointContext {
  const flag = documents.current.snapshot.flags.get(key)
  const flagControl = control.state.flags[key] ?? INITIAL_FLAG_CONTROL
  const { generation, stage } = flagControl
  const wealth = rollouts.views.get(key)?.verdict?.evidence.wealth ?? null
  const judged = books.guardOf(key)?.judged
  return {
    ...{ generation, stage, percentage: flag ? percentageOf(flag, flagControl) : null, wealth },
    ...(judged !== undefined && { judged: roundedCounts(judged) }),
  }
}

/** Exposures are scaled, so not whole; points are stored as text. */
function roundedCounts({ errors, clientErrors, slow }: Judged): Judged {
  const rounded = (counts: Counts): Counts => ({
    canaryN: Math.round(counts.canaryN * 10) / 10,
    controlN: Math.round(counts.controlN * 10) / 10,
    canaryBad: counts.canaryBad,
    controlBad: counts.controlBad,
  })
  return { errors: rounded(errors), clientErrors: rounded(clientErrors), slow: slow.map(rounded) }
}
