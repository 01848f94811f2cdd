/**
 * Verified claims of a visitor's token. A token that is not valid (expired, forged, for another audience, not a token at
 * all) means "no claims", never an error: the visitor is then simply not known.
 */
import { createLocalJWKSet, type JWTVerifyGetKey, type JWTVerifyOptions, jwtVerify } from 'jose'
import {
  JOSEAlgNotAllowed,
  JWKSMultipleMatchingKeys,
  JWKSNoMatchingKey,
  JWSInvalid,
  JWSSignatureVerificationFailed,
  JWTClaimValidationFailed,
  JWTExpired,
  JWTInvalid,
} from 'jose/errors'
import type { JwtSettings } from '../../core/context/identity.ts'
import { remember } from '../../core/limits/remember.ts'
import { type Env, secretNamed } from '../../platform/env.ts'
import { noteInternalError } from '../../platform/internal-errors.ts'
import type { Claims } from './claims.ts'
import type { GateRequest } from './gate-request.ts'
import { KeySet, KeysUnavailable, type WaitUntil } from './key-set.ts'

/** A visitor sends the same token with each request: verifying it once per isolate is enough. */
const MOST_CACHED_TOKENS = 1_000
const LONGEST_TOKEN = 8_192

type CachedToken = { claims: Claims | undefined; untilMs: number }
/** How long a token counts as not valid: the key set may have been rotated since. */
const INVALID_TOKEN_TTL_MS = 10_000
/** A token without `exp`, or with a far one, is verified again after this. */
const LONGEST_TTL_MS = 300_000

/** Verifies tokens by one document's settings. */
export class TokenVerifier {
  readonly #settings: JwtSettings
  readonly #cache = new Map<string, CachedToken>()
  #keys: KeySet | JWTVerifyGetKey | Uint8Array | undefined

  constructor(settings: JwtSettings) {
    this.#settings = settings
  }

  /**
   * The claims of the first valid token, or undefined: where the visitor's token could be, a token of the app's own API
   * may be. Waits for the key set only where it has never been fetched; `waitUntil` lets it be fetched again meanwhile.
   */
  async verify(request: GateRequest, env: Env, waitUntil?: WaitUntil): Promise<Claims | undefined> {
    for (const token of this.#tokensOf(request)) {
      const cached = this.#cache.get(token)
      const isKnown = cached !== undefined && request.nowMs < cached.untilMs
      const claims = isKnown ? cached.claims : await this.#verifyToken(token, env, waitUntil)
      if (!isKnown) this.#remember(token, claims, request.nowMs)
      if (claims !== undefined) return claims
    }
    return undefined
  }

  #tokensOf(request: GateRequest): string[] {
    return this.#settings.from.flatMap((source) => {
      const raw = source.kind === 'cookie' ? request.cookie(source.name) : request.header(source.name)
      const token = raw?.replace(/^Bearer\s+/i, '')
      return token && token.length <= LONGEST_TOKEN && token.split('.').length === 3 ? [token] : []
    })
  }

  async #verifyToken(token: string, env: Env, waitUntil: WaitUntil | undefined): Promise<Claims | undefined> {
    try {
      this.#keys ??= this.#makeKeys(env)
      const keys = this.#keys
      const found =
        keys instanceof KeySet ? (...asked: Parameters<JWTVerifyGetKey>) => keys.find(asked, waitUntil) : keys
      return await this.#check(token, found)
    } catch (error) {
      const isExpected = error instanceof JWTExpired || error instanceof KeysUnavailable || isVerdict(error)
      if (!isExpected) noteInternalError('jwt.keys', error)
      return undefined
    }
  }

  async #check(token: string, keys: JWTVerifyGetKey | Uint8Array): Promise<Claims> {
    const { issuer, audience, algorithms, clockToleranceSeconds } = this.#settings
    const options = {
      algorithms: [...algorithms],
      clockTolerance: clockToleranceSeconds,
      ...(issuer !== undefined && { issuer }),
      ...(audience !== undefined && { audience: typeof audience === 'string' ? audience : [...audience] }),
    }
    try {
      return await payloadOf(token, keys, options)
    } catch (error) {
      if (error instanceof JWKSMultipleMatchingKeys) return await payloadByAny(token, error, options)
      throw error
    }
  }

  #makeKeys(env: Env): KeySet | JWTVerifyGetKey | Uint8Array {
    const { keys } = this.#settings
    switch (keys.kind) {
      case 'inline':
        return createLocalJWKSet({ keys: keys.keys.map((key) => ({ ...key })) } as Parameters<
          typeof createLocalJWKSet
        >[0])
      case 'url':
        return new KeySet(keys.url, 'jwt.keys')
      case 'binding': {
        const secret = secretNamed(env, keys.binding)
        if (secret === undefined)
          throw new Error(`Cannot verify tokens: the secret ${keys.binding} is not set`)
        return new TextEncoder().encode(secret)
      }
    }
  }

  #remember(token: string, claims: Claims | undefined, nowMs: number): void {
    const expiresMs =
      ((claims?.exp ?? Number.POSITIVE_INFINITY) + this.#settings.clockToleranceSeconds) * 1_000
    const untilMs =
      claims === undefined ? nowMs + INVALID_TOKEN_TTL_MS : Math.min(expiresMs, nowMs + LONGEST_TTL_MS)
    remember(this.#cache, token, { claims, untilMs }, MOST_CACHED_TOKENS)
  }
}

async function payloadOf(
  token: string,
  key: JWTVerifyGetKey | Uint8Array | CryptoKey,
  options: JWTVerifyOptions,
): Promise<Claims> {
  const verified =
    typeof key === 'function' ? await jwtVerify(token, key, options) : await jwtVerify(token, key, options)
  return verified.payload
}

/** A token that names no key, and a set with several that could be its, as while keys are rotated: one must fit. */
async function payloadByAny(
  token: string,
  keys: AsyncIterable<CryptoKey>,
  options: JWTVerifyOptions,
): Promise<Claims> {
  for await (const key of keys) {
    try {
      return await payloadOf(token, key, options)
    } catch (error) {
      if (!(error instanceof JWSSignatureVerificationFailed)) throw error
    }
  }
  throw new JWSSignatureVerificationFailed()
}

/** Errors that say the token is not valid, as opposed to a failure to get the keys. */
function isVerdict(error: unknown): boolean {
  return (
    error instanceof JWTClaimValidationFailed ||
    error instanceof JWSSignatureVerificationFailed ||
    error instanceof JWSInvalid ||
    error instanceof JWTInvalid ||
    error instanceof JOSEAlgNotAllowed ||
    error instanceof JWKSNoMatchingKey
  )
}
