/**
 * Authenticates callers of the admin API: by ADMIN_TOKEN first, so that it works whatever else is broken; then by the
 * tokens that the Controller keeps; then by Cloudflare Access. With none of them configured every call is refused.
 */
import type { Context } from 'hono'
import { ROLES, type Role, TOKEN_ROLES } from '../../contract/routes.ts'
import { RateLimiter } from '../../core/limits/rate-limiter.ts'
import type { Controller } from '../../durable/controller/controller.ts'
import { hostRole } from '../../platform/admin-host.ts'
import { equalInConstantTime, sha256Hex } from '../../platform/crypto.ts'
import { controller, type Env, isDevelopment } from '../../platform/env.ts'
import { noteInternalError } from '../../platform/internal-errors.ts'
import { problemDetails } from '../../platform/problem-details.ts'
import { actorFromAccess, isAccessConfigured } from './access-assertion.ts'
import type { Actor, AdminActor } from './actor.ts'
import { hasDashboardHeader, isFromDashboard } from './dashboard-request.ts'
import { type CallContext, type Realm, RefusedAttempts } from './refused-attempts.ts'
import { senderIn } from './sender-in.ts'
import { FORGOTTEN, Sessions } from './sessions.ts'

export type { Actor } from './actor.ts'

/**
 * `ambient`: the browser brought the credentials by itself, as it does for every page that makes it send a request.
 * `endsSession`: the request's session has ended, so the browser may forget it.
 */
export type Login =
  | { ok: true; actor: Actor; ambient?: 'session' | 'access' }
  | {
      ok: false
      status: 401 | 403 | 429 | 503
      detail: string
      retryAfterSeconds?: number
      endsSession?: true
    }

/** Failed attempts that one address may make in a realm; further ones are told to wait. */
const FAILURES = { burst: 10, perSecond: 0.1 }
/** How long an isolate trusts the Controller's answer about a token; a revoked token works this long at most. */
const TOKEN_TTL_MS = 15_000
const MOST_CACHED_TOKENS = 1_000
const LONGEST_TOKEN = 512
/** How often a call polls the lookup that another call has started, and when it starts one itself. */
const POLL_MS = 5
const LOOKUP_LOST_AFTER_MS = 5_000
const LOOKUPS_AT_ONCE = 4
/** With so many lookups waiting, senders who have failed too often are not looked up. */
const MOST_WAITING = 100

const UNREACHABLE =
  'Tokens cannot be checked right now: the Controller does not answer. ADMIN_TOKEN still works'
const NOT_FROM_DASHBOARD: Login = {
  ok: false,
  status: 403,
  detail: 'Without a token, changes must come from the dashboard itself',
}
const SESSION_ENDED: Login = {
  ok: false,
  status: 401,
  detail: 'The session has ended. Sign in again',
  endsSession: true,
}

type Found = Actor | 'unknown' | 'unreachable'
type Lookup = { startedMs: number; found: Found | undefined }

type TokenPort = Pick<Controller, 'findToken'>

export class Authenticator {
  readonly #failures = new Map<Realm, RateLimiter>()
  readonly #trustedProxies: () => number
  readonly #known = new Map<string, { actor: Actor; untilMs: number }>()
  readonly #lookups = new Map<string, Lookup>()
  readonly #refused = new RefusedAttempts()
  readonly #sessions = new Sessions()

  /** `trustedProxies`: of the document in force, to know callers by their addresses. */
  constructor(trustedProxies = () => 0) {
    this.#trustedProxies = trustedProxies
  }

