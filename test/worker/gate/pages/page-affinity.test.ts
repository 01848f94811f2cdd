import { describe, expect, it } from 'vitest'
import { findTarget, type Snapshot } from '../../../../src/core/config/compile/snapshot.ts'
import type { CookieSettings } from '../../../../src/core/context/identity.ts'
import { type Decision, NOT_COMPARED, type Reason } from '../../../../src/core/decision/decide.ts'
import {
  affinityOf,
  affinityOfPage,
  asOnPage,
  keepToPage,
  type PageAffinity,
  type PageRole,
  pageCookie,
  pageRoleOf,
} from '../../../../src/gate/pages/page-affinity.ts'
import { COOKIES, flagTargetAt, requestTo, SHOP, snapshotOf } from '../support/stage.ts'

type Headers_ = Record<string, string>
const SITE = 'https://shop.test'
const snapshot = snapshotOf({
  ...SHOP,
  routes: [
    { path: '/loose/*', flag: 'half', origins: { on: 'new', off: 'old' }, follow: false },
    ...SHOP.routes.slice(0, -1),
    { path: '/three/*', flag: 'checkout', origins: { on: 'other', off: 'old' } },
    ...SHOP.routes.slice(-1),
  ],
})

/** The entry that a document at `path` leaves in the cookie. */
function entryOf(
  path: string,
  flag: string,
  variant: string,
  policy: string | null = null,
  cookies: CookieSettings = COOKIES,
): string {
  const cookie = pageCookie(requestTo(SITE + path), { flag, variant, referrerPolicy: policy }, cookies)
  return cookie?.slice('sluice_pages='.length, cookie.indexOf(';')) ?? ''
}
const cookieOf = (...entries: string[]) => `sluice_pages=${entries.join('!')}`

describe('what a request is to its page', () => {
  const navigate = { 'sec-fetch-mode': 'navigate' }
  const own = { 'sec-fetch-site': 'same-origin' }
  it.each<[PageRole, string, Headers_]>([
    ['page', 'GET', { accept: 'text/html,*/*' }],
    ['part', 'GET', { accept: '*/*' }],
    ['part', 'GET', {}],
    ['part', 'POST', { accept: 'text/html' }],
    ['page', 'GET', navigate],
    ['page', 'GET', { ...navigate, ...own }],
    ['page', 'POST', { ...navigate, 'sec-fetch-site': 'cross-site' }],
    ['submission', 'POST', { ...navigate, ...own }],
    ['page', 'GET', { ...navigate, ...own, 'sec-fetch-dest': 'document' }],
    ...['iframe', 'frame', 'fencedframe', 'object', 'embed'].map((dest): [PageRole, string, Headers_] => [
      'frame',
      'GET',
      { ...navigate, ...own, 'sec-fetch-dest': dest },
    ]),
    ['page', 'GET', { ...navigate, 'sec-fetch-site': 'same-site', 'sec-fetch-dest': 'iframe' }],
    ['part', 'GET', { 'sec-fetch-mode': 'cors', ...own }],
    ['foreign', 'GET', { 'sec-fetch-mode': 'cors', 'sec-fetch-site': 'same-site' }],
    ['foreign', 'POST', { 'sec-fetch-mode': 'no-cors', 'sec-fetch-site': 'cross-site', accept: 'text/html' }],
  ])('%s: %s with %j', (role, method, headers) => {
    expect(pageRoleOf(requestTo(SITE, { method, headers }))).toBe(role)
  })
})

/** The affinity of a part at `path` to its page. */
function affinity(path: string, headers: Headers_, role: PageRole = 'part', of: Snapshot = snapshot) {
  const request = requestTo(SITE + path, { headers })
  const found = affinityOf(request, role, findTarget(of, request), of)
  return found && [found.target.flag.key, found.variant]
}

