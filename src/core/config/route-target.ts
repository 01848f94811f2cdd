/** Where a route leads, compiled. */
import type { CompiledFlag } from '../flags/flag.ts'
import type { RouteConfig } from './schema.ts'

export type Origin = { name: string; url: string; timeoutMs: number }

/** A route without a flag. */
export type OriginTarget = {
  kind: 'origin'
  origin: Origin
  /** Whether what a page loads through this route comes from the page's origin. */
  follows: boolean
}

/** A route whose flag decides. */
export type FlagTarget = {
  kind: 'flag'
  flag: CompiledFlag
  origins: ReadonlyMap<string, Origin>
  /** The origin of the flag's `off`. */
  stable: Origin
  /** All origins of the route, each once. */
  distinct: readonly Origin[]
  /** Methods of requests that the stable origin answers when the assigned one fails. */
  rescued: ReadonlySet<string>
  follows: boolean
}

export type RouteTarget = OriginTarget | FlagTarget

/** Compiles the target of a route that parsing has accepted. */
export function compileTarget(
  route: RouteConfig,
  flags: ReadonlyMap<string, CompiledFlag>,
  origins: ReadonlyMap<string, Origin>,
): RouteTarget {
  if (route.origin !== undefined) {
    // Whoever names a path and an origin means it; a catch-all is only what is left.
    return {
      kind: 'origin',
      origin: known(origins, route.origin),
      follows: route.follow ?? route.path === '/*',
    }
  }
  const flag = known(flags, route.flag)
  const byVariant = new Map(
    Object.entries(route.origins ?? {}).map(([variant, name]): [string, Origin] => [
      variant,
      known(origins, name),
    ]),
  )
  return {
    kind: 'flag',
    flag,
    origins: byVariant,
    stable: known(byVariant, flag.off),
    distinct: [...new Set(byVariant.values())],
    rescued: new Set(route.rescue === false ? [] : route.rescue.map((method) => method.toUpperCase())),
    follows: route.follow ?? true,
  }
}

/** Parsing has made sure of every name; should that ever fail, compiling fails and the last good document stays. */
export function known<T>(all: ReadonlyMap<string, T>, name: string | undefined): T {
  const value = name === undefined ? undefined : all.get(name)
  if (value === undefined) throw new Error(`Cannot compile the document: "${name}" is not defined`)
  return value
}
