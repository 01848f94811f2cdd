/** Requirements that no visitor meets: the flag serves its `off` to all, however far its own rollout is. */
import { staticContext } from '../context/attributes.ts'
import type { CompiledFlag } from '../flags/flag.ts'
import { closedReason, type DecisionInputs, decide, satisfies } from './decide.ts'

const NO_VISITOR = staticContext(undefined, {})

/**
 * Finds the first flag of which a flag requires what holds for no visitor; undefined where there is none, or where it
 * depends on the visitor. Each flag is asked once, however many require it.
 *
 * @param inputs as of the present moment, without overrides
 */
export function unmetRequirements(inputs: DecisionInputs): (flag: CompiledFlag) => string | undefined {
  const shared: DecisionInputs = { ...inputs, required: new Map() }
  const unmetOf = once((flag: CompiledFlag) => {
    const unmet = flag.requires.find((requirement) => {
      const required = inputs.flags.get(requirement.flag)
      const variant = required && variantForAll(required)
      return required === undefined || (variant !== undefined && !satisfies(requirement, required, variant))
    })
    return unmet?.flag
  })
  const variantForAll = once((flag: CompiledFlag) => {
    const isClosed = closedReason(flag, inputs.control.of(flag.key), inputs) !== undefined
    if (isClosed || flag.rules.length === 0 || unmetOf(flag) !== undefined) return flag.off
    return flag.isStatic ? decide(flag, NO_VISITOR, shared).variant : undefined
  })
  return unmetOf
}

/** Asks once for each flag. */
function once(ask: (flag: CompiledFlag) => string | undefined): (flag: CompiledFlag) => string | undefined {
  const known = new Map<CompiledFlag, string | undefined>()
  return (flag) => {
    if (!known.has(flag)) known.set(flag, ask(flag))
    return known.get(flag)
  }
}
