/** The Worker: a Hono app in which everything is a route, the proxied traffic included. Nothing imports this file. */
import { Hono } from 'hono/tiny'
import { createEndpoints } from './api/endpoints.ts'
import { createGate } from './gate/gate.ts'
import { GateRequest } from './gate/request/gate-request.ts'
import { createMirror } from './gate/shadow/mirror.ts'
import { hostRole } from './platform/admin-host.ts'
import { bundledDocument } from './platform/bundled-document.ts'
import type { Env } from './platform/env.ts'
import { noteInternalError } from './platform/internal-errors.ts'
import { problemDetails } from './platform/problem-details.ts'

export { Controller } from './durable/controller/controller.ts'
export { Counters } from './durable/counters/counters.ts'

const gate = createGate({ bundled: bundledDocument, mirror: createMirror })
/** Made by the first request that needs them: an isolate that only serves visitors never does. */
let endpoints: ReturnType<typeof createEndpoints> | undefined

/** A URL below /__sluice, as it is written: an encoded path is the origin's. */
const GATE_URL = /^[a-z]+:\/\/[^/]+\/__sluice(?:[/?#]|$)/
const GATE_PATH = '/__sluice'
/**
 * Two routes need two paths. Hono's own parsing would also lose what has no path, such as `OPTIONS *`. Nothing is proxied
 * on the host of the dashboard.
 */
const pathOf = ({ url }: Request, env: Pick<Env, 'ADMIN_HOST'>) =>
  GATE_URL.test(url) || hostRole(url, env) === 'admin' ? GATE_PATH : '/'

const app = new Hono<{ Bindings: Env }>({
  getPath: (request, options) => pathOf(request, options?.env ?? {}),
})

app.all(GATE_PATH, (c) => {
  endpoints ??= createEndpoints(gate)
  return endpoints.fetch(c.req.raw, c.env, c.executionCtx)
})

app.all('*', (c) => gate.handle(c.req.raw, c.env, c.executionCtx))

app.onError((error, c) => {
  noteInternalError('worker', error)
  // Requests for the gate itself carry its credentials: they never go to an origin.
  if (c.req.path === GATE_PATH)
    return problemDetails(500, 'Internal Server Error', 'The gate could not answer')
  return gate.lastResort(new GateRequest(c.req.raw, c.env, Date.now()))
})

export default {
  fetch(request, env, ctx) {
    // Hono answers HEAD with a copy of the response, which the runtime refuses for a status beyond 599.
    const isProxiedHead = request.method === 'HEAD' && pathOf(request, env) !== GATE_PATH
    return isProxiedHead ? gate.handle(request, env, ctx) : app.fetch(request, env, ctx)
  },
} satisfies ExportedHandler<Env>