describe('a part belongs to', () => {
  const checkout = entryOf('/checkout/?a=1', 'checkout', 'on')
  const half = entryOf('/half/', 'half', 'off')
  const plain = entryOf('/about', 'none', '').replace('none', '')
  const referer = (path: string) => ({ referer: SITE + path })

  it('the document that its Referer names', () => {
    const cookie = cookieOf(half, checkout)
    expect(affinity('/app.js', { cookie, ...referer('/checkout/?a=1') })).toEqual(['checkout', 'on'])
    expect(affinity('/app.js', { cookie, ...referer('/half/') })).toEqual(['half', 'off'])
    expect(affinity('/app.js', { cookie, ...referer('/half/?') })).toEqual(['half', 'off'])
  })

  it('the newest document of the flag of the Referer, else the newest of all', () => {
    const cookie = cookieOf(half, checkout)
    expect(affinity('/app.js', { cookie, ...referer('/checkout/pushed') })).toEqual(['checkout', 'on'])
    expect(affinity('/app.js', { cookie, ...referer('/about') })).toEqual(['half', 'off'])
    expect(affinity('/app.js', { cookie })).toEqual(['half', 'off'])
  })

  it('no document where the browser says that it comes from elsewhere, or keeps it to itself', () => {
    const cookie = cookieOf(checkout)
    expect(affinity('/app.js', { cookie, referer: 'https://evil.test/checkout/?a=1' })).toBeUndefined()
    expect(affinity('/app.js', { cookie, 'sec-fetch-site': 'cross-site' })).toBeUndefined()
    expect(affinity('/app.js', { cookie, 'sec-fetch-site': 'same-origin' })).toEqual(['checkout', 'on'])
    expect(affinity('/app.js', { cookie, referer: 'no address' })).toEqual(['checkout', 'on'])
  })

  it.each<PageRole>(['page', 'foreign'])('no document where it is a %s', (role) => {
    expect(affinity('/app.js', { cookie: cookieOf(checkout) }, role)).toBeUndefined()
  })

  it.each<PageRole>(['part', 'frame', 'submission'])('its document where it is a %s', (role) => {
    expect(affinity('/app.js', { cookie: cookieOf(checkout) }, role)).toEqual(['checkout', 'on'])
  })

  it('no document of a route without a flag', () => {
    expect(affinity('/app.js', { cookie: cookieOf(plain, checkout), ...referer('/about') })).toBeUndefined()
  })

  it('no document where its route does not follow pages, or shares no origin with it', () => {
    expect(affinity('/loose/app.js', { cookie: cookieOf(half) })).toBeUndefined()
    expect(affinity('/named', { cookie: cookieOf(checkout) })).toBeUndefined()
    expect(affinity('/other/app.js', { cookie: cookieOf(checkout) })).toBeUndefined()
  })

  it('the document of another flag where the two choose among the same origins', () => {
    expect(affinity('/half/app.js', { cookie: cookieOf(checkout) })).toEqual(['checkout', 'on'])
  })

  it('no document of a flag or a variant that is gone', () => {
    expect(affinity('/app.js', { cookie: cookieOf(entryOf('/x', 'gone', 'on')) })).toBeUndefined()
    expect(affinity('/app.js', { cookie: cookieOf(entryOf('/x', 'checkout', 'gone')) })).toBeUndefined()
  })

  it('its own route of the flag of the page', () => {
    const request = requestTo(`${SITE}/three/x`, { headers: { cookie: cookieOf(checkout) } })
    const own = findTarget(snapshot, request)
    expect(affinityOf(request, 'part', own, snapshot)?.target).toBe(own)
  })

  it('the route by which its page was decided', () => {
    const cookie = cookieOf(checkout, entryOf('/three/', 'checkout', 'on'))
    for (const path of ['/checkout/?a=1', '/three/']) {
      const request = requestTo(`${SITE}/app.js`, { headers: { cookie, ...referer(path) } })
      const found = affinityOf(request, 'part', findTarget(snapshot, request), snapshot)
      expect(found?.target).toBe(flagTargetAt(snapshot, path.split('?')[0] ?? ''))
      expect(affinityOfPage(request, snapshot)).toEqual(found)
    }
  })

  it('nothing without the cookie, or with one that is no list of entries', () => {
    for (const cookie of [
      '',
      'sluice_pages=',
      'sluice_pages=a|checkout',
      'sluice_pages=|checkout|on',
      `sluice_pages=${`${checkout}!`.repeat(200)}`,
    ]) {
      expect(affinity('/app.js', { cookie })).toBeUndefined()
      expect(affinityOfPage(requestTo(`${SITE}/app.js`, { headers: { cookie } }), snapshot)).toBeUndefined()
    }
    // Up to twice of what the gate would write.
    expect(affinity('/app.js', { cookie: cookieOf(checkout, 'x'.repeat(2_900)) })).toEqual(['checkout', 'on'])
  })
})

