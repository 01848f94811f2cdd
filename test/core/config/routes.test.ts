/** Which route takes a request, and which routes can never be reached: few routes or thousands, the same answer. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compileSnapshot, findRoute } from '../../../src/core/config/compile/snapshot.ts'
import { parseDocumentValue } from '../../../src/core/config/parse/parse.ts'
import { compilePath } from '../../../src/core/config/routes/route-pattern.ts'

const MATCHES = [
  ['/cart', ['/cart'], ['/cart/', '/Cart', '/cart/1', '/']],
  ['/', ['/'], ['', '/a']],
  ['/*', ['/', '/a', '/a/b'], []],
  ['/checkout/*', ['/checkout', '/checkout/', '/checkout/pay/1'], ['/checkouts', '/check']],
  ['/assets*', ['/assets', '/assets-v2', '/assets/a.js'], ['/asset', '/a']],
  [
    '/users/:id/edit',
    ['/users/7/edit', '/users/a%2Fb/edit'],
    ['/users//edit', '/users/7/8/edit', '/users/7'],
  ],
  ['/a/*/b', ['/a/x/b'], ['/a/b', '/a//b', '/a/x/y/b']],
  ['/a/:id/*', ['/a/1', '/a/1/', '/a/1/b/c'], ['/a', '/a/', '/b/1']],
  ['/a/:id/img*', ['/a/1/img', '/a/1/img-2', '/a/1/img/3'], ['/a/1/im', '/a//img', '/a/img']],
] as const

describe('a path pattern', () => {
  it.each(MATCHES)('%s takes %j and not %j', (pattern, taken, left) => {
    const { matches } = compilePath(pattern)
    expect(taken.filter((path) => !matches(path))).toEqual([])
    expect((left as readonly string[]).filter(matches)).toEqual([])
  })
})

const segments = fc.constantFrom('a', 'b', 'ab', '', ':id', '*', 'a*')
const patterns = fc
  .tuple(fc.array(segments, { maxLength: 4 }), fc.constantFrom('', '', '/*', '*'))
  .map(([list, end]) => `/${list.join('/')}${end}`)
const paths = fc
  .array(fc.constantFrom('a', 'b', 'ab', 'abc', '', 'x'), { maxLength: 5 })
  .map((list) => `/${list.join('/')}`)
const restrictions = fc.constantFrom<object>(
  {},
  {},
  {},
  { host: '*.test' },
  { method: ['get'] },
  { method: 'POST' },
)
const routes = fc.tuple(patterns, restrictions).map(([path, more]) => ({ path, ...more, origin: 'only' }))
const placesOf = fc.record({
  path: paths,
  host: fc.constantFrom('shop.test', 'shop.example'),
  method: fc.constantFrom('GET', 'POST'),
})

const documentOf = (list: readonly object[]) => ({
  origins: { only: { url: 'http://only.test' } },
  routes: list,
})

/** Of many routes, those that can be reached. */
function reachable(list: readonly object[]): object[] {
  const parsed = parseDocumentValue(documentOf(list))
  const unreachable = new Set(parsed.ok ? [] : parsed.problems.map(({ path }) => path))
  return list.filter((_, index) => !unreachable.has(`$.routes[${index}]`))
}

describe('of many routes', () => {
  it('the first that takes a request is found, as if each had been asked', () => {
    const many = fc.array(routes, { minLength: 20, maxLength: 60 })
    let found = 0
    const same = fc.property(many, fc.array(placesOf, { minLength: 20, maxLength: 20 }), (list, places) => {
      const parsed = parseDocumentValue(documentOf(reachable(list)))
      if (!parsed.ok) return
      const snapshot = compileSnapshot(parsed.value)
      for (const place of places) {
        const asked = snapshot.routes.find(({ matches }) => matches(place.host, place.path, place.method))
        expect(findRoute(snapshot, place)).toBe(asked)
        if (snapshot.routeIndex !== undefined && asked !== undefined) found++
      }
    })
    fc.assert(same, { numRuns: 150 })
    expect(found).toBeGreaterThan(100)
  })

  it('those that are called unreachable never take a request, whatever it is', () => {
    const list = fc.array(routes, { minLength: 2, maxLength: 12 })
    const never = fc.property(list, fc.array(placesOf, { minLength: 30, maxLength: 30 }), (all, places) => {
      const kept = new Set(reachable(all))
      for (const { host, path, method } of places) {
        const first = all.find((route) => {
          const parsed = parseDocumentValue(documentOf([route]))
          if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
          return findRoute(compileSnapshot(parsed.value), { host, path, method }) !== undefined
        })
        if (first !== undefined) expect(kept.has(first)).toBe(true)
      }
    })
    fc.assert(never, { numRuns: 40 })
  })

  it('thousands are read in the time that a document may take', () => {
    const list = Array.from({ length: 3_000 }, (_, index) => ({ path: `/a/:id/${index}/*`, origin: 'only' }))
    const startedMs = performance.now()
    expect(parseDocumentValue(documentOf(list)).ok).toBe(true)
    // Asking each for each takes a minute.
    expect(performance.now() - startedMs).toBeLessThan(15_000)
  })
})
