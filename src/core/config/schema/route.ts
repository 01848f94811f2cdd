/** Origins, and the routes to them. */
import * as v from 'valibot'
import { record, strictObject } from './objects.ts'
import {
  flagKey,
  headerName,
  name,
  nonEmpty,
  oneOrMore,
  originUrl,
  pathPattern,
  secretName,
  variantName,
} from './values.ts'

const headerValue = v.union([
  v.pipe(v.string(), v.regex(/^[\t\x20-\x7e]*$/, 'a header value of printable ASCII')),
  strictObject({ secret: secretName }),
])

const timeoutMs = v.pipe(
  v.number(),
  v.minValue(1, 'a timeout of at least 1 ms'),
  v.maxValue(600_000, 'a timeout of at most 600000 ms'),
)
/** What Cloudflare waits for an origin that it asks by itself (error 524 comes then). */
const PLATFORM_TIMEOUT_MS = 125_000

export const origin = v.pipe(
  strictObject({
    url: v.optional(originUrl),
    binding: v.optional(secretName),
    host: v.optional(v.picklist(['origin', 'preserve']), 'origin'),
    headers: v.optional(record(headerName, headerValue), {}),
    rewrite: v.optional(v.union([v.boolean(), v.literal('answers')]), true),
    timeoutMs: v.optional(timeoutMs, PLATFORM_TIMEOUT_MS),
    forwarded: v.optional(v.boolean(), false),
  }),
  v.check(({ url, binding }) => url !== undefined || binding !== undefined, 'a `url`, a `binding`, or both'),
)

export const hostPattern = v.pipe(
  v.string(),
  v.regex(/^(\*\.)?[A-Za-z0-9.\-[\]:]+$/, 'a host such as "www.example.com" or "*.example.com"'),
)
export const method = v.pipe(v.string(), v.regex(/^[A-Za-z]+$/, 'an HTTP method'))

/** How a route's requests are shadowed, where its flag has a shadow stage. */
const shadow = strictObject({
  methods: v.optional(
    v.pipe(v.array(v.picklist(['GET', 'HEAD', 'OPTIONS', 'POST'])), v.minLength(1, 'at least one method')),
    ['GET', 'HEAD'],
  ),
  credentials: v.optional(v.boolean(), false),
  maxRps: v.optional(
    v.pipe(v.number(), v.gtValue(0, 'a rate above 0'), v.maxValue(1_000, 'a rate of at most 1000')),
    2,
  ),
  samples: v.optional(v.picklist(['none', 'redacted', 'full']), 'redacted'),
  keys: v.optional(record(nonEmpty, nonEmpty), {}),
  ignore: v.optional(v.array(nonEmpty), []),
})

export const route = strictObject({
  path: pathPattern,
  host: v.optional(oneOrMore(hostPattern)),
  method: v.optional(oneOrMore(method)),
  origin: v.optional(name),
  flag: v.optional(flagKey),
  origins: v.optional(record(variantName, name)),
  rescue: v.optional(v.union([v.literal(false), v.array(method)]), ['GET', 'HEAD', 'OPTIONS']),
  timeoutMs: v.optional(timeoutMs),
  follow: v.optional(v.boolean()),
  severable: v.optional(v.boolean(), true),
  shadow: v.optional(v.union([v.literal(false), shadow])),
})
