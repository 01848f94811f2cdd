/** When each stage of the present attempt began, by whom and on what evidence, and when those to come are expected. Pure. */
import type { FlagStatusView, FlagSummary } from '../../../contract/responses.ts'
import type { AuditRecord } from '../../../contract/words/audit.ts'
import { stageLeftMs } from '../../../contract/words/ladder.ts'
import { isObject } from '../../../core/json-object.ts'

export type StageMoment =
  | { kind: 'entered'; at: string; actor: string; reason: string }
  | { kind: 'failed'; at: string; reason: string }
  | { kind: 'expected'; atMs: number }
  /** An operator has to lead on before. */
  | { kind: 'asked'; by: 'approval' | 'operator' }
  | undefined

export type Timeline = {
  stages: readonly StageMoment[]
  /** When the rollout is done, at the earliest; undefined where no one knows. */
  finishMs: number | undefined
}

/** `atMs`: when the status was taken. */
export function timelineOf(
  flag: FlagSummary,
  status: FlagStatusView,
  records: readonly AuditRecord[],
  atMs: number,
): Timeline {
  const current = flag.state === 'open' && !status.finished ? (flag.stage ?? -1) : flag.ladder.length
  const entered = enteredIn(records, status.generation)
  const { expected, finishMs } = expectedOf(flag, status, current, atMs)
  const { rolledBack } = status
  const stages = flag.ladder.map((_, stage): StageMoment => {
    if (rolledBack && stage === flag.stage) return { kind: 'failed', ...rolledBack }
    return stage > current ? expected[stage] : entered.get(stage)
  })
  return { stages, finishMs }
}

/** The latest entry into each stage of a generation. */
function enteredIn(records: readonly AuditRecord[], generation: number): Map<number, StageMoment> {
  const entered = new Map<number, StageMoment>()
  for (const { before, after, at, actor, reason } of records) {
    if (!isObject(after) || after.generation !== generation || typeof after.stage !== 'number') continue
    const isSame = isObject(before) && before.generation === generation && before.stage === after.stage
    if (isSame || entered.has(after.stage)) continue
    entered.set(after.stage, { kind: 'entered', at, actor, reason })
  }
  return entered
}

/** By bakes alone, as evidence may take longer: each is the earliest moment. */
function expectedOf(flag: FlagSummary, status: FlagStatusView, current: number, atMs: number) {
  const { ladder } = flag
  const expected: StageMoment[] = []
  const isHeld = flag.paused || flag.frozen || flag.needsOperator || flag.verdict === 'failing'
  const stage = ladder[current]
  const leftMs = stage && stageLeftMs(stage, current, status)
  let untilMs = leftMs === undefined || isHeld ? undefined : atMs + leftMs
  for (let at = current; at >= 0 && at < ladder.length; at++) {
    const each = ladder[at]
    if (each === undefined) break
    if (at > current) {
      expected[at] = untilMs === undefined ? undefined : { kind: 'expected', atMs: untilMs }
      untilMs = untilMs === undefined ? undefined : untilMs + each.bakeMs
    }
    const asks = each.approval && !(at === current && status.approved)
    if (asks || each.advance === 'manual') {
      if (at + 1 < ladder.length) expected[at + 1] = { kind: 'asked', by: asks ? 'approval' : 'operator' }
      return { expected, finishMs: undefined }
    }
  }
  return { expected, finishMs: untilMs }
}
