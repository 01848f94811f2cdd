/**
 * The gate document, as people write it. The TypeScript types, the published JSON Schema and the reference page
 * are all made from what stands here; nothing else knows the shape.
 */
import * as v from 'valibot'
import type { Json } from '../flags/flag.ts'
import { OPERATORS } from '../flags/operators.ts'
import { bootstrap } from './schema/bootstrap.ts'
import { bucketing } from './schema/bucketing.ts'
import { flagQueries } from './schema/flag-queries.ts'
import { ceilings, errorComparison, guard, latencyComparison, thresholds } from './schema/guard.ts'
import { context, jwt, source } from './schema/identity.ts'
import { advanceWindow, freeze, type NOTIFICATION_EVENTS, rollout, stage, webhook } from './schema/rollout.ts'
import {
  dateTime,
  flagKey,
  name,
  nonEmpty,
  oneOrMore,
  originUrl,
  pathPattern,
  percentage,
  positiveInteger,
} from './schema/values.ts'

const origin = v.strictObject({
  url: v.pipe(
    originUrl,
    v.description('Where requests go. A path in it is put before the path of the request.'),
  ),
  timeoutMs: v.optional(
    v.pipe(
      v.number(),
      v.minValue(1, 'a timeout from 1 ms'),
      v.maxValue(600_000, 'a timeout up to 600000 ms'),
      v.description(
        'How long the origin may take to its first byte. Default 30000. From 5000 on it can be late by 500.',
      ),
    ),
    30_000,
  ),
  forwarded: v.optional(
    v.pipe(
      v.boolean(),
      v.description(
        'True: requests carry `Forwarded` (RFC 7239) beside `X-Forwarded-For`, `-Host` and `-Proto`. Default false.',
      ),
    ),
    false,
  ),
})

const hostPattern = v.pipe(
  v.string(),
  v.regex(/^(\*\.)?[A-Za-z0-9.\-[\]:]+$/, 'a host such as "www.example.com" or "*.example.com"'),
)
const method = v.pipe(v.string(), v.regex(/^[A-Za-z]+$/, 'an HTTP method'))

const route = v.strictObject({
  path: v.pipe(
    pathPattern,
    v.description(
      '`/exact`, `/below/*` (and `/below` itself), `/users/:id/edit`; `*` in the middle is one segment.',
    ),
  ),
  host: v.optional(
    v.pipe(oneOrMore(hostPattern), v.description('Hosts that the route is for. Default: all.')),
  ),
  method: v.optional(
    v.pipe(oneOrMore(method), v.description('Methods that the route is for. Default: all.')),
  ),
  origin: v.optional(v.pipe(name, v.description('The origin, for a route without a flag.'))),
  flag: v.optional(v.pipe(flagKey, v.description('The flag that decides.'))),
  origins: v.optional(v.pipe(v.record(name, name), v.description('With `flag`: variant → origin.'))),
  rescue: v.optional(
    v.pipe(
      v.union([v.literal(false), v.array(method)]),
      v.description(
        'With `flag`: methods of requests that the origin of `off` answers when the assigned origin fails (5xx, timeout, no connection). They are sent twice, so name only methods that are safe to repeat here; bodies up to 64 kB. `false`: none. Default: GET, HEAD, OPTIONS.',
      ),
    ),
    ['GET', 'HEAD', 'OPTIONS'],
  ),
  follow: v.optional(
    v.pipe(
      v.boolean(),
      v.description(
        'Whether what a page loads through this route comes from the version of the page, where this route has the origin of that version. Default: true with `flag` and for `/*`, otherwise false.',
      ),
    ),
  ),
})

const scalar = v.union([v.string(), v.number(), v.boolean()])

const condition = v.strictObject({
  attribute: v.pipe(nonEmpty, v.description('Name of an attribute.')),
  op: v.pipe(v.picklist(OPERATORS), v.description('The operator.')),
  values: v.optional(
    v.pipe(v.array(scalar), v.description('What to compare with; any of them suffices.')),
    [],
  ),
  negate: v.optional(v.pipe(v.boolean(), v.description('Turns the answer round.')), false),
  ignoreCase: v.optional(
    v.pipe(v.boolean(), v.description('For text operators: upper and lower case are one.')),
    false,
  ),
})