  /**
   * Authenticates a request.
   *
   * @returns the actor, or the status and detail of the refusal (see `loginRefused`)
   */
  async login(request: Request, context: CallContext): Promise<Login> {
    const { env, nowMs } = context
    const sender = senderIn(request, env, this.#trustedProxies()) ?? 'unknown'
    const token = bearerIn(request)
    if (token === undefined) return await this.#loginWithoutToken(request, sender, context)
    if (env.ADMIN_TOKEN && (await equalInConstantTime(token, env.ADMIN_TOKEN))) {
      return { ok: true, actor: { name: 'admin', role: 'admin' } }
    }
    const hash = token.length > LONGEST_TOKEN ? '' : await sha256Hex(token)
    const known = this.#known.get(hash)
    if (known !== undefined && nowMs < known.untilMs) return { ok: true, actor: known.actor }
    return await this.#loginByLookup(hash, sender, context)
  }

  /** Drops what is cached, after a token or a session has ended. Other isolates drop theirs when they expire. */
  forget(): void {
    this.#known.clear()
    this.#sessions.forget()
  }

  /**
   * Wrong tokens cost the sender attempts. A sender without attempts is told to wait, but not before the token was looked
   * up: an enemy behind the same address, or of the same unknown one, must not keep a valid token out.
   */
  async #loginByLookup(hash: string, sender: string, context: CallContext): Promise<Login> {
    const { env, nowMs } = context
    // Hazard: an await in front of the lookup would let concurrent calls start one each, and each cost an attempt.
    const shared = this.#lookups.has(hash) ? await this.#sharedLookup(hash) : undefined
    const failures = this.#failuresOf(context)
    const isFlood = shared === undefined && this.#lookups.size >= MOST_WAITING
    const floodMs = isFlood ? failures.waitMs(sender, nowMs) : 0
    if (floodMs > 0) return this.#refuse(sender, context, tooMany(floodMs))
    const found = shared ?? (await this.#lookUp(hash, env, nowMs))
    if (found === 'unknown') {
      const waitMs = shared === undefined ? failures.take(sender, nowMs) : 0
      if (waitMs > 0) return this.#refuse(sender, context, tooMany(waitMs))
      return this.#refuse(sender, context, { ok: false, status: 401, detail: 'Token not recognised' })
    }
    if (found !== 'unreachable') return { ok: true, actor: found }
    return { ok: false, status: 503, detail: UNREACHABLE }
  }

  async #loginWithoutToken(request: Request, sender: string, context: CallContext): Promise<Login> {
    const { env, nowMs } = context
    const isRead = request.method === 'GET' || request.method === 'HEAD'
    const inSession = await this.#sessions.actorOf(request, sender, env, nowMs)
    if (inSession === 'unreachable') return { ok: false, status: 503, detail: UNREACHABLE }
    if (typeof inSession === 'object') {
      // Hosts beside this one are same-site: a browser sends the cookie along with what their pages make it send.
      if (isRead ? !hasDashboardHeader(request) : !isFromDashboard(request)) return NOT_FROM_DASHBOARD
      return { ok: true, actor: inSession, ambient: 'session' }
    }
    const actor = await actorFromAccess(request, context)
    if (actor === 'unreachable') {
      const detail = 'The keys of Cloudflare Access cannot be fetched right now. Tokens still work'
      return { ok: false, status: 503, detail }
    }
    if (actor === 'forged') {
      const waitMs = this.#failuresOf(context).take(sender, nowMs)
      if (waitMs > 0) return this.#refuse(sender, context, tooMany(waitMs))
      const detail = 'This assertion of Cloudflare Access is not valid here'
      return this.#refuse(sender, context, { ok: false, status: 401, detail })
    }
    if (actor === undefined) {
      const isOpen = env.ADMIN_TOKEN || isAccessConfigured(env)
      if (inSession === 'ended') return SESSION_ENDED
      const detail = isOpen
        ? 'Send a token: "Authorization: Bearer TOKEN"'
        : 'No ADMIN_TOKEN is configured, so the admin API is closed'
      return { ok: false, status: 401, detail }
    }
    const { name, role, isService } = actor
    // A machine sends its service token on purpose.
    if (isService) return { ok: true, actor: { name, role } }
    // A browser sends the assertion along with whatever another site makes it send.
    if (!isRead && !isFromDashboard(request)) return NOT_FROM_DASHBOARD
    return { ok: true, actor: { name, role }, ambient: 'access' }
  }

