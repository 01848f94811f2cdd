/** Visitors' ids: what the gate made counts for its time, and nothing else that a visitor could write does. */
import { describe, expect, it } from 'vitest'
import type { CookieSettings } from '../../../../src/core/context/identity.ts'
import { type SipKey, sipHash } from '../../../../src/core/context/siphash.ts'
import { AnonymousIdentity, withholdsCookies } from '../../../../src/gate/request/identity-cookie.ts'
import { VisitorIds, visitorIdsOf } from '../../../../src/gate/request/visitor-ids.ts'
import { keysOf } from '../../../../src/platform/keys.ts'
import { COOKIES, NOW_MS, requestTo } from '../support/stage.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const KEY: SipKey = [1, 2, 3, 4]
const ids = new VisitorIds([KEY])
const cookieAt = (nowMs: number, by = ids) => by.issue(nowMs).cookie ?? ''
const isRead = (cookie: string, nowMs = NOW_MS) => ids.read(cookie, nowMs) !== undefined
/** An id by the right key, of any dates. */
const made = (born: number, signed: number, key = KEY, random = 'AAAAAAAAAAAAAAAA') => {
  const text = `${born.toString(36)}.${random}.${signed.toString(36)}`
  return `${text}.${sipHash(key, text)}`
}
const HOUR = Math.floor(NOW_MS / HOUR_MS)

describe('an id', () => {
  it('is the gate’s, of the hour it was born in, and unlike any other', () => {
    const { key, bornMs, cookie } = ids.issue(NOW_MS + 59 * 60_000)
    expect(bornMs).toBe(NOW_MS)
    expect(cookie).toMatch(/^[0-9a-z]{4}\.[\w-]{16}\.[0-9a-z]{4}\.[0-9a-f]{16}$/)
    expect(cookie?.startsWith(`${key}.`)).toBe(true)
    expect(ids.read(cookie ?? '', NOW_MS)).toEqual({ key, bornMs, cookie: undefined })
    expect(new Set(Array.from({ length: 1_000 }, () => ids.issue(NOW_MS).key)).size).toBe(1_000)
  })

  it('does not show its signature in the part that origins see', () => {
    const { key, cookie } = ids.issue(NOW_MS)
    const mac = cookie?.split('.').at(-1) ?? ''
    expect(key).not.toContain(mac)
    expect(isRead(key)).toBe(false)
  })

  it('with any character changed is not the gate’s', () => {
    const cookie = cookieAt(NOW_MS)
    expect(isRead(cookie)).toBe(true)
    for (let at = 0; at < cookie.length; at++) {
      for (const other of ['0', 'a', 'A', '.', '-', '%']) {
        if (cookie[at] === other) continue
        expect(isRead(cookie.slice(0, at) + other + cookie.slice(at + 1)), `${at} ${other}`).toBe(false)
      }
    }
  })

  it.each([
    '',
    '.',
    '...',
    'visitor-1',
    'x'.repeat(128),
    '00000000-0000-4000-8000-000000000001',
    'constructor',
    '__proto__',
  ])('that reads "%s" is not the gate’s', (text) => expect(isRead(text)).toBe(false))

  it('by another key is not the gate’s, also with a good one before or behind', () => {
    const forged = made(HOUR, HOUR, [1, 2, 3, 5])
    for (const each of [
      forged,
      `${cookieAt(NOW_MS)}x`,
      ` ${cookieAt(NOW_MS)}`,
      `${cookieAt(NOW_MS)}.${forged}`,
    ])
      expect(isRead(each)).toBe(false)
  })

  it('lives 400 days from when it was signed, and is none of the future', () => {
    const of = (signed: number) => isRead(made(signed, signed))
    expect([of(HOUR - 400 * 24), of(HOUR - 400 * 24 - 1)]).toEqual([true, false])
    expect([of(HOUR + 1), of(HOUR + 2)]).toEqual([true, false])
    // What is remembered goes by the clock, too.
    const cookie = cookieAt(NOW_MS)
    expect(isRead(cookie)).toBe(true)
    expect(isRead(cookie, NOW_MS + 400 * DAY_MS)).toBe(true)
    expect(isRead(cookie, NOW_MS + 400 * DAY_MS + HOUR_MS)).toBe(false)
    expect(isRead(cookie, NOW_MS - 2 * HOUR_MS)).toBe(false)
  })

  it('was not signed before it was born', () => {
    expect(isRead(made(HOUR - 1, HOUR - 1))).toBe(true)
    expect(isRead(made(HOUR, HOUR - 1))).toBe(false)
  })

  it('is signed anew after 30 days, at its place and with its birthday, for as long as the visitor comes', () => {
    let cookie = cookieAt(NOW_MS)
    const { key } = ids.read(cookie, NOW_MS) ?? {}
    expect(ids.read(cookie, NOW_MS + 30 * DAY_MS - HOUR_MS)?.cookie).toBeUndefined()
    for (let days = 30; days <= 3_000; days += 350) {
      const id = ids.read(cookie, NOW_MS + days * DAY_MS)
      expect([id?.key, id?.bornMs]).toEqual([key, NOW_MS])
      expect(id?.cookie).not.toBe(cookie)
      cookie = id?.cookie ?? ''
    }
  })

  it('of the previous key keeps its place, and is signed by the present one at once', () => {
    const next = new VisitorIds([[9, 9, 9, 9], KEY])
    const { key, cookie = '' } = ids.issue(NOW_MS)
    const id = next.read(cookie, NOW_MS)
    expect(id?.key).toBe(key)
    const alone = new VisitorIds([[9, 9, 9, 9]])
    expect(alone.read(id?.cookie ?? '', NOW_MS)).toMatchObject({ key, cookie: undefined })
    expect(alone.read(cookie, NOW_MS)).toBeUndefined()
    // The gate signs nothing by the previous key.
    expect(ids.read(next.issue(NOW_MS).cookie ?? '', NOW_MS)).toBeUndefined()
  })

  it('is remembered, within bounds', () => {
    const many = Array.from({ length: 10_001 }, () => cookieAt(NOW_MS))
    for (const cookie of many) if (!isRead(cookie)) throw new Error(cookie)
    for (const cookie of many.slice(0, 10)) expect(isRead(cookie)).toBe(true)
  })
})

