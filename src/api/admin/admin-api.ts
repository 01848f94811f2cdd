/** The admin API, under /__sluice/api/v1: what the contract lists, for whoever may. */
import { Hono } from 'hono'
import * as v from 'valibot'
import { BODIES, QUERIES } from '../../contract/requests.ts'
import { API_PREFIX, FLAG_VERBS, type OperationId, ROUTES, type Route } from '../../contract/routes.ts'
import { LARGEST_DOCUMENT_CHARACTERS } from '../../core/config/parse/parse.ts'
import { DEEPEST_LEVEL, isDeeperThan } from '../../core/config/parse/readable.ts'
import type { LiveConfig } from '../../gate/config/live-config.ts'
import { readBoundedText } from '../../platform/bounded-body.ts'
import { controller, type Env } from '../../platform/env.ts'
import { problemDetails } from '../../platform/problem-details.ts'
import { type Actor, type Authenticator, isAllowed, refused } from '../auth/authenticator.ts'
import { type Refusal, Refusals } from '../auth/refused-attempts.ts'
import type { Call, ControllerPort, Handler, Handlers, VisitorPorts } from './answers/call.ts'
import { documentHandlers } from './handlers/documents.ts'
import { flagHandlers } from './handlers/flags.ts'
import { observationHandlers } from './handlers/observation.ts'
import { tokenHandlers } from './handlers/tokens.ts'
import { visitorHandlers } from './handlers/visitors.ts'

const HANDLERS: Handlers = {
  ...observationHandlers,
  ...documentHandlers,
  ...flagHandlers,
  ...visitorHandlers,
  ...tokenHandlers,
}

const LARGEST_BODY_BYTES = 64_000
/** Calls that carry a document; a character may take three bytes. */
const LARGEST_DOCUMENT_BODY_BYTES = 3 * LARGEST_DOCUMENT_CHARACTERS
const WITH_DOCUMENT: readonly OperationId[] = [
  'validateDocument',
  'diffDocument',
  'publishDocument',
  'createFlag',
  'patchFlag',
]

export type AdminOptions = {
  /** What this isolate decides by. */
  live: LiveConfig
  authenticator: Authenticator
  visitors: VisitorPorts
  /** The OpenAPI description, as text. */
  openApi: string
}

/** Makes the admin API of a gate. */
export function createAdminApi({
  live,
  authenticator,
  visitors,
  openApi,
}: AdminOptions): Hono<{ Bindings: Env }> {
  const api = new Hono<{ Bindings: Env }>()
  const refusals = new Refusals()

  api.get(DESCRIPTION.path, () => {
    const headers = { 'content-type': 'application/json', 'cache-control': 'public, max-age=300' }
    return new Response(openApi, { headers })
  })

  for (const id of Object.keys(ROUTES) as OperationId[]) {
    const { method, path, role }: Route = ROUTES[id]
    api.on(method, patternOf(path), async (c) => {
      const nowMs = Date.now()
      const request = c.req.raw
      const waitUntil = (work: Promise<unknown>) => c.executionCtx.waitUntil(work)
      const login = await authenticator.login(request, c.env, nowMs, waitUntil)
      if (!login.ok) return refused(login)
      const { actor } = login
      const noteRefusal = (why: string) => refusals.note(refusalOf(actor, id, why), c.env, nowMs, waitUntil)
      if (!isAllowed(actor, role)) {
        noteRefusal(`needs ${role}`)
        return problemDetails(403, 'Forbidden', `${actor.name} may act as ${actor.role}; this needs ${role}`)
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
        isStillLetIn: async () => {
          const again = await authenticator.login(request, c.env, Date.now(), waitUntil)
          // What can't be found out right now changes nothing.
          return again.ok ? isAllowed(again.actor, role) : again.status >= 429
        },
        nowMs,
        controller: controller<ControllerPort>(c.env),
        live,
        visitors,
        params: c.req.param() as Record<string, string>,
        ...parsed,
      }
      // The table guarantees that body and query are those of this operation.
      const answer = await (HANDLERS[id] as Handler<OperationId>)(call as Call<OperationId>)
      if (id === 'revokeToken') authenticator.forget()
      return answer instanceof Response
        ? answer
        : Response.json(answer, { headers: { 'cache-control': 'no-store' } })
    })
  }

  api.all('*', async (c) => {
    const login = await authenticator.login(c.req.raw, c.env, Date.now(), (work) =>
      c.executionCtx.waitUntil(work),
    )
    if (!login.ok) return refused(login)
    const methods = methodsOf(c.req.path)
    if (methods.length === 0) return problemDetails(404, 'Not Found', 'The admin API has no such path')
    const detail = `This path takes ${methods.join(', ')}, not ${c.req.method}`
    return problemDetails(405, 'Method Not Allowed', detail, { allow: methods.join(', ') })
  })
  api.onError(() => {
    const detail =
      'The Controller could not do this or did not answer; nothing is known to have changed. Try again'
    return problemDetails(503, 'Service Unavailable', detail, { 'retry-after': '2' })
  })
  return api
}

