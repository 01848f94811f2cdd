import { describe, expect, it } from 'vitest'
import type { Origin } from '../../../../src/core/config/compile/route-target.ts'
import { isLoop, translatedCookies, translatedFields } from '../../../../src/gate/names/own-names.ts'
import { namesIn } from '../../../../src/gate/names/translate.ts'
import { originAt, requestTo } from '../support/stage.ts'

const APP = originAt('http://app.internal:8080')
const BASED = originAt('https://app.internal/base/')
const seen = (
  fields: Record<string, string>,
  origin: Origin = APP,
  url = 'https://www.shop.test/a?b=1',
): Record<string, string> =>
  Object.fromEntries(translatedFields(new Headers(fields), { origin, status: 302 }, requestTo(url)))

describe('what an origin calls itself', () => {
  it.each([
    ['http://app.internal:8080/x?y=1#z', 'https://www.shop.test/x?y=1#z'],
    ['https://app.internal/x', 'https://www.shop.test/x'],
    ['//app.internal:8080/x', 'https://www.shop.test/x'],
    ['HTTP://APP.Internal:8080', 'https://www.shop.test'],
    ['http://app.internal:8080?x', 'https://www.shop.test?x'],
    ['http://app.internal:8080/%2f%C3%A9//x', 'https://www.shop.test/%2f%C3%A9//x'],
  ])('in Location %s is %s to visitors', (location, expected) => {
    expect(seen({ location, 'content-location': location })).toEqual({
      location: expected,
      'content-location': expected,
    })
  })

  it.each([
    ...['/x', 'x', '?x', '', 'http://app.internal:9090/x', 'http://other.test/x', 'mailto:a@app.internal'],
    ...['http://app.internal.evil.test/x', 'https://login.test/?back=http://app.internal:8080/', 'http://['],
    'https://www.shop.test/x',
  ])('is not translated where it is another place: %s', (location) => {
    expect(seen({ location })).toEqual({})
  })

  it('is translated in Link and Refresh too', () => {
    const link = '<http://app.internal:8080/a>; rel=next, </b>; rel=prev, <https://cdn.test/c>; rel=preload'
    expect(seen({ link })).toEqual({
      link: link.replace('http://app.internal:8080', 'https://www.shop.test'),
    })
    expect(seen({ refresh: '5; url=http://app.internal:8080/a' })).toEqual({
      refresh: '5; url=https://www.shop.test/a',
    })
    expect(seen({ refresh: "0;URL='http://app.internal:8080/a'" })).toEqual({
      refresh: "0;URL='https://www.shop.test/a'",
    })
    expect(seen({ refresh: '5' })).toEqual({})
  })

  it.each([' ', '<', '< ', 'x', '//<', '<x', '\u00a0'])(
    'costs no time in a long text of %j',
    async (piece) => {
      // Blanks took time by the third power: more of them would never end.
      const many = piece.repeat((piece.trim() === '' ? 3_000 : 60_000) / piece.length)
      // The clock of a Worker stands still while it computes.
      const now = () => scheduler.wait(1).then(() => Date.now())
      const began = await now()
      for (const text of [`//<${many}x`, `//${many}>`, `//<x${many}`, `//${many}x`, `${many}//`])
        for (const name of ['link', 'refresh', 'location', 'content-location']) seen({ [name]: text }, BASED)
      expect((await now()) - began).toBeLessThan(2_000)
    },
  )

  it('is translated in each link of many, and in none without an end', () => {
    const link = (text: string) => seen({ link: text }).link
    expect(link('< http://app.internal:8080/a >, <http://app.internal:8080/b c>')).toBe(
      '< https://www.shop.test/a >, <https://www.shop.test/b c>',
    )
    expect(link('</a>; title="<", <http://app.internal:8080>')).toBe(
      '</a>; title="<", <https://www.shop.test>',
    )
    expect([link('<http://app.internal:8080/a'), link('//<>')]).toEqual([undefined, undefined])
  })

  it('loses the path that the gate puts in front', () => {
    const location = (text: string) => seen({ location: text }, BASED).location
    expect(location('https://app.internal/base/x')).toBe('https://www.shop.test/x')
    expect(location('https://app.internal/base')).toBe('https://www.shop.test/')
    expect(location('https://app.internal/base?x')).toBe('https://www.shop.test/?x')
    expect(location('/base/x')).toBe('/x')
    expect([location('/based'), location('x'), location('/other')]).toEqual([undefined, undefined, undefined])
    expect(location('https://app.internal/other')).toBe('https://www.shop.test/other')
  })

  it('stays where the document says so', () => {
    const origin = { ...APP, rewrites: false }
    expect(seen({ location: 'http://app.internal:8080/x' }, origin)).toEqual({})
    const headers = new Headers({ 'set-cookie': 'a=1; Domain=app.internal' })
    expect(translatedCookies(headers, origin, requestTo('https://www.shop.test/'))).toBeUndefined()
  })
})

