/** `flagQueries` of the document: who may ask for flags over OFREP and the Unleash front-end API. */
import * as v from 'valibot'
import { strictObject } from './objects.ts'
import { positiveInteger } from './values.ts'

/** Ten a second: a page asks once or twice, an office behind one address still gets through. */
const REQUESTS_PER_MINUTE = 600

const webOrigin = v.pipe(
  v.string(),
  v.regex(/^https?:\/\/[^\s/?#@]+$/, 'an origin such as "https://app.example.com", without a path'),
)

export const flagQueries = strictObject({
  requireToken: v.optional(
    v.pipe(
      v.boolean(),
      v.description(
        'True: every query needs a token of the admin API (any role), as bearer or X-API-Key. Default false.',
      ),
    ),
    false,
  ),
  allowedOrigins: v.optional(
    v.pipe(
      v.array(webOrigin),
      v.description(
        'Other sites whose pages may ask, with cookies. Default: all may ask, and none of them sends cookies.',
      ),
    ),
  ),
  requestsPerMinute: v.optional(
    v.pipe(
      positiveInteger,
      v.description('Queries from one address without a token, per isolate. Default 600.'),
    ),
    REQUESTS_PER_MINUTE,
  ),
})
