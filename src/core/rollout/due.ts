/** When a rollout needs a look although nothing new has been counted, and whether it is being judged at all. */
import type { FlagControl } from '../config/control.ts'
import type { FreezeConfig } from '../config/schema/document.ts'
import { parseTimeMs } from '../flags/date-time.ts'
import type { Verdict } from '../guard/index.ts'
import { longestBakeMs, type RolloutPlan, type StagePlan } from './plan.ts'
import { type LocalTime, minutesToWindow } from './windows.ts'

export type Look = {
  plan: RolloutPlan
  control: FlagControl
  isKilled: boolean
  /** Of the look that is just over. */
  verdict: Verdict | undefined
  freezes: readonly FreezeConfig[]
  local: LocalTime
}

/**
 * When time alone changes what the next look sees: the end of a bake, of the longest bake, or of a freeze, or the start
 * of a window. Milliseconds since 1970; undefined where only counts or a command change anything.
 */
export function nextLookMs({ plan, control, isKilled, verdict, freezes, local }: Look, nowMs: number) {
  const isClimbing =
    !control.rolledBack && !control.finished && !control.frozen && !control.paused && !isKilled
  if (!isClimbing || plan.stages.length === 0 || verdict === undefined) return undefined
  const stage = plan.stages[Math.min(control.stage, plan.stages.length - 1)] as StagePlan
  const { stageElapsedMs } = verdict.evidence
  const times = [stage.bakeMs, longestBakeMs(stage)].map((afterMs) => nowMs + afterMs - stageElapsedMs)
  if (verdict.kind === 'healthy' || verdict.kind === 'unjudged') {
    times.push(...freezes.map(({ end }) => parseTimeMs(end)))
    if (plan.windows.length > 0) times.push(nowMs + minutesToWindow(plan.windows, local) * 60_000)
  }
  const ahead = times.filter((timeMs) => timeMs > nowMs)
  return ahead.length > 0 ? Math.min(...ahead) : undefined
}

/** Whether canary and control of a flag have visitors to compare, or may have. `percentage`: the canary's share. */
export function isLive(
  plan: RolloutPlan,
  control: FlagControl,
  isKilled: boolean,
  percentage: number,
): boolean {
  if (plan.guard === undefined || isKilled || control.rolledBack) return false
  if (plan.stages.length > 0) return !control.finished
  return percentage > 0 && percentage < 100
}
