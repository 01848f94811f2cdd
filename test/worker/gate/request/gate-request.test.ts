import { describe, expect, it } from 'vitest'
import { claimAt } from '../../../../src/gate/request/claims.ts'
import {
  AnonymousIdentity,
  cookieAttributes,
  isLocalhost,
} from '../../../../src/gate/request/identity-cookie.ts'
import { COOKIES, requestTo } from '../support/stage.ts'

const withCf = (cf: object, headers: Record<string, string> = {}, ENVIRONMENT = 'production') =>
  requestTo('https://shop.test/', { headers, cf } as RequestInit, { bindings: { ENVIRONMENT } })
const debug = (value: unknown) => ({
  'sluice-debug-cf': typeof value === 'string' ? value : JSON.stringify(value),
})

describe('a request', () => {
  it('is known by its headers, cookies, parameters and body', () => {
    const request = requestTo('https://shop.test/a?x=1&x=2&empty=', {
      method: 'POST',
      body: 'order',
      headers: { 'X-Plan': 'pro', cookie: 'a=1; b=two', 'cf-connecting-ip': '192.0.2.1' },
      cf: { colo: 'OTP' },
    } as RequestInit)
    expect([request.host, request.path, request.method]).toEqual(['shop.test', '/a', 'POST'])
    expect([request.header('x-plan'), request.header('x-none')]).toEqual(['pro', undefined])
    expect([request.headers.has('x-plan'), request.headers.has('x-none')]).toEqual([true, false])
    expect([request.cookie('b'), request.cookie('c')]).toEqual(['two', undefined])
    expect([request.query('x'), request.query('empty'), request.query('y')]).toEqual(['1', '', undefined])
    expect([request.hasBody, request.ip()]).toEqual([true, '192.0.2.1'])
  })

  it('without any of these has none', () => {
    const request = requestTo('https://shop.test/')
    expect([request.cookie('a'), request.ip(), request.hasBody, request.claim('sub')]).toEqual([
      undefined,
      undefined,
      false,
      undefined,
    ])
  })

  it.each([
    [{ colo: 'OTP' }, 'OTP'],
    [{ colo: '' }, 'local'],
    [{ colo: 7 }, 'local'],
    [{}, 'local'],
  ])('comes in by a location: %j is %s', (cf, colo) => expect(withCf(cf).colo).toBe(colo))

  it('has claims once its token is verified', () => {
    const request = requestTo('https://shop.test/')
    request.accept({ sub: 'ada' })
    expect(request.claim('sub')).toBe('ada')
    request.accept(undefined)
    expect(request.claim('sub')).toBeUndefined()
  })
})

describe('geography that a header makes up', () => {
  it.each<[string, string, unknown, unknown]>([
    ['production', 'is not heard', { country: 'XX' }, 'RO'],
    ['development', 'counts', { country: 'XX' }, 'XX'],
    ['development', 'leaves the other fields', { city: 'X' }, 'RO'],
    ['development', 'is ignored where it is not JSON', '{', 'RO'],
    ['development', 'is ignored where it is not an object', 'null', 'RO'],
    ['development', 'is ignored where it is a number', '7', 'RO'],
  ])('in %s %s', (environment, _, value, country) => {
    expect(withCf({ country: 'RO' }, debug(value), environment).cf('country')).toBe(country)
  })
})

describe('a claim', () => {
  const claims = {
    sub: 'ada',
    tier: 2,
    staff: false,
    roles: ['admin', 1, true],
    mixed: ['admin', {}],
    user: { plan: 'pro', 'a.b': 'dotted' },
    'https://shop.test/plan': 'full',
    'user.plan.x': 'as it stands',
  }
  it.each([
    ['sub', 'ada'],
    ['tier', 2],
    ['staff', false],
    ['roles', ['admin', 1, true]],
    ['mixed', undefined],
    ['user', undefined],
    ['user.plan', 'pro'],
    ['user.plan.x', 'as it stands'],
    ['user.none', undefined],
    ['sub.length', undefined],
    ['https://shop.test/plan', 'full'],
    ['constructor', undefined],
    ['user.constructor.name', undefined],
  ])('%s is %j', (path, value) => expect(claimAt(claims, path)).toEqual(value))
})

describe('the identity of an anonymous visitor', () => {
  const withCookie = (cookie?: string, url = 'https://shop.test/') =>
    new AnonymousIdentity(requestTo(url, { headers: cookie === undefined ? {} : { cookie } }), {
      ids: undefined,
      legacyUntilMs: 0,
      cookies: COOKIES,
      isWithheld: () => false,
    })

  it('is the one that the request brings', () => {
    for (const id of ['known', 'x'.repeat(128)]) {
      const identity = withCookie(`sluice_id=${id}`)
      expect([identity.key(), identity.setCookie()]).toEqual([id, undefined])
    }
  })

  it.each([undefined, 'sluice_id=', `sluice_id=${'x'.repeat(129)}`, 'sluice_idx=a'])(
    'is new with the cookie %s',
    (cookie) => {
      const identity = withCookie(cookie)
      expect(identity.setCookie()).toBeUndefined()
      const key = identity.key()
      expect(key).toMatch(/^[0-9a-f-]{36}$/)
      expect(identity.key()).toBe(key)
      expect(identity.setCookie()).toBe(
        `sluice_id=${key}; Max-Age=34560000; Path=/; HttpOnly; SameSite=Lax; Secure`,
      )
    },
  )

  it.each([
    ['shop.test', true],
    ['shop.test:8443', true],
    ['localhost', false],
    ['localhost:8787', false],
    ['app.localhost:8787', false],
    ['127.0.0.1:8787', false],
    ['127.1.2.3', false],
    ['[::1]:8787', false],
    ['127.0.0.1.evil.test', true],
    ['evil-localhost', true],
    ['localhost.evil.test', true],
    ['10.127.0.0.1', true],
  ])('%s is another machine: %s', (host, isRemote) => {
    expect(isLocalhost(host.replace(/:\d+$/, ''))).toBe(!isRemote)
  })

  it.each(['shop.test', 'shop.test:8443', 'localhost:8787', '10.0.0.1'])(
    'is Secure where %s is asked by https',
    (host) => {
      const attributes = 'Path=/; HttpOnly; SameSite=Lax'
      expect(cookieAttributes({ host, protocol: 'https' }, COOKIES)).toBe(`${attributes}; Secure`)
      expect(cookieAttributes({ host, protocol: 'http' }, COOKIES)).toBe(attributes)
    },
  )
})
