/** Sample requests of two documents' routes: one for each way in which a request can meet a route of either. */
import { compilePath, isOpenSegment, samplePaths } from '../../config/routes/route-pattern.ts'
import { asList, type RouteConfig } from '../../config/schema/document.ts'

export type Place = { host: string; path: string; method: string }

/** What no route names. */
const ANY = '\u0000'
const ANY_HOST = 'any.invalid'
/** More than these are compared for no edit that a person makes. */
const MOST_PLACES = 40_000

/**
 * Requests of which each stands for all that meet the same routes of both documents. `isCut`: there would be too many.
 *
 * @param before the routes of the document in force, @param after those of the next one
 */
export function placesOf(
  before: readonly RouteConfig[],
  after: readonly RouteConfig[],
): { places: Place[]; isCut: boolean } {
  const routes = distinct([...before, ...after])
  const depth = Math.max(1, ...routes.map(({ path }) => path.split('/').length))
  const places = new Map<string, Place>()
  const add = (paths: readonly string[], limits: readonly RouteConfig[]) => {
    for (const host of hostsOf(limits))
      for (const method of methodsOf(limits))
        for (const path of paths) places.set(`${method} ${host} ${path}`, { host, path, method })
  }
  add(deepSamples('/*', depth), [])
  for (const route of routes) add(deepSamples(compilePath(route.path).text, depth), [route])
  // Two routes that both documents have meet in the same way in both.
  for (const changed of changedRoutes(before, after)) {
    for (const other of routes) {
      if (places.size > MOST_PLACES) return { places: [...places.values()], isCut: true }
      add(meetingPaths(changed, other, depth), [changed, other])
    }
  }
  return { places: [...places.values()], isCut: false }
}

function distinct(routes: readonly RouteConfig[]): RouteConfig[] {
  return [...new Map(routes.map((route) => [textOf(route), route])).values()]
}

const textOf = (route: RouteConfig) => JSON.stringify(route)

/** Routes that come, go or stand elsewhere: all between what the two lists begin and end with alike. */
function changedRoutes(before: readonly RouteConfig[], after: readonly RouteConfig[]): RouteConfig[] {
  const [was, is] = [before.map(textOf), after.map(textOf)]
  const most = Math.min(was.length, is.length)
  let start = 0
  while (start < most && was[start] === is[start]) start++
  let end = 0
  while (end < most - start && was[was.length - 1 - end] === is[is.length - 1 - end]) end++
  return distinct([...before.slice(start, before.length - end), ...after.slice(start, after.length - end)])
}

function deepSamples(text: string, depth: number): string[] {
  const samples = samplePaths(text)
  const longest = samples.at(-1) ?? ''
  if (!text.endsWith('*')) return samples
  const deeper = Array.from({ length: depth }, (_, index) => `${longest}${`/${ANY}`.repeat(index + 1)}`)
  return [...samples, ...deeper]
}

/** Paths that both patterns match: each takes the segments that the other one names. */
function meetingPaths(one: RouteConfig, other: RouteConfig, depth: number): string[] {
  const [a, b] = [compilePath(one.path), compilePath(other.path)]
  if (a.exact) return b.matches(a.text) ? [a.text] : []
  if (b.exact) return a.matches(b.text) ? [b.text] : []
  const segments = [a, b].map(({ text }) => (text.endsWith('*') ? text.slice(0, -1) : text).split('/'))
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
