/** Where requests go: origins, and the routes that lead to them. */
import * as v from 'valibot'
import { record, strictObject } from './objects.ts'
import { flagKey, name, oneOrMore, originUrl, pathPattern } from './values.ts'

export const origin = strictObject({
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

export const route = strictObject({
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
  origins: v.optional(v.pipe(record(name, name), v.description('With `flag`: variant → origin.'))),
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
