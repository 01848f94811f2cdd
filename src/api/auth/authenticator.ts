/**
 * Who calls the admin API. ADMIN_TOKEN is looked at first, so that it works whatever else is broken; then the tokens
 * that the Controller keeps; then Cloudflare Access. Nothing configured: nobody is let in.
 */

import { ROLES, type Role } from '../../contract/routes.ts'
import { RateLimiter } from '../../core/limits/rate-limiter.ts'
import type { Controller } from '../../durable/controller/controller.ts'
import { equalInConstantTime, sha256Hex } from '../../platform/crypto.ts'
import { controller, type Env } from '../../platform/env.ts'
import { problemDetails } from '../../platform/problem-details.ts'
import { actorFromAccess, hasAssertion, isAccessConfigured } from './access-assertion.ts'
import { Refusals } from './refused-attempts.ts'

/** Who calls; the name stands in the audit log. */
export type Actor = { name: string; role: Role }

export type Login =
  | { ok: true; actor: Actor }
  | { ok: false; status: 401 | 403 | 429 | 503; detail: string; retryAfterSeconds?: number }

/** What is wrong that one address may try; what it tries after that is refused without being looked at. */
const FAILURES = { burst: 10, perSecond: 0.1 }
/** How long an isolate believes what the Controller said of a token; so long a token that is taken back still works. */
const TOKEN_TTL_MS = 15_000
const MOST_CACHED_TOKENS = 1_000
const LONGEST_TOKEN = 512
/** How often a call looks whether another one has heard of its token, and for how long it leaves the asking to that. */
const LOOK_MS = 5
const LOST_AFTER_MS = 5_000

/** What the Controller says of a token. */
type Found = Actor | 'unknown' | 'unreachable'
type Lookup = { startedMs: number; found: Found | undefined }

type TokenPort = Pick<Controller, 'findToken'>
type WaitUntil = (work: Promise<unknown>) => void

export class Authenticator {
  readonly #failures = new RateLimiter(FAILURES)
  readonly #known = new Map<string, { actor: Actor; untilMs: number }>()
  readonly #lookups = new Map<string, Lookup>()
  readonly #refusals = new Refusals()

  async login(request: Request, env: Env, nowMs: number, waitUntil: WaitUntil): Promise<Login> {
    const sender = request.headers.get('cf-connecting-ip') ?? 'unknown'
    const token = /^Bearer\s+(\S+)$/i.exec(request.headers.get('authorization') ?? '')?.[1]
    if (token === undefined) return await this.#withoutToken(request, sender, env, nowMs, waitUntil)
    if (env.ADMIN_TOKEN && (await equalInConstantTime(token, env.ADMIN_TOKEN))) {
      return { ok: true, actor: { name: 'admin', role: 'admin' } }
    }
    const hash = token.length > LONGEST_TOKEN ? '' : await sha256Hex(token)
    const known = this.#known.get(hash)
    if (known !== undefined && nowMs < known.untilMs) return { ok: true, actor: known.actor }
    return await this.#loginUnknown(hash, sender, env, nowMs, waitUntil)
  }

  /** A token may have been taken back: this isolate, at least, asks for every one again. */
  forget(): void {
    this.#known.clear()
  }

