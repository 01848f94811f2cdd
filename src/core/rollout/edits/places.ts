/** Sample requests of two documents' routes: one for each way in which a request can meet a route of either. */
import {
  compilePath,
  isOpenSegment,
  type PathPattern,
  samplePaths,
} from '../../config/routes/route-pattern.ts'
import { asList, type RouteConfig } from '../../config/schema/document.ts'
import { grouped } from '../../grouped.ts'

export type Place = { host: string; path: string; method: string }

/** What no route names. */
const ANY = '\u0000'
const ANY_HOST = 'any.invalid'
/** What finding places may cost in all, in units of some ten nanoseconds. No edit that a person makes costs as much. */
const MOST_WORK = 10_000_000
/** To see that two routes can't meet; and, beside its characters, to try a path, and to keep a place. */
const WORK = { pair: 4, path: 40, place: 60 }
/** No route that a person writes is longer; places cost as much as all segments of the deepest one, for each route. */
const LONGEST_PATH = 4_000
const DEEPEST_PATH = 100

/** `fixed`: the segments that a path must have, up to an open end; undefined for an open one. */
type Pattern = {
  route: RouteConfig
  path: PathPattern
  segments: readonly string[]
  fixed: readonly (string | undefined)[]
}

/**
 * Requests of which each stands for all that meet the same routes of both documents. `isCut`: there would be too many, or they
 * would cost too much to find; then there are none.
 *
 * @param before the routes of the document in force, @param after those of the next one
 */
export function placesOf(
  before: readonly RouteConfig[],
  after: readonly RouteConfig[],
): { places: Place[]; isCut: boolean } {
  const cut = { places: [], isCut: true }
  const routes = new Map([...before, ...after].map((route) => [textOf(route), route]))
  const depth = [...routes.values()].reduce((most, { path }) => Math.max(most, path.split('/').length), 1)
  if (depth > DEEPEST_PATH || [...routes.values()].some(({ path }) => path.length > LONGEST_PATH)) return cut
  const patterns = new Map([...routes].map(([text, route]) => [text, patternOf(route)]))
  const places = new Map<string, Place>()
  let left = MOST_WORK
  const add = (paths: readonly string[], limits: readonly RouteConfig[]) => {
    if (paths.length === 0) return
    for (const host of hostsOf(limits))
      for (const method of methodsOf(limits))
        for (const path of paths) {
          left -= WORK.place + path.length + host.length + method.length
          if (left < 0) return
          places.set(`${method} ${host} ${path}`, { host, path, method })
        }
  }
  add(deepSamples('/*', depth), [])
  for (const { route, path } of patterns.values()) {
    if (left < 0) return cut
    add(deepSamples(path.text, depth), [route])
  }
  const all = [...patterns.values()]
  const open = all.filter(({ path }) => !path.exact)
  const exact = grouped(
    all.filter(({ path }) => path.exact),
    ({ path }) => path.text,
  )
  // Two routes that both documents have meet in the same way in both.
  for (const text of changedRoutes(before, after)) {
    const changed = patterns.get(text)
    if (changed === undefined) continue
    const others = changed.path.exact ? [...open, ...(exact.get(changed.path.text) ?? [])] : all
    for (const other of others) {
      left -= WORK.pair
      if (left < 0) return cut
      if (!mayMeet(changed, other)) continue
      left -= meetingWork(changed.path, other.path, depth)
      add(meetingPaths(changed, other, depth), [changed.route, other.route])
    }
  }
  return left < 0 ? cut : { places: [...places.values()], isCut: false }
}

function patternOf(route: RouteConfig): Pattern {
  const path = compilePath(route.path)
  const segments = (path.openEnded ? path.text.slice(0, -1) : path.text).split('/')
  const whole = path.openEnded ? segments.slice(0, -1) : segments
  const fixed = whole.map((segment) => (isOpenSegment(segment) ? undefined : segment))
  return { route, path, segments, fixed }
}

