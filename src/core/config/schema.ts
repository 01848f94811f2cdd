/**
 * The gate document, as people write it. The TypeScript types, the published JSON Schema and the reference page
 * are all made from what stands here; nothing else knows the shape.
 */
import * as v from 'valibot'
import type { Json } from '../flags/flag.ts'
import { OPERATORS } from '../flags/operators.ts'
import { parseDurationMs } from './duration.ts'

const NAME_SHAPE = /^[A-Za-z0-9][A-Za-z0-9._~:-]{0,99}$/
const FLAG_KEY_SHAPE = /^[A-Za-z0-9][A-Za-z0-9._~:/-]{0,199}$/

const name = v.pipe(v.string(), v.regex(NAME_SHAPE, 'a name of letters, digits and . _ ~ : - (at most 100)'))
const flagKey = v.pipe(
  v.string(),
  v.regex(FLAG_KEY_SHAPE, 'a flag key of letters, digits and . _ ~ : / - (at most 200)'),
)
const headerName = v.pipe(
  v.string(),
  v.regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$/, 'the name of an HTTP header'),
)
const nonEmpty = v.pipe(v.string(), v.minLength(1, 'a text that is not empty'))
const duration = v.pipe(
  v.string(),
  v.check((text) => parseDurationMs(text) !== undefined, 'a duration such as "30s", "10m" or "1h30m"'),
)
const dateTime = v.pipe(
  v.string(),
  v.check(
    (text) => /^\d{4}-\d{2}-\d{2}/.test(text) && !Number.isNaN(Date.parse(text)),
    'a date such as "2026-12-01" or "2026-12-01T00:00:00Z"',
  ),
)
const percentage = v.pipe(
  v.number(),
  v.minValue(0, 'a percentage from 0 to 100'),
  v.maxValue(100, 'a percentage from 0 to 100'),
  v.check(
    (value) => Math.abs(value * 1000 - Math.round(value * 1000)) < 1e-6,
    'a percentage with at most three decimals',
  ),
)
const share = v.pipe(v.number(), v.minValue(0, 'a share from 0 to 1'), v.maxValue(1, 'a share from 0 to 1'))
const positiveInteger = v.pipe(
  v.number(),
  v.integer('a whole number'),
  v.minValue(1, 'a whole number from 1'),
)
const positiveMs = v.pipe(v.number(), v.gtValue(0, 'a number of milliseconds above 0'))

/** `fetch` takes http and https; anything else would fail on every request. */
const originUrl = v.pipe(
  v.string(),
  v.regex(
    /^https?:\/\/[^\s/?#@]+(\/[^\s?#]*)?$/,
    'an http:// or https:// URL without query, fragment or user',
  ),
)

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
      v.description('How long the origin may take to its first byte. Default 30000.'),
    ),
    30_000,
  ),
})

const jwtSourceKeys = {
  header: v.optional(v.pipe(headerName, v.description('A request header.'))),
  cookie: v.optional(v.pipe(nonEmpty, v.description('A cookie.'))),
}
const hasOneKey = (input: object) => Object.keys(input).length === 1

const source = v.pipe(
  v.strictObject({
    ...jwtSourceKeys,
    query: v.optional(v.pipe(nonEmpty, v.description('A parameter of the query.'))),
    jwt: v.optional(v.pipe(nonEmpty, v.description('A claim of the verified token, by dotted path.'))),
  }),
  v.check((input) => hasOneKey(input), 'exactly one of header, cookie, query, jwt'),
)
const tokenSource = v.pipe(
  v.strictObject(jwtSourceKeys),
  v.check((input) => hasOneKey(input), 'exactly one of header, cookie'),
)
const oneOrMore = <T extends v.GenericSchema>(item: T) =>
  v.union([item, v.pipe(v.array(item), v.minLength(1, 'at least one'))])

const jwt = v.strictObject({
  from: v.optional(
    v.pipe(
      oneOrMore(tokenSource),
      v.description(
        'Where the token is. Default: the Authorization header. "Bearer " before it is taken off.',
      ),
    ),
  ),
  algorithms: v.optional(
    v.pipe(
      v.array(v.picklist(['HS256', 'RS256', 'ES256'])),
      v.minLength(1, 'at least one algorithm'),
      v.description(
        'Signature algorithms that are accepted. Default: RS256 and ES256; HS256 with `secretBinding`.',
      ),
    ),
  ),
  issuer: v.optional(v.pipe(nonEmpty, v.description('The `iss` that a token must carry.'))),
  audience: v.optional(v.pipe(oneOrMore(nonEmpty), v.description('The `aud` that a token must carry.'))),
  clockToleranceSeconds: v.optional(
    v.pipe(
      v.number(),
      v.minValue(0),
      v.maxValue(600),
      v.description('Leeway for `exp` and `nbf`. Default 5.'),
    ),
    5,
  ),
  jwks: v.optional(
    v.pipe(
      v.union([originUrl, v.strictObject({ keys: v.array(v.record(v.string(), v.unknown())) })]),
      v.description('URL of the key set (fetched and cached), or the key set itself.'),
    ),
  ),
  secretBinding: v.optional(
    v.pipe(nonEmpty, v.description('Name of the Worker secret that holds the HS256 key.')),
  ),
})

