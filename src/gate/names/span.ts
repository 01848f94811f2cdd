/**
 * The decision on the platform's span of the request, for those who trace their Workers: `SPAN_ATTRIBUTES = "true"` beside
 * `[observability.traces]`. Off by default, since the question for the span is a call of the runtime in each request.
 */
import type { Decision } from '../../core/decision/decide.ts'
import type { Env } from '../../platform/env.ts'
import { noteInternalError } from '../../platform/internal-errors.ts'

type Attribute = string | number
/** What the runtime gives a request: older ones have no tracing, or no span. */
export type Traced = {
  readonly tracing?: {
    getActiveSpan?():
      | { readonly isTraced: boolean; setAttributes(all: Record<string, Attribute>): unknown }
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
    if (!span?.isTraced) return
    span.setAttributes({
      'sluice.origin': origin,
      ...(decision && {
        'feature_flag.key': decision.flag,
        'feature_flag.result.variant': decision.variant,
        'feature_flag.result.reason': decision.reason,
      }),
    })
  } catch (error) {
    noteInternalError('gate.span', error)
  }
}
