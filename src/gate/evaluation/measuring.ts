/**
 * Metrics on the request path: who meets a flag that measures something, and which requests are events. Nothing waits for
 * it, and a document without metrics pays for none of it.
 */
import type { RequestMetric } from '../../core/config/compile/measured.ts'
import type { Snapshot } from '../../core/config/compile/snapshot.ts'
import { type Decision, EXCLUDED } from '../../core/decision/decide.ts'
import type { CompiledFlag } from '../../core/flags/flag.ts'
import { isFetchedAhead } from '../pages/page-affinity.ts'
import { REFUSALS } from '../reporting/metric-reporter.ts'
import type { ReportContext, Reporter } from '../reporting/reporter.ts'
import type { GateRequest } from '../request/gate-request.ts'
import { isEvidence, isOptedOut, placesOf } from './measured.ts'
import type { Visitor } from './visitor.ts'

/** A request that is an event of these metrics if its answer has their status. */
export type Requested = {
  metrics: readonly RequestMetric[]
  visitor: Visitor
  /** The decision by which the visitor's pages are routed. */
  decide(flag: CompiledFlag): Decision
}

/** The metrics that a request may be an event of; undefined for none. */
export function requestedMetrics(
  request: GateRequest,
  { measured }: Snapshot,
): readonly RequestMetric[] | undefined {
  const requests = measured?.requests
  if (requests === undefined) return undefined
  const { host, path, method } = request
  const found = requests.filter((metric) => metric.matches(host, path, method))
  return found.length === 0 || isFetchedAhead(request) || isOptedOut(request.headers) ? undefined : found
}

/** Notes that the visitor has met a flag, if that is measured; returns the decision. */
export function exposed(
  { measures }: CompiledFlag,
  decision: Decision,
  { request, context }: Visitor,
  { reporter, env }: { reporter: Reporter; env: ReportContext['env'] },
): Decision {
  if (measures === undefined) return decision
  const { metrics } = reporter
  if (decision.placement === EXCLUDED) {
    if (context.keyStanding() === 'excluded') metrics.refuse(decision.flag, REFUSALS.visit)
  } else if (!metrics.hasMet(measures, decision) && !isOptedOut(request.headers)) {
    const from = { isEvidence: isEvidence(context, env, request), network: request.network }
    metrics.expose(measures, decision, from, request.nowMs)
  }
  return decision
}

/** Counts a request that has been answered. */
export function countRequested(
  { metrics, visitor, decide }: Requested,
  status: number,
  snapshot: Snapshot,
  { reporter, context }: { reporter: Reporter; context: ReportContext },
): void {
  const counted = metrics.filter((metric) => metric.takes(status))
  // No request was ever routed by an id that was just made.
  const key = visitor.context.targetingKey()
  if (counted.length === 0 || key === undefined || visitor.anonymous.isNew) return
  const isProof = isEvidence(visitor.context, context.env, visitor.request)
  for (const { name: metric } of counted) {
    const found = placesOf(snapshot, { metric, key }, decide)
    if (!found.ok) continue
    if (isProof)
      reporter.metrics.record({ metric, value: undefined, atMs: Date.now(), id: undefined }, found.places)
    else for (const { flag } of found.places) reporter.metrics.refuse(flag, REFUSALS.unproven)
    reporter.stayInTouch(context)
  }
}