describe('what reads the ids of a gate', () => {
  it('is made once for its keys, and is another for others', async () => {
    const env = { SIGNING_KEY: 'of this test', SIGNING_KEY_PREVIOUS: undefined }
    const first = await visitorIdsOf(env)
    expect(visitorIdsOf(env)).toBe(first)
    const rotated = await visitorIdsOf({ SIGNING_KEY: 'the next', SIGNING_KEY_PREVIOUS: 'of this test' })
    expect(rotated?.read(first?.issue(NOW_MS).cookie ?? '', NOW_MS)).toBeDefined()
    const other = await visitorIdsOf({ SIGNING_KEY: 'the next' })
    expect(other?.read(first?.issue(NOW_MS).cookie ?? '', NOW_MS)).toBeUndefined()
    expect(visitorIdsOf({})).toBeUndefined()
    expect(visitorIdsOf({ SIGNING_KEY: '', SIGNING_KEY_PREVIOUS: 'x' })).toBeUndefined()
  })

  it('takes its key from the one for identities, and from no other', async () => {
    const found = await visitorIdsOf({ SIGNING_KEY: 'k' })
    const { identity, ...others } = await keysOf('k')
    const sipKeyOfText = (text: string): SipKey => {
      const bytes = atob(
        text
          .replace(/^sluice-\w+-/, '')
          .replaceAll('-', '+')
          .replaceAll('_', '/'),
      )
      const view = new DataView(Uint8Array.from(bytes, (each) => each.charCodeAt(0)).buffer)
      return [0, 4, 8, 12].map((at) => view.getInt32(at, true)) as unknown as SipKey
    }
    expect(found?.read(made(HOUR, HOUR, sipKeyOfText(identity)), NOW_MS)).toBeDefined()
    for (const other of Object.values(others))
      expect(found?.read(made(HOUR, HOUR, sipKeyOfText(other)), NOW_MS)).toBeUndefined()
  })
})

