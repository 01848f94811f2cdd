/** The Worker: puts the parts together. Nothing imports this file. */
import { Hono } from 'hono'
import openApi from '../config/openapi.json'
import { createAdminApi } from './admin/api.ts'
import { Authenticator } from './admin/auth.ts'
import { DASHBOARD_PATH, serveDashboard } from './admin/dashboard.ts'
import { createMetricsApi } from './admin/metrics.ts'
import { bundledDocument } from './bundled.ts'
import { createEventsApi } from './client/events.ts'
import type { Controller } from './durable/controller.ts'
import { describedVisitor } from './edge/described-visitor.ts'
import { createGate } from './edge/gate.ts'
import { openPreview } from './edge/preview.ts'
import { signDebugToken } from './edge/signature.ts'
import { assignmentsOf } from './edge/visitor.ts'
import { controller, type Env } from './env.ts'
import { problemDetails } from './problem-details.ts'

export { Controller } from './durable/controller.ts'
export { Counters } from './durable/counters.ts'

const gate = createGate({ bundled: bundledDocument })

const authenticator = new Authenticator()

const app = new Hono<{ Bindings: Env }>()
app.get('/__sluice/health', (c) => c.json({ status: 'ok' }))
app.route(
  '/__sluice/api/v1',
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
app.route('/__sluice/metrics', createMetricsApi(authenticator, gate.live))
app.get('/__sluice/preview', (c) => openPreview(c.req.raw, c.env, Date.now()))
app.route(
  '/__sluice/events',
  createEventsApi({
    assignments: async (request, env, ctx) =>
      assignmentsOf(request, await gate.live.current(env, (work) => ctx.waitUntil(work), Date.now()), env),
    report: (decision, report, context) => gate.reporter.reportFromApp(decision, report, context),
    keepFeedback: (env, entries) => controller<Pick<Controller, 'addFeedback'>>(env).addFeedback(entries),
  }),
)
app.all(DASHBOARD_PATH, (c) => serveDashboard(c.req.raw, c.env))
app.all(`${DASHBOARD_PATH}/*`, (c) => serveDashboard(c.req.raw, c.env))
app.all('/__sluice/*', () => problemDetails(404, 'Not Found', 'The gate has nothing here'))
app.onError(() =>
  problemDetails(500, 'Internal Server Error', 'The gate could not do this; it is not your fault'),
)

const OWN_PATH = /^[a-z]+:\/\/[^/]+\/__sluice(?:[/?#]|$)/

// What goes to an origin takes the short way: a router would only be in it.
export default {
  fetch(request, env, ctx) {
    return OWN_PATH.test(request.url) ? app.fetch(request, env, ctx) : gate.handle(request, env, ctx)
  },
} satisfies ExportedHandler<Env>
