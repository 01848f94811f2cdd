/**
 * One look at a flag: from the guard's verdict and the rollout's plan to what should happen. Pure: effects are data
 * that the Controller performs.
 *
 * Importance sets the order: a failing canary is rolled back in every state (also while paused, frozen, or waiting
 * for approval); obstacles to the next stage come after that.
 */
import type { FlagControl } from '../config/control.ts'
import { durationText } from '../figures.ts'
import { showsNothing, type Verdict } from '../guard/index.ts'
import { currentStage, heldBelow } from './place.ts'
import { longestBakeMs, type RolloutPlan, type StagePlan } from './plan.ts'
import type { AdvancePermission } from './windows.ts'

/** A change made by the guard or the rollout. */
export type AutomaticCommand = { kind: 'rollback' | 'freeze' | 'advance' | 'finish'; reason: string }

/** News for operators, told once per `key`. */
export type Announcement = { event: 'hold' | 'approval-needed'; key: string; text: string }

export type Step = {
  command: AutomaticCommand | undefined
  announcement: Announcement | undefined
  /**
   * Nothing goes on by itself: an operator approves, advances, resumes what was frozen, or looks at what is odd. A pause
   * calls no one: only an operator makes one.
   */
  needsOperator?: true
  /** What the rollout does or waits for, in one sentence. */
  waitingFor: string
  /** What holds the stage, as in "waits for …", where neither time nor evidence at the present rate ends it. */
  holds?: string
}

export type StepInputs = {
  plan: RolloutPlan
  control: FlagControl
  /** Whether the flag is killed, in whatever way: its canary has no visitors then. */
  isKilled: boolean
  /** Undefined without a guard. */
  verdict: Verdict | undefined
  permission: AdvancePermission
  /** What a shadow stage shows; undefined at a stage with visitors. */
  shadow?: ShadowLook | undefined
}

/** `elapsedMs`: since the stage began. `evidence`: what a record of a decision keeps. */
export type ShadowLook = {
  kind: 'collecting' | 'same' | 'different'
  sentence: string
  elapsedMs: number
  evidence: unknown
}

/** What should happen to a flag now. */
export function stepRollout(inputs: StepInputs): Step {
  const { control, verdict, plan, shadow } = inputs
  if (control.rolledBack) return nothing(`rolled back: ${control.rolledBack.reason}`)
  if (shadow !== undefined && !control.frozen && !control.finished) return compare(inputs, shadow)
  if (verdict?.kind === 'failing') return react(verdict, control)
  const alarm = verdict && alarmOf(verdict)
  if (alarm !== undefined) {
    const { trigger, sentence } = alarm
    const key = `alarm ${trigger} ${control.generation} ${control.stage}`
    const text = `${sentence}; not frozen: the hold ends once that clears`
    return { ...called(sentence), announcement: { event: 'hold', key, text } }
  }
  if (control.frozen) return called(`frozen: ${control.frozen.reason}`)
  if (plan.stages.length === 0) return heldOr(inputs, verdict?.sentence ?? 'no guard')
  if (control.finished) return nothing('finished')
  return climb(inputs)
}

/** What stops the rollout and calls a person, without a change of state: it clears by itself. */
function alarmOf(verdict: Verdict): { trigger: string; sentence: string } | undefined {
  const { kind, sentence } = verdict
  if (kind === 'broken-split') return { trigger: 'split', sentence }
  if (kind === 'client-errors') return { trigger: kind, sentence }
  return kind === 'shared-outage' ? { trigger: verdict.trigger, sentence } : undefined
}

/** A failing canary is rolled back, or frozen once where the guard may only freeze. */
function react(verdict: Extract<Verdict, { kind: 'failing' }>, control: FlagControl): Step {
  if (verdict.action === 'rollback') {
    return { ...nothing(verdict.sentence), command: { kind: 'rollback', reason: verdict.sentence } }
  }
  if (control.frozen) return called(`frozen: ${control.frozen.reason}`)
  return { ...called(verdict.sentence), command: { kind: 'freeze', reason: verdict.sentence } }
}

function climb(inputs: StepInputs): Step {
  const { plan, control, isKilled, verdict } = inputs
  if (isKilled) return nothing('killed')
  if (control.paused) return nothing(`paused: ${control.paused.reason}`)
  const at = stageIndex(plan, control)
  if (at === undefined || control.unconfirmed) return heldOr(inputs, 'held')
  if (verdict === undefined) {
    const text = 'no guard judges it: a person leads on'
    return at < plan.stages.length - 1 ? called(text) : nothing(text)
  }
  const { percentage, advance } = stageOf(plan, control)
  // Without a canary there is nothing to judge.
  if (percentage === 0 && advance === 'manual') return called('waits at 0 % for an operator to start it')
  const isDone = verdict.kind === 'healthy' || (verdict.kind === 'unjudged' && verdict.mayAdvance)
  return isDone ? leaveStage(inputs, verdict.sentence) : hold(verdict, inputs)
}

