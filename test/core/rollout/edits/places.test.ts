/** The requests by which two documents' routes are compared: each request that a person can send has one that stands for it. */
import { describe, expect, it } from 'vitest'
import { compileHosts, compilePath } from '../../../../src/core/config/routes/route-pattern.ts'
import { asList, type RouteConfig } from '../../../../src/core/config/schema/document.ts'
import { type Place, placesOf } from '../../../../src/core/rollout/edits/places.ts'
import { seeded } from '../../../../test-kit/simulation/random.ts'
import { SEED } from '../../../support/seed.ts'

const PATHS = [
  ...['/', '/*', '/a', '/a*', '/a/*', '/b/*', '/:x', '/:x/*', '/*/b', '/a/b', '/a/:x', '/a/:x/*', '/a/b*'],
  ...['/ab*', '/:x/b/*', '/:x/:y', '/a/:x/b*', '/:x/a/:y/*'],
]
const HOSTS = [undefined, undefined, 'shop.test', '*.test', ['a.test', 'b.test']]
const METHODS = [undefined, undefined, 'GET', ['post', 'PUT']]
const route = (path: string, parts: Partial<RouteConfig> = {}): RouteConfig =>
  ({ path, ...parts }) as RouteConfig

const SEGMENTS = ['a', 'b', 'ab', 'z']
const requests = (() => {
  const below = (path: string): string[] => SEGMENTS.map((segment) => `${path}/${segment}`)
  const [one, two] = [below(''), below('').flatMap(below)]
  const paths = ['/', ...one, ...two, ...two.flatMap(below), '/a/b/a/b', '/z/a/b/b', '/b/a/z/z/z']
  return ['shop.test', 'a.test', 'else.invalid'].flatMap((host) =>
    ['GET', 'PUT', 'DELETE'].flatMap((method) => paths.map((path) => ({ host, method, path }))),
  )
})()

function routesBy(routes: readonly RouteConfig[]) {
  const compiled = routes.map((each) => {
    const [path, hosts, methods] = [
      compilePath(each.path),
      asList(each.host),
      asList(each.method)?.map((method) => method.toUpperCase()),
    ]
    const matches = (place: Place) =>
      path.matches(place.path) &&
      (hosts === undefined || compileHosts(hosts)(place.host)) &&
      (methods?.includes(place.method) ?? true)
    return { text: JSON.stringify(each), matches }
  })
  return (place: Place) => compiled.find(({ matches }) => matches(place))?.text
}

/** Each pair of routes, the one before and the one after, that some place is led by, where they differ. */
function pairs(before: readonly RouteConfig[], after: readonly RouteConfig[], places: readonly Place[]) {
  const [was, is] = [routesBy(before), routesBy(after)]
  const found = places.map((place) => [was(place), is(place)]).filter(([a, b]) => a !== b)
  return new Set(found.map(([a, b]) => `${a} → ${b}`))
}

const paths = (before: string[], after: string[]) => {
  const { places } = placesOf(
    before.map((path) => route(path)),
    after.map((path) => route(path)),
  )
  return places.map(({ path }) => path.replaceAll('\u0000', '?'))
}