  /** Looking costs the sender an attempt, which is given back where the token was right. */
  async #loginUnknown(
    hash: string,
    sender: string,
    env: Env,
    nowMs: number,
    waitUntil: WaitUntil,
  ): Promise<Login> {
    const shared = await this.#heardBy(hash)
    const waitMs = shared === undefined ? this.#failures.take(sender, nowMs) : 0
    if (waitMs > 0) {
      this.#countRefusal(sender, env, nowMs, waitUntil)
      return tooMany(waitMs)
    }
    const found = shared ?? (await this.#lookUp(hash, env, nowMs))
    if (found === 'unknown') {
      this.#countRefusal(sender, env, nowMs, waitUntil)
      return { ok: false, status: 401, detail: 'This token is not known' }
    }
    if (shared === undefined) this.#failures.giveBack(sender)
    if (found !== 'unreachable') return { ok: true, actor: found }
    const detail =
      'Tokens cannot be checked right now: the Controller does not answer. ADMIN_TOKEN works all the same'
    return { ok: false, status: 503, detail }
  }

  async #withoutToken(
    request: Request,
    sender: string,
    env: Env,
    nowMs: number,
    waitUntil: WaitUntil,
  ): Promise<Login> {
    // Looking costs nothing here: pages of people who sit behind one address make many calls at once.
    const waitMs = hasAssertion(request, env) ? this.#failures.waitMs(sender, nowMs) : 0
    if (waitMs > 0) {
      this.#countRefusal(sender, env, nowMs, waitUntil)
      return tooMany(waitMs)
    }
    const actor = await actorFromAccess(request, env)
    if (actor === 'unreachable') {
      const detail = 'The keys of Cloudflare Access cannot be fetched right now. Tokens work all the same'
      return { ok: false, status: 503, detail }
    }
    if (actor === 'forged') {
      this.#failures.take(sender, nowMs)
      this.#countRefusal(sender, env, nowMs, waitUntil)
      return { ok: false, status: 401, detail: 'This assertion of Cloudflare Access is not valid here' }
    }
    if (actor === undefined) {
      const isOpen = env.ADMIN_TOKEN || isAccessConfigured(env)
      const detail = isOpen
        ? 'Send a token: "Authorization: Bearer TOKEN"'
        : 'No ADMIN_TOKEN is configured, so the admin API is closed'
      return { ok: false, status: 401, detail }
    }
    // A browser sends the assertion along with whatever another site makes it send.
    const isRead = request.method === 'GET' || request.method === 'HEAD'
    if (!isRead && !isFromHere(request)) {
      return { ok: false, status: 403, detail: 'Changes come from pages of the gate itself only' }
    }
    return { ok: true, actor }
  }

  /**
   * What another call hears that is asking about the same token: calls that come together ask the Controller once.
   * Hazard: the other's caller may leave, and its promise then never comes back. So this one looks for itself.
   */
  async #heardBy(hash: string): Promise<Found | undefined> {
    let lookup = this.#lookups.get(hash)
    while (lookup !== undefined && Math.abs(Date.now() - lookup.startedMs) < LOST_AFTER_MS) {
      if (lookup.found !== undefined) return lookup.found
      await scheduler.wait(LOOK_MS)
      lookup = this.#lookups.get(hash) ?? lookup
    }
    return undefined
  }

  async #lookUp(hash: string, env: Env, nowMs: number): Promise<Found> {
    const lookup: Lookup = { startedMs: Date.now(), found: undefined }
    if (this.#lookups.size >= MOST_CACHED_TOKENS) this.#lookups.clear()
    this.#lookups.set(hash, lookup)
    lookup.found = await this.#find(hash, env, nowMs)
    if (this.#lookups.get(hash) === lookup) this.#lookups.delete(hash)
    return lookup.found
  }

  async #find(hash: string, env: Env, nowMs: number): Promise<Found> {
    if (hash === '') return 'unknown'
    this.#known.delete(hash)
    try {
      const info = await controller<TokenPort>(env).findToken(hash)
      const role = ROLES.find((each) => each === info?.role)
      if (info === undefined || role === undefined) return 'unknown'
      const actor = { name: info.name, role }
      if (this.#known.size >= MOST_CACHED_TOKENS) this.#known.clear()
      this.#known.set(hash, { actor, untilMs: Math.min(nowMs + TOKEN_TTL_MS, info.expiresAtMs ?? Infinity) })
      return actor
    } catch {
      return 'unreachable'
    }
  }

  #countRefusal(sender: string, env: Env, nowMs: number, waitUntil: WaitUntil): void {
    const reason = (times: number) =>
      `${times} login${times > 1 ? 's' : ''} with a wrong token in ten minutes, the latest from ${sender}`
    const refusal = { actor: 'unknown', action: 'login-refused', reason, evidence: { sender } } as const
    this.#refusals.note(refusal, env, nowMs, waitUntil)
  }
}

function tooMany(waitMs: number): Login & { ok: false } {
  const detail = 'Too many wrong tokens; wait before the next one'
  return { ok: false, status: 429, detail, retryAfterSeconds: Math.ceil(waitMs / 1_000) }
}

/** Whether an actor may do what needs a role. */
export function isAllowed(actor: Actor, needed: Role): boolean {
  return ROLES.indexOf(actor.role) >= ROLES.indexOf(needed)
}

/** The answer to a login that failed. */
export function refused(login: Login & { ok: false }): Response {
  const titles: Readonly<Record<number, string>> = {
    401: 'Unauthorized',
    403: 'Forbidden',
    429: 'Too Many Requests',
    503: 'Service Unavailable',
  }
  const { status, detail, retryAfterSeconds } = login
  return problemDetails(status, titles[status] ?? '', detail, {
    ...(status === 401 && { 'www-authenticate': 'Bearer' }),
    ...(retryAfterSeconds !== undefined && { 'retry-after': String(retryAfterSeconds) }),
  })
}

/** Browsers say where a request comes from; what says nothing is not a browser. */
function isFromHere(request: Request): boolean {
  const site = request.headers.get('sec-fetch-site')
  if (site !== null) return site === 'same-origin' || site === 'none'
  const origin = request.headers.get('origin')
  return origin === null || origin === new URL(request.url).origin
}
