/**
 * The decision: which variant of a flag a visitor gets, and why. Plain data in, plain data out.
 *
 * The order, first that applies: kill → signed override → rollback → disabled, wrong environment, outside the
 * schedule, unmet requirement → rules in order → `off`.
 */
import type { Control, FlagControl } from '../config/control.ts'
import type { EvaluationContext } from '../context/attributes.ts'
import { holdsAll } from '../flags/conditions.ts'
import type { CompiledFlag, CompiledRequirement, CompiledRule, Json } from '../flags/flag.ts'
import { flagdPosition } from '../flags/flagd-bucketing.ts'
import { isInsideShare, pickWeighted, positionOf, THOUSANDTHS } from '../flags/position.ts'
import { isInsideUnleash, pickUnleash } from '../flags/unleash-bucketing.ts'
import type { Lookup } from '../lazy-map.ts'

/** OpenFeature's reasons, and Sluice's own three. */
export type Reason =
  | 'STATIC'
  | 'TARGETING_MATCH'
  | 'SPLIT'
  | 'DEFAULT'
  | 'DISABLED'
  | 'KILLED'
  | 'ROLLED_BACK'
  | 'OVERRIDE'

/**
 * Where a visitor stands in the comparison. Only canary and control have a position in the split (an unsigned 32-bit
 * integer); `other` visitors are not compared.
 */
export type Placement =
  | { readonly arm: 'other' }
  | { readonly arm: 'canary' | 'control'; readonly position: number }

export type Arm = Placement['arm']

/** Not part of the comparison. */
export const NOT_COMPARED: Placement = Object.freeze({ arm: 'other' })

export type Decision = {
  flag: string
  variant: string
  value: Json
  reason: Reason
  /** Name of the rule that decided, if one did. */
  rule: string | undefined
  placement: Placement
  generation: number
  stage: number
}

/** What a decision depends on besides flag and visitor. */
export type DecisionInputs = {
  flags: Lookup<CompiledFlag>
  control: Control
  environment: string
  nowMs: number
  /** Flag → variant, from a verified override token. */
  overrides: ReadonlyMap<string, string> | undefined
}

/** Decides one flag for one visitor. */
export function decide(flag: CompiledFlag, context: EvaluationContext, inputs: DecisionInputs): Decision {
  return decideOnce(flag, context, inputs, undefined)
}

/** What the flags serve that this decision depends on. */
type Answers = Map<string, string>

function decideOnce(
  flag: CompiledFlag,
  context: EvaluationContext,
  inputs: DecisionInputs,
  answers: Answers | undefined,
): Decision {
  const control = inputs.control.of(flag.key)
  const closed = closedReason(flag, control, inputs)
  if (closed === 'KILLED') return settled(flag, control, flag.off, 'KILLED')
  const override = inputs.overrides?.get(flag.key)
  if (override !== undefined && flag.values.has(override)) return settled(flag, control, override, 'OVERRIDE')
  if (closed !== undefined) return settled(flag, control, flag.off, closed)
  if (flag.requires.length > 0 && !requirementsMet(flag, context, inputs, answers ?? new Map())) {
    return settled(flag, control, flag.off, 'DISABLED')
  }
  return decideByRules(flag, control, context)
}

function closedReason(
  flag: CompiledFlag,
  control: FlagControl,
  inputs: DecisionInputs,
): 'KILLED' | 'ROLLED_BACK' | 'DISABLED' | undefined {
  if (inputs.control.isKilled(flag.key)) return 'KILLED'
  if (control.rolledBack !== undefined) return 'ROLLED_BACK'
  const here = flag.environments === undefined || flag.environments.has(inputs.environment)
  const inSchedule = inputs.nowMs >= flag.startMs && inputs.nowMs < flag.endMs
  return flag.enabled && here && inSchedule ? undefined : 'DISABLED'
}

/**
 * Whether the required flags serve what they must. Parsing excludes cycles and long chains; each flag is decided once,
 * however many ways lead to it.
 */
function requirementsMet(
  flag: CompiledFlag,
  context: EvaluationContext,
  inputs: DecisionInputs,
  answers: Answers,
): boolean {
  return flag.requires.every((requirement) => {
    const required = inputs.flags.get(requirement.flag)
    if (required === undefined) return false
    const variant = answers.get(required.key) ?? decideOnce(required, context, inputs, answers).variant
    answers.set(required.key, variant)
    return satisfies(requirement, required, variant)
  })
}