/** Whether some path may match both; false only where none does. */
function mayMeet(one: Pattern, other: Pattern): boolean {
  const [a, b] = [one.fixed.length, other.fixed.length]
  if ((a < b && !one.path.openEnded) || (b < a && !other.path.openEnded)) return false
  for (let at = 0; at < Math.min(a, b); at++) {
    const [first, second] = [one.fixed[at], other.fixed[at]]
    if (first !== undefined && second !== undefined && first !== second) return false
  }
  return true
}

const textOf = (route: RouteConfig) => JSON.stringify(route)

/** The texts of routes that come, go or stand elsewhere: all between what the two lists begin and end with alike. */
function changedRoutes(before: readonly RouteConfig[], after: readonly RouteConfig[]): Set<string> {
  const [was, is] = [before.map(textOf), after.map(textOf)]
  const most = Math.min(was.length, is.length)
  let start = 0
  while (start < most && was[start] === is[start]) start++
  let end = 0
  while (end < most - start && was[was.length - 1 - end] === is[is.length - 1 - end]) end++
  return new Set([...was.slice(start, was.length - end), ...is.slice(start, is.length - end)])
}

function deepSamples(text: string, depth: number): string[] {
  const samples = samplePaths(text)
  const longest = samples.at(-1) ?? ''
  if (!text.endsWith('*')) return samples
  const deeper = Array.from({ length: depth }, (_, index) => `${longest}${`/${ANY}`.repeat(index + 1)}`)
  return [...samples, ...deeper]
}

/** The work of trying paths for two routes. */
function meetingWork(one: PathPattern, other: PathPattern, depth: number): number {
  const paths = one.exact || other.exact ? 1 : 2 * (depth + 3)
  return paths * (WORK.path + one.text.length + other.text.length + depth)
}

/** Paths that both patterns match: each takes the segments that the other one names. */
function meetingPaths(one: Pattern, other: Pattern, depth: number): string[] {
  const [a, b] = [one.path, other.path]
  if (a.exact) return b.matches(a.text) ? [a.text] : []
  if (b.exact) return a.matches(b.text) ? [b.text] : []
  const segments = [one.segments, other.segments]
  const [first = [], second = []] = segments
  const joined = Array.from({ length: Math.max(first.length, second.length) }, (_, index) =>
    named(first[index], second[index]),
  )
  const begun = [a, b].flatMap(({ text }, which) => {
    const at = (segments[which] ?? []).length - 1
    // "/a*" goes on within the segment, too: a third route may have "/a/…" for itself.
    return /[^/]\*$/.test(text) ? [joined.with(at, `${joined[at]}${ANY}`)] : []
  })
  const ends = [
    '',
    ANY,
    `/${ANY}`,
    ...Array.from({ length: depth }, (_, index) => `/${ANY}`.repeat(index + 2)),
  ]
  return [joined, ...begun]
    .map((each) => each.join('/'))
    .flatMap((path) => {
      const itself = path.endsWith('/') && path !== '/' ? [path.slice(0, -1)] : []
      return [...itself, ...ends.map((end) => path + end)]
    })
    .map((path) => path.replaceAll('//', '/'))
    .filter((path) => a.matches(path) && b.matches(path))
}

/** The segment that says more; of two beginnings the longer one. */
function named(a = '', b = ''): string {
  const [one, other] = [a, b].map((segment) => (isOpenSegment(segment) ? '' : segment))
  const longer = (one ?? '').length >= (other ?? '').length ? one : other
  return longer || (isOpenSegment(a) || isOpenSegment(b) ? ANY : '')
}

function hostsOf(routes: readonly RouteConfig[]): Set<string> {
  const hosts = routes.flatMap(({ host }) => asList(host) ?? [])
  return new Set([...hosts.map((host) => host.replace(/^\*\./, 'any.')), ANY_HOST])
}

function methodsOf(routes: readonly RouteConfig[]): Set<string> {
  const methods = routes.flatMap(({ method }) => asList(method) ?? [])
  return new Set([...methods.map((method) => method.toUpperCase()), ANY])
}
