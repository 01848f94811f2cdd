/** Takes events of metrics: each counts for the visitor whom the gate finds, or is refused with a reason. */
import { hasValueFor } from '../../core/metrics/entries.ts'
import type { MetricPlaces } from '../../gate/evaluation/measured.ts'
import type { MetricReporter } from '../../gate/reporting/metric-reporter.ts'
import type { Track } from './event-message.ts'
import { checkTrack, REASONS, type RefusalReason } from './track-message.ts'

/** What takes them: the isolate's reporter. */
export type MetricsPort = Pick<MetricReporter, 'record' | 'refuse'>

/** An event with where it counts, or why it counts nowhere. */
export type FoundEvent = { event: Track; found: MetricPlaces | { ok: false; why: RefusalReason } }

export type TrackWhy = RefusalReason
export type TrackRefusal = { metric: string; reason: string }

/**
 * Takes an event.
 *
 * @param refused why no event of its sender counts; undefined where they do
 * @returns why it does not count; undefined where it does
 */
export function takeTrack(
  { event, found }: FoundEvent,
  refused: RefusalReason | undefined,
  metrics: MetricsPort,
  nowMs: number,
): TrackRefusal | undefined {
  const { name: metric, value, id } = event
  const places = found.ok ? found.places : []
  const refusal = (why: RefusalReason): TrackRefusal => {
    // What is measured nowhere is told to the sender alone.
    for (const { flag } of places) metrics.refuse(flag, why)
    return { metric, reason: REASONS[why] }
  }
  // A visitor whom nothing proves is compared nowhere: that they are unproven says more.
  if (!found.ok) return refusal(found.why === 'not exposed' ? (refused ?? found.why) : found.why)
  if (refused !== undefined) return refusal(refused)
  const checked = checkTrack(event, nowMs)
  if (!checked.ok) return refusal(checked.why)
  if (!places.every(({ type }) => hasValueFor(type, value))) return refusal('value')
  const isNew = metrics.record({ metric, value, atMs: checked.atMs, id: id ?? undefined }, places)
  return isNew ? undefined : { metric, reason: REASONS.repeated }
}
