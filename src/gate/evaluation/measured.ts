/** Which flags an event of a metric counts for, and whether a visitor is evidence for any. */
import type { Snapshot } from '../../core/config/compile/snapshot.ts'
import type { EvaluationContext } from '../../core/context/attributes.ts'
import { NO_NETWORK } from '../../core/counters/networks.ts'
import type { Decision } from '../../core/decision/decide.ts'
import type { CompiledFlag } from '../../core/flags/flag.ts'
import { murmur3 } from '../../core/flags/murmur3.ts'
import { exposedAs } from '../../core/metrics/spec.ts'
import type { Env } from '../../platform/env.ts'
import type { MetricPlace } from '../reporting/metric-reporter.ts'

/** Where an event counts, at least one place; or why it counts nowhere. */
export type MetricPlaces =
  | { ok: true; places: readonly MetricPlace[] }
  | { ok: false; why: 'unknown' | 'foreign' | 'not exposed' }

/**
 * The places of a visitor in the comparisons that measure a metric.
 *
 * @param ask `only`: the flag that the event is meant for; undefined: every flag that measures the metric. `key`: the visitor's
 * @param decide the visitor's decision of a flag, by which their requests are routed
 */
export function placesOf(
  { measured, flags }: Pick<Snapshot, 'measured' | 'flags'>,
  ask: Asked,
  decide: (flag: CompiledFlag) => Decision | undefined,
): MetricPlaces {
  const { metric, only } = ask
  const measuring = measured?.flagsOf.get(metric)
  if (measuring === undefined) return { ok: false, why: 'unknown' }
  const asked = only === undefined ? measuring : measuring.filter((flag) => flag === only)
  if (asked.length === 0) return { ok: false, why: 'foreign' }
  const places = asked.flatMap((key) => {
    const flag = flags.get(key)
    const decision = flag && decide(flag)
    return flag === undefined || decision === undefined ? [] : placeOf(flag, decision, ask)
  })
  return places.length === 0 ? { ok: false, why: 'not exposed' } : { ok: true, places }
}

type Asked = { metric: string; only?: string | undefined; key: string | undefined }

function placeOf(
  { measures, weekly }: CompiledFlag,
  decision: Decision,
  { metric, key }: Asked,
): MetricPlace[] {
  const { flag, generation, stage, placement } = decision
  const ofWeeks = weekly?.find(({ name }) => name === metric)
  // Without a split each visitor counts, whatever they got: also before the flag came on.
  if (ofWeeks !== undefined && key !== undefined)
    return [
      { flag, generation, stage, variant: '', position: murmur3(`${flag}:${key}`, 0), type: ofWeeks.type },
    ]
  if (measures === undefined || placement.arm === 'other') return []
  const variant = exposedAs(measures, decision)
  const type = measures.metrics.find(({ name }) => name === metric)?.type
  if (variant === undefined || type === undefined) return []
  return [{ flag, generation, stage, variant, position: placement.position, type }]
}

/**
 * Whether a visitor's exposure is evidence: an enemy could choose other ids, and so fill an arm. Where no network is known, as
 * in tests, ids of headers and cookies count as well.
 */
export function isEvidence(
  context: EvaluationContext,
  env: Env,
  from: { readonly network: number },
): boolean {
  const standing = context.keyStanding?.() ?? 'unproven'
  return standing === 'proven' || !env.SIGNING_KEY || (standing === 'unproven' && from.network === NO_NETWORK)
}

/** Whether the browser says that its user does not want to be measured (Global Privacy Control, Do Not Track). */
export function isOptedOut(headers: { get(name: string): string | null | undefined }): boolean {
  return headers.get('sec-gpc') === '1' || headers.get('dnt') === '1'
}
