/**
 * The compiled document that requests are served by. It is compiled once per document and isolate and never changes,
 * so a request sees one document from start to end.
 */
import type { CookieSettings, IdentitySettings, JwtSettings, Source } from '../../context/identity.ts'
import { MODEL_HINT } from '../../context/request-context.ts'
import type { CompiledFlag } from '../../flags/flag.ts'
import { LazyMap, type Lookup } from '../../lazy-map.ts'
import { canonicalPath } from '../routes/canonical-path.ts'
import { RouteIndex } from '../routes/route-index.ts'
import { compileHosts, compilePath } from '../routes/route-pattern.ts'
import {
  asList,
  type GateDocument,
  type RouteConfig,
  type SourceConfig,
  type WebhookConfig,
} from '../schema/document.ts'
import { surroundingsOf } from '../split/split.ts'
import { compileFlag } from './compile-flag.ts'
import { compileMeasured, type MeasuredMetrics } from './measured.ts'
import {
  compileOrigins,
  compileTarget,
  known,
  type Origin,
  type OriginTarget,
  type RouteTarget,
  varyingOrigins,
} from './route-target.ts'
import { staticFlags } from './static-flags.ts'

export type CompiledRoute = {
  /** Host and path as written in the document. */
  label: string
  /** @param path in its canonical spelling */
  matches(host: string, path: string, method: string): boolean
  target: RouteTarget
}

export type FlagQuerySettings = {
  requireToken: boolean
  /** Undefined: pages of every site may ask, without cookies. */
  allowedOrigins: ReadonlySet<string> | undefined
  requestsPerMinute: number
  /** Then a JWT in the Authorization header is the visitor's, not a gate token. */
  visitorsSendBearer: boolean
  trustedProxies: number
}

export type Snapshot = {
  routes: readonly CompiledRoute[]
  /** With many routes: which of them may match a path. */
  routeIndex: Pick<RouteIndex, 'candidates'> | undefined
  /** Most gates ask few of many flags: each is compiled on first use, those of routes at once. */
  flags: LazyMap<CompiledFlag>
  /** Whether some flag requires another one. */
  hasRequirements: boolean
  identity: IdentitySettings
  cookies: CookieSettings
  /** Proxies of the operator's before a gate off Cloudflare. */
  trustedProxies: number
  /** Pages that carry bootstrap flags, and which; undefined: none. */
  bootstrap: { covers(path: string): boolean; flags: ReadonlySet<string> | undefined } | undefined
  flagQueries: FlagQuerySettings
  /** Client hints that pages ask browsers for, as some rule does; undefined: none. */
  clientHints: string | undefined
  /** The origin of requests without a route, and of all requests when nothing better is known. */
  fallback: Origin
  unrouted: OriginTarget
  errorPage: GateDocument['errorPage']
  webhooks: readonly WebhookConfig[]
  /** Undefined where no flag measures anything. */
  measured: MeasuredMetrics | undefined
}

/**
 * Compiles a document that `parseDocument` accepted.
 *
 * @throws Error when a name refers to nothing, which parsing excludes
 * @example const parsed = parseDocument(text); if (parsed.ok) compileSnapshot(parsed.value)
 */
export function compileSnapshot(document: GateDocument): Snapshot {
  const origins = compileOrigins(document)
  const varying = varyingOrigins(document)
  const configs = new Map(Object.entries(document.flags))
  const around = surroundingsOf(document)
  const isStatic = staticFlags(document.flags)
  const flags = new LazyMap(configs, (key) =>
    compileFlag(key, known(configs, key), around(key), document.metrics, isStatic(key)),
  )
  const routes = document.routes.map((route) => compileRoute(route, flags, origins, varying))
  const fallback = fallbackOrigin(document, origins, routes)
  return {
    routes,
    routeIndex: indexOf(document.routes),
    flags,
    hasRequirements: Object.values(document.flags).some(({ requires }) => requires.length > 0),
    identity: compileIdentity(document.context),
    cookies: { domain: document.context.cookieDomain, areGiven: document.identity.cookie },
    trustedProxies: document.context.trustedProxies,
    fallback,
    unrouted: {
      kind: 'origin',
      origin: fallback,
      follows: true,
      varies: varying.has(fallback.name),
      timeoutMs: undefined,
    },
    errorPage: document.errorPage,
    webhooks: document.notifications.webhooks,
    measured: compileMeasured(document),
    flagQueries: compileFlagQueries(document),
    clientHints: asksForModel(document) ? 'Sec-CH-UA-Model' : undefined,
    bootstrap: document.bootstrap && compileBootstrap(document.bootstrap),
  }
}

function compileRoute(
  route: RouteConfig,
  flags: Lookup<CompiledFlag>,
  origins: ReadonlyMap<string, Origin>,
  varying: ReadonlySet<string>,
): CompiledRoute {
  const path = compilePath(route.path)
  const hosts = asList(route.host)
  const takesHost = hosts && compileHosts(hosts)
  const methods = asList(route.method)?.map((method) => method.toUpperCase())
  const matches =
    takesHost === undefined && methods === undefined
      ? (_host: string, given: string) => path.matches(given)
      : (host: string, given: string, method: string) =>
          path.matches(given) &&
          (takesHost === undefined || takesHost(host)) &&
          (methods === undefined || methods.includes(method))
  return { label: routeLabel(route), matches, target: compileTarget(route, flags, origins, varying) }
}

