/** The endpoints that the gate answers itself, below /__sluice. */
import { Hono } from 'hono/tiny'
import { GATE_PATH } from '../core/gate-path.ts'
import type { Controller } from '../durable/controller/controller.ts'
import { describedVisitor } from '../gate/evaluation/described-visitor.ts'
import { placesOf } from '../gate/evaluation/measured.ts'
import { openPreview } from '../gate/evaluation/preview-link.ts'
import { assignmentOfNamed, assignmentsOf } from '../gate/evaluation/visitor.ts'
import type { Gate } from '../gate/gate.ts'
import { GateRequest, gateRequestOf } from '../gate/request/gate-request.ts'
import { makeDebugToken } from '../gate/request/signature.ts'
import { type HostRole, hostRole } from '../platform/admin-host.ts'
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

/** Answers requests below /__sluice, and every request for ADMIN_HOST. */
export type Endpoints = {
  fetch(request: Request, env: Env, ctx?: Parameters<App['fetch']>[2]): Response | Promise<Response>
}

type App = Hono<{ Bindings: Env }>
type Parts = { gate: Gate; authenticator: Authenticator }

/**
 * Makes the endpoints of a gate. Costs about a millisecond of CPU: an isolate makes them with the first request below
 * /__sluice. Each host gets those of its role, so that what it must not answer is a path that does not exist there.
 */
export function createEndpoints(gate: Gate): Endpoints {
  const authenticator = new Authenticator(() => gate.live.last.snapshot.trustedProxies)
  const parts = { gate, authenticator }
  const apps = new Map<HostRole, App>()
  return {
    fetch: (request, env, ctx) => {
      if (gateRequestOf(request, env) === undefined)
        return problemDetails(400, 'Bad Request', 'The request names no valid host')
      const role = hostRole(request.url, env)
      let app = apps.get(role)
      if (app === undefined) {
        app = appFor(role, parts)
        apps.set(role, app)
      }
      return app.fetch(request, env, ctx)
    },
  }
}

function appFor(role: HostRole, parts: Parts): App {
  const app: App = new Hono()
  app.get(`${GATE_PATH}/health`, (c) => c.json({ status: 'ok' }))
  const { live } = parts.gate
  app.get(`${GATE_PATH}/ready`, async (c) => {
    await live.current(c.env, (work) => c.executionCtx.waitUntil(work), Date.now())
    const reason = live.unreadyReason
    return reason === undefined ? c.json({ status: 'ok' }) : c.json({ status: 'unavailable', reason }, 503)
  })
  if (role !== 'site') addAdmin(app, parts)
  if (role !== 'admin') addSite(app, parts)
  app.all('*', (c) => nothingHere(c.req.raw))
  app.onError((error) => {
    noteInternalError('api.endpoints', error)
    return problemDetails(500, 'Internal Server Error', 'The gate failed to answer this request')
  })
  return app
}

/** What operators ask: the admin API and the dashboard. */
function addAdmin(app: App, { gate, authenticator }: Parts): void {
  app.route(
    `${GATE_PATH}/api/v1`,
    createAdminApi({
      live: gate.live,
      authenticator,
      visitors: {
        described: (visitor, env, nowMs) => describedVisitor(visitor, gate.live.last, env, nowMs),
        signPreview: (payload, env) => makeDebugToken(env, payload),
      },
    }),
  )
  app.all(DASHBOARD_PATH, (c) => serveDashboard(c.req.raw, c.env))
  app.all(`${DASHBOARD_PATH}/*`, (c) => serveDashboard(c.req.raw, c.env))
}

/** What visitors, apps and scrapers ask. */
function addSite(app: App, { gate, authenticator }: Parts): void {
  const flags = flagPorts(gate, authenticator)
  app.route(`${GATE_PATH}/api/frontend`, createUnleashApi(flags))
  app.route(`${GATE_PATH}/ofrep`, createOfrepApi(flags, `${GATE_PATH}/ofrep`))
  app.route(`${GATE_PATH}/metrics`, createMetricsApi(authenticator, gate.live))
  app.get(`${GATE_PATH}/preview`, (c) => openPreview(c.req.raw, c.env, Date.now()))
  app.route(
    `${GATE_PATH}/events`,
    createEventsApi({
      trustedProxies: () => gate.live.last.snapshot.trustedProxies,
      assignments: async (request, env, ctx) => {
        const live = await gate.live.current(env, (work) => ctx.waitUntil(work), Date.now())
        return await assignmentsOf(request, live, env, gate.gradualRollback)
      },
      named: async (request, env, ctx) => {
        const document = await gate.live.current(env, (work) => ctx.waitUntil(work), Date.now())
        const surroundings = { document, env, gradualRollback: gate.gradualRollback }
        return {
          colo: new GateRequest(request, env, Date.now()).colo,
          of: (visitor, key) => {
            const flag = document.snapshot.flags.get(key)
            return flag && assignmentOfNamed(visitor, flag, surroundings)
          },
          placesOf: (visitor, metric, only) =>
            placesOf(document.snapshot, { metric, only, key: visitor.targetingKey }, (flag) =>
              assignmentOfNamed(visitor, flag, surroundings),
            ),
        }
      },
      login: (request, env, ctx) => {
        const waitUntil = (work: Promise<unknown>) => ctx.waitUntil(work)
        return authenticator.login(request, { env, nowMs: Date.now(), waitUntil, realm: 'events' })
      },
      report: (decision, report, context) => gate.reporter.reportFromApp(decision, report, context),
      metrics: gate.reporter.metrics,
      stayInTouch: (context) => gate.reporter.stayInTouch(context),
      keepFeedback: (env, entries) => controller<Pick<Controller, 'addFeedback'>>(env).addFeedback(entries),
    }),
  )
}

/**
 * A host that served the site before it became ADMIN_HOST may have a service worker of the site in browsers. Browsers ask
 * for its script again at every visit, past the worker itself, and this answer removes it.
 */
function nothingHere({ headers }: Request): Response {
  const isWorkerScript = headers.get('service-worker') === 'script'
  const clear: Record<string, string> = isWorkerScript ? { 'clear-site-data': '"storage"' } : {}
  return problemDetails(404, 'Not Found', 'The gate has nothing here', clear)
}
