/** The endpoints that the gate answers itself, below /__sluice. */
import { Hono } from 'hono/tiny'
import type { Controller } from '../durable/controller/controller.ts'
import { describedVisitor } from '../gate/evaluation/described-visitor.ts'
import { openPreview } from '../gate/evaluation/preview-link.ts'
import { assignmentsOf } from '../gate/evaluation/visitor.ts'
import type { Gate } from '../gate/gate.ts'
import { makeDebugToken } from '../gate/request/signature.ts'
import { controller, type Env } from '../platform/env.ts'
import { noteInternalError } from '../platform/internal-errors.ts'
import { problemDetails } from '../platform/problem-details.ts'
import { createAdminApi } from './admin/admin-api.ts'
import { createMetricsApi } from './admin/metrics.ts'
import { DASHBOARD_PATH, serveDashboard } from './admin/static-files.ts'
import { Authenticator } from './auth/authenticator.ts'
import { flagPorts } from './flag-ports.ts'
import { createEventsApi } from './flags/events.ts'
import { createOfrepApi } from './flags/ofrep.ts'
import { createUnleashApi } from './flags/unleash.ts'

const PREFIX = '/__sluice'

/**
 * Makes the endpoints of a gate, as a Hono app to mount at the root. Costs about a millisecond of CPU: an isolate makes
 * them with the first request below /__sluice.
 */
export function createEndpoints(gate: Gate): Hono<{ Bindings: Env }> {
  const authenticator = new Authenticator()
  const flags = flagPorts(gate, authenticator)
  const app = new Hono<{ Bindings: Env }>()
  app.get(`${PREFIX}/health`, (c) => c.json({ status: 'ok' }))
  app.route(
    `${PREFIX}/api/v1`,
    createAdminApi({
      live: gate.live,
      authenticator,
      visitors: {
        described: (visitor, env, nowMs) => describedVisitor(visitor, gate.live.last, env, nowMs),
        signPreview: (payload, env) => makeDebugToken(env, payload),
      },
    }),
  )
  app.route(`${PREFIX}/api/frontend`, createUnleashApi(flags))
  app.route(`${PREFIX}/ofrep`, createOfrepApi(flags, `${PREFIX}/ofrep`))
  app.route(`${PREFIX}/metrics`, createMetricsApi(authenticator, gate.live))
  app.get(`${PREFIX}/preview`, (c) => openPreview(c.req.raw, c.env, Date.now()))
  app.route(
    `${PREFIX}/events`,
    createEventsApi({
      assignments: async (request, env, ctx) => {
        const live = await gate.live.current(env, (work) => ctx.waitUntil(work), Date.now())
        return await assignmentsOf(request, live, env, gate.gradualRollback)
      },
      report: (decision, report, context) => gate.reporter.reportFromApp(decision, report, context),
      keepFeedback: (env, entries) => controller<Pick<Controller, 'addFeedback'>>(env).addFeedback(entries),
    }),
  )
  app.all(DASHBOARD_PATH, (c) => serveDashboard(c.req.raw, c.env))
  app.all(`${DASHBOARD_PATH}/*`, (c) => serveDashboard(c.req.raw, c.env))
  app.all(`${PREFIX}/*`, () => problemDetails(404, 'Not Found', 'The gate has nothing here'))
  app.onError((error) => {
    noteInternalError('api.endpoints', error)
    return problemDetails(500, 'Internal Server Error', 'The gate failed to answer this request')
  })
  return app
}
