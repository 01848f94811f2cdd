/** Visitors of a measured flag as shards forward them. */
import type { MetricGroup } from '../../../src/core/counters/metrics/metric-batch.ts'
import type { MetricChunk } from '../../../src/core/counters/metrics/metric-lane.ts'

/** `groups`: of networks, which they come from in turn; without it from none. */
type Crowd = { visitors: number; converted: number; groups?: readonly number[] | undefined }

let position = 0
let chunk = 0

/** Visitors whom no call before has brought, of whom some do what the metric counts. */
export function visits(
  place: Pick<MetricGroup, 'flag' | 'generation' | 'stage'>,
  byVariant: Readonly<Record<string, Crowd>>,
  metric = 'order',
): MetricChunk {
  const atMs = Date.now()
  const groups = Object.entries(byVariant).map(([variant, { visitors, converted, groups }]): MetricGroup => {
    const positions = Array.from({ length: visitors }, () => Math.imul(++position, 0x9e3779b1) >>> 0)
    return {
      ...{ ...place, variant },
      exposed: positions.flatMap((each) => [each, atMs]),
      ...(groups && { networks: positions.map((_, at) => groups[at % groups.length] ?? 0) }),
      events: positions.slice(0, converted).map((each) => [metric, each, atMs, 1, 0]),
    }
  })
  return { n: ++chunk, batch: { groups } }
}