describe('a redirect', () => {
  const loops = (location: string, url = 'https://www.shop.test/a?b=1', origin = APP) =>
    isLoop(location, origin, requestTo(url))

  it('to another name of what was asked for repeats for ever', () => {
    expect(loops('https://app.internal/a?b=1')).toBe(true)
    expect(loops('//app.internal/a?b=1')).toBe(true)
    expect(
      loops('https://app.internal/base/a', 'https://www.shop.test/a', originAt('http://app.internal/base')),
    ).toBe(true)
  })

  it('to another page, another host, or to the very URL that was asked does not', () => {
    for (const location of [
      'https://app.internal/a',
      'https://app.internal/',
      'http://app.internal:8080/a?b=1',
    ])
      expect(loops(location), location).toBe(false)
    for (const location of ['/a?b=1', 'https://www.shop.test/a?b=1', 'https://other.test/a?b=1', 'http://['])
      expect(loops(location), location).toBe(false)
  })

  it.each([
    ['GET', 301, true],
    ['HEAD', 302, true],
    ['GET', 303, true],
    ['POST', 307, true],
    ['PUT', 308, true],
    // What follows a form is read.
    ['POST', 301, false],
    ['POST', 302, false],
    ['POST', 303, false],
    ['GET', 200, false],
    ['GET', 304, false],
  ])('after %s with %i repeats for ever: %s', (method, status, expected) => {
    const headers = new Headers({ location: 'https://app.internal/a?b=1' })
    const names = namesIn(
      headers,
      { origin: APP, status },
      requestTo('https://www.shop.test/a?b=1', { method }),
    )
    expect(names?.isLoop ?? false).toBe(expected)
  })
})

describe('a redirect to another name of what was asked for, with a cookie', () => {
  it.each([
    ['that the request lacks', 'seen=1; Path=/', undefined, false],
    ['that the request lacks, among others', 'seen=1; Path=/', 'other=1', false],
    ['that the request has', 'seen=2; Path=/', 'seen=1', true],
  ])('%s: %s after %s repeats for ever: %s', (_, setCookie, cookie, expected) => {
    const headers = new Headers({ location: 'https://app.internal/a?b=1', 'set-cookie': setCookie })
    const request = requestTo('https://www.shop.test/a?b=1', { ...(cookie && { headers: { cookie } }) })
    expect(namesIn(headers, { origin: APP, status: 302 }, request)?.isLoop).toBe(expected)
  })
})

describe('a cookie of an origin', () => {
  const cookiesAt = (cookie: string, url = 'https://www.shop.test/', origin = APP) => {
    const headers = new Headers([
      ['set-cookie', 'plain=1; Path=/'],
      ['set-cookie', cookie],
    ])
    return translatedCookies(headers, origin, requestTo(url))?.[1]
  }

  it.each([
    ['a=1; Domain=app.internal; Path=/', 'a=1; Domain=www.shop.test; Path=/'],
    ['a=1;domain=.App.Internal', 'a=1; Domain=www.shop.test'],
    ['a=1; Path=/; Domain=internal; Secure', 'a=1; Path=/; Domain=www.shop.test; Secure'],
  ])('whose Domain is its own goes to the visitor’s host: %s', (cookie, expected) => {
    expect(cookiesAt(cookie)).toBe(expected)
  })

  it.each([
    'a=1; Domain=shop.test',
    'a=1; Domain=www.shop.test',
    'a=1; Domain=other.test',
    'a=1; Domain=',
    'a=1',
  ])('stays where the browser takes it, or it is of another site: %s', (cookie) => {
    expect(cookiesAt(cookie)).toBeUndefined()
  })

  it('has no Domain on a host that can have none', () => {
    for (const host of ['localhost:8787', '127.0.0.1:8787', '192.0.2.7', '[2001:db8::1]:8787'])
      expect(cookiesAt('a=1; Domain=app.internal; Secure', `http://${host}/`), host).toBe('a=1; Secure')
  })

  it('loses the path that the gate puts in front', () => {
    expect(cookiesAt('a=1; Path=/base/x; Secure', undefined, BASED)).toBe('a=1; Path=/x; Secure')
    expect(cookiesAt('a=1; path=/base', undefined, BASED)).toBe('a=1; path=/')
    expect(cookiesAt('a=1; Path=/based', undefined, BASED)).toBeUndefined()
  })
})