/** Whether a required flag serves what it must. */
export function isMet(
  requirement: CompiledRequirement,
  context: EvaluationContext,
  inputs: DecisionInputs,
): boolean {
  const required = inputs.flags.get(requirement.flag)
  if (required === undefined) return false
  return satisfies(requirement, required, decide(required, context, inputs).variant)
}

function satisfies(requirement: CompiledRequirement, required: CompiledFlag, variant: string): boolean {
  if (variant === required.off) return !requirement.on
  return requirement.on && (requirement.variants?.has(variant) ?? true)
}

function decideByRules(flag: CompiledFlag, control: FlagControl, context: EvaluationContext): Decision {
  const decision = settled(flag, control, flag.off, 'DEFAULT')
  for (let index = 0; index < flag.rules.length; index++) {
    const rule = flag.rules[index] as CompiledRule
    if (!holdsAll(rule.conditions, context)) continue
    const thousandths = currentShare(rule, control)
    const underJudgement = index === flag.rolloutRule
    // Asking who a visitor is gives a new one an identity: only where it matters.
    const isOnRing = thousandths !== undefined && thousandths < THOUSANDTHS && rule.bucketing === undefined
    const position = isOnRing || underJudgement ? positionOf(flag.salt, context) : undefined
    const inside = isInside(rule, thousandths, position, context)
    if (underJudgement && position !== undefined) {
      // Errors count once per visitor, told apart by position.
      decision.placement = { arm: inside ? 'canary' : 'control', position }
    }
    if (inside) return served(decision, flag, rule, thousandths, context)
    decision.reason = 'SPLIT'
  }
  return decision
}

/**
 * The share of a rule in thousandths of a percent; undefined where it is for everybody. A stage beyond the last one
 * is the last one, and the holdback stays control until the rollout is finished.
 */
export function currentShare(rule: CompiledRule, control: FlagControl): number | undefined {
  if (rule.stages === undefined) return rule.thousandths
  const stage = rule.stages[Math.min(control.stage, rule.stages.length - 1)]
  const most = control.finished ? THOUSANDTHS : THOUSANDTHS - rule.holdback
  return Math.min(stage?.thousandths ?? 0, most)
}

/** Whether a visitor is inside a rule's share. `position` is theirs by the flag's salt. */
export function isInside(
  rule: CompiledRule,
  thousandths: number | undefined,
  position: number | undefined,
  context: EvaluationContext,
): boolean {
  if (thousandths === undefined) return true
  if (rule.bucketing?.scheme === 'unleash') return isInsideUnleash(rule.bucketing, thousandths, context)
  // 100 % is everybody, also those of whom nobody knows who they are.
  if (thousandths >= THOUSANDTHS) return true
  const own = rule.bucketing === undefined ? position : flagdPosition(rule.bucketing, context)
  return own !== undefined && isInsideShare(own, thousandths)
}

function served(
  decision: Decision,
  flag: CompiledFlag,
  rule: CompiledRule,
  thousandths: number | undefined,
  context: EvaluationContext,
): Decision {
  const { serve } = rule
  decision.rule = rule.name
  if (serve.kind === 'variant') {
    decision.variant = serve.variant
    decision.reason =
      thousandths !== undefined ? 'SPLIT' : rule.conditions.length > 0 ? 'TARGETING_MATCH' : 'STATIC'
  } else {
    decision.variant = pick(rule, serve, context) ?? flag.off
    decision.reason = 'SPLIT'
  }
  decision.value = flag.values.get(decision.variant) ?? null
  return decision
}

function pick(
  { bucketing }: CompiledRule,
  { variants, cumulative, salt }: Extract<CompiledRule['serve'], { kind: 'weights' }>,
  context: EvaluationContext,
): string | undefined {
  if (bucketing?.scheme === 'unleash') return pickUnleash(bucketing, variants, cumulative, context)
  if (bucketing !== undefined) {
    const position = flagdPosition(bucketing, context)
    return position === undefined ? undefined : variants[pickWeighted(position, cumulative)]
  }
  // Without a targeting key the first weight serves: deterministic, and the same on every isolate.
  return variants[pickWeighted(positionOf(salt, context) ?? 0, cumulative)]
}

function settled(flag: CompiledFlag, control: FlagControl, variant: string, reason: Reason): Decision {
  return {
    flag: flag.key,
    variant,
    value: flag.values.get(variant) ?? null,
    reason,
    rule: undefined,
    placement: NOT_COMPARED,
    generation: control.generation,
    stage: control.stage,
  }
}
