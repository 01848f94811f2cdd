/** Whether a decision needs a targeting key. Asked only for visitors without one. */
import type { EvaluationContext } from '../context/attributes.ts'
import { holds } from '../flags/conditions.ts'
import type { CompiledFlag } from '../flags/flag.ts'
import { THOUSANDTHS } from '../flags/position.ts'
import { currentShare, type DecisionInputs, decide, hasOwnPositions, isInside } from './decide.ts'

/** Whether a visitor could get another variant if they had a targeting key. */
export function needsTargetingKey(
  flag: CompiledFlag,
  context: EvaluationContext,
  inputs: DecisionInputs,
): boolean {
  const { reason } = decide(flag, context, inputs)
  if (reason === 'KILLED' || reason === 'ROLLED_BACK' || reason === 'OVERRIDE' || !flag.enabled) return false
  if (flag.requires.some((required) => parentNeedsKey(required.flag, context, inputs))) return true
  return reason !== 'DISABLED' && rulesNeedKey(flag, context, inputs)
}

function parentNeedsKey(key: string, context: EvaluationContext, inputs: DecisionInputs): boolean {
  const parent = inputs.flags.get(key)
  return parent !== undefined && needsTargetingKey(parent, context, inputs)
}

function rulesNeedKey(flag: CompiledFlag, context: EvaluationContext, inputs: DecisionInputs): boolean {
  const control = inputs.control.of(flag.key)
  for (const rule of flag.rules) {
    if (!rule.conditions.every((condition) => holds(condition, context))) continue
    const share = currentShare(rule, control)
    // Rules with another bucketing scheme name the attributes that identify a visitor.
    if (!hasOwnPositions(rule)) {
      if (isInside(rule, share, undefined, context)) return false
      continue
    }
    if (share === 0) continue
    if (share !== undefined && share < THOUSANDTHS) return true
    return rule.serve.kind === 'weights'
  }
  return false
}
