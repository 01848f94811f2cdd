/** Pages as browsers really ask for them: ahead of time, and from hosts that share their cookies. */
import { describe, expect, it } from 'vitest'
import { findTarget } from '../../../../src/core/config/compile/snapshot.ts'
import {
  affinityOf,
  comesWithoutCookies,
  pageCookie,
  pageRoleOf,
  shownPageCookie,
} from '../../../../src/gate/pages/page-affinity.ts'
import { requestTo, SHOP, snapshotOf } from '../support/stage.ts'

const SITE = 'https://shop.test'
const plain = snapshotOf(SHOP)
const shared = snapshotOf({ ...SHOP, context: { cookieDomain: 'shop.test' } })
type Named = Record<string, string>

/** The cookie after pages, each of a URL, a variant of `half`, and headers. */
function visited(pages: readonly [string, string, Named?][], { cookies } = plain): string {
  let cookie = ''
  for (const [url, variant, headers = {}] of pages) {
    const request = requestTo(url, { headers: { ...headers, ...(cookie && { cookie }) } })
    const next = pageCookie(request, { flag: 'half', variant, referrerPolicy: null }, cookies)
    cookie = next?.split(';')[0] ?? cookie
  }
  return cookie
}

function variantFor(url: string, headers: Named, snapshot = plain): string | undefined {
  const request = requestTo(url, { headers })
  const role = pageRoleOf(request, snapshot.cookies)
  return affinityOf(request, role, findTarget(snapshot, request), snapshot)?.variant
}

const part = (referer: string, cookie: string, site = 'same-origin') => ({
  ...{ referer, cookie, 'sec-fetch-mode': 'cors', 'sec-fetch-site': site },
})

describe('a page that is fetched ahead', () => {
  const [now, next] = [`${SITE}/half/now`, `${SITE}/half/next`]
  it.each<Named>([
    { 'sec-purpose': 'prefetch' },
    { 'sec-purpose': 'prefetch;prerender' },
    { 'sec-purpose': 'prefetch;anonymous-client-ip' },
    { purpose: 'prefetch' },
    { 'x-moz': 'prefetch' },
    { purpose: 'preview' },
  ])('is not the page to follow, but its own parts follow it: %j', (headers) => {
    const cookie = visited([
      [now, 'on'],
      [next, 'off', headers],
    ])
    expect(variantFor(`${SITE}/half/data`, part(`${SITE}/half/pushed`, cookie))).toBe('on')
    expect(variantFor(`${SITE}/half/data`, part(next, cookie))).toBe('off')
  })

  it('is none to follow where it is the only one', () => {
    const cookie = visited([[next, 'off', { 'sec-purpose': 'prefetch' }]])
    expect(variantFor(`${SITE}/half/data`, part(`${SITE}/half/pushed`, cookie))).toBeUndefined()
  })

  it('becomes the page to follow once it is shown', () => {
    const cookie = visited([
      [now, 'on'],
      [next, 'off', { 'sec-purpose': 'prefetch;prerender' }],
    ])
    const shown = (headers: Named) =>
      shownPageCookie(requestTo(`${SITE}/half/data`, { headers }), plain.cookies)
    expect(shown({ ...part(next, cookie), 'sec-purpose': 'prefetch;prerender' })).toBeUndefined()
    expect(shown(part(now, cookie))).toBeUndefined()
    const moved = shown(part(next, cookie))?.split(';')[0] ?? ''
    expect(variantFor(`${SITE}/half/data`, part(`${SITE}/half/pushed`, moved))).toBe('off')
    expect(shown(part(next, moved))).toBeUndefined()
    // A navigation to it shows it as well.
    expect(visited([[next, 'off', { cookie }]])).toBe(moved)
  })

  it('leaves a page that is shown where it is', () => {
    const headers = { 'sec-purpose': 'prefetch', cookie: visited([[now, 'on']]) }
    const again = pageCookie(
      requestTo(now, { headers }),
      { flag: 'half', variant: 'on', referrerPolicy: null },
      plain.cookies,
    )
    expect(again).toBeUndefined()
  })
})

