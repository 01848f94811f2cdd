/**
 * What travels from isolates to the ledger of a flag. No ids of visitors: a position is a hash of one, salted with the
 * flag.
 */

import type { MetricType } from './spec.ts'

/**
 * A visitor's first decision of a flag. An isolate sends it once per visitor, flag, generation and stage, as far as it
 * remembers; repeating it does no harm. Only a proven identity is exposed, by `exposedAs`.
 */
export type Exposure = {
  flag: string
  generation: number
  /** Of the rollout: each stage deals anew, and is compared alone. 0 for a flag without stages. */
  stage: number
  variant: string
  /** In the flag's split: an unsigned 32-bit integer. */
  position: number
  /** When it was decided, in ms since 1970. */
  atMs: number
  /** The group of networks (core/counters/networks.ts) that the visitor came from then, or `UNKNOWN_GROUP`; missing or 0: no network. */
  group?: number
}

/** What a visitor did, with the exposure that it belongs to; `atMs` is when they did it. */
export type MetricEvent = Omit<Exposure, 'group'> & {
  metric: string
  /** What a sum adds up: 0 or more. Conversions and counts ignore it: an event is one. */
  value: number
  /** 32-bit hash of the idempotency key; 0: none. */
  id: number
}

/**
 * Of visitors whose address the gate doesn't know. Beside others they are one network; where it knows no one's, as without
 * `trustedProxies` behind a proxy of one's own, there are no networks to go by.
 */
export const UNKNOWN_GROUP = 31

/** The reason of visits that are not compared, as nothing proves who the visitor is; of events it is `unproven`. */
export const UNPROVEN_VISIT = 'unproven visit'

/** Values above this are refused: no sum of them loses a cent. */
export const LARGEST_VALUE = 1e9

/** Whether an event of such a metric can count: a sum needs a value, others ignore what comes along. */
export function hasValueFor(type: MetricType, value: number | undefined): boolean {
  return type !== 'sum' || (value !== undefined && value >= 0 && value <= LARGEST_VALUE)
}
