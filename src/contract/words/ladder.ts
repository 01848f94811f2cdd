/** The stages of a rollout: which are done, what the present one still takes, and when the next ones come. */
import { durationText, timestampText } from '../../core/figures.ts'
import type { FlagStatusView, FlagSummary } from '../responses.ts'
import { type FlagFacts, stateOf } from './flag-state.ts'
import { stageShareText } from './rules.ts'

export type LadderStage = FlagSummary['ladder'][number]
export type Phase = 'done' | 'now' | 'later'

/** The phase of each stage; of a rolled back flag none is present. */
export function phasesOf({ ladder, state, stage, finished }: FlagFacts): Phase[] {
  const current = state === 'rolled-back' ? -1 : (stage ?? -1)
  return ladder.map((_, index) =>
    index < current || (index === current && finished) ? 'done' : index === current ? 'now' : 'later',
  )
}

/** Milliseconds of the present stage's bake that are left `sinceMs` after the status; undefined where none is measured. */
export function bakeLeftMs(
  stage: LadderStage | undefined,
  { verdict }: Pick<FlagStatusView, 'verdict'>,
  sinceMs = 0,
): number | undefined {
  const elapsedMs = verdict?.evidence.stageElapsedMs
  if (stage === undefined || elapsedMs === undefined || elapsedMs === null) return undefined
  return Math.max(0, stage.bakeMs - elapsedMs - Math.max(0, sinceMs))
}

/** "bakes 30 min, then approval": what a stage asks for before the next one. */
export function stageNote({ bakeMs, approval, advance }: LadderStage, left?: string): string {
  const bake = left ?? (bakeMs === 0 ? 'no bake' : `bakes ${durationText(bakeMs)}`)
  return bake + (approval ? ', then approval' : advance === 'manual' ? ', then manual' : '')
}

/**
 * When the rollout goes on, at the earliest: "25 % in about 12 min, 100 % in 3 h or more"; or what it waits for, where time
 * doesn't end that. Undefined where no one knows: it needs an operator, or the evidence is not getting closer.
 */
export function etaText(flag: FlagFacts, status: FlagStatusView, nowMs: number): string | undefined {
  const { ladder, stage } = flag
  const current = stage === null ? undefined : ladder[stage]
  if (stage === null || current === undefined || stateOf(flag, nowMs).name !== 'climbing') return undefined
  if (flag.needsOperator) return undefined
  if (status.holds !== undefined) return `waits for ${status.holds}`
  const leftMs = stageLeftMs(current, stage, status)
  if (leftMs === undefined) return undefined
  const soon = leftMs <= 0 ? 'any moment' : `in about ${durationText(leftMs)}`
  if (current.approval && !status.approved)
    return `${stageShareText(current)} done ${soon}, then waits for approval`
  if (current.advance === 'manual')
    return `${stageShareText(current)} done ${soon}, then waits for an operator`
  const next = ladder[stage + 1]
  if (next === undefined) return `finished ${soon}`
  return `${stageShareText(next)} ${soon}${endText(ladder.slice(stage + 1), leftMs)}`
}

/**
 * What happens to a flag next and when, or who has to do something for it, in half a sentence. Undefined where nothing is
 * to come.
 */
export function nextText(flag: FlagFacts, status: FlagStatusView, nowMs: number): string | undefined {
  const { ladder, stage, schedule } = flag
  const first = ladder[0]
  switch (stateOf(flag, nowMs).name) {
    case 'killed':
      return 'off for all until the kill is lifted'
    case 'rolled-back':
      return first === undefined
        ? 'off for all until it is resumed'
        : `off for all; Resume starts again at ${stageShareText(first)}`
    case 'frozen':
    case 'paused':
      return 'stays here until it is resumed'
    case 'failing':
      return 'stays here until an operator decides'
    case 'approval': {
      const after = stage === null ? undefined : ladder[stage + 1]
      return after === undefined ? 'finishes once approved' : `${stageShareText(after)} once approved`
    }
    case 'scheduled':
      return `starts ${timestampText(schedule?.start ?? '')}`
    case 'on':
      return closesText(flag)
    case 'partial':
      return closesText(flag) ?? 'stays here until an operator changes it'
    case 'off':
      return flag.unmet && `off for all: what it requires of ${flag.unmet} holds for no visitor`
    case 'climbing':
      return etaText(flag, status, nowMs) ?? manualText(flag) ?? evidenceText(flag, status)
    default:
      return undefined
  }
}

function closesText({ schedule }: FlagFacts): string | undefined {
  return schedule?.end ? `off for all from ${timestampText(schedule.end)}` : undefined
}

/** For a stage that nothing but an operator ends. */
function manualText({ needsOperator, ladder, stage }: FlagFacts): string | undefined {
  const after = stage === null ? undefined : ladder[stage + 1]
  return needsOperator && after !== undefined ? `${stageShareText(after)} by hand` : undefined
}

/** For a stage that ends by evidence of which there is none, or too little to say when. Without a guard none comes. */
function evidenceText(
  { ladder, stage, needsOperator }: FlagFacts,
  { verdict, approved }: FlagStatusView,
): string | undefined {
  const current = stage === null ? undefined : ladder[stage]
  if (stage === null || current === undefined || verdict === null || needsOperator) return undefined
  const once = 'once the evidence is there'
  if (current.approval && !approved) return `waits for approval ${once}`
  if (current.advance === 'manual') return `waits for an operator ${once}`
  const after = ladder[stage + 1]
  return after === undefined ? `finishes ${once}` : `${stageShareText(after)} ${once}`
}

/** When the last stage comes, or the first one that waits for an operator. `leftMs`: until the first of these. */
function endText(later: readonly LadderStage[], leftMs: number): string {
  const stop = later.findIndex(({ approval, advance }) => approval || advance === 'manual')
  const last = stop < 0 || stop === later.length - 1 ? later.length - 1 : stop
  const until = later[last]
  if (until === undefined || (last === 0 && last === later.length - 1)) return ''
  const bakes = later.slice(0, last).reduce((sumMs, { bakeMs }) => sumMs + bakeMs, leftMs)
  if (last < later.length - 1) {
    const asks = until.approval ? 'approval' : 'an operator'
    return last === 0 ? `, and waits there for ${asks}` : `; at ${stageShareText(until)} it waits for ${asks}`
  }
  return `, ${stageShareText(until)} in ${durationText(bakes)} or more`
}

/** Until the present stage is done: its bake, and the evidence at the present rate. Undefined where something else holds it. */
export function stageLeftMs(current: LadderStage, stage: number, status: FlagStatusView): number | undefined {
  const bakeMs = bakeLeftMs(current, status)
  if (bakeMs === undefined || status.verdict === null || status.holds !== undefined) return undefined
  const { mayAdvance, kind, evidence } = status.verdict
  if (mayAdvance) return 0
  // Healthy, or with nothing to judge it by, but not allowed to advance: it bakes.
  if (kind === 'healthy' || kind === 'unjudged') return bakeMs
  const { canaryRequestsToGo: toGo, stageElapsedMs: elapsedMs } = evidence
  const seen = status.cells
    .filter((cell) => cell.arm === 'canary' && cell.generation === status.generation && cell.stage === stage)
    .reduce((sum, { requests }) => sum + requests, 0)
  if (toGo === null || toGo === undefined || !elapsedMs || seen === 0) return undefined
  return Math.max(bakeMs, (toGo * elapsedMs) / seen)
}