describe('a decision', () => {
  const target = flagTargetAt(snapshot, '/checkout/')
  /** The variants that the visitor's splits serve. */
  const byChance = () => new Set(['on', 'off'])
  const kept = (variant: string, decision: Partial<Decision>) => {
    const given: Decision = {
      flag: 'checkout',
      variant: 'on',
      value: true,
      reason: 'SPLIT',
      rule: 'rule 1',
      placement: { arm: 'canary', position: 7 },
      generation: 2,
      stage: 1,
      ...decision,
    }
    const affinity: PageAffinity = { target, variant }
    return {
      given,
      on: keepToPage(affinity, given, byChance),
      anywhere: asOnPage(affinity, given, byChance),
    }
  }

  it.each<[string, Partial<Decision>]>([
    ['off', { reason: 'SPLIT' }],
    ['off', { reason: 'STATIC' }],
    ['on', { variant: 'off', value: false, reason: 'SPLIT' }],
  ])('becomes the page’s %s where the two differ by chance: %j', (variant, decision) => {
    const { given, on, anywhere } = kept(variant, decision)
    expect(on).toEqual({
      ...given,
      variant,
      value: variant === 'on',
      rule: undefined,
      placement: NOT_COMPARED,
    })
    expect(anywhere).toEqual(on)
  })

  it.each<[string, Partial<Decision>]>([
    ['on', {}],
    ['gone', {}],
    ['off', { reason: 'OVERRIDE' }],
    ...(['KILLED', 'ROLLED_BACK', 'DEFAULT', 'DISABLED', 'TARGETING_MATCH', 'OVERRIDE'] as Reason[]).map(
      (reason): [string, Partial<Decision>] => ['on', { variant: 'off', value: false, reason }],
    ),
  ])('stays as it is beside the page’s %s: %j', (variant, decision) => {
    const { given, on } = kept(variant, decision)
    expect(on).toBe(given)
  })

  it('stays as it is without a page, and for another flag than the page’s', () => {
    const { given } = kept('off', {})
    expect(keepToPage(undefined, given, byChance)).toBe(given)
    expect(asOnPage(undefined, given, byChance)).toBe(given)
    const other = { ...given, flag: 'half' }
    expect(asOnPage({ target, variant: 'off' }, other, byChance)).toBe(other)
  })

  it('stays as it is beside a variant that chance could not have given', () => {
    const given: Decision = { ...kept('on', {}).given, variant: 'off', value: false }
    expect(keepToPage({ target, variant: 'on' }, given, () => new Set(['off']))).toBe(given)
  })
})

