/** The stages of a rollout as stairs, the present one with its bake. */
import type { FlagStatusView, FlagSummary } from '../../../contract/responses.ts'
import type { FlagInput, RuleInput } from '../../../core/config/schema/document.ts'
import { parseDurationMs } from '../../../core/config/schema/duration.ts'
import { durationText, percentText } from '../../../core/figures.ts'
import { type Plan, stagePlan } from '../../actions/change-plans.ts'
import { Icon } from '../../components/icon.tsx'
import { useNow } from '../../state/clock.ts'

type Stage = NonNullable<RuleInput['stages']>[number]

const DEFAULT_BAKE = '10m'

type RampProps = {
  flag: FlagSummary
  status: FlagStatusView
  definition: FlagInput
  /** When the status was taken. */
  atMs: number
  /** Offers to go to a stage; undefined where the user may not. */
  onChoose: ((plan: Plan) => void) | undefined
}

export function Ramp({ flag, status, definition, atMs, onChoose }: RampProps) {
  const now = useNow()
  const { state } = flag
  const stages = definition.rules?.find((rule) => rule.stages)?.stages ?? []
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
                    ? () => onChoose(stagePlan(flag, definition, index))
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

/** How much of the stage's bake is left; undefined where no guard measures it. */
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
  /** Why it does not advance. */
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

/** Steps of 1 % and 5 % stay visible beside one of 100 %. */
function heightOf(percentage: number): number {
  return 12 + Math.sqrt(percentage / 100) * 84
}

function noteOf(
  { bake = DEFAULT_BAKE, approval, advance }: Stage,
  phase: string,
  left: Bake | undefined,
): string {
  const then = approval ? ', then approval' : advance === 'manual' ? ', then manual' : ''
  if (phase === 'now' && left)
    return left.leftMs > 0 ? `${countdownText(left.leftMs)} left${then}` : `baked${then}`
  const bakeMs = parseDurationMs(bake) ?? 0
  return (bakeMs === 0 ? 'no bake' : `bakes ${durationText(bakeMs)}`) + then
}

/** m:ss, for what counts down. */
function countdownText(leftMs: number): string {
  const seconds = Math.ceil(leftMs / 1_000)
  if (seconds >= 3_600) return `${Math.floor(seconds / 3_600)} h ${Math.floor((seconds % 3_600) / 60)} min`
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
}