const UUID = '3f2b8c1d-0a1b-4c2d-8e3f-0123456789ab'
type Brought = {
  cookie?: string
  headers?: Record<string, string>
  method?: string
  isSigning?: boolean
  legacyUntilMs?: number
  cookies?: CookieSettings
  isWithheld?: boolean
}
const identityOf = ({
  cookie,
  headers,
  method = 'GET',
  isSigning = true,
  legacyUntilMs = NOW_MS + 1,
  cookies = COOKIES,
  isWithheld = false,
}: Brought) => {
  const all = { ...headers, ...(cookie !== undefined && { cookie: `sluice_id=${cookie}` }) }
  const request = requestTo('https://shop.test/', { method, headers: all })
  const identity = new AnonymousIdentity(request, {
    ids: isSigning ? ids : undefined,
    legacyUntilMs,
    cookies,
    isWithheld: () => isWithheld,
  })
  const key = identity.key()
  const { standing, isNew } = identity
  return {
    key,
    standing,
    isNew,
    keyStanding: identity.keyStanding(),
    cookie: identity.setCookie()?.split(';')[0],
  }
}
const CROSS = { 'sec-fetch-site': 'cross-site' }
const NAVIGATES = { ...CROSS, 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }

describe('an anonymous visitor', () => {
  it('with the gate’s id is compared, and gets no cookie', () => {
    const { key, cookie } = ids.issue(NOW_MS)
    expect(identityOf({ cookie: cookie ?? '' })).toEqual({
      ...{ key, standing: 'signed', isNew: false, keyStanding: 'proven', cookie: undefined },
    })
  })

  it('with an old one keeps their place with a new cookie', () => {
    const old = ids.issue(NOW_MS - 40 * DAY_MS)
    const found = identityOf({ cookie: old.cookie ?? '' })
    expect(found).toMatchObject({ key: old.key, standing: 'signed', isNew: false })
    expect(ids.read(found.cookie?.slice('sluice_id='.length) ?? '', NOW_MS)?.cookie).toBeUndefined()
  })

  it('without one is new, and compared: the gate has chosen the id', () => {
    const found = identityOf({})
    expect(found).toMatchObject({ standing: 'issued', isNew: true, keyStanding: 'proven' })
    expect(ids.read(found.cookie?.slice('sluice_id='.length) ?? '', NOW_MS)?.key).toBe(found.key)
  })

  it.each(['visitor-1', 'x'.repeat(200), `${UUID}x`, UUID.toUpperCase(), made(HOUR, HOUR, [5, 5, 5, 5])])(
    'with the made-up id %s gets another, and is not compared',
    (cookie) => {
      const found = identityOf({ cookie })
      expect(found).toMatchObject({ standing: 'replaced', isNew: true, keyStanding: 'excluded' })
      expect(found.key).not.toBe(cookie)
      expect(found.cookie).toContain(found.key)
    },
  )

  it('with an id from before they were signed keeps their place until its time is over, not compared', () => {
    expect(identityOf({ cookie: UUID })).toEqual({
      ...{ key: UUID, standing: 'legacy', isNew: false, keyStanding: 'excluded', cookie: undefined },
    })
    expect(identityOf({ cookie: UUID, legacyUntilMs: NOW_MS })).toMatchObject({
      standing: 'replaced',
      isNew: true,
    })
  })

  it('of a gate without a key is who they say', () => {
    const unsigned = { standing: 'unsigned', isNew: false, keyStanding: 'unproven', cookie: undefined }
    for (const cookie of ['visitor-1', UUID, 'x'.repeat(128)])
      expect(identityOf({ cookie, isSigning: false })).toEqual({ key: cookie, ...unsigned })
    expect(identityOf({ cookie: 'x'.repeat(129), isSigning: false })).toMatchObject({ standing: 'issued' })
    expect(identityOf({ isSigning: false }).cookie).toMatch(/^sluice_id=[0-9a-f-]{36}$/)
  })

  it('keeps their place in a gate that has lost its key', () => {
    const { key, cookie = '' } = ids.issue(NOW_MS)
    expect(identityOf({ cookie, isSigning: false }).key).toBe(key)
  })

  it.each([
    ['POST', NAVIGATES],
    ['POST', CROSS],
    ['GET', { ...NAVIGATES, 'sec-fetch-dest': 'iframe' }],
    ['GET', { ...CROSS, 'sec-fetch-mode': 'no-cors' }],
    ['GET', { ...CROSS, 'sec-fetch-mode': 'cors' }],
  ])('whose browser withheld cookies (%s %j) gets none, and is not compared', (method, headers) => {
    for (const isSigning of [true, false]) {
      expect(identityOf({ method, headers, isSigning })).toMatchObject({
        ...{ standing: 'withheld', isNew: true, keyStanding: 'excluded', cookie: undefined },
        key: undefined,
      })
      const { cookie = '', key } = ids.issue(NOW_MS)
      // One that comes all the same was not withheld.
      expect(identityOf({ method, headers, cookie, isSigning }).key).toBe(key)
    }
  })

  it('whose page asks without the cookies that its document left gets none, and is not compared', () => {
    for (const isSigning of [true, false]) {
      expect(identityOf({ isWithheld: true, isSigning })).toMatchObject({
        ...{ key: undefined, standing: 'withheld', keyStanding: 'excluded', cookie: undefined },
      })
      const { cookie = '', key } = ids.issue(NOW_MS)
      expect(identityOf({ isWithheld: true, cookie, isSigning }).key).toBe(key)
    }
  })

  it.each([
    ['GET', NAVIGATES],
    ['GET', { ...CROSS, 'sec-fetch-mode': 'navigate' }],
    ['POST', { ...NAVIGATES, 'sec-fetch-site': 'same-origin' }],
    ['POST', { ...NAVIGATES, 'sec-fetch-site': 'same-site' }],
    ['POST', { ...NAVIGATES, 'sec-fetch-site': 'none' }],
    ['POST', {}],
  ])('whose browser would have sent cookies (%s %j) is new', (method, headers: Record<string, string>) => {
    expect(withholdsCookies(requestTo('https://shop.test/', { method, headers }))).toBe(false)
    expect(identityOf({ method, headers }).standing).toBe('issued')
  })

  it('that announces a crawler gets none, and is not compared; one that it brings counts', () => {
    const headers = {
      'user-agent': 'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)',
    }
    expect(identityOf({ headers })).toEqual({
      ...{ key: undefined, standing: 'crawler', isNew: true, keyStanding: 'excluded', cookie: undefined },
    })
    const { cookie = '', key } = ids.issue(NOW_MS)
    expect(identityOf({ headers, cookie })).toMatchObject({ key, standing: 'signed' })
  })

  it('gets none where the document gives out none, and brings none', () => {
    const cookies = { domain: undefined, areGiven: false }
    for (const cookie of [undefined, ids.issue(NOW_MS).cookie]) {
      expect(identityOf({ cookies, ...(cookie && { cookie }) })).toEqual({
        ...{ key: undefined, standing: 'unasked', isNew: true, keyStanding: 'excluded', cookie: undefined },
      })
    }
  })

  it('brings a key where it counts', () => {
    const brought = (headers: Record<string, string>, rules = {}) =>
      new AnonymousIdentity(requestTo('https://shop.test/', { headers }), {
        ...{ ids, legacyUntilMs: NOW_MS + 1, cookies: COOKIES, isWithheld: () => false, ...rules },
      }).broughtKey()
    const { key, cookie } = ids.issue(NOW_MS)
    expect(brought({ cookie: `sluice_id=${cookie}` })).toBe(key)
    expect(brought({ cookie: `sluice_id=${UUID}` })).toBe(UUID)
    expect(brought({ cookie: 'sluice_id=eve' }, { ids: undefined })).toBe('eve')
    expect(brought({ cookie: 'sluice_id=eve' })).toBeUndefined()
    expect(brought({})).toBeUndefined()
  })

  it('is found behind cookies of its name that another host of the domain has set', () => {
    const { key, cookie } = ids.issue(NOW_MS)
    for (const before of ['junk', UUID, '', `${cookie?.slice(0, -2)}xx`])
      expect(identityOf({ cookie: `${before}; sluice_id=${cookie}` })).toMatchObject({
        key,
        standing: 'signed',
      })
    const other = ids.issue(NOW_MS)
    expect(identityOf({ cookie: `${other.cookie}; sluice_id=${cookie}` })).toMatchObject({ key: other.key })
    expect(identityOf({ cookie: 'junk; sluice_id=more' })).toMatchObject({
      standing: 'replaced',
      isNew: true,
    })
  })

  it('has a cookie for all hosts of the document’s domain', () => {
    const attributes = (url: string) => {
      const cookies = { domain: 'shop.test', areGiven: true }
      const rules = { ids, legacyUntilMs: 0, cookies, isWithheld: () => false }
      const identity = new AnonymousIdentity(requestTo(url), rules)
      identity.key()
      return identity.setCookie()?.split('; ').slice(2).join('; ')
    }
    expect(attributes('https://www.shop.test/')).toBe(
      'Path=/; HttpOnly; SameSite=Lax; Secure; Domain=shop.test',
    )
    expect(attributes('https://evilshop.test/')).toBe('Path=/; HttpOnly; SameSite=Lax; Secure')
  })
})
