/**
 * The gate inside a Hono Worker of one's own, instead of in front of it: decisions in `c.var.flags`, outcomes counted
 * and judged, the gate's endpoints below /__sluice.
 */
import type { MiddlewareHandler } from 'hono'
import { createEndpoints } from '../../api/endpoints.ts'
import { type FlagUse, openFlagUse } from '../../gate/evaluation/request-flags.ts'
import { createGate } from '../../gate/gate.ts'
import { keepFromSharedCaches } from '../../gate/origin/cache-control.ts'
import type { Env } from '../../platform/env.ts'

/** A flag as the gate decided it for the visitor of this request. */
export type FlagDecision = { value: unknown; variant: string; reason: string }

/** `c.var.flags`. A flag that is asked for counts for this request: how it ends is how the flag's variant did. */
export type SluiceFlags = {
  /** Whether the flag serves another variant than its `off`. False for a flag that the document doesn't have. */
  isOn(flag: string): boolean
  variant(flag: string): string | undefined
  value<Value>(flag: string, otherwise: Value): Value
  /** Every flag, without counting any. */
  all(): Record<string, FlagDecision>
  /** The visitor's id, by which percentages place them. */
  targetingKey(): string
}

export type SluiceVariables = { flags: SluiceFlags }

/** Bindings of the Worker, as the gate's wrangler.toml has them. Without the Durable Objects nothing is counted. */
export type SluiceBindings = {
  GATE: KVNamespace
  CONTROLLER?: DurableObjectNamespace
  COUNTERS?: DurableObjectNamespace
  ENVIRONMENT?: string
  ADMIN_TOKEN?: string
  SIGNING_KEY?: string
}

export type SluiceOptions = {
  /** The gate document until KV shows one, as JSON. Default: one without flags. */
  document?: object
}

const NO_FLAGS = { origins: { app: { url: 'http://localhost' } }, routes: [{ path: '/*', origin: 'app' }] }
const PREFIX = '/__sluice/'

/** Makes the middleware; put it before the routes that ask for flags. */
export function sluice({
  document = NO_FLAGS,
}: SluiceOptions = {}): MiddlewareHandler<{ Variables: SluiceVariables }> {
  const gate = createGate({ bundled: document })
  const endpoints = createEndpoints(gate)

  return async function sluice(c, next) {
    const env = c.env as unknown as Env
    const ctx = c.executionCtx as ExecutionContext
    if (c.req.path.startsWith(PREFIX)) return await endpoints.fetch(c.req.raw, env, ctx)
    const startMs = Date.now()
    const live = await gate.live.current(env, (work) => ctx.waitUntil(work), startMs)
    const use = await openFlagUse(c.req.raw, live, env, gate.gradualRollback)
    c.set('flags', flagsOf(use))
    await next()
    const cookie = use.setCookie()
    if (use.isEmpty && cookie === undefined) return undefined
    // The answer was made for this visitor: no cache may give it to another.
    const headers = new Headers(c.res.headers)
    keepFromSharedCaches(headers)
    c.header('cache-control', headers.get('cache-control') ?? 'private')
    if (cookie !== undefined) c.header('set-cookie', cookie, { append: true })
    if (env.COUNTERS !== undefined) {
      const failed = c.error !== undefined || c.res.status >= 500
      const outcome = { failed, status: c.res.status, latencyMs: Date.now() - startMs }
      use.report(outcome, gate.reporter, { env, waitUntil: (work) => ctx.waitUntil(work) })
    }
    return undefined
  }
}

function flagsOf(use: FlagUse): SluiceFlags {
  return {
    isOn: (flag) => use.of(flag)?.isOn ?? false,
    variant: (flag) => use.of(flag)?.decision.variant,
    value: <Value>(flag: string, otherwise: Value) => (use.of(flag)?.decision.value ?? otherwise) as Value,
    all: () => use.all(),
    targetingKey: () => use.targetingKey(),
  }
}
