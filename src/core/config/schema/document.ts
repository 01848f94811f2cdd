/**
 * The gate document as written. The TypeScript types, the published JSON Schema and the reference page all derive
 * from this schema.
 */
import * as v from 'valibot'
import { flag } from './flag.ts'
import { bootstrap, flagQueries } from './flag-queries.ts'
import { context, identity, type source } from './identity.ts'
import { metrics } from './metrics.ts'
import { record, strictObject } from './objects.ts'
import { freeze, type NOTIFICATION_EVENTS, notifications } from './rollout.ts'
import { origin, route } from './route.ts'
import { flagKey, name, nonEmpty, percentage, positiveInteger } from './values.ts'

const publishing = strictObject({
  confirmAbovePercent: v.optional(percentage, 10),
})

/** Rules of a team for all its flags. */
const governance = strictObject({
  keys: v.optional(nonEmpty),
  required: v.optional(v.array(v.picklist(['owner', 'expires', 'description'])), []),
})

export const gateDocumentSchema = strictObject({
  $schema: v.optional(v.string()),
  origins: v.pipe(
    record(name, origin),
    v.check((record) => Object.keys(record).length > 0, 'at least one origin'),
  ),
  defaultOrigin: v.optional(name),
  errorPage: v.optional(
    strictObject({
      html: v.pipe(nonEmpty, v.maxLength(65_536, 'a page of at most 65536 characters')),
      retryAfterSeconds: v.optional(positiveInteger),
    }),
  ),
  context: v.optional(context, {}),
  identity: v.optional(identity, {}),
  routes: v.pipe(v.array(route), v.minLength(1, 'at least one route')),
  flags: v.optional(record(flagKey, flag), {}),
  metrics: v.optional(metrics, {}),
  freezes: v.optional(v.array(freeze), []),
  publishing: v.optional(publishing, {}),
  bootstrap: v.optional(bootstrap),
  flagQueries: v.optional(flagQueries, {}),
  governance: v.optional(governance, {}),
  notifications: v.optional(notifications, {}),
})

/** A parsed document: defaults are filled in. */
export type GateDocument = v.InferOutput<typeof gateDocumentSchema>
/** A document as written: fields with defaults may be missing. */
export type GateDocumentInput = v.InferInput<typeof gateDocumentSchema>
export type FlagInput = NonNullable<GateDocumentInput['flags']>[string]
export type RuleInput = NonNullable<FlagInput['rules']>[number]
export type ConditionInput = NonNullable<RuleInput['when']>[number]
export type OriginConfig = GateDocument['origins'][string]
export type RouteConfig = GateDocument['routes'][number]
export type FlagConfig = GateDocument['flags'][string]
export type RuleConfig = FlagConfig['rules'][number]
export type GuardConfig = NonNullable<FlagConfig['guard']>
export type RolloutConfig = NonNullable<FlagConfig['rollout']>
export type MetricConfig = GateDocument['metrics'][string]
export type FreezeConfig = GateDocument['freezes'][number]
export type WebhookConfig = GateDocument['notifications']['webhooks'][number]
export type NotificationEvent = (typeof NOTIFICATION_EVENTS)[number]
export type SourceConfig = v.InferOutput<typeof source>

/** Wraps a single value into a list. */
export function asList<T>(value: T | readonly T[] | undefined): readonly T[] | undefined {
  if (value === undefined) return undefined
  return Array.isArray(value) ? (value as readonly T[]) : [value as T]
}
