/** Source of an attribute or targeting key. `jwt` names a claim by dotted path. */
export type Source = { kind: 'header' | 'cookie' | 'query' | 'jwt'; name: string }

export type JwtAlgorithm = 'HS256' | 'RS256' | 'ES256'

/** How visitors' tokens are found and verified. */
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

/** The document's `context`, compiled. */
export type IdentitySettings = {
  targetingKey: readonly Source[]
  attributes: ReadonlyMap<string, readonly Source[]>
  jwt: JwtSettings | undefined
}
