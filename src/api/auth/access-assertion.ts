/**
 * Cloudflare Access in front of the admin API: its signed assertion identifies the caller. Roles come from variables of
 * the Worker, as e-mail addresses or as "@domain" for a whole domain.
 */
import { type JWTVerifyGetKey, jwtVerify } from 'jose'
import { JOSEError } from 'jose/errors'
import type { Role } from '../../contract/routes.ts'
import { KeySet, KeysUnavailable } from '../../gate/request/key-set.ts'
import { type Env, secretNamed } from '../../platform/env.ts'
import type { CallContext } from './refused-attempts.ts'

const ASSERTION_HEADER = 'cf-access-jwt-assertion'

/** Key sets by address: an isolate serves one gate, so this holds one. */
const keySets = new Map<string, KeySet>()

/** Whether the gate is set up for Access at all. */
export function isAccessConfigured(env: Env): boolean {
  return (
    secretNamed(env, 'ACCESS_TEAM_DOMAIN') !== undefined && secretNamed(env, 'ACCESS_AUDIENCE') !== undefined
  )
}

/** `isService`: a machine with a service token, which no browser sends by itself. */
type AccessActor = { name: string; role: Role; isService: boolean }

/**
 * The caller that Access vouches for; undefined without an assertion. `forged`: the assertion is false, expired, or meant
 * for another gate. `unreachable`: the keys could not be fetched, so it could not be checked.
 */
export async function actorFromAccess(
  request: Request,
  { env, waitUntil }: Pick<CallContext, 'env' | 'waitUntil'>,
): Promise<AccessActor | 'forged' | 'unreachable' | undefined> {
  const assertion = request.headers.get(ASSERTION_HEADER)
  const team = secretNamed(env, 'ACCESS_TEAM_DOMAIN')
  const audience = secretNamed(env, 'ACCESS_AUDIENCE')
  if (assertion === null || team === undefined || audience === undefined) return undefined
  const issuer = team.includes('://') ? team : `https://${team}`
  try {
    const options = { issuer, audience, algorithms: ['RS256', 'ES256'], requiredClaims: ['exp'] }
    const keys = keySetOf(`${issuer}/cdn-cgi/access/certs`)
    const keyOf = (...asked: Parameters<JWTVerifyGetKey>) => keys.find(asked, waitUntil)
    const { payload } = await jwtVerify(assertion, keyOf, options)
    const isService = typeof payload.email !== 'string'
    const name = isService ? payload.common_name : payload.email
    return typeof name === 'string' && name !== '' ? { name, role: roleOf(name, env), isService } : 'forged'
  } catch (error) {
    // Every error of the library is about the assertion.
    return error instanceof KeysUnavailable || !(error instanceof JOSEError) ? 'unreachable' : 'forged'
  }
}

function keySetOf(url: string): KeySet {
  let keys = keySets.get(url)
  if (keys === undefined) {
    keys = new KeySet(url, 'access.keys')
    keySets.set(url, keys)
  }
  return keys
}

/** Every user that Access admits is a viewer; the lists grant more. */
function roleOf(name: string, env: Env): Role {
  const isListed = (variable: string) =>
    (secretNamed(env, variable) ?? '')
      .split(',')
      .map((entry) => entry.trim().toLowerCase())
      .some(
        (entry) =>
          entry !== '' &&
          (entry.startsWith('@') ? name.toLowerCase().endsWith(entry) : entry === name.toLowerCase()),
      )
  if (isListed('ACCESS_ADMINS')) return 'admin'
  return isListed('ACCESS_OPERATORS') ? 'operator' : 'viewer'
}
