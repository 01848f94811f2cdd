/**
 * `sluice/hono`: the gate inside a Hono Worker of the app's, instead of in front of it. `sluice()` gives handlers their
 * flags; `gate()` routes requests between origins. Both answer the gate's endpoints below /__sluice.
 */
import type { Context, MiddlewareHandler } from 'hono'
import { createEndpoints } from '../../api/endpoints.ts'
import { parseDocumentValue } from '../../core/config/parse/parse.ts'
import { describeProblems } from '../../core/config/parse/problems.ts'
import { isGatePath } from '../../core/gate-path.ts'
import { type FlagUse, openFlagUse } from '../../gate/evaluation/request-flags.ts'
import { createGate, type Gate } from '../../gate/gate.ts'
import { keepFromSharedCaches } from '../../gate/origin/cache-control.ts'
import { FailureSampler } from '../../gate/reporting/failure-sampler.ts'
import type { MetricFact } from '../../gate/reporting/metric-reporter.ts'
import { createMirror } from '../../gate/shadow/mirror.ts'
import { hostRole } from '../../platform/admin-host.ts'
import type { Env } from '../../platform/env.ts'
import { noteInternalError } from '../../platform/internal-errors.ts'
import { FORCED, type SluiceFlags } from './flags.ts'
import { flagsOf } from './guarded-flags.ts'

export type { FlagDecision, SluiceFlags } from './flags.ts'

export type SluiceVariables = { flags: SluiceFlags }

declare module 'hono' {
  interface ContextVariableMap {
    flags: SluiceFlags
  }
}

/** Bindings of the Worker, as the gate's wrangler.toml has them. Without the Durable Objects nothing is counted. */
export type SluiceBindings = {
  GATE: KVNamespace
  CONTROLLER?: DurableObjectNamespace
  COUNTERS?: DurableObjectNamespace
  /** `production` unless set. */
  ENVIRONMENT?: string
  ADMIN_TOKEN?: string
  SIGNING_KEY?: string
  SIGNING_KEY_PREVIOUS?: string
  /** The only host of dashboard and admin API; put the middleware before all others, so that the app answers nothing there. */
  ADMIN_HOST?: string
}

export type SluiceOptions = {
  /** The gate document, as JSON, until KV holds one. Default: one without flags. */
  document?: object
}

export type GateOptions = {
  /** The gate document, as JSON, until KV holds one: its routes say which origin gets a request. */
  document: object
}

const NO_FLAGS = { origins: { app: { url: 'http://localhost' } }, routes: [{ path: '/*', origin: 'app' }] }

/**
 * Makes the middleware that gives handlers their flags, in `c.var.flags`. Put it before the routes that ask for flags.
 *
 * A flag that a handler asks for counts for this request: a status of 500 or above, or an exception, is a failure of its
 * variant. Where the gate itself fails, flags are off (`value` gives its default) and the handler runs all the same.
 *
 * @param options the document that serves until KV holds one
 * @returns middleware that sets `flags` and answers `/__sluice/*`
 * @throws Error where the document is not valid; the message lists the problems, `cause` holds them as data
 * @example
 * import { Hono } from 'hono'
 * import { type SluiceBindings, sluice } from 'sluice/hono'
 *
 * export { Controller, Counters } from 'sluice/durable'
 *
 * const app = new Hono<{ Bindings: SluiceBindings }>()
 * app.use(sluice())
 * app.get('/', (c) => c.text(c.var.flags.isOn('new-checkout') ? 'new' : 'old'))
 *
 * export default app
 */
export function sluice({ document = NO_FLAGS }: SluiceOptions = {}): MiddlewareHandler {
  const own = gateWith(document)
  const endpoints = createEndpoints(own)

  return async function sluice(c, next) {
    if (FORCED in ((c.get('flags') as SluiceFlags | undefined) ?? {})) return await next()
    if (isGates(c)) return await endpoints.fetch(c.req.raw, ...surroundingsOf(c))
    const startMs = Date.now()
    const use = await openUse(c, own, startMs)
    const record = (fact: MetricFact) => use && recordFor(c, own, use, fact)
    c.set('flags', flagsOf(use, record))
    await next()
    try {
      if (use !== undefined) conclude(c, own, use, startMs)
    } catch (error) {
      noteInternalError('hono.report', error)
    }
    return undefined
  }
}

