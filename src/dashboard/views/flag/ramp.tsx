/** The rollout as a picture: its stages as stairs, the present one with its bake, and what is waited for. */
import type { FlagStatusView, FlagSummary } from '../../../contract/responses.ts'
import { parseDurationMs } from '../../../core/config/schema/duration.ts'
import { type Plan, stagePlan } from '../../actions/change-plans.ts'
import { Icon } from '../../components/icon.tsx'
import { countdownText, durationText, useNow } from '../../state/clock.ts'
import { percentText } from '../../state/format.ts'
import type { Stage } from '../../state/plain-words.ts'

const DEFAULT_BAKE = '10m'

type RampProps = {
  flag: FlagSummary
  status: FlagStatusView
  stages: readonly Stage[]
  /** When the status was taken. */
  atMs: number
  /** Asks to go to a stage; undefined for who may not. */
  onChoose: ((plan: Plan) => void) | undefined
}

export function Ramp({ flag, status, stages, atMs, onChoose }: RampProps) {
  const now = useNow()
  const { state } = flag
  const current = state === 'rolled-back' ? -1 : Math.min(status.stage, stages.length - 1)
  const bake = bakeOf(stages[current], status, atMs, now)
  const halt = state !== 'open' ? state : flag.frozen ? 'frozen' : flag.paused ? 'paused' : undefined
  return (
    <div class="ramp">
      <ol class={`stairs ${state}`}>
        {stages.map((stage, index) => {
          const phase =
            index < current || (index === current && status.finished)
              ? 'done'
              : index === current
                ? 'now'
                : 'later'
          return (
            <li key={index} class={phase} aria-current={phase === 'now' ? 'step' : undefined}>
              <Step
                stage={stage}
                index={index}
                phase={phase}
                bake={phase === 'now' ? bake : undefined}
                halt={phase === 'now' ? halt : undefined}
                onChoose={
                  onChoose && index !== current && state === 'open'
                    ? () => onChoose(stagePlan(flag, stages, index))
                    : undefined
                }
              />
            </li>
          )
        })}
      </ol>
    </div>
  )
}

type Bake = { totalMs: number; leftMs: number }

/** How much of the stage's bake is left; undefined where nobody counts it. */
function bakeOf(
  stage: Stage | undefined,
  status: FlagStatusView,
  atMs: number,
  now: number,
): Bake | undefined {
  const elapsedMs = status.verdict?.evidence.stageElapsedMs
  if (stage === undefined || elapsedMs === undefined || elapsedMs === null) return undefined
  const totalMs = parseDurationMs(stage.bake ?? DEFAULT_BAKE) ?? 0
  const sinceMs = Math.max(0, now - atMs)
  return { totalMs, leftMs: Math.max(0, totalMs - elapsedMs - sinceMs) }
}

type StepProps = {
  stage: Stage
  index: number
  phase: 'done' | 'now' | 'later'
  bake: Bake | undefined
  /** Why it does not go on from here by itself. */
  halt: string | undefined
  onChoose: (() => void) | undefined
}

function Step({ stage, index, phase, bake, halt, onChoose }: StepProps) {
  const share = percentText(stage.percentage)
  const body = (
    <>
      <span class="step-share">
        {phase === 'done' && <Icon name="check" />}
        {share}
      </span>
      <span class="step-block" style={{ height: `${heightOf(stage.percentage)}px` }}>
        {bake && bake.totalMs > 0 && (
          <span class="step-bake" style={{ width: `${100 * (1 - bake.leftMs / bake.totalMs)}%` }} />
        )}
      </span>
      <span class="step-note">{halt ?? noteOf(stage, phase, bake)}</span>
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

/** Steps of 1 % and 5 % are to be seen beside one of 100 %. */
function heightOf(percentage: number): number {
  return 12 + Math.sqrt(percentage / 100) * 84
}

function noteOf(
  { bake = DEFAULT_BAKE, approval, advance }: Stage,
  phase: string,
  left: Bake | undefined,
): string {
  const then = approval ? ', then approval' : advance === 'manual' ? ', then by hand' : ''
  if (phase === 'now' && left)
    return left.leftMs > 0 ? `${countdownText(left.leftMs)} left${then}` : `baked${then}`
  const bakeMs = parseDurationMs(bake) ?? 0
  return (bakeMs === 0 ? 'no bake' : `bakes ${durationText(bakeMs)}`) + then
}