/** Hono's pattern of a path of the contract; keys come percent-encoded, so a slash in one is no slash of the path. */
function patternOf(path: string): string {
  return path.replace(':verb', `:verb{${FLAG_VERBS.join('|')}}`)
}

const DESCRIPTION = { method: 'GET', path: '/openapi.json' } as const

const PATHS = [...Object.values(ROUTES), DESCRIPTION].map(({ method, path }) => {
  const pattern = path.replace(/:(\w+)/g, (_, name) =>
    name === 'verb' ? `(${FLAG_VERBS.join('|')})` : '[^/]+',
  )
  return { method, shape: new RegExp(`^${API_PREFIX}${pattern}$`) }
})

/** The methods that a path takes; none where there is no such path. */
function methodsOf(path: string): string[] {
  const methods = PATHS.filter(({ shape }) => shape.test(path)).map(({ method }) => method as string)
  return methods.includes('GET') ? [...methods, 'HEAD'] : methods
}

function refusalOf({ name, role }: Actor, id: OperationId, why: string): Refusal {
  const reason = (times: number) =>
    `${times} call${times > 1 ? 's' : ''} of ${name} refused in ten minutes, the latest: ${id} ${why}`
  return { actor: name, action: 'call-refused', reason, evidence: { operation: id, role } }
}

type Parts = { body: unknown; query: unknown }

/** Body and query by the contract, or the answer that says what is wrong with them. */
async function parseCall(id: OperationId, request: Request): Promise<Parts | Response> {
  const query: Parts['query'] | Response = Object.hasOwn(QUERIES, id)
    ? parsed(
        QUERIES[id as keyof typeof QUERIES],
        Object.fromEntries(new URL(request.url).searchParams),
        'query',
      )
    : undefined
  if (query instanceof Response) return query
  if (!Object.hasOwn(BODIES, id)) return { body: undefined, query }
  const most = WITH_DOCUMENT.includes(id) ? LARGEST_DOCUMENT_BODY_BYTES : LARGEST_BODY_BYTES
  const text = await readBoundedText(request, most)
  if (text === undefined) {
    return problemDetails(
      413,
      'Content Too Large',
      `The body may have ${most.toLocaleString('en')} bytes at most`,
    )
  }
  const json = jsonOf(text)
  if (json === undefined) return problemDetails(400, 'Bad Request', 'The body is not JSON')
  if (Array.isArray(json))
    return problemDetails(400, 'Bad Request', 'body: a JSON object is expected, not a list')
  // What is done with a body may call itself level by level; a document in it has problems to tell before that.
  if (isDeeperThan(json, 2 * DEEPEST_LEVEL)) {
    return problemDetails(400, 'Bad Request', `The body is nested more than ${2 * DEEPEST_LEVEL} levels deep`)
  }
  const body = parsed(BODIES[id as keyof typeof BODIES], json, 'body')
  return body instanceof Response ? body : { body, query }
}

function parsed(schema: v.GenericSchema, input: unknown, where: string): unknown | Response {
  const result = v.safeParse(schema, input)
  if (result.success) return result.output
  const issue = result.issues[0]
  const place = v.getDotPath(issue) ?? ''
  return problemDetails(400, 'Bad Request', `${where}${place ? `.${place}` : ''}: ${issue.message}`)
}

/** No body at all is an empty object: most operations need nothing. */
function jsonOf(text: string): unknown {
  if (text.trim() === '') return {}
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}