const weights = v.pipe(
  v.record(name, v.pipe(v.number(), v.integer('a whole number'), v.minValue(0, 'a weight from 0'))),
  v.check((record) => Object.keys(record).length > 0, 'at least one variant with its weight'),
)

const rule = v.strictObject({
  name: v.optional(v.pipe(nonEmpty, v.description('Shown in traces and on the dashboard.'))),
  when: v.optional(v.pipe(v.array(condition), v.description('Conditions, all of which must hold.')), []),
  percentage: v.optional(
    v.pipe(percentage, v.description('Share of those visitors for whom the rule matches.')),
  ),
  stages: v.optional(
    v.pipe(
      v.array(stage),
      v.minLength(1, 'at least one stage'),
      v.description('A gradual rollout. At most one rule of a flag has stages.'),
    ),
  ),
  serve: v.pipe(
    v.union([name, weights]),
    v.description(
      'A variant, or whole-number weights per variant that add up to 100 (or 1,000, 10,000, 100,000).',
    ),
  ),
  bucketing: v.optional(
    v.pipe(bucketing, v.description('Places visitors as the system that the rule came from does.')),
  ),
})

const json: v.GenericSchema<Json> = v.lazy(() =>
  v.union([v.null(), v.boolean(), v.number(), v.string(), v.array(json), v.record(v.string(), json)]),
)

const requirement = v.strictObject({
  flag: v.pipe(flagKey, v.description('The flag that is required.')),
  on: v.optional(v.pipe(v.boolean(), v.description('False: it must not be on. Default true.')), true),
  variants: v.optional(
    v.pipe(
      v.array(name),
      v.minLength(1, 'at least one variant'),
      v.description('Variants of which it must serve one. Default: any but its `off`.'),
    ),
  ),
})

const flag = v.strictObject({
  description: v.optional(v.pipe(v.string(), v.description('What the flag is for.'))),
  owner: v.optional(v.pipe(v.string(), v.description('Team or person to ask.'))),
  tags: v.optional(v.pipe(v.array(nonEmpty), v.description('Words to find the flag by.'))),
  expires: v.optional(
    v.pipe(dateTime, v.description('When the flag should be gone; it is listed as stale then.')),
  ),
  enabled: v.optional(v.pipe(v.boolean(), v.description('False: everybody gets `off`. Default true.')), true),
  variants: v.pipe(
    v.record(name, json),
    v.check((record) => Object.keys(record).length > 0, 'at least one variant'),
    v.description('Variant → value.'),
  ),
  off: v.pipe(name, v.description('The variant of everybody whom no rule matches.')),
  salt: v.optional(
    v.pipe(nonEmpty, v.description('What visitors are hashed with. Default: the key of the flag.')),
  ),
  environments: v.optional(
    v.pipe(v.array(nonEmpty), v.description('Where the flag can be on. Default: everywhere.')),
  ),
  schedule: v.optional(
    v.pipe(
      v.strictObject({ start: v.optional(dateTime), end: v.optional(dateTime) }),
      v.description('When the flag can be on: from `start`, until before `end`.'),
    ),
  ),
  requires: v.optional(
    v.pipe(
      v.array(v.union([flagKey, requirement])),
      v.description('Flags that must be on (serving another variant than their `off`).'),
    ),
    [],
  ),
  rules: v.optional(v.pipe(v.array(rule), v.description('The first rule that matches decides.')), []),
  rollout: v.optional(v.pipe(rollout, v.description('How the stages are climbed.'))),
  guard: v.optional(v.pipe(guard, v.description('What closes the flag by itself.'))),
  private: v.optional(
    v.pipe(v.boolean(), v.description('True: flag queries of browsers never show it. Default false.')),
    false,
  ),
  metadata: v.optional(
    v.pipe(v.record(nonEmpty, scalar), v.description('Plain facts that flag queries tell with the value.')),
    {},
  ),
})

