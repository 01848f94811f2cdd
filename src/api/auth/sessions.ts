/**
 * Sessions of the dashboard: a cookie that no script can read, for a token that the dashboard then forgets. The Controller
 * keeps them, so that signing out ends one everywhere; each ends with its token.
 */
import { ROLES } from '../../contract/routes.ts'
import { cookieIn } from '../../core/context/cookie.ts'
import { RateLimiter } from '../../core/limits/rate-limiter.ts'
import type { Controller } from '../../durable/controller/controller.ts'
import { hostRole } from '../../platform/admin-host.ts'
import { equalInConstantTime, sha256Hex } from '../../platform/crypto.ts'
import { controller, type Env, isDevelopment } from '../../platform/env.ts'
import { noteInternalError } from '../../platform/internal-errors.ts'
import type { Actor } from './actor.ts'

/** The prefix binds it to this very host: no other host can set it, and it is never sent elsewhere. */
const COOKIE = '__Host-sluice_session'
const ATTRIBUTES = 'Path=/; Secure; HttpOnly; SameSite=Strict'
const SECRET_BYTES = 32
const SECRET_SHAPE = /^[\w-]{43}$/

/** How long an isolate trusts the Controller's answer about a session. */
const TRUSTED_MS = 15_000
const MOST_KNOWN = 1_000
/** Lookups of cookies that stand for no session; each asks the Controller. */
const UNKNOWN = { burst: 60, perSecond: 1 }

type SessionPort = Pick<Controller, 'openSession' | 'findSession' | 'closeSession'>

/**
 * Whether a browser may hold a session here: where no page of the site has the same origin. Those of a shared host could
 * send requests in its name. In development that is taken: the site is one's own.
 */
export function mayHoldSession(url: string, env: Env): boolean {
  return hostRole(url, env) === 'admin' || isDevelopment(env)
}

export class Sessions {
  readonly #known = new Map<string, { actor: Actor; untilMs: number }>()
  readonly #unknown = new RateLimiter(UNKNOWN)

  /** The actor of the request's session; undefined without a cookie. */
  async actorOf(
    request: Request,
    sender: string,
    env: Env,
    nowMs: number,
  ): Promise<Actor | 'ended' | 'unreachable' | undefined> {
    const secret = secretIn(request)
    if (secret === undefined || !mayHoldSession(request.url, env)) return undefined
    const hash = await sha256Hex(secret)
    const known = this.#known.get(hash)
    if (known !== undefined && nowMs < known.untilMs) return known.actor
    this.#known.delete(hash)
    if (this.#unknown.take(sender, nowMs) > 0) return 'ended'
    try {
      const found = await this.#find(hash, env, nowMs)
      if (found !== 'ended') this.#unknown.giveBack(sender)
      return found
    } catch (error) {
      noteInternalError('api.session', error)
      return 'unreachable'
    }
  }

  /** Drops what is cached, after a session or a token has ended. */
  forget(): void {
    this.#known.clear()
  }

  async #find(hash: string, env: Env, nowMs: number): Promise<Actor | 'ended'> {
    const found = await controller<SessionPort>(env).findSession(hash)
    if (found === undefined) return 'ended'
    const actor = found.token === undefined ? await adminOf(found.tokenHash, env) : actorOf(found.token)
    if (actor === undefined) return 'ended'
    if (this.#known.size >= MOST_KNOWN) this.#known.clear()
    const untilMs = Math.min(nowMs + TRUSTED_MS, found.untilMs, found.token?.expiresAtMs ?? Infinity)
    this.#known.set(hash, { actor, untilMs })
    return actor
  }
}

/** A token that the Controller does not know is ADMIN_TOKEN, or has ended: revoked, expired, or replaced. */
async function adminOf(tokenHash: string, { ADMIN_TOKEN }: Env): Promise<Actor | undefined> {
  if (!ADMIN_TOKEN || !(await equalInConstantTime(tokenHash, await sha256Hex(ADMIN_TOKEN)))) return undefined
  return { name: 'admin', role: 'admin' }
}

function actorOf({ name, role: stored }: { name: string; role: string }): Actor | undefined {
  const role = ROLES.find((each) => each === stored)
  return role && { name, role }
}

/**
 * Opens a session for a valid token.
 *
 * @returns the Set-Cookie header, and when the session ends at the latest; undefined where the Controller is away: the
 *   token still works, as long as the page remembers it
 */
export async function openSession(
  token: string,
  env: Env,
): Promise<{ setCookie: string; untilMs: number } | undefined> {
  const bytes = crypto.getRandomValues(new Uint8Array(SECRET_BYTES))
  const secret = btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')
  try {
    const hashes = [await sha256Hex(secret), await sha256Hex(token)] as const
    const { untilMs } = await controller<SessionPort>(env).openSession(...hashes)
    return { setCookie: `${COOKIE}=${secret}; ${ATTRIBUTES}`, untilMs }
  } catch (error) {
    noteInternalError('api.session', error)
    return undefined
  }
}

/** Ends the request's session, where it has one. */
export async function closeSession(request: Request, env: Env): Promise<void> {
  const secret = secretIn(request)
  if (secret !== undefined) await controller<SessionPort>(env).closeSession(await sha256Hex(secret))
}

/** The Set-Cookie header that makes a browser forget its session. */
export const FORGOTTEN = `${COOKIE}=; ${ATTRIBUTES}; Max-Age=0`

function secretIn({ headers }: Request): string | undefined {
  const secret = cookieIn(headers.get('cookie') ?? '', COOKIE)
  return secret !== undefined && SECRET_SHAPE.test(secret) ? secret : undefined
}
