import type { GateDocument } from '../schema/document.ts'
import { type PathKey, type Problem, problem } from './problems.ts'

type JwtConfig = NonNullable<GateDocument['context']['jwt']>

const AT: readonly PathKey[] = ['context', 'jwt']

/** Problems of visitor identity: tokens without a verifier, keys that can't verify. */
export function identityProblems(document: GateDocument): Problem[] {
  const { jwt, targetingKey, attributes } = document.context
  const usesJwt = [targetingKey, ...Object.values(attributes)]
    .flat()
    .some((source) => source?.jwt !== undefined)
  if (jwt === undefined) {
    const fix = 'add "context.jwt" with "jwks" or "secretBinding"'
    return usesJwt ? [problem(AT, undefined, 'settings to verify tokens, as a source reads one', fix)] : []
  }
  if ((jwt.jwks === undefined) === (jwt.secretBinding === undefined)) {
    const fix = 'name the key set, or the secret that holds the HS256 key'
    return [problem(AT, jwt, 'exactly one of "jwks" and "secretBinding"', fix)]
  }
  return [...algorithmProblems(jwt), ...keyProblems(jwt)]
}

/** A public key set must never be used as an HMAC secret, nor the reverse. */
function algorithmProblems({ algorithms, secretBinding }: JwtConfig): Problem[] {
  const isSymmetric = (algorithm: string) => algorithm === 'HS256'
  const fits = (algorithm: string) => isSymmetric(algorithm) === (secretBinding !== undefined)
  if (algorithms === undefined || algorithms.every(fits)) return []
  const expected =
    secretBinding !== undefined
      ? '["HS256"] with "secretBinding"'
      : 'RS256 or ES256, as "jwks" holds public keys'
  const fix =
    secretBinding !== undefined
      ? 'remove the algorithms that do not fit the key'
      : 'remove HS256, or store its key as a Worker secret and name that in "secretBinding"'
  return [problem([...AT, 'algorithms'], algorithms, expected, fix)]
}

/** An inline key set, readable to every viewer of the gate. */
function keyProblems({ jwks }: JwtConfig): Problem[] {
  if (typeof jwks !== 'object') return []
  const at = [...AT, 'jwks', 'keys']
  if (jwks.keys.length === 0) return [problem(at, jwks.keys, 'at least one key', 'add the public key')]
  return jwks.keys.flatMap((key, index) => {
    if (typeof key.kty !== 'string') {
      const fix = 'add "kty", "RSA" or "EC", and the numbers of the key'
      return [{ ...problem([...at, index], null, 'a public key as JWK', fix), found: 'a key without "kty"' }]
    }
    const secret = ['d', 'k'].find((part) => Object.hasOwn(key, part))
    if (secret === undefined) return []
    const fix = 'the key is compromised: create another, and put only its public half here'
    return [
      { ...problem([...at, index, secret], null, 'a public key', fix), found: 'a key with its secret part' },
    ]
  })
}
