/**
 * The compiled document: what the request path works with. Compiling happens once per document and isolate;
 * afterwards nothing here changes, so that a request sees one document from its beginning to its end.
 */
import type { IdentitySettings, JwtSettings, Source } from '../../context/identity.ts'
import type { CompiledFlag } from '../../flags/flag.ts'
import { LazyMap, type Lookup } from '../../lazy-map.ts'
import { RouteIndex } from '../routes/route-index.ts'
import { compilePath, hostMatches } from '../routes/route-pattern.ts'
import { asList, type GateDocument, type RouteConfig, type SourceConfig } from '../schema/document.ts'
import { compileFlag } from './compile-flag.ts'
import {
  compileOrigins,
  compileTarget,
  known,
  type Origin,
  type OriginTarget,
  type RouteTarget,
  varyingOrigins,
} from './route-target.ts'

export type CompiledRoute = {
  /** Host and path, as the document has them. */
  label: string
  matches(host: string, path: string, method: string): boolean
  target: RouteTarget
}

export type FlagQuerySettings = {
  requireToken: boolean
  /** Undefined: pages of every site, without cookies. */
  allowedOrigins: ReadonlySet<string> | undefined
  requestsPerMinute: number
  /** A JWT in the Authorization header is then the visitor's, and no token of the gate. */
  visitorsSendBearer: boolean
}

export type Snapshot = {
  routes: readonly CompiledRoute[]
  /** Where there are many routes: which of them may take a path. */
  routeIndex: RouteIndex | undefined
  /** Of many flags a gate asks few; each is compiled when it is first asked for, those of routes at once. */
  flags: LazyMap<CompiledFlag>
  identity: IdentitySettings
  /** Pages that bring their flags along, and which; undefined: none. */
  bootstrap: { covers(path: string): boolean; flags: ReadonlySet<string> | undefined } | undefined
  /** Who may ask for flags, and how often. */
  flagQueries: FlagQuerySettings
  /** Where a request goes that no route takes, and whenever nothing better is known. */
  fallback: Origin
  unrouted: OriginTarget
  /** What browsers get when no origin gives an answer. */
  errorPage: GateDocument['errorPage']
}

/** Compiles a document that parseDocument has accepted. */
export function compileSnapshot(document: GateDocument): Snapshot {
  const origins = compileOrigins(document)
  const varying = varyingOrigins(document)
  const configs = new Map(Object.entries(document.flags))
  const flags = new LazyMap(configs, (key) => compileFlag(key, known(configs, key)))
  const routes = document.routes.map((route) => compileRoute(route, flags, origins, varying))
  const fallback = fallbackOrigin(document, origins, routes)
  return {
    routes,
    routeIndex: indexOf(document.routes),
    flags,
    identity: compileIdentity(document.context),
    fallback,
    unrouted: { kind: 'origin', origin: fallback, follows: true, varies: varying.has(fallback.name) },
    errorPage: document.errorPage,
    flagQueries: compileFlagQueries(document),
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
  const methods = asList(route.method)?.map((method) => method.toUpperCase())
  const matches =
    hosts === undefined && methods === undefined
      ? (_host: string, given: string) => path.matches(given)
      : (host: string, given: string, method: string) =>
          path.matches(given) &&
          (hosts === undefined || hosts.some((pattern) => hostMatches(pattern, host))) &&
          (methods === undefined || methods.includes(method))
  return { label: routeLabel(route), matches, target: compileTarget(route, flags, origins, varying) }
}

type Place = { host: string; path: string; method: string }

/** A route in one word: its hosts, where it has some, and its path. */
export function routeLabel({ host, path }: Pick<RouteConfig, 'host' | 'path'>): string {
  return `${asList(host)?.join('|') ?? ''}${path}`
}

/** Where a request goes: the first route that takes it, or the fallback. */
export function findTarget(snapshot: Snapshot, place: Place): RouteTarget {
  return findRoute(snapshot, place)?.target ?? snapshot.unrouted
}

/** The first route that takes a request; undefined where none does. */
export function findRoute(
  { routes, routeIndex }: Snapshot,
  { host, path, method }: Place,
): CompiledRoute | undefined {
  if (routeIndex === undefined) return routes.find((route) => route.matches(host, path, method))
  const at = routeIndex.candidates(path).find((each) => routes[each]?.matches(host, path, method))
  return at === undefined ? undefined : routes[at]
}

/** Fewer are asked one by one sooner than looked up. */
const MANY_ROUTES = 16

function indexOf(routes: GateDocument['routes']): RouteIndex | undefined {
  if (routes.length < MANY_ROUTES) return undefined
  const index = new RouteIndex()
  for (const [at, { path }] of routes.entries()) index.add(path, at)
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

function compileBootstrap({
  paths,
  flags,
}: NonNullable<GateDocument['bootstrap']>): NonNullable<Snapshot['bootstrap']> {
  const patterns = paths.map(compilePath)
  return {
    covers: (path) => patterns.some((pattern) => pattern.matches(path)),
    flags: flags && new Set(flags),
  }
}

function compileFlagQueries({ flagQueries, context }: GateDocument): FlagQuerySettings {
  const { allowedOrigins } = flagQueries
  const tokenSources = context.jwt && (asList(context.jwt.from) ?? [{ header: 'authorization' }])
  return {
    ...flagQueries,
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
