/** `context` of the document: how visitors are identified. */
import * as v from 'valibot'
import { record, strictObject } from './objects.ts'
import { headerName, name, nonEmpty, oneOrMore, originUrl, secretName } from './values.ts'

const jwtSourceKeys = {
  header: v.optional(headerName),
  cookie: v.optional(nonEmpty),
}
const hasOneKey = (input: object) => Object.keys(input).length === 1

export const source = v.pipe(
  strictObject({
    ...jwtSourceKeys,
    query: v.optional(nonEmpty),
    jwt: v.optional(nonEmpty),
  }),
  v.check((input) => hasOneKey(input), 'exactly one of header, cookie, query, jwt'),
)
const tokenSource = v.pipe(
  strictObject(jwtSourceKeys),
  v.check((input) => hasOneKey(input), 'exactly one of header, cookie'),
)

const SECONDS = 'a number of seconds from 0 to 600'

export const jwt = strictObject({
  from: v.optional(oneOrMore(tokenSource)),
  algorithms: v.optional(
    v.pipe(v.array(v.picklist(['HS256', 'RS256', 'ES256'])), v.minLength(1, 'at least one algorithm')),
  ),
  issuer: v.optional(nonEmpty),
  audience: v.optional(oneOrMore(nonEmpty)),
  clockToleranceSeconds: v.optional(v.pipe(v.number(), v.minValue(0, SECONDS), v.maxValue(600, SECONDS)), 5),
  jwks: v.optional(v.union([originUrl, strictObject({ keys: v.array(record(v.string(), v.unknown())) })])),
  secretBinding: v.optional(secretName),
})

/** No gate has more proxies before it; a larger number is a typing error. */
const PROXIES = 'a whole number from 0 to 10'

const LABEL = '[a-z0-9](?:[a-z0-9-]*[a-z0-9])?'
const cookieDomain = v.pipe(
  v.string(),
  v.regex(new RegExp(`^${LABEL}(?:\\.${LABEL})+$`), 'a domain in lower case, such as "example.com"'),
  v.check((domain) => !/^[\d.]+$/.test(domain), 'a domain: an address has no subdomains'),
)

export const context = strictObject({
  targetingKey: v.optional(oneOrMore(source)),
  keepFirst: v.optional(v.boolean(), false),
  cookieDomain: v.optional(cookieDomain),
  attributes: v.optional(record(name, oneOrMore(source)), {}),
  jwt: v.optional(jwt),
  trustedProxies: v.optional(
    v.pipe(v.number(), v.integer(PROXIES), v.minValue(0, PROXIES), v.maxValue(10, PROXIES)),
    0,
  ),
})

export const identity = strictObject({
  cookie: v.optional(v.boolean(), true),
})
