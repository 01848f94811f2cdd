import { GATE_PATH, isGatePath } from '../../gate-path.ts'
import { RouteIndex } from '../routes/route-index.ts'
import { compileHosts, compilePath, covers, type PathPattern, samplePaths } from '../routes/route-pattern.ts'
import { asList, type GateDocument, type RouteConfig } from '../schema/document.ts'
import { dangling, MOST_PROBLEMS, type PathKey, type Problem, problem } from './problems.ts'

/** Problems of routes: unknown names, variants without an origin, routes that no request reaches. */
export function routeProblems(document: GateDocument): Problem[] {
  const { origins, defaultOrigin } = document
  const problems: Problem[] = []
  for (const [index, route] of document.routes.entries()) {
    if (problems.length >= MOST_PROBLEMS) return problems
    problems.push(...targetProblems(document, route, index))
  }
  if (defaultOrigin !== undefined && !Object.hasOwn(origins, defaultOrigin))
    problems.push(dangling(['defaultOrigin'], defaultOrigin, 'an origin', origins))
  return [...problems, ...unreachableProblems(document.routes)]
}

function targetProblems(document: GateDocument, route: RouteConfig, index: number): Problem[] {
  const at: PathKey[] = ['routes', index]
  const { origins } = document
  if ((route.flag === undefined) === (route.origin === undefined)) {
    const expected = 'either "origin", or "flag" with "origins"'
    return [problem(at, route, expected, 'name an origin, or a flag with an origin per variant')]
  }
  if (route.origin !== undefined) {
    const problems = Object.hasOwn(origins, route.origin)
      ? []
      : [dangling([...at, 'origin'], route.origin, 'an origin', origins)]
    if (route.origins !== undefined) {
      problems.push(
        problem([...at, 'origins'], route.origins, '"origins" only together with "flag"', 'remove it'),
      )
    }
    return problems
  }
  const key = route.flag as string
  const flag = document.flags[key]
  if (flag === undefined || !Object.hasOwn(document.flags, key)) {
    return [dangling([...at, 'flag'], key, 'a flag', document.flags)]
  }
  return variantProblems(at, route.origins ?? {}, flag.variants, origins)
}

function variantProblems(
  at: readonly PathKey[],
  mapping: Readonly<Record<string, string>>,
  variants: GateDocument['flags'][string]['variants'],
  origins: GateDocument['origins'],
): Problem[] {
  const problems: Problem[] = []
  for (const [variant, origin] of Object.entries(mapping)) {
    const keys = [...at, 'origins', variant]
    if (!Object.hasOwn(variants, variant))
      problems.push(dangling(keys, variant, 'a variant of the flag', variants))
    if (!Object.hasOwn(origins, origin)) problems.push(dangling(keys, origin, 'an origin', origins))
  }
  const unmapped = Object.keys(variants).filter((variant) => !Object.hasOwn(mapping, variant))
  if (unmapped.length > 0) {
    problems.push(
      problem(
        [...at, 'origins'],
        mapping,
        'an origin for every variant of the flag',
        `add ${unmapped.map((variant) => `"${variant}"`).join(', ')}`,
      ),
    )
  }
  return problems
}

/** Whether no app ever sees a request to such a path: the gate answers it itself. */
export function isReservedPattern(text: string): boolean {
  return samplePaths(compilePath(text).text).every(isGatePath)
}

type Reach = {
  path: PathPattern
  samples: readonly string[]
  hosts: Limit | undefined
  methods: Limit | undefined
}

/** What a route is limited to, and whether that takes a value of another route's. */
type Limit = { values: readonly string[]; takes(value: string): boolean }

function reachOf(route: RouteConfig): Reach {
  const path = compilePath(route.path)
  const hosts = asList(route.host)
  const methods = asList(route.method)?.map((method) => method.toUpperCase())
  const listed = new Set(methods)
  return {
    path,
    samples: samplePaths(path.text),
    hosts: hosts && { values: hosts, takes: compileHosts(hosts) },
    methods: methods && { values: methods, takes: (method) => listed.has(method) },
  }
}

/**
 * Routes of one path are compared with each other, with their hosts and methods: thousands of them would take seconds. Behind so
 * many comparisons routes of a document pass unexamined.
 */
