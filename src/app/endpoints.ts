/** Everything that the gate answers itself, below /__sluice. */
import { Hono } from 'hono'
import openApi from '../../config/openapi.json'
import { createAdminApi } from '../admin/api.ts'
import { Authenticator } from '../admin/auth.ts'
import { DASHBOARD_PATH, serveDashboard } from '../admin/dashboard.ts'
import { createMetricsApi } from '../admin/metrics.ts'
import { createEventsApi } from '../client/events.ts'
import { createOfrepApi } from '../client/ofrep.ts'
import { createUnleashApi } from '../client/unleash.ts'
import type { Controller } from '../durable/controller.ts'
import { describedVisitor } from '../edge/described-visitor.ts'
import type { Gate } from '../edge/gate.ts'
import { openPreview } from '../edge/preview.ts'
import { signDebugToken } from '../edge/signature.ts'
import { assignmentsOf } from '../edge/visitor.ts'
import { controller, type Env } from '../env.ts'
import { problemDetails } from '../problem-details.ts'
import { flagPorts } from './flag-ports.ts'

const PREFIX = '/__sluice'

/** Mounted at the root; paths that are not below /__sluice are somebody else's. */
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
      openApi: JSON.stringify(openApi),
      visitors: {
        described: (visitor, env, nowMs) => describedVisitor(visitor, gate.live.last, env, nowMs),
        signPreview: async (payload, env) =>
          env.SIGNING_KEY ? await signDebugToken(env.SIGNING_KEY, payload) : undefined,
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
        return await assignmentsOf(request, live, env, gate.stepBacks)
      },
      report: (decision, report, context) => gate.reporter.reportFromApp(decision, report, context),
      keepFeedback: (env, entries) => controller<Pick<Controller, 'addFeedback'>>(env).addFeedback(entries),
    }),
  )
  app.all(DASHBOARD_PATH, (c) => serveDashboard(c.req.raw, c.env))
  app.all(`${DASHBOARD_PATH}/*`, (c) => serveDashboard(c.req.raw, c.env))
  app.all(`${PREFIX}/*`, () => problemDetails(404, 'Not Found', 'The gate has nothing here'))
  app.onError(() =>
    problemDetails(500, 'Internal Server Error', 'The gate could not do this; it is not your fault'),
  )
  return app
}
