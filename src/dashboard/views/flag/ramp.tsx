/** The stages of a rollout as stairs, the present one with its bake. */
import type { FlagStatusView, FlagSummary } from '../../../contract/responses.ts'
import type { AuditRecord } from '../../../contract/words/audit.ts'
import {
  bakeLeftMs,
  type LadderStage,
  type Phase,
  phasesOf,
  stageNote,
} from '../../../contract/words/ladder.ts'
import { stageShareText } from '../../../contract/words/rules.ts'
import { type Definition, type Plan, stagePlan } from '../../actions/change-plans.ts'
import { Icon } from '../../components/icon.tsx'
import { useNow } from '../../state/clock.ts'
import { type StageMoment, timelineOf } from './timeline.ts'

type RampProps = {
  flag: FlagSummary
  status: FlagStatusView
  definition: Definition
  /** When the status was taken. */
  atMs: number
  /** The audit log of the flag, newest first. */
  records: readonly AuditRecord[]
  /** Offers to go to a stage; undefined where the user may not. */
  onChoose: ((plan: Plan) => void) | undefined
}

export function Ramp({ flag, status, definition, atMs, records, onChoose }: RampProps) {
  const now = useNow()
  const { state } = flag
  const phases = phasesOf(flag)
  const timeline = timelineOf(flag, status, records, atMs)
  const leftMs = bakeLeftMs(flag.ladder[phases.indexOf('now')], status, now - atMs)
  const halt = state !== 'open' ? state : flag.frozen ? 'frozen' : flag.paused ? 'paused' : undefined
  return (
    <div class="ramp">
      <ol class={`stairs ${state}`}>
        {flag.ladder.map((stage, index) => {
          const phase = phases[index] ?? 'later'
          return (
            <li key={index} class={phase} aria-current={phase === 'now' ? 'step' : undefined}>
              <Step
                stage={stage}
                index={index}
                phase={phase}
                leftMs={phase === 'now' ? leftMs : undefined}
                halt={phase === 'now' ? halt : undefined}
                moment={timeline.stages[index]}
                onChoose={
                  onChoose && index !== flag.stage && state === 'open'
                    ? () => onChoose(stagePlan(flag, definition, index))
                    : undefined
                }
              />
            </li>
          )
        })}
      </ol>
      <Past flag={flag} stages={timeline.stages} />
      {timeline.finishMs !== undefined && (
        <p class="hint">
          Finishes about {clockText(timeline.finishMs)}, if the evidence comes as fast as now.
        </p>
      )}
    </div>
  )
}

/** The evidence on which each stage was left and entered. */
function Past({ flag, stages }: { flag: FlagSummary; stages: readonly StageMoment[] }) {
  const entered = stages.flatMap((moment, index) => {
    const stage = flag.ladder[index]
    return moment?.kind === 'entered' && stage ? [{ ...moment, share: stageShareText(stage) }] : []
  })
  if (entered.length === 0) return null
  return (
    <details class="details">
      <summary>How it came here</summary>
      <ol class="past">
        {entered.map(({ at, share, actor, reason }) => (
          <li key={at}>
            <time dateTime={at}>{clockText(Date.parse(at))}</time> <strong>{share}</strong> by {actor}:{' '}
            {reason}
          </li>
        ))}
      </ol>
    </details>
  )
}

type StepProps = {
  stage: LadderStage
  index: number
  phase: Phase
  /** Milliseconds of its bake that are left; undefined where none is measured. */
  leftMs: number | undefined
  /** Why it does not advance. */
  halt: string | undefined
  moment: StageMoment
  onChoose: (() => void) | undefined
}

function Step({ stage, index, phase, leftMs, halt, moment, onChoose }: StepProps) {
  const share = stageShareText(stage)
  const body = (
    <>
      <span class="step-share">
        {phase === 'done' && <Icon name="check" />}
        {share}
      </span>
      <span class="step-block" style={{ height: `${heightOf(stage.percentage)}px` }}>
        {leftMs !== undefined && stage.bakeMs > 0 && (
          <span class="step-bake" style={{ width: `${100 * (1 - leftMs / stage.bakeMs)}%` }} />
        )}
      </span>
      <span class="step-note">
        {halt ?? noteOf(stage, phase, leftMs)}
        <MomentText moment={moment} />
      </span>
    </>
  )
  if (onChoose === undefined) return <div class="step">{body}</div>
  return (
    <button type="button" class="step" onClick={onChoose}>
      <span class="visually-hidden">Go to stage {index + 1}:</span>
      {body}
    </button>
  )
}

/** When a stage began and by whom, or when it is expected; the evidence is behind it. */
function MomentText({ moment }: { moment: StageMoment }) {
  if (moment === undefined) return null
  switch (moment.kind) {
    case 'entered':
      return (
        <span class="step-moment" title={moment.reason}>
          {clockText(Date.parse(moment.at))} by {moment.actor}
        </span>
      )
    case 'failed':
      return (
        <span class="step-moment failed" title={moment.reason}>
          rolled back {clockText(Date.parse(moment.at))}
        </span>
      )
    case 'expected':
      return <span class="step-moment">about {clockText(moment.atMs)}</span>
    case 'asked':
      return (
        <span class="step-moment">
          {moment.by === 'approval' ? 'once approved' : 'when an operator advances'}
        </span>
      )
  }
}

/** "14:05"; on another day with its date. */
function clockText(atMs: number): string {
  const at = new Date(atMs)
  const time = at.toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' })
  const isToday = at.toDateString() === new Date().toDateString()
  return isToday ? time : `${at.toLocaleDateString('en-GB', { day: 'numeric', month: 'short' })}, ${time}`
}

/** Steps of 1 % and 5 % stay visible beside one of 100 %. */
function heightOf(percentage: number): number {
  return 12 + Math.sqrt(percentage / 100) * 84
}

function noteOf(stage: LadderStage, phase: Phase, leftMs: number | undefined): string {
  if (phase !== 'now' || leftMs === undefined) return stageNote(stage)
  return stageNote(stage, leftMs > 0 ? `${countdownText(leftMs)} left` : 'baked')
}

/** m:ss, for what counts down. */
function countdownText(leftMs: number): string {
  const seconds = Math.ceil(leftMs / 1_000)
  if (seconds >= 3_600) return `${Math.floor(seconds / 3_600)} h ${Math.floor((seconds % 3_600) / 60)} min`
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
}
