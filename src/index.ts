/** The Worker: the gate, and below /__sluice a Hono app. Nothing imports this file. */
import { Hono } from 'hono/tiny'
import { createEndpoints } from './api/endpoints.ts'
import { GATE_PATH } from './core/gate-path.ts'
import { createGate } from './gate/gate.ts'
import { FailureSampler } from './gate/reporting/failure-sampler.ts'
import { createMirror } from './gate/shadow/mirror.ts'
import { hostRole } from './platform/admin-host.ts'
import { bundledDocument } from './platform/bundled-document.ts'
import type { Env } from './platform/env.ts'
import { noteInternalError } from './platform/internal-errors.ts'
import { problemDetails } from './platform/problem-details.ts'
import { withWebProtocol } from './platform/web-protocol.ts'

export { Controller } from './durable/controller/controller.ts'
export { Counters } from './durable/counters/counters.ts'

const gate = createGate({ bundled: bundledDocument, mirror: createMirror, failures: new FailureSampler() })
/** Made by the first request that needs them: an isolate that only serves visitors never does. */
let endpoints: ReturnType<typeof createEndpoints> | undefined

/** A URL below /__sluice, as it is written: an encoded path is the origin's. */
const GATE_URL = new RegExp(`^[a-z]+://[^/]+${GATE_PATH}(?:[/?#]|$)`)

const app = new Hono<{ Bindings: Env }>()

app.all('*', (c) => {
  endpoints ??= createEndpoints(gate)
  return endpoints.fetch(c.req.raw, c.env, c.executionCtx)
})

app.onError((error) => {
  noteInternalError('worker', error)
  // Requests for the gate itself carry its credentials: they never go to an origin.
  return problemDetails(500, 'Internal Server Error', 'The gate could not answer')
})

export default {
  /** Nothing is proxied on the host of the dashboard. What is, nearly everything, needs no router. */
  fetch(raw, env, ctx) {
    const web = withWebProtocol(raw)
    if (web === undefined) return new Response('Bad Request\n', { status: 400 })
    const { request, url } = web
    const isGates = GATE_URL.test(url) || hostRole(url, env) === 'admin'
    return isGates ? app.fetch(request, env, ctx) : gate.handle(request, env, ctx, url)
  },
} satisfies ExportedHandler<Env>
