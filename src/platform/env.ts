import type { ControllerPort, CountersPort } from '../core/counters/protocol.ts'

/** Bindings of the Worker, as wrangler.toml declares them. */
export interface Env {
  GATE: KVNamespace
  CONTROLLER: DurableObjectNamespace
  COUNTERS: DurableObjectNamespace
  /** The files of the dashboard and the OpenAPI description; without them both are 404. */
  ASSETS?: Fetcher
  /** `production` unless set. `development` enables debugging aids that must not be public. */
  ENVIRONMENT?: string
  ADMIN_TOKEN?: string
  /** What the gate's keys are derived from (keys.ts). */
  SIGNING_KEY?: string
  /** The signing key before the present one: what it has signed still counts. */
  SIGNING_KEY_PREVIOUS?: string
  /** The Cloudflare Access application that signs operators in; see access-assertion.ts for the others. */
  ACCESS_AUDIENCE?: string
  /**
   * `true` in a local gate, whose KV shows each change at once: isolates read it every second. `false` where it is as slow as
   * on Cloudflare, also in development.
   */
  KV_UNCACHED?: string
  /** The only host of dashboard and admin API, such as `admin.example.com`; it serves nothing else. See admin-host.ts. */
  ADMIN_HOST?: string
  /** `eu` or another jurisdiction that Durable Objects stay in. Others have other objects: it can't be changed later. */
  JURISDICTION?: string
  /** Where the Controller is made; ignored once it is. */
  LOCATION_HINT?: string
  /** `true`: the span of a request that is traced names the decision. */
  SPAN_ATTRIBUTES?: string
  /** `prompt`: counts travel at once and replies are held, whatever that costs; for a workerd of one's own. */
  COUNTING?: string
}

const DEVELOPMENT = 'development'

export function environmentOf(env: Env): string {
  return env.ENVIRONMENT || 'production'
}

export function isDevelopment(env: Env): boolean {
  return environmentOf(env) === DEVELOPMENT
}

/** Whether reads of KV may be old, as everywhere on Cloudflare. */
export function isKvCached(env: Env): boolean {
  return env.KV_UNCACHED === 'false' || (!isDevelopment(env) && env.KV_UNCACHED !== 'true')
}

/** Whether requests of Durable Objects and rows written are free. */
export function isUnbilled(env: Env): boolean {
  return !isKvCached(env) || env.COUNTING === 'prompt'
}

/** The Counters shard of a colo. */
export function countersShard(env: Env, shard: string): CountersPort {
  return stubOf<CountersPort>(env, env.COUNTERS, shard)
}

const ONLY_CONTROLLER = 'controller'

/** The Controller: one per gate. `T` is the part of it that the caller may use. */
export function controller<T = ControllerPort>(env: Env): T {
  const { LOCATION_HINT: locationHint } = env
  return stubOf<T>(env, env.CONTROLLER, ONLY_CONTROLLER, locationHint ? { locationHint } : undefined)
}

function stubOf<T>(
  { JURISDICTION: jurisdiction }: Env,
  everywhere: DurableObjectNamespace,
  name: string,
  options?: { locationHint: string },
): T {
  const namespace = jurisdiction
    ? everywhere.jurisdiction(jurisdiction as DurableObjectJurisdiction)
    : everywhere
  return namespace.get(
    namespace.idFromName(name),
    ...(options ? [options as DurableObjectNamespaceGetDurableObjectOptions] : []),
  ) as unknown as T
}

/** A secret by a name that a document gives; only text bindings count. */
export function secretNamed(env: Env, name: string): string | undefined {
  const value = (env as unknown as Record<string, unknown>)[name]
  return typeof value === 'string' && value !== '' ? value : undefined
}
