/** Which route takes a request, and which routes can never be reached: few routes or thousands, the same answer. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compileSnapshot, findRoute } from '../../../src/core/config/compile/snapshot.ts'
import { parseDocumentValue } from '../../../src/core/config/parse/parse.ts'
import { canonicalPath } from '../../../src/core/config/routes/canonical-path.ts'
import { compileHosts, compilePath } from '../../../src/core/config/routes/route-pattern.ts'
import { addressOf } from '../../../src/gate/request/url-parts.ts'

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

/** Whether a route with this path takes a request of this URL, from the text of both. */
function takes(pattern: string, url: string): boolean {
  const parsed = parseDocumentValue(documentOf([{ path: pattern, origin: 'only' }]))
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  const { host, path } = addressOf(url)
  return findRoute(compileSnapshot(parsed.value), { host, path, method: 'GET' }) !== undefined
}

const SAME_PATH = [
  ['/münchen/*', ['/m%C3%BCnchen/x', '/m%c3%bcnchen', '/münchen/'], ['/mu%CC%88nchen', '/munchen']],
  ['/m%c3%bcnchen', ['/münchen', '/m%C3%BCnchen'], ['/m%FCnchen']],
  ['/checkout/*', ['/%63heckout', '/c%68eckout/pay', '//checkout', '//checkout//pay'], ['/checkout%2Fpay']],
  [
    '/checkout',
    ['/checkout;jsessionid=A1', '/%63heckout;v=2;jsessionid=A', '/checkout;'],
    ['/checkout/', '/checkout%3Bjsessionid=A1', '/x;/checkout'],
  ],
  ['/checkout/*', ['/checkout;jsessionid=1/pay', '/checkout/pay;jsessionid=1?x'], ['/;checkout']],
  ['/checkout;jsessionid=1', ['/checkout', '/checkout;jsessionid=2'], []],
  ['/a%2fb', ['/a%2Fb', '/a%2fb'], ['/a/b']],
  ['/~user/{id}/"x"|^', ['/%7euser/%7Bid%7D/%22x%22%7C%5e', '/~user/{id}/"x"|^'], []],
  ['/docs/%3Aid', ['/docs/%3aid'], ['/docs/7']],
  ['/%2A', ['/%2a'], ['/x']],
  ['/100%', ['/100%'], ['/100%25']],
  ['/a\\b', ['/a/b', '/a\\b'], []],
  ['/%E4%BD%A0*', ['/你好', '/%e4%bd%a0'], ['/好']],
  ['/a+b', ['/a+b', '/a%2Bb'], ['/a%20b']],
  ['/search;*', ['/search', '/search;q=1', '/searches'], []],
] as const

describe('a path and a pattern', () => {
  it.each(SAME_PATH)('are compared in one spelling: %s', (pattern, taken, left) => {
    const at = (path: string) => takes(pattern, `https://shop.test${path}`)
    expect(taken.filter((path) => !at(path))).toEqual([])
    expect((left as readonly string[]).filter(at)).toEqual([])
  })

  it('are equal however their letters are escaped', () => {
    const letters = fc.string({
      unit: fc.constantFrom(..."abcXYZ019-._~!$&'()+,=@é你"),
      minLength: 1,
      maxLength: 8,
    })
    const both = fc.tuple(letters, fc.array(fc.boolean(), { minLength: 24, maxLength: 24 }), fc.boolean())
    fc.assert(
      fc.property(both, ([text, which, isLower]) => {
        if (/^\.{1,2}$/.test(text)) return
        let at = 0
        const escaped = [...new TextEncoder().encode(text)]
          .map((byte) => {
            const hex = byte.toString(16).padStart(2, '0')
            const isPlain = byte < 0x80 && which[at++ % which.length]
            return isPlain ? String.fromCharCode(byte) : `%${isLower ? hex : hex.toUpperCase()}`
          })
          .join('')
        expect(takes(`/${text}`, `https://shop.test/${escaped}`), escaped).toBe(true)
        expect(takes(`/${escaped}`, `https://shop.test/${text}`), escaped).toBe(true)
      }),
      { numRuns: 300 },
    )
  })

  it.each(['/a/./b', '/a/../b', '/..', '/a/%2e%2E/b', '/a/.'])('that no URL has is a problem: %s', (path) => {
    const parsed = parseDocumentValue(documentOf([{ path, origin: 'only' }]))
    expect(parsed.ok ? [] : parsed.problems.map((each) => each.path)).toEqual(['$.routes[0].path'])
  })
})

