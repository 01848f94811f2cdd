/**
 * The decision on the platform's span of the request, for those who trace their Workers: `SPAN_ATTRIBUTES = "true"` beside
 * `[observability.traces]`. Off by default, since the question for the span is a call of the runtime in each request.
 */
import type { Decision } from '../../core/decision/decide.ts'
import type { Env } from '../../platform/env.ts'
import { noteInternalError } from '../../platform/internal-errors.ts'

type Attribute = string | number | boolean
/** What the runtime gives a request: older ones have no tracing, or no span. */
export type Traced = {
  readonly tracing?: {
    getActiveSpan?():
      | { readonly isTraced: boolean; setAttribute(name: string, value: Attribute): unknown }
      | undefined
  }
}

/** Names flag, variant and reason by OpenTelemetry's conventions for feature flags, and what the gate knows beside. */
export function describeOnSpan(
  context: Traced,
  env: Env,
  decision: Decision | undefined,
  origin: string,
): void {
  if (env.SPAN_ATTRIBUTES !== 'true') return
  try {
    const span = context.tracing?.getActiveSpan?.()
    if (span === undefined || !span.isTraced) return
    span.setAttribute('sluice.origin', origin)
    if (decision === undefined) return
    const { flag, variant, reason, placement, generation, stage } = decision
    span.setAttribute('feature_flag.key', flag)
    span.setAttribute('feature_flag.provider.name', 'sluice')
    span.setAttribute('feature_flag.result.variant', variant)
    span.setAttribute('feature_flag.result.reason', reason.toLowerCase())
    span.setAttribute('sluice.arm', placement.arm)
    span.setAttribute('sluice.generation', generation)
    // As people count them.
    span.setAttribute('sluice.stage', stage + 1)
  } catch (error) {
    noteInternalError('gate.span', error, { flag: decision?.flag })
  }
}
