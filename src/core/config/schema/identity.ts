/** `context` of the document: who a visitor is. */
import * as v from 'valibot'
import { record, strictObject } from './objects.ts'
import { headerName, name, nonEmpty, oneOrMore, originUrl } from './values.ts'

const jwtSourceKeys = {
  header: v.optional(v.pipe(headerName, v.description('A request header.'))),
  cookie: v.optional(v.pipe(nonEmpty, v.description('A cookie.'))),
}
const hasOneKey = (input: object) => Object.keys(input).length === 1

export const source = v.pipe(
  strictObject({
    ...jwtSourceKeys,
    query: v.optional(v.pipe(nonEmpty, v.description('A parameter of the query.'))),
    jwt: v.optional(v.pipe(nonEmpty, v.description('A claim of the verified token, by dotted path.'))),
  }),
  v.check((input) => hasOneKey(input), 'exactly one of header, cookie, query, jwt'),
)
const tokenSource = v.pipe(
  strictObject(jwtSourceKeys),
  v.check((input) => hasOneKey(input), 'exactly one of header, cookie'),
)

export const jwt = strictObject({
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
      v.union([originUrl, strictObject({ keys: v.array(record(v.string(), v.unknown())) })]),
      v.description('URL of the key set (fetched and cached), or the key set itself.'),
    ),
  ),
  secretBinding: v.optional(
    v.pipe(nonEmpty, v.description('Name of the Worker secret that holds the HS256 key.')),
  ),
})

export const context = strictObject({
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
      record(name, oneOrMore(source)),
      v.description('Attributes of your own, each with its source or sources.'),
    ),
    {},
  ),
  jwt: v.optional(v.pipe(jwt, v.description('How tokens of visitors are verified.'))),
})
