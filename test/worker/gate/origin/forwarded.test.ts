import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { prepareForOrigin } from '../../../../src/gate/origin/proxy-headers.ts'
import { GateRequest } from '../../../../src/gate/request/gate-request.ts'

const ON_CLOUDFLARE: object = { colo: 'OTP' }
const sentOn = (
  sent: Record<string, string>,
  speaksForwarded: boolean,
  { cf = ON_CLOUDFLARE, trustedProxies = 0 } = {},
) => {
  const init = { headers: sent, cf } as RequestInit
  const raw = new Request('https://shop.example.com:8443/x', init)
  const request = new GateRequest(raw, env, 0)
  request.trustedProxies = trustedProxies
  const headers = new Headers(raw.headers)
  prepareForOrigin(headers, request, speaksForwarded)
  return headers
}
const forwardedOf = (sent: Record<string, string>, speaksForwarded: boolean) =>
  sentOn(sent, speaksForwarded).get('forwarded')

it('an origin that asks for it hears by Forwarded (RFC 7239) for whom, at which host and how', () => {
  expect(forwardedOf({ 'cf-connecting-ip': '192.0.2.1' }, true)).toBe(
    'for=192.0.2.1;host="shop.example.com:8443";proto=https',
  )
  expect(forwardedOf({ 'cf-connecting-ip': '2001:db8::1' }, true)).toMatch(/^for="\[2001:db8::1\]";/)
  expect(forwardedOf({}, true)).toMatch(/^for=unknown;/)
})

it("a visitor's own Forwarded is removed, in whatever spelling", () => {
  const sent = {
    'cf-connecting-ip': '192.0.2.1',
    forwarded: 'for=10.0.0.1',
    x_forwarded_for: '10.0.0.1',
    'x-forwarded_for': '10.0.0.1',
    'x_forwarded-host': 'evil.test',
    'sluice.flags': 'new-shop=on',
    X_Forwarded_Host: 'evil.test',
  }
  expect(forwardedOf(sent, true)).toMatch(/^for=192\.0\.2\.1;host=/)
  expect([...sentOn(sent, false).keys()].filter((name) => /forwarded$|_/.test(name))).toEqual([])
})

it.each([
  [undefined, '192.0.2.1'],
  ['10.0.0.1', '10.0.0.1, 192.0.2.1'],
  ['10.0.0.1,192.0.2.1', '10.0.0.1,192.0.2.1'],
  ['10.0.0.1, 192.0.2.1', '10.0.0.1, 192.0.2.1'],
  ['10.0.0.1 ,192.0.2.1 ', '10.0.0.1 ,192.0.2.1'],
  ['192.0.2.1', '192.0.2.1'],
  // What only ends like the visitor's address is another's.
  ['10.0.0.1, 11192.0.2.1', '10.0.0.1, 11192.0.2.1, 192.0.2.1'],
])('X-Forwarded-For %s becomes %s', (chain, expected) => {
  const sent = { 'cf-connecting-ip': '192.0.2.1', ...(chain !== undefined && { 'x-forwarded-for': chain }) }
  expect(sentOn(sent, false).get('x-forwarded-for')).toBe(expected)
})

describe('off Cloudflare', () => {
  const sent = { 'cf-connecting-ip': '192.0.2.66', 'x-forwarded-for': '10.6.6.6, 192.0.2.1, 192.0.2.2' }
  const off = (trustedProxies: number) => sentOn(sent, true, { cf: {}, trustedProxies })

  it('what a visitor says of addresses reaches no origin', () => {
    const seen = off(0)
    expect([seen.get('x-forwarded-for'), seen.get('cf-connecting-ip')]).toEqual([null, null])
    expect(seen.get('forwarded')).toMatch(/^for=unknown;/)
  })

  it.each([
    [1, '192.0.2.2'],
    [2, '192.0.2.1'],
  ])('the chain of %i trusted proxies stays as it is, and tells the visitor’s address', (proxies, ip) => {
    const seen = off(proxies)
    expect(seen.get('x-forwarded-for')).toBe(sent['x-forwarded-for'])
    expect(seen.get('cf-connecting-ip')).toBeNull()
    expect(seen.get('forwarded')).toContain(`for=${ip};`)
  })

  it('a chain that did not come through all of them is a visitor’s word', () => {
    expect(off(4).get('x-forwarded-for')).toBeNull()
  })
})
