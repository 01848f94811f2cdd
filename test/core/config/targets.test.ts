/** Routes and origins as requests meet them: marks, affinity, hosts, identity. */
import { describe, expect, it } from 'vitest'
import { compileOrigins, known, tagOf } from '../../../src/core/config/compile/route-target.ts'
import { findTarget, routeLabel } from '../../../src/core/config/compile/snapshot.ts'
import {
  compileHosts,
  compilePath,
  covers,
  samplePaths,
} from '../../../src/core/config/routes/route-pattern.ts'
import { parseDurationMs } from '../../../src/core/config/schema/duration.ts'
import { deadlineMsOf } from '../../../src/core/config/schema/guard-tests.ts'
import { BASE, changed } from './keys/case.ts'
import { Gate } from './keys/gate-probe.ts'

const ORIGINS = { on: 'new', off: 'old', b: 'new' }
const gateOf = (routes: unknown[], more: Record<string, unknown> = {}) =>
  new Gate(changed(BASE, { routes, ...more }))
const flagRoute = (parts: object = {}) => ({ path: '/shop/*', flag: 'f', origins: ORIGINS, ...parts })

describe('an origin', () => {
  it('is marked where a flag sends visitors whom `off` sends elsewhere', () => {
    const { document, snapshot } = gateOf([flagRoute(), { path: '/*', origin: 'old' }])
    const origins = compileOrigins(document)
    expect([origins.get('old')?.tag, origins.get('new')?.tag]).toEqual(['', 'bfwuq7'])
    const [target] = snapshot.routes.map((route) => route.target)
    if (target?.kind !== 'flag') throw new Error('The route has no flag')
    expect([target.varies, target.variesByHeader, target.follows, target.stable.name]).toEqual([
      true,
      true,
      true,
      'old',
    ])
    expect(target.distinct.map(({ name }) => name)).toEqual(['new', 'old'])
    const [fresh, old] = target.distinct
    if (fresh === undefined || old === undefined) throw new Error('An origin is missing')
    expect(tagOf(target, fresh, 'on')).not.toBe(tagOf(target, fresh, 'b'))
    expect([tagOf(target, fresh, undefined), tagOf(target, old, 'off')]).toEqual(['bfwuq7', ''])
    expect(target.tags).toMatchInlineSnapshot(`
      Map {
        "on" => "16958rn",
        "b" => "z1107g",
      }
    `)
  })

  it('that serves every variant is told apart by a header alone', () => {
    const { snapshot } = gateOf([flagRoute({ origins: { on: 'old', off: 'old', b: 'old' } })])
    const target = snapshot.routes[0]?.target
    if (target?.kind !== 'flag') throw new Error('The route has no flag')
    expect([target.varies, target.variesByHeader, [...target.tags.keys()]]).toEqual([
      false,
      true,
      ['on', 'off', 'b'],
    ])
    expect(tagOf(target, target.stable, 'off')).toBe('')
    expect(tagOf(target, target.stable, 'gone')).toBeUndefined()
  })

  it('of a plain route varies where page affinity may lead to another', () => {
    const routes = (parts: object) => [
      flagRoute(),
      { path: '/a', origin: 'old', ...parts },
      { path: '/*', origin: 'old' },
    ]
    const target = (parts: object, index: number) => {
      const found = gateOf(routes(parts)).snapshot.routes[index]?.target
      return found?.kind === 'origin' && [found.follows, found.varies, tagOf(found, found.origin, undefined)]
    }
    expect(target({}, 1)).toEqual([false, false, undefined])
    expect(target({ follow: true }, 1)).toEqual([true, true, ''])
    expect(target({}, 2)).toEqual([true, true, ''])
  })

  it('is retried for the methods that are named, or for none', () => {
    const rescued = (parts: object) => {
      const target = gateOf([flagRoute(parts)]).snapshot.routes[0]?.target
      return target?.kind === 'flag' && [...target.rescued]
    }
    expect([rescued({}), rescued({ rescue: false }), rescued({ rescue: ['put'] })]).toEqual([
      ['GET', 'HEAD', 'OPTIONS'],
      [],
      ['PUT'],
    ])
    expect(() => rescued({ rescue: true })).toThrow('routes[0].rescue')
  })

  it('that is named nowhere can’t be compiled', () => {
    expect(() => known(new Map([['a', 1]]), 'b')).toThrow('Cannot compile the document: "b" is not defined')
    expect(() => known(new Map(), undefined)).toThrow('"undefined"')
    expect(known(new Map([['a', 1]]), 'a')).toBe(1)
  })
})

