/**
 * Why a visitor gets a variant. decide() makes the decision; the trace asks the same conditions and shares again, in
 * the same order, and records each answer.
 */
import type { AttributeValue, EvaluationContext } from '../context/attributes.ts'
import { type CompiledCondition, holds } from '../flags/conditions.ts'
import type { CompiledFlag, CompiledRule } from '../flags/flag.ts'
import { positionOf } from '../flags/position.ts'
import {
  currentShare,
  type Decision,
  type DecisionInputs,
  decide,
  hasOwnPositions,
  isInside,
  type RequiredVariants,
  satisfies,
  variantOfRequired,
} from './decide.ts'

export type ConditionTrace = {
  attribute: string
  op: string
  values: unknown[]
  negate: boolean
  found: AttributeValue | null
  holds: boolean
}

export type RuleTrace = {
  rule: string
  outcome: 'served' | 'conditions-not-met' | 'outside-percentage' | 'not-reached'
  conditions: ConditionTrace[]
  percentage: number | null
  /** The visitor's position as a percentage, 0–100: inside when below `percentage`. */
  position: number | null
}

/** A check before the rules. */
export type GateTrace = { gate: string; passed: boolean; detail: string }

export type Explanation = { decision: Decision; sentence: string; gates: GateTrace[]; rules: RuleTrace[] }

/**
 * Explains the decision of one flag for one visitor.
 *
 * @example explain(flag, context, inputs).sentence // 'on, by the rule "staff"'
 */
export function explain(flag: CompiledFlag, context: EvaluationContext, inputs: DecisionInputs): Explanation {
  // The gates ask for the same required flags as the decision.
  const required: RequiredVariants = inputs.required ?? new Map()
  const decision = decide(flag, context, { ...inputs, required })
  const gates = gatesOf(flag, context, inputs, required)
  const isOpen = decision.reason !== 'OVERRIDE' && gates.every((gate) => gate.passed)
  const rules = traceRules(flag, context, inputs, isOpen)
  return { decision, sentence: sentenceFor(flag, decision, gates, rules), gates, rules }
}

/** The checks before the rules, in order. */
function gatesOf(
  flag: CompiledFlag,
  context: EvaluationContext,
  inputs: DecisionInputs,
  decided: RequiredVariants,
): GateTrace[] {
  const { rolledBack } = inputs.control.of(flag.key)
  const killed = inputs.control.isKilled(flag.key)
  const here = flag.environments === undefined || flag.environments.has(inputs.environment)
  const inSchedule = inputs.nowMs >= flag.startMs && inputs.nowMs < flag.endMs
  const environments = [...(flag.environments ?? [])].join(', ')
  const gates: GateTrace[] = [
    { gate: 'kill', passed: !killed, detail: killed ? 'the flag is killed' : 'the flag is not killed' },
    {
      gate: 'rollback',
      passed: rolledBack === undefined,
      detail: rolledBack ? `rolled back: ${rolledBack.reason}` : 'not rolled back',
    },
    { gate: 'enabled', passed: flag.enabled, detail: flag.enabled ? 'enabled' : 'disabled in the document' },
    {
      gate: 'environment',
      passed: here,
      detail: here
        ? `this is ${inputs.environment}`
        : `this is ${inputs.environment}, the flag is for ${environments}`,
    },
    {
      gate: 'schedule',
      passed: inSchedule,
      detail: inSchedule ? 'within its schedule' : 'outside its schedule',
    },
  ]
  for (const requirement of flag.requires) {
    const key = requirement.flag
    const required = inputs.flags.get(key)
    const variant = required && variantOfRequired(required, context, inputs, decided)
    const passed = required !== undefined && satisfies(requirement, required, variant ?? '')
    gates.push({ gate: `requires ${key}`, passed, detail: `${key} serves ${variant ?? 'nothing'}` })
  }
  return gates
}

function traceRules(
  flag: CompiledFlag,
  context: EvaluationContext,
  inputs: DecisionInputs,
  isOpen: boolean,
): RuleTrace[] {
  let reached = isOpen
  return flag.rules.map((rule) => {
    const trace = traceRule(flag, rule, context, inputs)
    if (!reached) return { ...trace, outcome: 'not-reached' }
    if (trace.outcome === 'served') reached = false
    return trace
  })
}

function traceRule(
  flag: CompiledFlag,
  rule: CompiledRule,
  context: EvaluationContext,
  inputs: DecisionInputs,
): RuleTrace {
  const conditions = rule.conditions.map((condition) => traceCondition(condition, context))
  const thousandths = currentShare(rule, inputs.control.of(flag.key))
  // Other schemes have no position in this split.
  const isOnRing = thousandths !== undefined && hasOwnPositions(rule)
  const position = isOnRing ? positionOf(flag.salt, context) : undefined
  const outcome = !conditions.every((condition) => condition.holds)
    ? 'conditions-not-met'
    : isInside(rule, thousandths, position, context)
      ? 'served'
      : 'outside-percentage'
  return {
    rule: rule.name,
    outcome,
    conditions,
    percentage: thousandths === undefined ? null : thousandths / 1_000,
    position: position === undefined ? null : Math.round((position / 2 ** 32) * 100_000) / 1_000,
  }
}

function traceCondition(condition: CompiledCondition, context: EvaluationContext): ConditionTrace {
  const { attribute, op, negate } = condition
  return {
    attribute,
    op,
    values: [...condition.values],
    negate,
    found: context.attribute(attribute) ?? null,
    holds: holds(condition, context),
  }
}

/** The decision in one sentence, without a final period. */
function sentenceFor(
  flag: CompiledFlag,
  { reason, variant, rule }: Decision,
  gates: readonly GateTrace[],
  rules: readonly RuleTrace[],
): string {
  switch (reason) {
    case 'OVERRIDE':
      return `${variant}, because a signed preview link says so`
    case 'KILLED':
    case 'ROLLED_BACK':
    case 'DISABLED': {
      const closed = gates.find((gate) => !gate.passed)
      return `${variant}, because the flag is closed: ${closed?.detail ?? reason}`
    }
    default:
      break
  }
  if (rule !== undefined) {
    const served = rules.find((trace) => trace.outcome === 'served')
    const share = served?.percentage == null ? '' : `, inside its ${served.percentage} %`
    return `${variant}, by the rule "${rule}"${share}`
  }
  const outside = rules.find((trace) => trace.outcome === 'outside-percentage')
  if (outside) {
    const share = outside.percentage === null ? 'ranges' : `${outside.percentage} %`
    return `${variant}, because the visitor is outside the ${share} of "${outside.rule}"`
  }
  return flag.rules.length === 0
    ? `${variant}, because the flag has no rules`
    : `${variant}, because no rule's conditions are met`
}