describe('the cookie of a document', () => {
  const cookieAfter = (
    cookie: string | undefined,
    path: string,
    flag = 'checkout',
    variant = 'on',
    policy: string | null = null,
  ) =>
    pageCookie(
      requestTo(SITE + path, { headers: cookie === undefined ? {} : { cookie } }),
      { flag, variant, referrerPolicy: policy },
      COOKIES,
    )

  it('names its version, newest first, each document once', () => {
    const first = cookieAfter(undefined, '/checkout/')
    expect(first).toMatch(/^sluice_pages=\w+\|checkout\|on; Path=\/; HttpOnly; SameSite=Lax; Secure$/)
    const [a, b] = [entryOf('/a', 'checkout', 'on'), entryOf('/b', 'half', 'off')]
    expect(cookieAfter(cookieOf(a, b), '/b', 'half', 'on')).toContain(
      `${cookieOf(entryOf('/b', 'half', 'on'), a)};`,
    )
  })

  it('is left out where the browser has it already', () => {
    const cookie = cookieOf(entryOf('/a', 'checkout', 'on'))
    expect(cookieAfter(cookie, '/a')).toBeUndefined()
    expect(cookieAfter(cookie, '/b')).toBeDefined()
    expect(cookieAfter(cookie, '/a', 'half')).toBeDefined()
    expect(cookieAfter(cookie, '/a', 'checkout', 'off')).toBeDefined()
  })

  it('of a route without a flag only follows one of a route with a flag', () => {
    expect(cookieAfter(undefined, '/about', '', '')).toBeUndefined()
    const cookie = cookieOf(entryOf('/a', 'checkout', 'on'))
    expect(cookieAfter(cookie, '/about', '', '')).toMatch(/^sluice_pages=\w+\|\|!\w+\|checkout\|on;/)
  })

  /** The cookie after documents, each of a path and a variant of `checkout`, and what the browser fetched ahead. */
  const cookieOfVisits = (visits: readonly [string, string, Headers_?][], flag = 'checkout') =>
    visits.reduce((cookie, [path, variant, headers = {}]) => {
      const request = requestTo(SITE + path, { headers: { ...headers, ...(cookie && { cookie }) } })
      return pageCookie(request, { flag, variant, referrerPolicy: null }, COOKIES)?.split(';')[0] ?? cookie
    }, '')
  const many = (path: string, variant: string, headers: Headers_ = {}) =>
    Array.from({ length: 60 }, (_, at): [string, string, Headers_?] => [`${path}${at}`, variant, headers])
  const variantOn = (path: string, cookie: string) =>
    affinity('/app.js', { cookie, ...{ referer: SITE + path } })?.[1]

  it('names a version once, with its documents', () => {
    const id = (path: string) => entryOf(path, 'checkout', 'on').split('|')[0]
    const visits: [string, string][] = [
      ['/a', 'on'],
      ['/b', 'off'],
      ['/c', 'on'],
    ]
    expect(cookieOfVisits(visits)).toBe(
      `sluice_pages=${id('/c')}.${id('/a')}|checkout|on!${id('/b')}|checkout|off`,
    )
  })

  it('keeps the open page of a version, however many another tab visits on the other', () => {
    const cookie = cookieOfVisits([['/checkout/a', 'off'], ...many('/checkout/', 'on')])
    expect(variantOn('/checkout/a', cookie)).toBe('off')
    expect(variantOn('/checkout/59', cookie)).toBe('on')
    // As long as one page of both is open.
    const back = cookieOfVisits([...many('/checkout/x', 'off').slice(0, 9), ...many('/checkout/', 'on')])
    for (let at = 0; at < 9; at++) expect(variantOn(`/checkout/x${at}`, back)).toBe('off')
  })

  it('keeps the page that is shown, however many are fetched ahead', () => {
    const ahead = many('/checkout/', 'on', { 'sec-purpose': 'prefetch' })
    const cookie = cookieOfVisits([['/checkout/a', 'off'], ...ahead])
    expect(variantOn('/checkout/a', cookie)).toBe('off')
    expect(variantOn('/checkout/pushed', cookie)).toBe('off')
    expect(variantOn('/checkout/59', cookie)).toBe('on')
  })

  it('gives up the oldest pages of the version that has most', () => {
    const cookie = cookieOfVisits([...many('/checkout/x', 'off'), ...many('/checkout/', 'on')])
    const [on, off] = cookie.slice('sluice_pages='.length).split('!')
    const idsOf = (version = '') => (version.split('|')[0] ?? '').split('.')
    expect(idsOf(on)[0]).toBe(entryOf('/checkout/59', 'checkout', 'on').split('|')[0])
    expect(idsOf(off)[0]).toBe(entryOf('/checkout/x59', 'checkout', 'off').split('|')[0])
    expect(Math.abs(idsOf(on).length - idsOf(off).length)).toBeLessThanOrEqual(2)
  })

  it('gives up versions that were used longest ago where each has one page', () => {
    const flag = (at: number) => `a-flag-of-16-${`${at}`.padStart(3, '0')}`
    const visit = (cookie: string, at: number) =>
      pageCookie(
        requestTo(`${SITE}/${at}`, { headers: cookie ? { cookie } : {} }),
        { flag: flag(at), variant: 'v'.repeat(16), referrerPolicy: null },
        COOKIES,
      )?.split(';')[0] ?? ''
    const all = Array.from({ length: 20 }, (_, at) => at)
    const kept = all.reduce(visit, '')
    const isKept = all.map((at) => kept.includes(flag(at)))
    expect(isKept.lastIndexOf(false)).toBeLessThan(12)
    expect(isKept).toEqual(all.map((at) => at > isKept.lastIndexOf(false)))
  })

  it.each([
    ['checkout', 'on', 16],
    ['x'.repeat(200), 'größe '.repeat(40), 16],
    ['кошик/a', 'v'.repeat(500), 16],
  ])('is at most 400 bytes long with its name, and holds many pages: %s', (flag, variant, least) => {
    const cookie = cookieOfVisits([...many('/a', variant), ...many('/b', 'off')], flag)
    expect(cookie.length).toBeLessThanOrEqual(400)
    for (const version of cookie.split('!')) expect(version.split('.').length).toBeGreaterThanOrEqual(least)
  })

  it('is read up to 3,000 bytes, as older gates wrote it', () => {
    const old = entryOf('/old', 'checkout', 'on')
    const isRead = (length: number) =>
      affinity('/app.js', { cookie: cookieOf(old, 'x'.repeat(length - old.length - 1)) }) !== undefined
    expect([isRead(3_000), isRead(3_001)]).toEqual([true, false])
    const each = Array.from({ length: 8 }, (_, at) => entryOf(`/${at}`, 'checkout', 'on'))
    const long = 'checkout'.padEnd(40, 'x')
    expect(cookieAfter(cookieOf(...each, `1x9k2|${long}|on`), '/new')).toContain(
      `.${each[7]}!1x9k2|${entryOf('/', long, '').split('|')[1]}|on;`,
    )
  })

  it('has a hash for a name that is long, or that cookies cannot hold', () => {
    const flag = (name: string) => entryOf('/a', name, 'on').split('|')[1]
    const variant = (name: string) => entryOf('/a', 'f', name).split('|')[2]
    for (const named of [flag, variant]) {
      expect([named('x'.repeat(16)), named('a.b_c~d:e/f-g')]).toEqual(['x'.repeat(16), 'a.b_c~d:e/f-g'])
      expect(['x'.repeat(17), 'größe', 'a b', 'a!b', 'a|b', 'a;b'].map(named)).toEqual(
        Array(6).fill(expect.stringMatching(/^\*\w{1,7}$/)),
      )
      expect(named('größe')).not.toBe(named('große'))
    }
  })

  it('follows by the hash of a variant', () => {
    const variants = { 'a-variant-of-a-long-name': true, größe: 1, off: false }
    const of = snapshotOf({
      ...SHOP,
      routes: [
        {
          path: '/*',
          flag: 'named',
          origins: { 'a-variant-of-a-long-name': 'new', größe: 'new', off: 'old' },
        },
      ],
      flags: { named: { variants, off: 'off', rules: [{ serve: 'größe' }] } },
    })
    for (const variant of Object.keys(variants)) {
      const cookie = cookieOf(entryOf('/x', 'named', variant))
      expect(affinity('/app.js', { cookie, referer: `${SITE}/x` }, 'part', of)).toEqual(['named', variant])
    }
  })

  it('writes nothing that cookies cannot hold, whatever the visitor’s says', () => {
    const forged = ['%3B%20Domain=evil|checkout|on', 'a|*%3B%20Domain=evil|on', 'a|checkout|%0D%0Ax:%20y']
    const cookie = cookieAfter(cookieOf(...forged), '/new') ?? ''
    expect(cookie).toMatch(/^sluice_pages=[\w.|!*]+; Path=\/; HttpOnly; SameSite=Lax; Secure$/)
  })

  it.each([
    ['origin', true],
    ['strict-origin', true],
    ['no-referrer, Strict-Origin ', true],
    ['origin, unsafe-url', false],
    ['origin-when-cross-origin', false],
    ['same-origin', false],
    [null, false],
  ])('under the policy %s goes by the site alone: %s', (policy, isRoot) => {
    const root = entryOf('/', 'checkout', 'on')
    expect(entryOf('/deep/page', 'checkout', 'on', policy) === root).toBe(isRoot)
  })
})
