/**
 * How flags reach clients: `flagQueries` of the document (who may query them over OFREP and the Unleash front-end API),
 * and `bootstrap` (flags that HTML pages carry, so that they need no query).
 */
import * as v from 'valibot'
import { strictObject } from './objects.ts'
import { flagKey, pathPattern, positiveInteger } from './values.ts'

/** Ten per second: a page asks once or twice, and an office behind one address still gets through. */
const REQUESTS_PER_MINUTE = 600

const webOrigin = v.pipe(
  v.string(),
  v.regex(/^https?:\/\/[^\s/?#@]+$/, 'an origin such as "https://app.example.com", without a path'),
)

export const flagQueries = strictObject({
  requireToken: v.optional(v.boolean(), false),
  allowedOrigins: v.optional(v.array(webOrigin)),
  requestsPerMinute: v.optional(positiveInteger, REQUESTS_PER_MINUTE),
})

export const bootstrap = strictObject({
  paths: v.optional(v.pipe(v.array(pathPattern), v.minLength(1, 'at least one path')), ['/*']),
  flags: v.optional(v.array(flagKey)),
})
