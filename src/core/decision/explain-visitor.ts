/** Explains a visitor: which origin their request reaches, and why each flag serves what it serves. */
import { findRoute, type Snapshot } from '../config/compile/snapshot.ts'
import type { EvaluationContext } from '../context/attributes.ts'
import type { CompiledFlag } from '../flags/flag.ts'
import type { DecisionInputs } from './decide.ts'
import { type Explanation, explain } from './explain.ts'

export type ExplainedVisitor = {
  /** Where the request would go; null without a request. */
  route: { route: string; origin: string; flag: string | null } | null
  explanations: Explanation[]
}

/**
 * Explains one flag. Without a name: the flag that routes the request, or all flags when there is no request.
 * Undefined for an unknown flag.
 */
export function explainVisitor(
  snapshot: Snapshot,
  visitor: {
    context: EvaluationContext
    inputs: DecisionInputs
    place: { host: string; path: string; method: string } | undefined
  },
  flag: string | undefined,
): ExplainedVisitor | undefined {
  const { context, inputs, place } = visitor
  const route = place && findRoute(snapshot, place)
  const target = route?.target
  const routing = target?.kind === 'flag' ? target.flag : undefined
  const asked = askedFlags(snapshot, flag ?? routing?.key, place !== undefined)
  if (asked === undefined) return undefined
  const explanations = asked.map((each) => explain(each, context, inputs))
  if (place === undefined) return { route: null, explanations }
  const variant = routing && explain(routing, context, inputs).decision.variant
  const origin =
    target === undefined
      ? snapshot.fallback
      : target.kind === 'origin'
        ? target.origin
        : (target.origins.get(variant ?? '') ?? target.stable)
  const where = { route: route?.label ?? 'no route', origin: origin.name, flag: routing?.key ?? null }
  return { route: where, explanations }
}

function askedFlags(
  { flags }: Snapshot,
  only: string | undefined,
  isRequest: boolean,
): readonly CompiledFlag[] | undefined {
  if (only === undefined) return isRequest ? [] : [...flags.values()]
  const flag = flags.get(only)
  return flag && [flag]
}
