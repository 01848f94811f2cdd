/** Whether a decision needs a targeting key. Asked only for visitors without one. */
import type { EvaluationContext } from '../context/attributes.ts'
import { holds } from '../flags/conditions.ts'
import type { CompiledFlag } from '../flags/flag.ts'
import { THOUSANDTHS } from '../flags/position.ts'
import { currentShare, type DecisionInputs, decide, hasOwnPositions, isInside } from './decide.ts'

/**
 * Whether one visitor without a targeting key could get another variant if they had one. Each flag is asked once, however
 * many require it.
 */
export function keyNeeds(
  context: EvaluationContext,
  inputs: DecisionInputs,
): (flag: CompiledFlag) => boolean {
  const known = new Map<string, boolean>()
  const shared: DecisionInputs = { ...inputs, required: inputs.required ?? new Map() }
  const needsKey = (flag: CompiledFlag): boolean => {
    const found = known.get(flag.key) ?? isInNeed(flag)
    known.set(flag.key, found)
    return found
  }
  const isInNeed = (flag: CompiledFlag): boolean => {
    const { reason } = decide(flag, context, shared)
    if (reason === 'KILLED' || reason === 'ROLLED_BACK' || reason === 'OVERRIDE' || !flag.enabled)
      return false
    const parents = flag.requires.map((required) => inputs.flags.get(required.flag))
    if (parents.some((parent) => parent !== undefined && needsKey(parent))) return true
    return reason !== 'DISABLED' && rulesNeedKey(flag, context, inputs)
  }
  return needsKey
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
