/** Plans: the rollout and guard settings of a flag, with defaults filled in. */

import type { FlagConfig, GateDocument, GuardConfig, RolloutConfig } from '../config/schema/document.ts'
import { parseDurationMs } from '../config/schema/duration.ts'
import { comparisonTestsOf } from '../config/schema/guard-tests.ts'
import { comparesWeeks, dealtVariants } from '../config/split/compared.ts'
import { dealingRule } from '../config/split/dealing-rule.ts'
import { hasSplit } from '../config/split/split.ts'
import { watchedId } from '../flags/answers/watched-answers.ts'
import { type GuardSettings, resolveGuardSettings, type StageRequirements } from '../guard/index.ts'

export type StagePlan = {
  /** 0 for a shadow stage. */
  percentage: number
  /** Percentage of requests that are copied; 0 for a stage with visitors. */
  shadow?: number
  bakeMs: number
  maxBakeMs: number | null
  approval: boolean
  advance: 'auto' | 'manual'
  /** How long a healthy canary may take. */
  withinMs?: number
  /** What the stage asks for besides the guard's tests. */
  require?: StageRequirements
}

export type RolloutPlan = {
  flag: string
  stages: readonly StagePlan[]
  /** Without stages: the percentage that its rule names. */
  percentage?: number | undefined
  windows: RolloutConfig['windows']
  timezone: string
  /** Undefined without a guard: then nothing is judged and no stage advances automatically. */
  guard: GuardSettings | undefined
  /** Without a split the guard's `traffic` and `metrics` compare with the weeks before. */
  beforeAfter?: true
}

/** Plans of all flags with stages or a guard, by flag. */
export function compilePlans(document: GateDocument): ReadonlyMap<string, RolloutPlan> {
  const plans = Object.entries(document.flags).map(([key, flag]) => compilePlan(key, flag))
  return new Map(
    plans
      .filter((plan) => plan.stages.length > 0 || plan.guard !== undefined)
      .map((plan): [string, RolloutPlan] => [plan.flag, plan]),
  )
}

/** The plan of one flag. */
export function compilePlan(key: string, flag: FlagConfig): RolloutPlan {
  const staged = flag.rules.find((rule) => rule.stages !== undefined)
  return {
    flag: key,
    stages: (staged?.stages ?? []).map((stage) => ({
      percentage: stage.percentage ?? 0,
      ...(stage.shadow !== undefined && { shadow: stage.shadow }),
      bakeMs: parseDurationMs(stage.bake) ?? 0,
      maxBakeMs: stage.maxBake === undefined ? null : (parseDurationMs(stage.maxBake) ?? null),
      approval: stage.approval,
      advance: stage.advance,
      ...(stage.within !== undefined && { withinMs: parseDurationMs(stage.within) ?? 0 }),
      ...(stage.require !== undefined && { require: requirementsOf(stage.require) }),
    })),
    percentage: staged ? undefined : flag.rules[dealingRule(flag)]?.percentage,
    windows: flag.rollout?.windows ?? [],
    timezone: flag.rollout?.timezone ?? 'UTC',
    guard: flag.guard?.enabled
      ? {
          ...guardSettings(comparesWeeks(flag) ? withoutArms(flag.guard) : flag.guard),
          ...judgedMetrics(flag),
        }
      : undefined,
    ...(flag.guard?.enabled && comparesBefore(flag) && { beforeAfter: true }),
  }
}

/** By what the metrics of a flag's guard are judged, where it isn't by the weeks before. */
function judgedMetrics(flag: FlagConfig): Pick<GuardSettings, 'metrics'> {
  if (Object.keys(flag.guard?.metrics ?? {}).length === 0 || comparesWeeks(flag)) return {}
  return { metrics: (dealtVariants(flag)?.inside.size ?? 0) > 1 ? 'variants' : 'arms' }
}

/** Of a flag whose metrics are compared with the weeks before: there are no arms that the other tests could compare. */
function withoutArms(guard: GuardConfig): GuardConfig {
  return { ...guard, errors: guard.errors ?? false, latency: guard.latency ?? false }
}

function comparesBefore(flag: FlagConfig): boolean {
  return (flag.guard?.traffic !== undefined && !hasSplit(flag)) || comparesWeeks(flag)
}

/** A guard's settings as its document has them, with defaults filled in. */
export function guardSettings(config: GuardConfig): GuardSettings {
  const { alpha, action, advance, traffic, ceilings, thresholds } = config
  const { errors, latency, clientErrors } = comparisonTestsOf(config)
  return resolveGuardSettings({
    alpha,
    ...(advance === 'time' ? { advance: { byTime: true } } : { advance, beta: advance?.beta }),
    action,
    traffic,
    ceilings,
    thresholds,
    errors,
    clientErrors,
    latency: latency !== false && {
      ...latency,
      warmUpMs: latency.warmUp === undefined ? undefined : parseDurationMs(latency.warmUp),
    },
  })
}

type RequireConfig = NonNullable<NonNullable<FlagConfig['rules'][number]['stages']>[number]['require']>

function requirementsOf({
  minVisitors,
  maxErrorRate,
  maxP95Ms,
  paths = [],
}: RequireConfig): StageRequirements {
  return {
    minVisitors: minVisitors ?? null,
    maxErrorRate: maxErrorRate ?? null,
    maxP95Ms: maxP95Ms ?? null,
    answers: paths.map((each) => ({ id: watchedId(each), max: each.max })),
  }
}

/** The guard's settings at a stage: bake times, and what the stage asks for, belong to the stage. */
export function settingsAtStage(settings: GuardSettings, stage: StagePlan | undefined): GuardSettings {
  if (stage === undefined) return settings
  const { bakeMs, maxBakeMs, withinMs, require } = stage
  return { ...settings, bakeMs, maxBakeMs, ...(withinMs && { withinMs }), ...(require && { require }) }
}

/** The percentage up to which visitors become canary with the next stage; `holdback` in thousandths of a percent. */
export function comingPercentage(
  stages: readonly StagePlan[],
  stage: number,
  holdback: number,
): number | undefined {
  const next = stages[stage + 1]?.percentage
  return next === undefined ? undefined : Math.min(next, 100 - holdback / 1_000)
}

const STUCK_AFTER_BAKES = 10
const STUCK_AFTER_MS = 24 * 3_600_000

/** When people are told that a stage waits for evidence: after `maxBake`, or else ten bakes and a day at least. */
export function longestBakeMs({ maxBakeMs, bakeMs }: StagePlan): number {
  return maxBakeMs ?? Math.max(STUCK_AFTER_BAKES * bakeMs, STUCK_AFTER_MS)
}
