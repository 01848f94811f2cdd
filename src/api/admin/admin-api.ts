/** The admin API, under /__sluice/api/v1: the operations of the contract, for callers whose role allows them. */
import type { Context } from 'hono'
import { Hono } from 'hono/tiny'
import { API_PREFIX, FLAG_VERBS, type OperationId, ROUTES } from '../../contract/routes.ts'
import type { LiveConfig } from '../../gate/config/live-config.ts'
import { controller, type Env } from '../../platform/env.ts'
import { noteInternalError } from '../../platform/internal-errors.ts'
import { problemDetails } from '../../platform/problem-details.ts'
import { type Authenticator, contextOf, isAllowed, loginRefused, mayChange } from '../auth/authenticator.ts'
import { RefusedAttempts } from '../auth/refused-attempts.ts'
import { FORGOTTEN } from '../auth/sessions.ts'
import type { Call, ControllerPort, Handler, Handlers, VisitorPorts } from './answers/call.ts'
import { noFlagEver } from './answers/no-flag.ts'
import { documentHandlers } from './handlers/documents.ts'
import { flagHandlers } from './handlers/flags.ts'
import { observationHandlers } from './handlers/observation.ts'
import { callerOf, hostOf, sessionHandlers } from './handlers/sessions.ts'
import { tokenHandlers } from './handlers/tokens.ts'
import { visitorHandlers } from './handlers/visitors.ts'
import { parseCall } from './parse-call.ts'
import { serveApiDescription } from './static-files.ts'

const HANDLERS: Handlers = {
  ...observationHandlers,
  ...documentHandlers,
  ...flagHandlers,
  ...visitorHandlers,
  ...tokenHandlers,
  ...sessionHandlers,
}
const DESCRIPTION_PATH = '/openapi.json'
/** GET, for the dashboard alone; opening and ending a session are operations of the contract. */
const SESSION_PATH = ROUTES.signIn.path
const SHARED_HOST =
  'Here pages of the site could act in your name, so changes need a token. Sign in with one, or set ADMIN_HOST'

export type AdminOptions = {
  /** What this isolate decides by. */
  live: LiveConfig
  authenticator: Authenticator
  visitors: VisitorPorts
}

type HonoContext = Context<{ Bindings: Env }>

/** Makes the admin API of a gate; mounted at /__sluice/api/v1. */
export function createAdminApi(options: AdminOptions): Hono<{ Bindings: Env }> {
  const { authenticator } = options
  const api = new Hono<{ Bindings: Env }>()
  const refused = new RefusedAttempts()

  api.get(DESCRIPTION_PATH, (c) => serveApiDescription(c.req.raw, c.env))
  api.get(SESSION_PATH, (c) => answerWhetherSignedIn(c, authenticator))
  for (const id of Object.keys(ROUTES) as OperationId[]) {
    api.on(ROUTES[id].method, patternOf(ROUTES[id].path), (c) => answerCall(id, c, options, refused))
  }
  api.all('*', async (c) => {
    const login = await authenticator.login(c.req.raw, contextOf(c))
    return login.ok ? unknownCall(c) : loginRefused(login)
  })
  api.onError((error) => {
    noteInternalError('api.admin', error)
    const detail =
      'The Controller did not complete the call or did not answer; nothing is known to have changed. Try again'
    return problemDetails(503, 'Service Unavailable', detail, { 'retry-after': '2' })
  })
  return api
}

