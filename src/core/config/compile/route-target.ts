/** The compiled target of a route. */

import type { CompiledFlag } from '../../flags/flag.ts'
import { murmur3 } from '../../flags/murmur3.ts'
import { grouped } from '../../grouped.ts'
import type { Lookup } from '../../lazy-map.ts'
import type { GateDocument, OriginConfig, RouteConfig } from '../schema/document.ts'

/** How an origin is reached where its URL is not enough. */
export type OriginAccess = {
  /** The binding of the Worker that reaches it. */
  binding: string | undefined
  /** Whether it gets the visitor's Host. */
  hasVisitorsHost: boolean
  headers: readonly (readonly [name: string, value: string | { secret: string }])[]
}

export type Origin = {
  name: string
  url: string
  timeoutMs: number
  /** Whether requests carry `Forwarded` (RFC 7239) too. */
  forwarded: boolean
  /** Whether what it calls itself is translated for visitors. */
  rewrites: boolean
  /** Whether it hears of the site's own pages by its own name, too. */
  rewritesRequests: boolean
  /** Undefined: an ordinary fetch of its URL. */
  access: OriginAccess | undefined
  /** Marks validators as this origin's; empty for an origin that is the stable one of every flag. */
  tag: string
}

/** A route without a flag. */
export type OriginTarget = {
  kind: 'origin'
  origin: Origin
  /** Whether page affinity applies to this route. */
  follows: boolean
  /** Whether several origins can answer one URL. */
  varies: boolean
  /** In place of the origin's, where the route has its own. */
  timeoutMs: number | undefined
}

/** A route whose flag decides. */
export type FlagTarget = {
  kind: 'flag'
  flag: CompiledFlag
  origins: ReadonlyMap<string, Origin>
  /** The origin of the flag's `off`. */
  stable: Origin
  /** The route's origins, each once. */
  distinct: readonly Origin[]
  /** Methods that fall back to the stable origin when the assigned one fails. */
  rescued: ReadonlySet<string>
  follows: boolean
  varies: boolean
  timeoutMs: number | undefined
  /** Whether an origin serves several variants, told apart by a header alone. */
  variesByHeader: boolean
  /** Whether the gate relays the messages of WebSockets, so that `kill --sever` can close them. */
  severable: boolean
  /** How requests are shadowed; undefined where they aren't, or the flag has no shadow stage. */
  shadow: ShadowRules | undefined
  /** Variant → mark of its validators, where its origin serves other variants too. */
  tags: ReadonlyMap<string, string>
}

export type ShadowRules = {
  methods: ReadonlySet<string>
  /** Whether copies carry the visitor's cookies and authorization. */
  credentials: boolean
  /** Of one isolate. */
  maxRps: number
  samples: 'none' | 'redacted' | 'full'
  keys: Readonly<Record<string, string>>
  /** Fields that don't count. */
  ignored: ReadonlySet<string>
}

export type RouteTarget = OriginTarget | FlagTarget

/** Origins by name; an origin is tagged if a flag sends visitors there whom `off` would send elsewhere. */
export function compileOrigins(document: GateDocument): Map<string, Origin> {
  const tagged = new Set<string>()
  for (const { flag, origins = {} } of document.routes) {
    const stable = flag && origins[document.flags[flag]?.off ?? '']
    for (const name of Object.values(origins)) if (name !== stable) tagged.add(name)
  }
  return new Map(
    Object.entries(document.origins).map(([name, origin]): [string, Origin] => {
      const url = urlOf(origin)
      const tag = tagged.has(name) ? mark({ name, url }) : ''
      const { timeoutMs, forwarded, rewrite } = origin
      const names = { rewrites: rewrite !== false, rewritesRequests: rewrite === true }
      return [name, { name, url, timeoutMs, forwarded, ...names, access: accessOf(origin), tag }]
    }),
  )
}

/** The URL of an origin; one that only a binding reaches has a host that exists nowhere else. */
export function urlOf({ url, binding }: OriginConfig): string {
  return url ?? `https://${binding?.toLowerCase()}.binding.invalid`
}