type Place = { host: string; path: string; method: string }

/** A route's label: its hosts, if any, and its path. */
export function routeLabel({ host, path }: Pick<RouteConfig, 'host' | 'path'>): string {
  return `${asList(host)?.join('|') ?? ''}${path}`
}

/** The target of a request: that of the first matching route, or the fallback. */
export function findTarget(snapshot: Snapshot, place: Place): RouteTarget {
  return findRoute(snapshot, place)?.target ?? snapshot.unrouted
}

/** The first route that matches a request; undefined for none. */
export function findRoute(
  { routes, routeIndex }: Pick<Snapshot, 'routes' | 'routeIndex'>,
  { host, path: written, method }: Place,
): CompiledRoute | undefined {
  const path = canonicalPath(written)
  if (routeIndex === undefined) return routes.find((route) => route.matches(host, path, method))
  const at = routeIndex.candidates(path).find((each) => routes[each]?.matches(host, path, method))
  return at === undefined ? undefined : routes[at]
}

/** The same routes, of which `onLook` hears how many may match each path. Without an index they are few. */
export function watchedRoutes(
  { routes, routeIndex }: Snapshot,
  onLook: (routes: number) => void,
): Pick<Snapshot, 'routes' | 'routeIndex'> {
  const candidates = (path: string) => {
    const found = routeIndex?.candidates(path) ?? []
    onLook(found.length + 1)
    return found
  }
  return { routes, routeIndex: routeIndex && { candidates } }
}

/** Below this, asking each route is faster than an index. */
const MANY_ROUTES = 16

function indexOf(routes: GateDocument['routes']): RouteIndex | undefined {
  if (routes.length < MANY_ROUTES) return undefined
  const index = new RouteIndex()
  for (const [at, { path }] of routes.entries()) index.add(compilePath(path).text, at)
  return index
}

function fallbackOrigin(
  document: GateDocument,
  origins: ReadonlyMap<string, Origin>,
  routes: readonly CompiledRoute[],
): Origin {
  if (document.defaultOrigin !== undefined) return known(origins, document.defaultOrigin)
  const plain = routes.findLast((_, index) => document.routes[index]?.path === '/*') ?? routes.at(-1)
  if (plain?.target.kind === 'flag') return plain.target.stable
  return plain?.target.origin ?? known(origins, Object.keys(document.origins)[0])
}

/** Whether a rule asks for what browsers send only to sites that want it. */
function asksForModel({ flags, context }: GateDocument): boolean {
  if (Object.hasOwn(context.attributes, 'model')) return false
  return Object.values(flags).some(({ rules }) =>
    rules.some(({ when }) => when.some(({ attribute }) => MODEL_NAMES.includes(attribute.toLowerCase()))),
  )
}

const MODEL_NAMES = ['model', `header.${MODEL_HINT}`]

function compileBootstrap({
  paths,
  flags,
}: NonNullable<GateDocument['bootstrap']>): NonNullable<Snapshot['bootstrap']> {
  const patterns = paths.map(compilePath)
  return {
    covers: (written) => {
      const path = canonicalPath(written)
      return patterns.some((pattern) => pattern.matches(path))
    },
    flags: flags && new Set(flags),
  }
}

function compileFlagQueries({ flagQueries, context }: GateDocument): FlagQuerySettings {
  const { allowedOrigins } = flagQueries
  const tokenSources = context.jwt && (asList(context.jwt.from) ?? [{ header: 'authorization' }])
  return {
    ...flagQueries,
    trustedProxies: context.trustedProxies,
    allowedOrigins: allowedOrigins && new Set(allowedOrigins),
    visitorsSendBearer:
      tokenSources?.some(({ header }) => header?.toLowerCase() === 'authorization') === true,
  }
}

function compileIdentity(context: GateDocument['context']): IdentitySettings {
  const sources = (config: SourceConfig | SourceConfig[] | undefined) =>
    (asList(config) ?? []).map(compileSource)
  return {
    targetingKey: sources(context.targetingKey),
    keepsFirst: context.keepFirst,
    attributes: new Map(
      Object.entries(context.attributes).map(([name, config]): [string, Source[]] => [name, sources(config)]),
    ),
    jwt: context.jwt && compileJwt(context.jwt),
  }
}

function compileSource(config: Partial<SourceConfig>): Source {
  const [kind = 'header', name = ''] = Object.entries(config)[0] ?? []
  return { kind: kind as Source['kind'], name: kind === 'header' ? name.toLowerCase() : name }
}

function compileJwt(jwt: NonNullable<GateDocument['context']['jwt']>): JwtSettings {
  const keys: JwtSettings['keys'] =
    jwt.secretBinding !== undefined
      ? { kind: 'binding', binding: jwt.secretBinding }
      : typeof jwt.jwks === 'string'
        ? { kind: 'url', url: jwt.jwks }
        : { kind: 'inline', keys: jwt.jwks?.keys ?? [] }
  return {
    from: (asList(jwt.from) ?? [{ header: 'authorization' }]).map(compileSource),
    algorithms: jwt.algorithms ?? (keys.kind === 'binding' ? ['HS256'] : ['RS256', 'ES256']),
    issuer: jwt.issuer,
    audience: jwt.audience,
    clockToleranceSeconds: jwt.clockToleranceSeconds,
    keys,
  }
}