describe('the origin of requests without a route', () => {
  const fallback = (routes: unknown[], more: Record<string, unknown> = {}) => {
    const { snapshot } = gateOf(routes, more)
    const target = findTarget(snapshot, { host: 'h', path: '/nowhere', method: 'GET' })
    return [snapshot.fallback.name, target.kind === 'origin' && target.origin.name, target.varies]
  }

  it('is the one that is named, that of the last catch-all, or that of the last route', () => {
    const a = { path: '/a', origin: 'new' }
    expect(fallback([a, { path: '/b', origin: 'old' }])).toEqual(['old', 'old', false])
    expect(
      fallback([
        { path: '/*', host: 'x.test', origin: 'new' },
        { path: '/b', origin: 'old' },
      ]),
    ).toEqual(['new', 'new', false])
    expect(fallback([a], { defaultOrigin: 'old' })).toEqual(['old', 'old', false])
    expect(fallback([flagRoute()])).toEqual(['old', 'old', true])
  })
})

describe('patterns', () => {
  it('of hosts take names below them, and ports where they name one', () => {
    const hosts = ['shop.test', 'SHOP.test', 'a.shop.test', 'shop.test:8080', 'xshop.test']
    const taken = (pattern: string) => hosts.map((host) => compileHosts([pattern])(host.toLowerCase()))
    expect(taken('Shop.Test')).toEqual([true, true, false, true, false])
    expect(taken('*.shop.test')).toEqual([false, false, true, false, false])
    expect(taken('shop.test:8080')).toEqual([false, false, false, true, false])
    expect(taken('*.test')).toEqual([true, true, true, true, true])
  })

  it('of paths cover others', () => {
    const covered = (earlier: string, later: string) =>
      covers(compilePath(earlier), compilePath(later), samplePaths(later))
    expect([
      covered('/*', '/a'),
      covered('/a/*', '/a'),
      covered('/a', '/a/*'),
      covered('/a*', '/a/*'),
      covered('/a/*', '/a*'),
      covered('/:x/*', '/a/*'),
      covered('/a/:x', '/a/b'),
      covered('/a/b', '/a/:x'),
      covered('/a/:x/*', '/a/*'),
    ]).toEqual([true, true, false, true, false, true, true, false, false])
    expect(samplePaths('/a/:x')).toHaveLength(1)
    expect(samplePaths('/*')).toHaveLength(3)
    expect(samplePaths('/a/*')[0]).toBe('/a')
    expect(samplePaths('/a*').slice(0, 1)).toEqual(['/a'])
  })

  it('have labels', () => {
    expect(routeLabel({ path: '/a', host: undefined })).toBe('/a')
    expect(routeLabel({ path: '/a', host: ['x', 'y'] })).toBe('x|y/a')
  })
})

describe('durations', () => {
  it('add up their parts', () => {
    const texts = ['500ms', '30s', '1.5m', '1h30m', '2d', '10', 'm', '1h 30m', '-1s', '']
    expect(texts.map(parseDurationMs)).toEqual([
      500,
      30_000,
      90_000,
      5_400_000,
      172_800_000,
      ...Array(5).fill(undefined),
    ])
  })

  it('until a request counts as slow follow from what the guard judges', () => {
    const guard = (parts: object) => deadlineMsOf({ enabled: true, action: 'rollback', ...parts } as never)
    expect([
      deadlineMsOf(undefined),
      guard({ enabled: false }),
      guard({}),
      guard({ errors: {} }),
      guard({ latency: { deadlineMs: 100 } }),
      guard({ errors: {}, ceilings: { p95Ms: 1_000, minRequests: 1 } }),
      guard({ latency: { deadlineMs: 100 }, ceilings: { p95Ms: 1_000, minRequests: 1 } }),
      guard({ errors: {}, thresholds: { slow: { count: 1, baselineMs: 10_000 } } }),
    ]).toEqual([Infinity, Infinity, 5_000, Infinity, 100, 5_000, 1_200, 12_000])
  })
})