/** Authenticates, authorises, parses and handles one call. */
async function answerCall(
  id: OperationId,
  c: HonoContext,
  { authenticator, live, visitors }: AdminOptions,
  refused: RefusedAttempts,
): Promise<Response> {
  const request = c.req.raw
  const context = contextOf(c)
  const login = await authenticator.login(request, context)
  if (!login.ok) return loginRefused(login, { host: hostOf(request.url, c.env) })
  const { actor } = login
  const { role } = ROUTES[id]
  const noteRefusal = (why: string) => {
    const reason = (times: number) =>
      `${times} call${times > 1 ? 's' : ''} of ${actor.name} refused in ten minutes, the latest: ${id} ${why}`
    const evidence = { operation: id, role: actor.role }
    refused.note({ actor: actor.name, action: 'call-refused', reason, evidence }, context)
  }
  if (!isAllowed(actor, role)) {
    noteRefusal(`needs ${role}`)
    return problemDetails(403, 'Forbidden', `${actor.name} may act as ${actor.role}; this needs ${role}`)
  }
  // What a viewer may not read is as good as a change: keys, tokens.
  if (role !== 'viewer' && !mayChange(login, request, c.env)) {
    noteRefusal('needs a token on a shared host')
    return problemDetails(403, 'Forbidden', SHARED_HOST)
  }
  const parsed = await parseCall(id, request)
  if (parsed instanceof Response) {
    if (parsed.status === 413) noteRefusal('came with a body that is too large')
    return parsed
  }
  const call = {
    request,
    env: c.env,
    actor,
    isStillAllowed: async () => {
      const again = await authenticator.login(request, contextOf(c))
      // A Controller that does not answer right now ends no stream.
      return again.ok ? isAllowed(again.actor, role) : again.status >= 429
    },
    nowMs: context.nowMs,
    controller: controller<ControllerPort>(c.env),
    live,
    visitors,
    params: c.req.param() as Record<string, string>,
    ...parsed,
  }
  // The table guarantees that body and query are those of this operation.
  const { flag } = { ...call.params, ...(call.query as { flag?: string } | undefined) }
  const unknown = ROUTES[id].method === 'GET' && (await noFlagEver(flag, call))
  if (unknown) return unknown
  const answer = await (HANDLERS[id] as Handler<OperationId>)(call as Call<OperationId>)
  if (id === 'revokeToken' || id === 'signOut') authenticator.forget()
  return answer instanceof Response
    ? answer
    : Response.json(answer, { headers: { 'cache-control': 'no-store' } })
}

/**
 * Whether this browser is signed in, and as whom. Unlike `GET /me` it is 200 either way: a browser writes each failed
 * request to its console, and not to be signed in yet is no failure.
 */
async function answerWhetherSignedIn(c: HonoContext, authenticator: Authenticator): Promise<Response> {
  const { req, env } = c
  const login = await authenticator.login(req.raw, contextOf(c))
  if (!login.ok && login.status !== 401) return loginRefused(login)
  const headers = {
    'cache-control': 'no-store',
    ...(!login.ok && login.endsSession && { 'set-cookie': FORGOTTEN }),
  }
  const user =
    login.ok && isAllowed(login.actor, 'viewer')
      ? callerOf({ actor: login.actor, env, request: req.raw })
      : null
  return Response.json({ user, host: hostOf(req.url, env) }, { headers })
}

/** Hono's pattern of a path of the contract; keys arrive percent-encoded, so a slash in one is not one of the path. */
function patternOf(path: string): string {
  return path.replace(':verb', `:verb{${FLAG_VERBS.join('|')}}`)
}

/** 405 with the methods that the path takes; 404 for a path that takes none. */
function unknownCall(c: HonoContext): Response {
  const routes: { method: string; path: string }[] = [
    ...Object.values(ROUTES),
    { method: 'GET', path: DESCRIPTION_PATH },
    { method: 'GET', path: SESSION_PATH },
  ]
  const methods = routes.filter(({ path }) => shapeOf(path).test(c.req.path)).map(({ method }) => method)
  if (methods.includes('GET')) methods.push('HEAD')
  if (methods.length === 0) return problemDetails(404, 'Not Found', 'The admin API has no such path')
  const detail = `This path takes ${methods.join(', ')}, not ${c.req.method}`
  return problemDetails(405, 'Method Not Allowed', detail, { allow: methods.join(', ') })
}

function shapeOf(path: string): RegExp {
  const pattern = path.replace(/:(\w+)/g, (_, name) =>
    name === 'verb' ? `(${FLAG_VERBS.join('|')})` : '[^/]+',
  )
  return new RegExp(`^${API_PREFIX}${pattern}$`)
}