const publishing = v.strictObject({
  confirmAbovePercent: v.optional(
    v.pipe(
      percentage,
      v.description(
        'A change that moves a larger share of visitors asks for confirmation. Default 100: never.',
      ),
    ),
    100,
  ),
})

export const gateDocumentSchema = v.strictObject({
  $schema: v.optional(v.string()),
  origins: v.pipe(
    v.record(name, origin),
    v.check((record) => Object.keys(record).length > 0, 'at least one origin'),
    v.description('Upstreams by name.'),
  ),
  defaultOrigin: v.optional(
    v.pipe(
      name,
      v.description('The origin for paths that no route matches. Default: that of the last catch-all route.'),
    ),
  ),
  errorPage: v.optional(
    v.pipe(
      v.strictObject({
        html: v.pipe(
          nonEmpty,
          v.maxLength(65_536, 'a page of at most 65536 characters'),
          v.description('The page.'),
        ),
        retryAfterSeconds: v.optional(v.pipe(positiveInteger, v.description('For the header Retry-After.'))),
      }),
      v.description(
        'What browsers get, with status 502 or 504, when no origin gives an answer. Default: a line of text.',
      ),
    ),
  ),
  context: v.optional(v.pipe(context, v.description('Who a visitor is.')), {}),
  routes: v.pipe(
    v.array(route),
    v.minLength(1, 'at least one route'),
    v.description('The first route that matches decides.'),
  ),
  flags: v.optional(v.pipe(v.record(flagKey, flag), v.description('Flags by key.')), {}),
  freezes: v.optional(
    v.pipe(v.array(freeze), v.description('Times in which no stage of any flag advances by itself.')),
    [],
  ),
  publishing: v.optional(
    v.pipe(publishing, v.description('How new documents are put in force by the admin API.')),
    {},
  ),
  bootstrap: v.optional(
    v.pipe(bootstrap, v.description('Puts the flags of the visitor into HTML pages. Default: it does not.')),
  ),
  flagQueries: v.optional(v.pipe(flagQueries, v.description('Who may ask for flags, and how often.')), {}),
  notifications: v.optional(
    v.pipe(
      v.strictObject({ webhooks: v.array(webhook) }),
      v.description('Who is told of what happens to rollouts.'),
    ),
  ),
})

/** A document that has been parsed: defaults filled in. */
export type GateDocument = v.InferOutput<typeof gateDocumentSchema>
/** A document as people write it: what has a default may be left out. */
export type GateDocumentInput = v.InferInput<typeof gateDocumentSchema>
export type FlagInput = NonNullable<GateDocumentInput['flags']>[string]
export type RuleInput = NonNullable<FlagInput['rules']>[number]
export type ConditionInput = NonNullable<RuleInput['when']>[number]
export type RouteConfig = GateDocument['routes'][number]
export type FlagConfig = GateDocument['flags'][string]
export type RuleConfig = FlagConfig['rules'][number]
export type GuardConfig = NonNullable<FlagConfig['guard']>
export type RolloutConfig = NonNullable<FlagConfig['rollout']>
export type FreezeConfig = GateDocument['freezes'][number]
export type WebhookConfig = NonNullable<GateDocument['notifications']>['webhooks'][number]
export type NotificationEvent = (typeof NOTIFICATION_EVENTS)[number]
export type SourceConfig = v.InferOutput<typeof source>

/** Keys that the schema knows anywhere, for guessing what a misspelt one was meant to be. */
export const KNOWN_KEYS: readonly string[] = [
  ...[
    gateDocumentSchema,
    origin,
    context,
    jwt,
    route,
    flag,
    rule,
    stage,
    condition,
    ...bucketing.options,
    requirement,
    guard,
    errorComparison,
    latencyComparison,
    ceilings,
    thresholds,
    rollout,
    advanceWindow,
    freeze,
    webhook,
    publishing,
    flagQueries,
    bootstrap,
  ].flatMap((schema) => Object.keys(schema.entries)),
  ...Object.keys(source.entries),
]

/** What may be written as one or as a list, as a list. */
export function asList<T>(value: T | readonly T[] | undefined): readonly T[] | undefined {
  if (value === undefined) return undefined
  return Array.isArray(value) ? (value as readonly T[]) : [value as T]
}
