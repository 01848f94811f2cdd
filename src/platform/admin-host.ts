/**
 * The host of the dashboard and the admin API, by the variable ADMIN_HOST. Pages and service workers of the site must
 * never share its origin: they could read and do what an operator who is signed in there can.
 */
import { hostnameOf } from './admin-hostname.ts'
import type { Env } from './env.ts'
import { noteInternalError } from './internal-errors.ts'

/** What a host answers: `both` where ADMIN_HOST is not set, so that the site shares the host with the dashboard. */
export type HostRole = 'admin' | 'site' | 'both'

/** The variable of an isolate never changes, so its pattern is made once. */
let known: { name: string; pattern: RegExp | undefined } | undefined

/**
 * The role of the host in an absolute URL. An ADMIN_HOST that names no host closes dashboard and admin API everywhere,
 * and is noted as an internal error.
 *
 * @example hostRole('https://www.example.com/', { ADMIN_HOST: 'admin.example.com' }) // 'site'
 */
export function hostRole(url: string, env: Pick<Env, 'ADMIN_HOST'>): HostRole {
  const name = env.ADMIN_HOST
  if (!name) return 'both'
  if (known?.name !== name) known = { name, pattern: patternOf(name) }
  return known.pattern?.test(url) ? 'admin' : 'site'
}

/** URLs of that host: any port, as cookies know no ports; in any case; with the dot that ends a full name. */
function patternOf(name: string): RegExp | undefined {
  const host = hostnameOf(name)
  if (host === undefined) {
    const must = `ADMIN_HOST must be a host such as admin.example.com, not ${name}`
    noteInternalError('admin-host', new Error(must))
    return undefined
  }
  const literal = host.replace(/[.[\]]/g, '\\$&')
  return new RegExp(`^[a-z]+://(?:[^/?#]*@)?${literal}\\.?(?::\\d*)?(?=[/?#\\\\*]|$)`, 'i')
}
