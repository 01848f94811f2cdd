/** Who may query flags, and how often: other sites (CORS), tokens, rate limits. The same for every protocol. */
import type { FlagQuerySettings } from '../../core/config/compile/snapshot.ts'
import type { CompiledFlag } from '../../core/flags/flag.ts'
import { RateLimiter } from '../../core/limits/rate-limiter.ts'
import type { Env } from '../../platform/env.ts'
import { senderIn } from '../auth/sender-in.ts'
import type { Caller, FlagPorts } from './ports.ts'

export type AccessDenied = { ok: false; status: number; detail: string; retryAfterSeconds?: number }

const REQUEST_HEADERS =
  'content-type, authorization, x-api-key, if-none-match, last-event-id, unleash-appname, unleash-connection-id, unleash-sdk'
const EXPOSED_HEADERS = 'etag, retry-after'
const PREFLIGHT_SECONDS = '600'

export class FlagAccess {
  readonly #ports: FlagPorts
  readonly #realm: 'ofrep' | 'unleash'
  #limiter: RateLimiter | undefined
  #perMinute: number | undefined

  /** `realm`: wrong tokens and queries are limited for each protocol apart. */
  constructor(ports: FlagPorts, realm: 'ofrep' | 'unleash') {
    this.#ports = ports
    this.#realm = realm
  }

  async check(
    request: Request,
    token: string | undefined,
    settings: FlagQuerySettings,
    env: Env,
    ctx: ExecutionContext,
  ): Promise<Caller | AccessDenied> {
    if (!mayAsk(request, settings)) {
      return {
        ok: false,
        status: 403,
        detail: 'The document does not list this site in flagQueries.allowedOrigins',
      }
    }
    if (token !== undefined) {
      const checked = await this.#ports.checkToken(token, this.#realm, request, env, ctx)
      return checked.ok ? { ok: true, seesPrivate: !isBrowser(request) } : checked
    }
    if (settings.requireToken) {
      const detail = 'Send a token of the gate: "Authorization: Bearer TOKEN" or "X-API-Key: TOKEN"'
      return { ok: false, status: 401, detail }
    }
    const retryAfterSeconds = this.#take(request, settings, env)
    if (retryAfterSeconds === 0) return { ok: true, seesPrivate: false }
    return { ok: false, status: 429, detail: 'Too many queries; try again later', retryAfterSeconds }
  }

  /** Counts one query of the address; returns 0 if it is allowed, otherwise the seconds to wait. */
  #take(request: Request, { requestsPerMinute, trustedProxies }: FlagQuerySettings, env: Env): number {
    if (this.#limiter === undefined || requestsPerMinute !== this.#perMinute) {
      this.#perMinute = requestsPerMinute
      this.#limiter = new RateLimiter({ burst: requestsPerMinute, perSecond: requestsPerMinute / 60 })
    }
    const sender = senderIn(request, env, trustedProxies)
    // One limit for all whose address is unknown would let any of them use it up for the rest.
    if (sender === undefined) return 0
    return Math.ceil(this.#limiter.take(sender, Date.now()) / 1_000)
  }
}

/** Whether a caller may see a flag. */
export function isVisible(flag: CompiledFlag, caller: Caller): boolean {
  return !flag.isPrivate || caller.seesPrivate
}

/** `X-API-Key`, or a bearer token; other kinds of Authorization are ignored. */
export function tokenIn(request: Request, { visitorsSendBearer }: FlagQuerySettings): string | undefined {
  const key = request.headers.get('x-api-key')
  if (key) return key
  const bearer = /^Bearer\s+(\S+)$/i.exec(request.headers.get('authorization') ?? '')?.[1]
  const isOfVisitor = visitorsSendBearer && bearer?.split('.').length === 3
  return isOfVisitor ? undefined : bearer
}

/** The response to a CORS preflight. */
export function preflight(request: Request, settings: FlagQuerySettings): Response {
  const headers = new Headers({
    'access-control-allow-methods': 'GET, POST, OPTIONS',
    'access-control-allow-headers': REQUEST_HEADERS,
    'access-control-max-age': PREFLIGHT_SECONDS,
    'cache-control': 'no-store',
  })
  return withCors(new Response(null, { status: 204, headers }), request, settings)
}

/** Lets pages of other sites read a response, where the document lets them ask. */
export function withCors(response: Response, request: Request, settings: FlagQuerySettings): Response {
  const origin = request.headers.get('origin')
  const { headers } = response
  if (settings.allowedOrigins === undefined) headers.set('access-control-allow-origin', '*')
  else {
    headers.append('vary', 'origin')
    if (origin === null || !settings.allowedOrigins.has(origin)) return response
    headers.set('access-control-allow-origin', origin)
    headers.set('access-control-allow-credentials', 'true')
  }
  headers.set('access-control-expose-headers', EXPOSED_HEADERS)
  return response
}

/** Pages of the gate's own site may always ask. */
function mayAsk(request: Request, { allowedOrigins }: FlagQuerySettings): boolean {
  const origin = request.headers.get('origin')
  if (origin === null || allowedOrigins === undefined) return true
  return allowedOrigins.has(origin) || origin === new URL(request.url).origin
}

/** Browsers say which site a request comes from; servers don't, whatever else their `fetch` imitates. */
function isBrowser({ headers }: Request): boolean {
  return headers.has('sec-fetch-site') || headers.has('origin')
}