describe('places', () => {
  it('stand for every request that another route leads than before', () => {
    const random = seeded('places', SEED)
    const one = <T>(list: readonly T[]) => list[random.below(list.length)] as T
    for (let run = 0; run < 200; run++) {
      const draw = () => route(one(PATHS), { host: one(HOSTS), method: one(METHODS) } as Partial<RouteConfig>)
      const before = Array.from({ length: random.below(5) }, draw)
      const after = before.flatMap((each) => (random.below(4) === 0 ? [] : [each]))
      after.splice(random.below(after.length + 1), 0, draw())
      const { places, isCut } = placesOf(before, after)
      expect(isCut).toBe(false)
      const told = pairs(before, after, places)
      const missing = [...pairs(before, after, requests)].filter((pair) => !told.has(pair))
      expect(missing, JSON.stringify({ before, after })).toEqual([])
    }
  })

  it('tell a beginning that goes on within its segment from one that ends there', () => {
    const [kept, open, named] = ['/a/:x/*', '/a*', '/*/b']
    expect(paths([kept, open], [named, open])).toContain('/a?/b')
  })

  it('are those of each route, of the depth that the longest has, and of none', () => {
    expect(paths([], [])).toEqual(['/', '/?', '/?/?', '/?/?/?'])
    expect(paths(['/a'], ['/a', '/b/c'])).toEqual([
      ...['/', '/?', '/?/?', '/?/?/?', '/?/?/?/?', '/?/?/?/?/?'],
      ...['/a', '/b/c'],
    ])
    expect(paths(['/a/*'], ['/a/*'])).toEqual([
      ...['/', '/?', '/?/?', '/?/?/?', '/?/?/?/?', '/?/?/?/?/?'],
      ...['/a', '/a/', '/a/?', '/a/?/?', '/a/?/?/?', '/a/?/?/?/?', '/a/?/?/?/?/?'],
    ])
  })

  it('are those where a route that comes, goes or moves meets others, not where those meet that stay', () => {
    const [a, b] = ['/a/:x', '/:y/b']
    const meet = (before: string[], after: string[]) => paths(before, after).includes('/a/b')
    for (const [before, after] of [
      [
        [a, b, '/c'],
        [a, b, '/d'],
      ],
      [
        ['/c', a, b],
        ['/d', a, b],
      ],
      [
        [a, '/c', b],
        [a, '/d', '/e', b],
      ],
      [
        [a, b],
        [a, b, '/d', '/e'],
      ],
      [
        ['/d', '/e', a, b],
        [a, b],
      ],
      [
        [a, b],
        [a, b],
      ],
    ] as [string[], string[]][])
      expect(meet(before, after), `${before} ${after}`).toBe(false)
    expect(meet([a, b], [b, a])).toBe(true)
    expect(meet([a], [a, b])).toBe(true)
    expect(meet([a, b, '/c'], [a, '/c'])).toBe(true)
  })

  it('have each host and method of the routes that meet, and one that none names', () => {
    const shop = route('/a', { host: '*.shop.test', method: 'post' })
    const { places } = placesOf([], [shop])
    const own = places.filter(({ path }) => path === '/a')
    expect(own.map(({ host, method }) => `${method.replace('\u0000', '?')} ${host}`)).toEqual([
      ...['POST any.shop.test', '? any.shop.test', 'POST any.invalid', '? any.invalid'],
    ])
    expect(new Set(places.filter(({ path }) => path !== '/a').map(({ host }) => host))).toEqual(
      new Set(['any.invalid']),
    )
  })

  it('have no hosts of a route that theirs does not meet', () => {
    for (const [one, other] of [
      ['/a', '/b'],
      ['/a', '/b/*'],
      ['/:x/y', '/b'],
      ['/a/*', '/b/*'],
    ] as const) {
      const [own, others] = [{ host: 'one.test' }, { host: 'other.test' }]
      const { places } = placesOf([], [route(one, own), route(other, others)])
      const hostsAt = (matches: (path: string) => boolean) =>
        new Set(
          places.filter(({ path, host }) => matches(path) && host !== 'any.invalid').map(({ host }) => host),
        )
      expect(
        [hostsAt(compilePath(one).matches), hostsAt(compilePath(other).matches)],
        `${one} ${other}`,
      ).toEqual([new Set(['one.test']), new Set(['other.test'])])
    }
  })

  it('are none once there would be too many, whatever they would tell', () => {
    const many = (path: string, parts: (at: number) => Partial<RouteConfig>) =>
      Array.from({ length: 12 }, (_, at) => route(path, parts(at)))
    const hostsOf = (at: number) => Array.from({ length: 60 }, (_, index) => `h${index}.${at}.test`)
    const { places, isCut } = placesOf(
      many('/:x/*', (at) => ({ host: hostsOf(at) })),
      many('/:y/*', (at) => ({ host: hostsOf(20 + at), method: ['GET', 'POST', 'PUT', 'PATCH'] })),
    )
    expect({ isCut, places }).toEqual({ isCut: true, places: [] })
  })
})
