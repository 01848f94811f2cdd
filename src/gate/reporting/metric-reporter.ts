/**
 * What a visitor meets and does, for flags that measure it: exposures, events, and what did not count. All of it waits in the
 * outbox of the isolate, and travels with the next flush.
 */
import type { MetricBuffer } from '../../core/counters/metrics/metric-batch.ts'
import { groupOf, UNKNOWN_NETWORK } from '../../core/counters/networks.ts'
import type { Decision } from '../../core/decision/decide.ts'
import { murmur3 } from '../../core/flags/murmur3.ts'
import { type MetricEvent, UNKNOWN_GROUP, UNPROVEN_VISIT } from '../../core/metrics/entries.ts'
import { exposedAs, type Measures, type MetricType } from '../../core/metrics/spec.ts'
import { ExposedVisitors } from './exposed-visitors.ts'

/** Why an event, or a visit, does not count; the results of a flag show how many did not for each. */
export const REFUSALS = { unproven: 'unproven', visit: UNPROVEN_VISIT, repeated: 'repeated' } as const

/** Where an event counts: the visitor's place in the comparison of one flag. */
export type MetricPlace = Omit<MetricEvent, 'metric' | 'value' | 'id' | 'atMs'> & { type: MetricType }

/** What happened; `id` is the idempotency key, if there is one. */
export type MetricFact = { metric: string; value: number | undefined; atMs: number; id: string | undefined }

/** Idempotency keys that are remembered here; the ledger knows those of other isolates. */
const MOST_IDS = 10_000

export class MetricReporter {
  readonly #buffer: MetricBuffer
  readonly #exposed = new ExposedVisitors()
  #ids = new Set<string>()
  #olderIds = new Set<string>()

  constructor(buffer: MetricBuffer) {
    this.#buffer = buffer
  }

  /** Whether nothing is left to tell of this decision: it is told already, or compares with nothing. */
  hasMet(measures: Measures, decision: Decision): boolean {
    const variant = exposedAs(measures, decision)
    const { placement, flag, generation, stage } = decision
    const place = { flag, generation, stage, measures }
    return (
      placement.arm === 'other' ||
      variant === undefined ||
      this.#exposed.has(place, variant, placement.position)
    )
  }

  /** Tells once that a visitor has met a flag. `isEvidence`: whether their identity can't be chosen by them; `network`: where they are. */
  expose(
    measures: Measures,
    decision: Decision,
    { isEvidence, network }: { isEvidence: boolean; network: number },
    atMs: number,
  ): void {
    const { placement, flag, generation, stage } = decision
    if (placement.arm === 'other') return
    const variant = exposedAs(measures, decision)
    if (variant === undefined || this.hasMet(measures, decision)) return
    const { position } = placement
    if (!isEvidence) this.#buffer.refuse(flag, REFUSALS.visit)
    else {
      const group = network === UNKNOWN_NETWORK ? UNKNOWN_GROUP : groupOf(network)
      if (!this.#buffer.expose({ flag, generation, stage, variant, position, atMs, group })) return
    }
    this.#exposed.add({ flag, generation, stage, measures }, variant, position)
  }

  /** Counts an event at its places, at least one; false for one whose key has been seen before. */
  record({ metric, value, atMs, id }: MetricFact, places: readonly MetricPlace[]): boolean {
    if (id !== undefined && this.#isKnown(`${metric} ${places[0]?.position} ${id}`)) {
      for (const { flag } of places) this.#buffer.refuse(flag, REFUSALS.repeated)
      return false
    }
    const hash = id === undefined ? 0 : murmur3(id, 0) || 1
    for (const { type, ...place } of places)
      this.#buffer.record({
        ...place,
        metric,
        atMs,
        value: type === 'sum' ? (value ?? 0) : 1,
        id: hash,
      })
    return true
  }

  /** Counts an event that does not count. `flag`: empty where it is of none. */
  refuse(flag: string, reason: string): void {
    this.#buffer.refuse(flag, reason)
  }

  #isKnown(id: string): boolean {
    if (this.#ids.has(id) || this.#olderIds.has(id)) return true
    this.#ids.add(id)
    if (this.#ids.size >= MOST_IDS) {
      this.#olderIds = this.#ids
      this.#ids = new Set()
    }
    return false
  }
}