/** A shadow stage: copies are compared, and no visitor is there yet. */
function compare(inputs: StepInputs, { kind, sentence, elapsedMs }: ShadowLook): Step {
  const { plan, control, isKilled } = inputs
  if (isKilled) return nothing('killed')
  if (control.paused) return nothing(`paused: ${control.paused.reason}`)
  if (control.unconfirmed) return heldOr(inputs, 'held')
  if (kind === 'different') {
    const key = `hold ${control.generation} ${control.stage}`
    return { ...called(sentence), announcement: { event: 'hold', key, text: sentence } }
  }
  const leftMs = stageOf(plan, control).bakeMs - elapsedMs
  if (kind === 'same' && leftMs > 0) return nothing(`${sentence}; on in ${durationText(leftMs)}`)
  return kind === 'same' ? leaveStage(inputs, sentence) : nothing(sentence)
}

/** The stage has shown what it is for. */
function leaveStage({ plan, control, permission }: StepInputs, why: string): Step {
  const stage = stageOf(plan, control)
  const name = stageName(stage)
  if (stage.approval && !control.approved) {
    const text = `${name} is done and waits for approval`
    const key = `approval ${control.generation} ${control.stage}`
    return { ...called(text), announcement: { event: 'approval-needed', key, text } }
  }
  if (stage.advance === 'manual') return called(`${name} is done; a person leads on`)
  if (!permission.allowed) return { ...nothing(permission.reason), holds: permission.until }
  const next = plan.stages[(stageIndex(plan, control) ?? 0) + 1]
  const kind = next === undefined ? 'finish' : 'advance'
  const whereTo = next === undefined ? 'finished' : `on to ${stageName(next)}`
  const reason = `${name} is done, ${whereTo}: ${why}`
  return { ...nothing(reason), command: { kind, reason } }
}

function stageOf(plan: RolloutPlan, control: FlagControl): StagePlan {
  return plan.stages[stageIndex(plan, control) ?? 0] as StagePlan
}

function stageIndex({ stages }: RolloutPlan, control: FlagControl): number | undefined {
  return currentStage(
    control,
    stages.map(({ percentage }) => percentage),
  )
}

function stageName({ percentage, shadow }: StagePlan): string {
  return shadow ? `shadow of ${shadow} %` : `${percentage} %`
}

/** An edit left the rollout below what the document says: a person leads on. */
function heldOr({ plan, control }: Pick<StepInputs, 'plan' | 'control'>, otherwise: string): Step {
  const stages = plan.stages.map(({ percentage }) => percentage)
  const text = heldBelow(control, { stages, percentage: plan.percentage })
  if (text === undefined) return nothing(otherwise)
  const key = `held ${control.generation} ${text}`
  return { ...called(text), announcement: { event: 'hold', key, text } }
}

/** The guard itself tells of a stage that names its `maxBake`. */
function stuckText(stage: StagePlan, verdict: Verdict): string | null {
  const { stageElapsedMs } = verdict.evidence
  const isStuck = stage.maxBakeMs === null && stageElapsedMs >= longestBakeMs(stage)
  return isStuck ? `the stage has been here for ${durationText(stageElapsedMs)}: ${verdict.sentence}` : null
}

function hold(verdict: Verdict, inputs: StepInputs): Step {
  const { plan, control } = inputs
  const alert = ('alert' in verdict ? verdict.alert : null) ?? stuckText(stageOf(plan, control), verdict)
  const until = verdict.holds ?? endOfFreeze(inputs)
  const holds = until === undefined ? {} : { holds: until }
  const key = `hold ${control.generation} ${control.stage}`
  if (alert !== null)
    return { ...called(verdict.sentence), ...holds, announcement: { event: 'hold', key, text: alert } }
  if (!isEndless(plan, control)) return { ...nothing(verdict.sentence), ...holds }
  const lacksTest = verdict.kind === 'collecting' && verdict.lacks === 'test'
  if (!lacksTest || stageOf(plan, control).advance === 'manual') return called(verdict.sentence)
  const text = `${verdict.sentence}: ${BY_HAND}`
  return { ...called(text), announcement: { event: 'hold', key, text } }
}

/** Of a change freeze that keeps a stage from being left, whatever the evidence. */
function endOfFreeze({ plan, control, permission }: StepInputs): string | undefined {
  const { advance, approval } = stageOf(plan, control)
  const leadsOn = advance === 'auto' && (!approval || control.approved)
  return leadsOn && !permission.allowed && permission.isFreeze ? permission.until : undefined
}

const BY_HAND = 'advance the stage yourself, or set the guard\'s advance to "time"'

/** Whether the stage has a control that the guard compares with nothing: no count and no time ends it. */
function isEndless(plan: RolloutPlan, control: FlagControl): boolean {
  const percentage = Math.min(stageOf(plan, control).percentage, control.most ?? 100)
  return plan.guard !== undefined && percentage < 100 && showsNothing(plan.guard)
}

function nothing(waitingFor: string): Step {
  return { command: undefined, announcement: undefined, waitingFor }
}

/** Nothing, until an operator does something. */
function called(waitingFor: string): Step {
  return { ...nothing(waitingFor), needsOperator: true }
}