  /**
   * The result of a lookup of the same token that another call has started: concurrent calls ask the Controller once.
   * Hazard: a promise of another request never settles once its client disconnects, so this polls instead of awaiting it.
   */
  async #sharedLookup(hash: string): Promise<Found | undefined> {
    let lookup = this.#lookups.get(hash)
    while (lookup !== undefined && Math.abs(Date.now() - lookup.startedMs) < LOOKUP_LOST_AFTER_MS) {
      if (lookup.found !== undefined) return lookup.found
      await scheduler.wait(POLL_MS)
      lookup = this.#lookups.get(hash) ?? lookup
    }
    return undefined
  }

  async #lookUp(hash: string, env: Env, nowMs: number): Promise<Found> {
    const lookup: Lookup = { startedMs: Date.now(), found: undefined }
    if (this.#lookups.size >= MOST_CACHED_TOKENS) this.#lookups.clear()
    this.#lookups.set(hash, lookup)
    // A flood of wrong tokens waits here, in the order of its arrival, instead of at the Controller.
    while (this.#isBusyBefore(lookup)) await scheduler.wait(POLL_MS)
    lookup.startedMs = Date.now()
    lookup.found = await this.#find(hash, env, nowMs)
    if (this.#lookups.get(hash) === lookup) this.#lookups.delete(hash)
    return lookup.found
  }

  /** Whether as many lookups as may run at once came before this one. Hazard: one whose client left never ends. */
  #isBusyBefore(lookup: Lookup): boolean {
    let before = 0
    for (const each of this.#lookups.values()) {
      if (each === lookup) return false
      if (Math.abs(Date.now() - each.startedMs) < LOOKUP_LOST_AFTER_MS && ++before >= LOOKUPS_AT_ONCE)
        return true
    }
    return false
  }

  #failuresOf({ realm = 'admin' }: CallContext): RateLimiter {
    const limiter = this.#failures.get(realm) ?? new RateLimiter(FAILURES)
    this.#failures.set(realm, limiter)
    return limiter
  }

  async #find(hash: string, env: Env, nowMs: number): Promise<Found> {
    if (hash === '') return 'unknown'
    this.#known.delete(hash)
    try {
      const info = await controller<TokenPort>(env).findToken(hash)
      const role = TOKEN_ROLES.find((each) => each === info?.role)
      if (info === undefined || role === undefined) return 'unknown'
      const actor = { name: info.name, role }
      if (this.#known.size >= MOST_CACHED_TOKENS) this.#known.clear()
      this.#known.set(hash, { actor, untilMs: Math.min(nowMs + TOKEN_TTL_MS, info.expiresAtMs ?? Infinity) })
      return actor
    } catch (error) {
      noteInternalError('api.login', error)
      return 'unreachable'
    }
  }

  #refuse(sender: string, context: CallContext, refusal: Login & { ok: false }): Login {
    const reason = (times: number) =>
      `${times} login${times > 1 ? 's' : ''} with a wrong token in ten minutes, the latest from ${sender}`
    this.#refused.note({ actor: 'unknown', action: 'login-refused', reason, evidence: { sender } }, context)
    return refusal
  }
}

/** The context of a call that a Hono handler answers. */
export function contextOf(c: Context<{ Bindings: Env }>): CallContext {
  return { env: c.env, nowMs: Date.now(), waitUntil: (work) => c.executionCtx.waitUntil(work) }
}

function tooMany(waitMs: number): Login & { ok: false } {
  const detail = 'Too many wrong tokens; wait before the next one'
  return { ok: false, status: 429, detail, retryAfterSeconds: Math.ceil(waitMs / 1_000) }
}

/** The bearer token of a request. */
export function bearerIn({ headers }: Request): string | undefined {
  return /^Bearer\s+(\S+)$/i.exec(headers.get('authorization') ?? '')?.[1]
}

/** Whether an actor has a role, or one that includes it. A reporter has none of them. */
export function isAllowed(actor: Actor, needed: Role): actor is AdminActor {
  const { role } = actor
  return role !== 'reporter' && ROLES.indexOf(role) >= ROLES.indexOf(needed)
}

/** Whether an actor may report for an app's visitors: who can roll back by such reports can control rollouts. */
export function mayReport(actor: Actor): boolean {
  return actor.role === 'reporter' || isAllowed(actor, 'operator')
}

/**
 * Whether a caller may change anything by these credentials, on this host. Where the site shares the host, its pages can
 * send whatever the dashboard can, and read what comes back: there a browser's own credentials only read. In development
 * that is taken.
 */
export function mayChange({ ambient }: Login & { ok: true }, { url }: Request, env: Env): boolean {
  return ambient === undefined || hostRole(url, env) !== 'both' || isDevelopment(env)
}

/** The response to a failed login. */
export function loginRefused(
  login: Login & { ok: false },
  extensions: Readonly<Record<string, unknown>> = {},
): Response {
  const titles: Readonly<Record<number, string>> = {
    401: 'Unauthorized',
    403: 'Forbidden',
    429: 'Too Many Requests',
    503: 'Service Unavailable',
  }
  const { status, detail, retryAfterSeconds, endsSession } = login
  const headers = {
    ...(status === 401 && { 'www-authenticate': 'Bearer' }),
    ...(retryAfterSeconds !== undefined && { 'retry-after': String(retryAfterSeconds) }),
    ...(endsSession && { 'set-cookie': FORGOTTEN }),
  }
  return problemDetails(status, titles[status] ?? '', detail, headers, extensions)
}