/**
 * Makes the middleware that routes between origins: the gate as a part of a Hono app. It answers every request that
 * reaches it (`/__sluice/*` itself, all else from the origin that the document's route and its flag name) and never
 * calls `next()`: routes of the app that come before it win, routes after it get nothing. Limit it with a path, such as
 * `app.use('/shop/*', gate({ document }))`. Whatever fails inside leads to the stable origin.
 *
 * The body of a request is streamed to the origin, so middleware before this one must not read it.
 *
 * @param options the document that serves until KV holds one
 * @returns middleware that answers with the origin's response
 * @throws Error where the document is not valid; the message lists the problems, `cause` holds them as data
 * @example
 * import { Hono } from 'hono'
 * import { gate, type SluiceBindings } from 'sluice/hono'
 *
 * export { Controller, Counters } from 'sluice/durable'
 *
 * const document = {
 *   origins: { old: { url: 'https://old.example.com' }, new: { url: 'https://new.example.com' } },
 *   routes: [{ path: '/*', flag: 'new-site', origins: { on: 'new', off: 'old' } }],
 *   flags: {
 *     'new-site': { variants: { on: true, off: false }, off: 'off', rules: [{ percentage: 5, serve: 'on' }] },
 *   },
 * }
 *
 * const app = new Hono<{ Bindings: SluiceBindings }>()
 * app.get('/robots.txt', (c) => c.text('User-agent: *'))
 * app.use(gate({ document }))
 *
 * export default app
 */
export function gate({ document }: GateOptions): MiddlewareHandler {
  const own = gateWith(document)
  const endpoints = createEndpoints(own)

  return async function gate(c) {
    const [env, ctx] = surroundingsOf(c)
    return isGates(c)
      ? await endpoints.fetch(c.req.raw, env, ctx)
      : withHeadersToSet(await own.handle(c.req.raw, env, ctx))
  }
}

/** Hazard: the headers of a fetched response refuse changes, so a middleware around this one that sets some would throw. */
function withHeadersToSet(response: Response): Response {
  const { status, webSocket } = response
  return webSocket || status < 200 || status > 599 ? response : new Response(response.body, response)
}

/** Whether the gate answers itself: below its prefix, and everything on the host of the dashboard. */
function isGates(c: Context): boolean {
  return isGatePath(c.req.path) || hostRole(c.req.url, c.env ?? {}) === 'admin'
}

/** A gate of this document, which is checked here so that no request meets an invalid one. */
function gateWith(document: object): Gate {
  const parsed = parseDocumentValue(document)
  if (!parsed.ok)
    throw new Error(`Cannot use the gate document: it has problems\n${describeProblems(parsed.problems)}`, {
      cause: parsed.problems,
    })
  return createGate({ bundled: document, mirror: createMirror, failures: new FailureSampler() })
}

function surroundingsOf(c: Context): [Env, ExecutionContext] {
  return [c.env as unknown as Env, c.executionCtx as ExecutionContext]
}

async function openUse(c: Context, own: Gate, nowMs: number): Promise<FlagUse | undefined> {
  try {
    const [env, ctx] = surroundingsOf(c)
    const live = await own.live.current(env, (work) => ctx.waitUntil(work), nowMs)
    return await openFlagUse(c.req.raw, live, env, own.gradualRollback)
  } catch (error) {
    noteInternalError('hono.visitor', error)
    return undefined
  }
}

/** Counts an event of a metric; without the Durable Objects nothing is counted. */
function recordFor(c: Context, own: Gate, use: FlagUse, fact: MetricFact): void {
  const [env, ctx] = surroundingsOf(c)
  if (env.COUNTERS === undefined) return
  use.record(fact, own.reporter, { env, waitUntil: (work) => ctx.waitUntil(work) })
}

/** Keeps an answer that depends on the visitor out of shared caches, and counts the outcome of the request. */
function conclude(c: Context, own: Gate, use: FlagUse, startMs: number): void {
  const cookie = use.setCookie()
  if (use.isEmpty && cookie === undefined) return
  const headers = new Headers(c.res.headers)
  keepFromSharedCaches(headers)
  c.header('cache-control', headers.get('cache-control') ?? 'private')
  if (cookie !== undefined) c.header('set-cookie', cookie, { append: true })
  const [env, ctx] = surroundingsOf(c)
  if (env.COUNTERS === undefined) return
  const failed = c.error !== undefined || c.res.status >= 500
  const outcome = { failed, status: c.res.status, latencyMs: Date.now() - startMs }
  use.report(outcome, own.reporter, { env, waitUntil: (work) => ctx.waitUntil(work) })
}
