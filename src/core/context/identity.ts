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

/** Cookies of the gate. */
export type CookieSettings = {
  /** The domain whose hosts share them; undefined: each host has its own. */
  domain: string | undefined
  /** Whether visitors without another key get any. */
  areGiven: boolean
}

/** The document's `context`, compiled. */
export type IdentitySettings = {
  targetingKey: readonly Source[]
  /** Whether an id that a visitor brings comes before the sources. */
  keepsFirst: boolean
  attributes: ReadonlyMap<string, readonly Source[]>
  jwt: JwtSettings | undefined
}
