/**
 * Decides which variant of a flag a visitor gets, and why. Plain data in, plain data out.
 *
 * The first that applies decides: kill → signed override → rollback → disabled, other environment, outside the
 * schedule, unmet requirement → rules in order → `off`.
 */
import type { Control, FlagControl } from '../config/control.ts'
import type { EvaluationContext } from '../context/attributes.ts'
import { holdsAll } from '../flags/conditions.ts'
import { isInsideFeatures } from '../flags/features-bucketing.ts'
import type { CompiledFlag, CompiledRequirement, CompiledRule, Json } from '../flags/flag.ts'
import { flagdPosition } from '../flags/flagd-bucketing.ts'
import { isInsideShare, pickWeighted, positionOf, THOUSANDTHS } from '../flags/position.ts'
import { isInsideRanges } from '../flags/range-bucketing.ts'
import { isInsideUnleash, pickUnleash } from '../flags/unleash-bucketing.ts'
import type { Lookup } from '../lazy-map.ts'

/** OpenFeature's reasons, and Sluice's three: KILLED, ROLLED_BACK, OVERRIDE. */
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
 * A visitor's place in the comparison. Only canary and control have a position in the split (an unsigned 32-bit
 * integer); `other` visitors are not compared.
 */
export type Placement =
  | { readonly arm: 'other' }
  | { readonly arm: 'canary'; readonly position: number }
  /** `isComing`: whether the next stage makes them canary; only where latency is judged. */
  | { readonly arm: 'control'; readonly position: number; readonly isComing?: boolean }

export type Arm = Placement['arm']

/** The placement of every visitor who is not compared. */
export const NOT_COMPARED: Placement = Object.freeze({ arm: 'other' })

/** The placement of one who would be compared, but whose targeting key proves nothing: they are evidence for no test. */
export const EXCLUDED: Placement = Object.freeze({ arm: 'other' })

export type Decision = {
  flag: string
  variant: string
  value: Json
  reason: Reason
  /** The rule that decided, if one did. */
  rule: string | undefined
  placement: Placement
  generation: number
  stage: number
}

/** Flag → variant, of required flags decided so far for one visitor. */
export type RequiredVariants = Map<string, string>

/**
 * What a decision depends on besides flag and visitor. `overrides` (flag → variant) come from a verified token.
 */
export type DecisionInputs = {
  flags: Lookup<CompiledFlag>
  control: Control
  environment: string
  nowMs: number
  overrides: ReadonlyMap<string, string> | undefined
  /** Where several flags are decided for one visitor: a flag that many of them require is decided once for all. */
  required?: RequiredVariants | undefined
}

/**
 * Decides one flag for one visitor.
 *
 * @param flag compiled, from `snapshot.flags`
 * @param context the visitor's attributes and targeting key; asked only as far as the rules need them
 * @param inputs the same for all flags of a request
 * @example decide(flag, staticContext('user-1', { country: 'RO' }), inputs).variant
 */
export function decide(flag: CompiledFlag, context: EvaluationContext, inputs: DecisionInputs): Decision {
  return decideOnce(flag, context, inputs, inputs.required)
}

function decideOnce(
  flag: CompiledFlag,
  context: EvaluationContext,
  inputs: DecisionInputs,
  required: RequiredVariants | undefined,
): Decision {
  const control = inputs.control.of(flag.key)
  const closed = closedReason(flag, control, inputs)
  if (closed === 'KILLED') return settled(flag, control, flag.off, 'KILLED')
  const override = inputs.overrides?.get(flag.key)
  if (override !== undefined && flag.values.has(override)) return settled(flag, control, override, 'OVERRIDE')
  if (closed !== undefined) return settled(flag, control, flag.off, closed)
  if (flag.requires.length > 0 && !requirementsMet(flag, context, inputs, required ?? new Map())) {
    return settled(flag, control, flag.off, 'DISABLED')
  }
  return decideByRules(flag, control, context)
}