function accessOf({ url, binding, host, headers }: OriginConfig): OriginAccess | undefined {
  const hasVisitorsHost = host === 'preserve' || url === undefined
  const own = Object.entries(headers)
  if (binding === undefined && !hasVisitorsHost && own.length === 0) return undefined
  return { binding, hasVisitorsHost, headers: own }
}

/** The mark of an answer's validators, by the variant asked for; undefined leaves them unchanged. */
export function tagOf(target: RouteTarget, origin: Origin, variant: string | undefined): string | undefined {
  if (target.kind === 'origin') return target.varies ? origin.tag : undefined
  const ofVariant = variant === undefined ? undefined : target.tags.get(variant)
  return ofVariant ?? (target.varies ? origin.tag : undefined)
}

/** Names of the origins that some flag chooses between. */
export function varyingOrigins(document: GateDocument): Set<string> {
  const choices = document.routes.map(({ origins = {} }) => new Set(Object.values(origins)))
  return new Set(choices.filter((names) => names.size > 1).flatMap((names) => [...names]))
}

/** Compiles the target of a parsed route. */
export function compileTarget(
  route: RouteConfig,
  flags: Lookup<CompiledFlag>,
  origins: ReadonlyMap<string, Origin>,
  varying: ReadonlySet<string>,
): RouteTarget {
  if (route.origin !== undefined) {
    // A named path is meant for its origin; a catch-all only takes the rest.
    const follows = route.follow ?? route.path === '/*'
    const origin = known(origins, route.origin)
    return {
      kind: 'origin',
      origin,
      follows,
      varies: follows && varying.has(origin.name),
      timeoutMs: route.timeoutMs,
    }
  }
  const flag = known(flags, route.flag)
  const byVariant = new Map(
    Object.entries(route.origins ?? {}).map(([variant, name]): [string, Origin] => [
      variant,
      known(origins, name),
    ]),
  )
  const all = [...byVariant.values()]
  const distinct = [...new Set(all)]
  const uses = grouped(all, (origin) => origin)
  const shared = [...byVariant].filter(([, origin]) => (uses.get(origin)?.length ?? 0) > 1)
  return {
    kind: 'flag',
    flag,
    origins: byVariant,
    stable: known(byVariant, flag.off),
    distinct,
    rescued: new Set(route.rescue === false ? [] : route.rescue.map((method) => method.toUpperCase())),
    follows: route.follow ?? true,
    varies: distinct.length > 1,
    timeoutMs: route.timeoutMs,
    variesByHeader: shared.length > 0,
    severable: route.severable,
    shadow: flag.shadows ? shadowRules(route.shadow) : undefined,
    tags: new Map(
      shared.map(([variant, origin]) => [variant, variant === flag.off ? origin.tag : mark(origin, variant)]),
    ),
  }
}

const DEFAULT_SHADOW = {
  methods: ['GET', 'HEAD'],
  credentials: false,
  maxRps: 2,
  samples: 'redacted',
  keys: {},
  ignore: [],
} as const

function shadowRules(rules: RouteConfig['shadow']): ShadowRules | undefined {
  if (rules === false) return undefined
  const { methods, ignore, ...rest } = rules ?? DEFAULT_SHADOW
  return {
    ...rest,
    methods: new Set(methods),
    ignored: new Set(ignore),
  }
}

function mark({ name, url }: Pick<Origin, 'name' | 'url'>, variant = ''): string {
  return murmur3(`${name} ${url}${variant && ` ${variant}`}`, 0).toString(36)
}

/**
 * Parsing guarantees the name. Should it be missing all the same, compiling fails and the last good document stays.
 */
export function known<T>(all: Pick<Lookup<T>, 'get'>, name: string | undefined): T {
  const value = name === undefined ? undefined : all.get(name)
  if (value === undefined) throw new Error(`Cannot compile the document: "${name}" is not defined`)
  return value
}
