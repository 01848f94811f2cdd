/** Where an attribute or the targeting key comes from. A `jwt` source names a claim, by dotted path. */
export type Source = { kind: 'header' | 'cookie' | 'query' | 'jwt'; name: string }

export type JwtAlgorithm = 'HS256' | 'RS256' | 'ES256'

/** How a visitor's token is found and verified. */
export type JwtSettings = {
  from: readonly Source[]
  algorithms: readonly JwtAlgorithm[]
  issuer: string | undefined
  audience: string | readonly string[] | undefined
  clockToleranceSeconds: number
  keys:
    | { kind: 'url'; url: string }
    | { kind: 'inline'; keys: readonly Readonly<Record<string, unknown>>[] }
    | { kind: 'binding'; binding: string }
}

/** The `context` part of the document, compiled. */
export type IdentitySettings = {
  targetingKey: readonly Source[]
  attributes: ReadonlyMap<string, readonly Source[]>
  jwt: JwtSettings | undefined
}
