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

  it('remembers eight documents, and is short', () => {
    const pages = Array.from({ length: 8 }, (_, at) => entryOf(`/${at}`, 'checkout', 'on'))
    const value = cookieAfter(cookieOf(...pages), '/new')?.split(';')[0] ?? ''
    expect(value.split('!')).toHaveLength(8)
    expect(value.endsWith(pages[6] ?? '')).toBe(true)
  })

  it('is at most 400 bytes long with its name, the newest documents first, and is read up to 3,000', () => {
    const flag = 'x'.repeat(40)
    const pages = Array.from({ length: 8 }, (_, at) => entryOf(`/${at}`, flag, 'v'.repeat(20)))
    const value = cookieAfter(cookieOf(...pages), '/new', flag)?.split(';')[0] ?? ''
    expect(value.length).toBeLessThanOrEqual(400)
    expect(value.split('!').slice(1)).toEqual(pages.slice(0, value.split('!').length - 1))
    const variantOf = (length: number) => 'v'.repeat(length - cookieOf(entryOf('/new', 'x', '')).length)
    expect(cookieAfter(undefined, '/new', 'x', variantOf(400))).toBeDefined()
    expect(cookieAfter(undefined, '/new', 'x', variantOf(401))).toBeUndefined()
    const old = entryOf('/old', 'checkout', 'on')
    const isRead = (length: number) =>
      affinity('/app.js', { cookie: cookieOf(old, 'x'.repeat(length - old.length - 1)) }) !== undefined
    expect([isRead(3_000), isRead(3_001)]).toEqual([true, false])
  })

  it('has a hash for a flag of a long name, or of one that cookies cannot hold', () => {
    const entry = (flag: string) => entryOf('/a', flag, 'on').split('|')[1]
    expect([entry('x'.repeat(40)), entry('a.b_c~d:e/f-g')]).toEqual(['x'.repeat(40), 'a.b_c~d:e/f-g'])
    expect([entry('x'.repeat(41)), entry('größe')]).toEqual([
      expect.stringMatching(/^\*\w{1,7}$/),
      expect.stringMatching(/^\*\w{1,7}$/),
    ])
    expect(entry('größe')).not.toBe(entry('große'))
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

  it('holds ASCII, whatever the variant is called', () => {
    expect(entryOf('/a', 'x', 'größe; 1')).toMatch(/\|gr%C3%B6%C3%9Fe%3B%201$/)
  })
})
