/** Which address a request comes from: what the platform or trusted proxies say, and no header that a visitor wrote. */
import { describe, expect, it } from 'vitest'
import { requestTo } from '../support/stage.ts'

type Sent = { claimed?: string; chain?: string; colo?: unknown; ENVIRONMENT?: string; proxies?: number }
function from({ claimed, chain, colo, ENVIRONMENT = 'production', proxies = 0 }: Sent) {
  const headers = {
    ...(claimed !== undefined && { 'cf-connecting-ip': claimed }),
    ...(chain !== undefined && { 'x-forwarded-for': chain }),
  }
  const init = { headers, ...(colo !== undefined && { cf: { colo } }) } as RequestInit
  const request = requestTo('https://shop.test/', init, { bindings: { ENVIRONMENT } })
  request.trustedProxies = proxies
  return [request.from.from, request.ip()]
}
const UNKNOWN = ['unknown', undefined]

describe('CF-Connecting-IP', () => {
  it('counts on Cloudflare, and in development', () => {
    expect(from({ claimed: '192.0.2.1', colo: 'OTP' })).toEqual(['platform', '192.0.2.1'])
    expect(from({ claimed: '192.0.2.1', ENVIRONMENT: 'development' })).toEqual(['platform', '192.0.2.1'])
  })

  it.each([
    ['no cf', {}],
    ['the location of a local gate', { colo: 'local' }],
    ['an empty location', { colo: '' }],
    ['a location that is none', { colo: 7 }],
    ['another environment', { ENVIRONMENT: 'staging' }],
    ['trusted proxies, which pass it on as it came', { proxies: 1 }],
  ])('is the visitor’s word with %s', (_, more) => {
    expect(from({ claimed: '192.0.2.1', ...more })).toEqual(UNKNOWN)
  })
})

describe('X-Forwarded-For', () => {
  const chain = '6.6.6.6, 192.0.2.1, 192.0.2.2'
  it.each([
    [0, undefined],
    [1, '192.0.2.2'],
    [2, '192.0.2.1'],
    [3, '6.6.6.6'],
    [4, undefined],
  ])('behind %i trusted proxies tells %s', (proxies, ip) => {
    expect(from({ chain, proxies })).toEqual(ip === undefined ? UNKNOWN : ['proxy', ip])
    // The other header changes nothing.
    expect(from({ chain, proxies, claimed: '9.9.9.9' })[1]).toBe(ip)
  })

  it('is the visitor’s word on Cloudflare, whatever the document says', () => {
    expect(from({ chain, proxies: 1, colo: 'OTP' })).toEqual(UNKNOWN)
    expect(from({ chain, proxies: 1, colo: 'OTP', claimed: '192.0.2.9' })).toEqual(['platform', '192.0.2.9'])
  })

  it('counts in development where there is no other', () => {
    expect(from({ chain, proxies: 1, ENVIRONMENT: 'development' })).toEqual(['proxy', '192.0.2.2'])
    expect(from({ chain, proxies: 1, ENVIRONMENT: 'development', claimed: '192.0.2.9' })[1]).toBe('192.0.2.9')
  })

  it.each([
    ['192.0.2.1:4711', '192.0.2.1'],
    ['2001:db8::1', '2001:db8::1'],
    ['[2001:db8::1]:443', '2001:db8::1'],
    ['[2001:db8::1]', '2001:db8::1'],
    ['::ffff:192.0.2.1', '::ffff:192.0.2.1'],
    [' 192.0.2.1 ', '192.0.2.1'],
    ['unknown', undefined],
    ['_hidden', undefined],
    ['', undefined],
    ['192.0.2.1 evil', undefined],
    ['evil.test', undefined],
  ])('"%s" is %s', (text, ip) => expect(from({ chain: `1.1.1.1,${text}`, proxies: 1 })[1]).toBe(ip))
})