/** Why a flag is closed for all visitors, its requirements aside. */
export function closedReason(
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
 * Whether every required flag serves what it must. Parsing excludes cycles and long chains; each flag is decided
 * once, however many requirements name it.
 */
function requirementsMet(
  flag: CompiledFlag,
  context: EvaluationContext,
  inputs: DecisionInputs,
  decided: RequiredVariants,
): boolean {
  return flag.requires.every((requirement) => {
    const required = inputs.flags.get(requirement.flag)
    if (required === undefined) return false
    return satisfies(requirement, required, variantOfRequired(required, context, inputs, decided))
  })
}

/** The variant of a flag that others require. */
export function variantOfRequired(
  flag: CompiledFlag,
  context: EvaluationContext,
  inputs: DecisionInputs,
  decided: RequiredVariants,
): string {
  const variant = decided.get(flag.key) ?? decideOnce(flag, context, inputs, decided).variant
  decided.set(flag.key, variant)
  return variant
}

/** Whether a variant of a required flag is what is required of it. */
export function satisfies(
  requirement: CompiledRequirement,
  required: CompiledFlag,
  variant: string,
): boolean {
  if (!requirement.on) return variant === required.off
  // A variant that is named counts also where it is the one served by a closed flag.
  return requirement.variants?.has(variant) ?? variant !== required.off
}

function decideByRules(flag: CompiledFlag, control: FlagControl, context: EvaluationContext): Decision {
  const decision = settled(flag, control, flag.off, 'DEFAULT')
  for (let index = 0; index < flag.rules.length; index++) {
    const rule = flag.rules[index] as CompiledRule
    if (!holdsAll(rule.conditions, context)) continue
    const thousandths = currentShare(rule, control)
    const underJudgement = index === flag.rolloutRule && !isOtherSplit(rule, control)
    // Asking for the targeting key issues an identity to a new visitor: ask only where it matters.
    const isOnRing = thousandths !== undefined && thousandths < THOUSANDTHS && hasOwnPositions(rule)
    const position = isOnRing || underJudgement ? positionOf(flag.salt, context) : undefined
    const inside = isInside(rule, thousandths, position, context)
    if (underJudgement && position !== undefined) {
      // The guard counts errors once per position.
      decision.placement =
        context.keyStanding?.() === 'excluded'
          ? EXCLUDED
          : inside
            ? { arm: 'canary', position }
            : controlAt(position, flag, rule, control)
    }
    if (inside) {
      const variant = variantServed(rule, context)
      decision.rule = rule.name
      decision.variant = variant ?? flag.off
      decision.value = flag.values.get(decision.variant) ?? null
      // Without an id to hash, no split decides.
      decision.reason = variant === undefined ? 'DEFAULT' : reasonOf(decision.reason, flag, rule)
      return decision
    }
    decision.reason = 'SPLIT'
  }
  return decision
}

/**
 * A rule's current share, in thousandths of a percent; undefined for a rule without a share. The control state says
 * where a rollout stands; the holdback stays control until the rollout is finished. A rule whose split is not the one that
 * the state names takes no visitor in.
 */
export function currentShare(rule: CompiledRule, control: FlagControl): number | undefined {
  if (isOtherSplit(rule, control)) return 0
  const { stages, thousandths } = rule
  if (rule.split === undefined) return thousandths
  const place = control.percentage === undefined ? undefined : Math.round(control.percentage * 1_000)
  const most = control.finished
    ? THOUSANDTHS
    : Math.min(THOUSANDTHS - rule.holdback, Math.round((control.most ?? 100) * 1_000))
  if (!stages) return place === undefined ? thousandths : Math.min(thousandths ?? THOUSANDTHS, place, most)
  return Math.min(place ?? stages[Math.min(control.stage, stages.length - 1)]?.thousandths ?? 0, most)
}

/** Whether the control state is about another split than a rule's: its document is newer, or older. */
function isOtherSplit({ split, stages }: CompiledRule, control: FlagControl): boolean {
  const named = control.split
  // The state has seen the document but not this flag: one with stages waits until it is named.
  if (named === undefined || split === undefined || (named === '' && !stages)) return false
  return named !== split() && control.formerSplit !== split()
}

/** Control, with whether they come next where latency is judged. */
function controlAt(
  position: number,
  flag: CompiledFlag,
  rule: CompiledRule,
  control: FlagControl,
): Placement {
  if (flag.deadlineMs === Number.POSITIVE_INFINITY || !hasOwnPositions(rule))
    return { arm: 'control', position }
  return { arm: 'control', position, isComing: isInsideShare(position, comingShare(rule, control)) }
}

/**
 * The share below which control's visitors become canary next, in thousandths of a percent; where no larger stage
 * follows, as many more as there are in the canary.
 */
function comingShare(rule: CompiledRule, control: FlagControl): number {
  const now = currentShare(rule, control) ?? THOUSANDTHS
  const next = rule.stages?.[control.stage + 1]?.thousandths ?? 0
  return next > now ? Math.min(next, THOUSANDTHS - rule.holdback) : Math.min(2 * now, (now + THOUSANDTHS) / 2)
}

/** Whether a visitor is inside a rule's share. `position` is the visitor's, by the flag's salt. */
export function isInside(
  rule: CompiledRule,
  thousandths: number | undefined,
  position: number | undefined,
  context: EvaluationContext,
): boolean {
  const { bucketing } = rule
  if (bucketing?.scheme === 'ranges' && !isInsideRanges(bucketing, context)) return false
  if (thousandths === undefined) return true
  if (bucketing?.scheme === 'unleash') return isInsideUnleash(bucketing, thousandths, context)
  // 100 % includes visitors without a targeting key.
  if (thousandths >= THOUSANDTHS) return true
  if (bucketing?.scheme === 'features') return isInsideFeatures(bucketing, thousandths, context)
  const own = bucketing?.scheme === 'flagd' ? flagdPosition(bucketing, context) : position
  return own !== undefined && isInsideShare(own, thousandths)
}

/** Whether a rule's percentage is one of the flag's salt: ranges only narrow whom it is for. */
export function hasOwnPositions({ bucketing }: CompiledRule): boolean {
  return bucketing === undefined || bucketing.scheme === 'ranges'
}

/**
 * The variants that chance could give to a visitor: those of each split whose conditions hold, down to the first rule
 * that takes everyone. A page from before a percentage moved may keep to one of them, and to no other.
 */
export function variantsByChance(
  { off, rules }: CompiledFlag,
  control: FlagControl,
  context: EvaluationContext,
): ReadonlySet<string> {
  const variants = new Set([off])
  for (const rule of rules) {
    if (!holdsAll(rule.conditions, context)) continue
    const { serve } = rule
    for (const each of serve.kind === 'variant' ? [serve.variant] : serve.variants) variants.add(each)
    if (currentShare(rule, control) === undefined && rule.bucketing === undefined) break
  }
  return variants
}

/** The variant that a rule serves a visitor who is inside its share; undefined where chance can't decide. */
export function variantServed(rule: CompiledRule, context: EvaluationContext): string | undefined {
  const { serve } = rule
  return serve.kind === 'variant' ? serve.variant : pick(rule, serve, context)
}

/** The decision of a request that is counted, and evidence for no test. */
export function apart(decision: Decision): Decision {
  return decision.placement.arm === 'other' ? decision : { ...decision, placement: EXCLUDED }
}

/** Why a rule serves what it does. Visitors whom an earlier rule's share left out come to the rest by the split. */
function reasonOf(before: Reason, flag: CompiledFlag, rule: CompiledRule): Reason {
  if (isShared(rule) || rule.serve.kind === 'weights') return 'SPLIT'
  if (before === 'SPLIT' && rule.conditions.length === 0) return 'SPLIT'
  return rule === flag.rules[0] && flag.isStatic ? 'STATIC' : 'TARGETING_MATCH'
}

function isShared({ thousandths, stages, bucketing }: CompiledRule): boolean {
  return thousandths !== undefined || stages !== undefined || bucketing !== undefined
}

function pick(
  { bucketing }: CompiledRule,
  { variants, cumulative, salt }: Extract<CompiledRule['serve'], { kind: 'weights' }>,
  context: EvaluationContext,
): string | undefined {
  if (bucketing?.scheme === 'unleash') return pickUnleash(bucketing, variants, cumulative, context)
  if (bucketing?.scheme === 'flagd') {
    const position = flagdPosition(bucketing, context)
    return position === undefined ? undefined : variants[pickWeighted(position, cumulative)]
  }
  // Without a targeting key the first weight serves: the same answer on every isolate.
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