describe('a host pattern', () => {
  it.each([
    [
      'shop.test',
      ['shop.test', 'shop.test:8787', 'shop.test.', 'SHOP.test', 'shop.test.:8787'],
      ['a.shop.test', 'xshop.test'],
    ],
    ['Shop.Test.', ['shop.test', 'shop.test.'], ['shop.tes']],
    ['shop.test:8787', ['shop.test:8787', 'shop.test.:8787'], ['shop.test', 'shop.test:8788']],
    ['shop.test:443', ['shop.test', 'shop.test:443'], ['a.test']],
    [
      '*.shop.test',
      ['a.shop.test', 'a.b.shop.test', 'a.shop.test.', 'a.shop.test:1'],
      ['shop.test', 'ashop.test'],
    ],
    ['[::1]', ['[::1]', '[::1]:8787'], ['[::2]']],
    ['127.0.0.1', ['127.0.0.1', '127.0.0.1:80'], ['127.0.0.11']],
  ])('%s takes %j and not %j', (pattern, taken, left) => {
    expect(taken.filter((host) => !compileHosts([pattern])(host))).toEqual([])
    expect(left.filter((host) => compileHosts([pattern])(host))).toEqual([])
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
        const asked = snapshot.routes.find(({ matches }) =>
          matches(place.host, canonicalPath(place.path), place.method),
        )
        expect(findRoute(snapshot, place)).toBe(asked)
        if (snapshot.routeIndex !== undefined && asked !== undefined) found++
      }
    })
    fc.assert(same, { numRuns: 100 })
    // Of lists that are the same in every run some are long enough for an index.
    found = 0
    fc.assert(same, { numRuns: 50, seed: 3 })
    expect(found).toBeGreaterThan(50)
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

/** Cases of the conformance tests of Kubernetes' Gateway API, whose rules are in order of precedence here. */
describe('as an HTTPRoute', () => {
  const hosts = ['very.specific.com', 'foo.bar.wildcard.io', '*.wildcard.io', '*.anotherwildcard.io']
  const CASES: readonly [
    what: string,
    rules: readonly object[],
    asked: Readonly<Record<string, number | undefined>>,
  ][] = [
    [
      'exact paths match',
      [{ path: '/one' }, { path: '/two' }],
      {
        '/one': 0,
        '/two': 1,
        '/': undefined,
        '/one/example': undefined,
        '/two/': undefined,
        '/Two': undefined,
      },
    ],
    [
      'prefixes match by segments',
      [{ path: '/v2/*' }, { path: '/*' }],
      { '/': 1, '/example': 1, '/v2': 0, '/v2/': 0, '/v2/example': 0, '/v2example': 1, '/foo/v2/example': 1 },
    ],
    [
      'paths take precedence',
      [
        { path: '/match/exact/one' },
        { path: '/match/exact' },
        { path: '/match/prefix/one/*' },
        { path: '/match/prefix/*' },
        { path: '/match/*' },
      ],
      {
        '/match/exact/one': 0,
        '/match/exact': 1,
        '/match/exact/two': 4,
        '/match/prefix/one/any': 2,
        '/match/prefix/two': 3,
        '/match/prefix': 3,
        '/match/any': 4,
        '/matched': undefined,
      },
    ],
    [
      'host names match',
      hosts.map((host) => ({ path: '/*', host })),
      {
        '//very.specific.com/s1': 0,
        '//very.specific.com:1234/s1': 0,
        '//foo.bar.wildcard.io/s3': 1,
        '//foo.wildcard.io/s3': 2,
        '//foo.bar.baz.wildcard.io/s3': 2,
        '//foo.anotherwildcard.io/s4': 3,
        '//wildcard.io/s3': undefined,
        '//non.matching.com/s1': undefined,
        '//foo.wildcard.io.evil.com/s1': undefined,
      },
    ],
  ]

  it.each(CASES)('%s', (_, rules, asked) => {
    const document = documentOf(rules.map((rule) => ({ ...rule, origin: 'only' })))
    const parsed = parseDocumentValue(document)
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
    const snapshot = compileSnapshot(parsed.value)
    const found = Object.keys(asked).map((url) => {
      const { host, path } = addressOf(url.startsWith('//') ? `http:${url}` : `http://shop.test${url}`)
      const route = findRoute(snapshot, { host, path, method: 'GET' })
      return [url, route && snapshot.routes.indexOf(route)]
    })
    expect(Object.fromEntries(found)).toEqual(asked)
  })
})
