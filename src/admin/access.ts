/**
 * Cloudflare Access in front of the admin API: its signed assertion tells who calls. Roles come from variables of the
 * Worker, as e-mail addresses or as "@domain" for everybody there.
 */
import { createRemoteJWKSet, jwtVerify } from 'jose'
import type { Role } from '../contract/routes.ts'
import { type Env, secretNamed } from '../env.ts'

const ASSERTION_HEADER = 'cf-access-jwt-assertion'
const JWKS_TIMEOUT_MS = 3_000

/** Key sets by address: an isolate serves one gate, so this holds one. */
const keySets = new Map<string, ReturnType<typeof createRemoteJWKSet>>()

/** Whether the gate is set up for Access at all. */
export function isAccessConfigured(env: Env): boolean {
  return (
    secretNamed(env, 'ACCESS_TEAM_DOMAIN') !== undefined && secretNamed(env, 'ACCESS_AUDIENCE') !== undefined
  )
}

/** The caller that Access vouches for; undefined for a missing, forged, expired or foreign assertion. */
export async function actorFromAccess(
  request: Request,
  env: Env,
): Promise<{ name: string; role: Role } | undefined> {
  const assertion = request.headers.get(ASSERTION_HEADER)
  const team = secretNamed(env, 'ACCESS_TEAM_DOMAIN')
  const audience = secretNamed(env, 'ACCESS_AUDIENCE')
  if (assertion === null || team === undefined || audience === undefined) return undefined
  const issuer = team.includes('://') ? team : `https://${team}`
  try {
    const options = { issuer, audience, algorithms: ['RS256', 'ES256'] }
    const { payload } = await jwtVerify(assertion, keySetOf(`${issuer}/cdn-cgi/access/certs`), options)
    const name = typeof payload.email === 'string' ? payload.email : payload.common_name
    const role = typeof name === 'string' ? roleOf(name, env) : undefined
    return role && { name: String(name), role }
  } catch {
    // Whatever is wrong with it, it proves nothing.
    return undefined
  }
}

function keySetOf(url: string): ReturnType<typeof createRemoteJWKSet> {
  let keys = keySets.get(url)
  if (keys === undefined) {
    keys = createRemoteJWKSet(new URL(url), { timeoutDuration: JWKS_TIMEOUT_MS })
    keySets.set(url, keys)
  }
  return keys
}

/** Whoever Access lets in may look; the lists say who may do more. */
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