const context = v.strictObject({
  targetingKey: v.optional(
    v.pipe(
      oneOrMore(source),
      v.description(
        'Where the id of a visitor comes from; the first source that has one. Else the `sluice_id` cookie.',
      ),
    ),
  ),
  attributes: v.optional(
    v.pipe(
      v.record(name, oneOrMore(source)),
      v.description('Attributes of your own, each with its source or sources.'),
    ),
    {},
  ),
  jwt: v.optional(v.pipe(jwt, v.description('How tokens of visitors are verified.'))),
})

const pathPattern = v.pipe(
  v.string(),
  v.regex(/^\/[^\s?#]*$/, 'a path that begins with "/", such as "/checkout/*"'),
)
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

const stage = v.strictObject({
  percentage: v.pipe(percentage, v.description('Share of the visitors who meet the conditions.')),
  bake: v.optional(v.pipe(duration, v.description('The least time at this stage, such as "10m".'))),
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
})

const ceilings = v.strictObject({
  errorRate: v.optional(
    v.pipe(share, v.description('Error rate of the canary above which the flag closes.')),
  ),
  p95Ms: v.optional(
    v.pipe(positiveMs, v.description('95th percentile of the canary above which the flag closes.')),
  ),
  minRequests: v.optional(
    v.pipe(
      positiveInteger,
      v.description('Canary requests within the window before a ceiling judges. Default 50.'),
    ),
    50,
  ),
})

const guard = v.strictObject({
  errors: v.optional(v.pipe(v.strictObject({}), v.description('Compare error rates of canary and control.'))),
  latency: v.optional(v.pipe(v.strictObject({}), v.description('Compare latencies of canary and control.'))),
  traffic: v.optional(
    v.strictObject({
      maxDropPercent: v.pipe(percentage, v.description('How far completed journeys may fall below control.')),
    }),
  ),
  ceilings: v.optional(v.pipe(ceilings, v.description('Absolute limits of the canary.'))),
})

const json: v.GenericSchema<Json> = v.lazy(() =>
  v.union([v.null(), v.boolean(), v.number(), v.string(), v.array(json), v.record(v.string(), json)]),
)

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
      v.array(flagKey),
      v.description('Flags that must be on (serving another variant than their `off`).'),
    ),
    [],
  ),
  rules: v.optional(v.pipe(v.array(rule), v.description('The first rule that matches decides.')), []),
  guard: v.optional(v.pipe(guard, v.description('What closes the flag by itself.'))),
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
  context: v.optional(v.pipe(context, v.description('Who a visitor is.')), {}),
  routes: v.pipe(
    v.array(route),
    v.minLength(1, 'at least one route'),
    v.description('The first route that matches decides.'),
  ),
  flags: v.optional(v.pipe(v.record(flagKey, flag), v.description('Flags by key.')), {}),
})

/** A document that has been parsed: defaults filled in. */
export type GateDocument = v.InferOutput<typeof gateDocumentSchema>
export type RouteConfig = GateDocument['routes'][number]
export type FlagConfig = GateDocument['flags'][string]
export type RuleConfig = FlagConfig['rules'][number]
export type GuardConfig = NonNullable<FlagConfig['guard']>
export type SourceConfig = v.InferOutput<typeof source>

/** Keys that the schema knows anywhere, for guessing what a misspelt one was meant to be. */
export const KNOWN_KEYS: readonly string[] = [
  ...[gateDocumentSchema, origin, context, jwt, route, flag, rule, stage, condition, guard, ceilings].flatMap(
    (schema) => Object.keys(schema.entries),
  ),
  ...Object.keys(source.entries),
]

/** What may be written as one or as a list, as a list. */
export function asList<T>(value: T | readonly T[] | undefined): readonly T[] | undefined {
  if (value === undefined) return undefined
  return Array.isArray(value) ? (value as readonly T[]) : [value as T]
}