const MOST_COMPARISONS = 1_000_000

function unreachableProblems(routes: readonly RouteConfig[]): Problem[] {
  const reaches = routes.map(reachOf)
  const earlier = new RouteIndex()
  let left = MOST_COMPARISONS
  return reaches.flatMap((later, index) => {
    // A route that covers another takes each of its samples.
    const candidates = left > 0 ? earlier.candidates(later.samples[0] ?? '') : []
    left -= candidates.length
    earlier.add(later.path.text, index)
    if (later.samples.every(isGatePath)) return [reservedProblem(index, later.path.text)]
    const by = candidates.find((at) => {
      left -= limitsOf(later)
      return left > 0 && reachCovers(reaches[at] as Reach, later)
    })
    if (by === undefined) return []
    const found = `${routes[index]?.path}, which route ${by} (${routes[by]?.path}) matches first`
    return [
      {
        ...problem(['routes', index], null, 'a route that can be reached', 'move it up, or remove it'),
        found,
      },
    ]
  })
}

function reservedProblem(index: number, path: string): Problem {
  const fix = `choose another path, or remove the route: the gate reserves ${GATE_PATH} and all paths below it`
  return {
    ...problem(['routes', index], null, 'a route that can be reached', fix),
    found: `${path}, which the gate answers itself`,
  }
}

function reachCovers(earlier: Reach, later: Reach): boolean {
  // Most documents with many routes have exact paths, which need no samples.
  if (
    earlier.path.exact
      ? earlier.path.text !== later.path.text
      : !covers(earlier.path, later.path, later.samples)
  )
    return false
  return limitCovers(earlier.hosts, later.hosts) && limitCovers(earlier.methods, later.methods)
}

/** Hosts and methods that a comparison with a route may look at. */
function limitsOf({ hosts, methods }: Reach): number {
  return (hosts?.values.length ?? 0) + (methods?.values.length ?? 0)
}

/**
 * Special routes of which a more general one before them takes a part: for some hosts, methods or paths. Where both lead to the
 * same, it makes no difference.
 */
export function shadowedRoutes(routes: readonly RouteConfig[]): { index: number; text: string }[] {
  const reaches = routes.map(reachOf)
  const earlier = new RouteIndex()
  let left = MOST_COMPARISONS
  return reaches.flatMap((later, index) => {
    const samples = left > 0 ? later.samples : []
    const candidates = new Set(samples.flatMap((path) => earlier.candidates(path)))
    left -= candidates.size
    earlier.add(later.path.text, index)
    const by = [...candidates]
      .sort((a, b) => a - b)
      .find((at) => {
        const other = reaches[at] as Reach
        left -= limitsOf(later) + limitsOf(other)
        return left > 0 && takesPartOf(other, later) && leadsTo(routes[at]) !== leadsTo(routes[index])
      })
    if (by === undefined) return []
    const limits = [asList(routes[by]?.host), asList(routes[by]?.method)].flatMap((list) => list ?? [])
    const only = limits.length > 0 ? ` for ${limits.join(', ')}` : ''
    const text = `route ${by} (${routes[by]?.path}) comes first${only}, and takes a part of ${routes[index]?.path}: put the special one first`
    return [{ index, text }]
  })
}

/** Whether a route takes a part of a more special one. */
function takesPartOf(earlier: Reach, later: Reach): boolean {
  const taken = later.samples.filter((path) => earlier.path.matches(path))
  if (taken.length === 0 || covers(later.path, earlier.path, earlier.samples)) return false
  return limitsMeet(earlier.hosts, later.hosts) && limitsMeet(earlier.methods, later.methods)
}

function limitsMeet(one: Limit | undefined, other: Limit | undefined): boolean {
  if (one === undefined || other === undefined) return true
  return other.values.some(one.takes) || one.values.some(other.takes)
}

function leadsTo(route: RouteConfig | undefined): string {
  return JSON.stringify([route?.origin, route?.flag, route?.origins])
}

function limitCovers(earlier: Limit | undefined, later: Limit | undefined): boolean {
  if (earlier === undefined) return true
  return later?.values.every(earlier.takes) ?? false
}