describe('hosts that share their cookies', () => {
  const www = 'https://www.shop.test'
  const cookie = visited([[`${www}/half/`, 'on']], shared)

  it('share pages: what a page asks of another host of its site follows it', () => {
    const api = 'https://api.shop.test/half/data'
    expect(variantFor(api, part(`${www}/half/`, cookie, 'same-site'), shared)).toBe('on')
    // By default browsers tell another host no more than the site.
    expect(variantFor(api, part(`${www}/`, cookie, 'same-site'), shared)).toBe('on')
    const form = { ...part(`${www}/`, cookie, 'same-site'), 'sec-fetch-mode': 'navigate' }
    expect(pageRoleOf(requestTo(api, { method: 'POST', headers: form }), shared.cookies)).toBe('submission')
  })

  it('tell pages of one path apart by their host', () => {
    const both = visited(
      [
        [`${www}/half/`, 'on'],
        ['https://shop.test/half/', 'off'],
      ],
      shared,
    )
    expect(variantFor(`${www}/half/x`, part(`${www}/half/`, both), shared)).toBe('on')
    expect(variantFor(`${SITE}/half/x`, part(`${SITE}/half/`, both), shared)).toBe('off')
    const root = visited(
      [
        [`${SITE}/`, 'off'],
        [`${www}/half/`, 'on'],
      ],
      shared,
    )
    expect(variantFor(`${www}/half/x`, part(`${SITE}/`, root, 'same-site'), shared)).toBe('on')
  })

  it('are those of the domain alone', () => {
    const set = (url: string, snapshot = shared) =>
      pageCookie(requestTo(url), { flag: 'half', variant: 'on', referrerPolicy: null }, snapshot.cookies)
    for (const host of ['shop.test', 'www.shop.test:8443', 'a.b.shop.test'])
      expect(set(`https://${host}/half/`)).toMatch(/; Domain=shop\.test$/)
    for (const host of ['evilshop.test', 'shop.test.evil.test', 'localhost'])
      expect(set(`https://${host}/half/`)).not.toContain('Domain')
    expect(set(`${www}/half/`, plain)).not.toContain('Domain')
    const evil = part('https://evilshop.test/half/', cookie, 'same-site')
    expect(variantFor(`${www}/half/x`, evil, shared)).toBeUndefined()
    expect(variantFor('https://evilshop.test/half/x', evil, shared)).toBeUndefined()
  })

  it('follow no page of another host without a common domain', () => {
    const own = visited([[`${www}/half/`, 'on']])
    expect(variantFor('https://api.shop.test/half/x', part(`${www}/half/`, own, 'same-site'))).toBeUndefined()
  })
})

describe('a page without the cookies that its document left', () => {
  const lacks = (headers: Named, snapshot = plain, url = `${SITE}/half/data`) =>
    comesWithoutCookies(requestTo(url, { headers }), snapshot)
  const bare = { 'sec-fetch-mode': 'cors', 'sec-fetch-site': 'same-origin', referer: `${SITE}/half/` }

  it('is one of a route with a flag, of this site, and has none', () => {
    expect(lacks(bare)).toBe(true)
    expect(lacks({ ...bare, 'sec-fetch-mode': 'navigate' })).toBe(true)
    expect(lacks({ ...bare, cookie: 'session=1' })).toBe(true)
    expect(lacks({ ...bare, cookie: visited([[`${SITE}/half/other`, 'on']]) })).toBe(false)
    expect(lacks({ ...bare, referer: `${SITE}/about` })).toBe(false)
    expect(lacks({ ...bare, referer: 'https://evil.test/half/' })).toBe(false)
    const { referer: _, ...unsaid } = bare
    expect(lacks(unsaid)).toBe(false)
  })

  it('is none that another site, an old browser or a program asks for', () => {
    for (const site of ['none', 'cross-site', 'same-site'])
      expect(lacks({ ...bare, 'sec-fetch-site': site })).toBe(false)
    expect(lacks({ referer: `${SITE}/half/` })).toBe(false)
  })

  it('may be of a host that shares its cookies', () => {
    const other = { ...bare, 'sec-fetch-site': 'same-site', referer: 'https://www.shop.test/half/' }
    expect([lacks(other, shared), lacks(other)]).toEqual([true, false])
  })
})
