import { env } from 'cloudflare:workers'
import { expect, it } from 'vitest'
import { prepareForOrigin } from '../../../../src/gate/origin/proxy-headers.ts'
import { GateRequest } from '../../../../src/gate/request/gate-request.ts'

const sentOn = (sent: Record<string, string>, speaksForwarded: boolean) => {
  const request = new Request('https://shop.example.com:8443/x', { headers: sent })
  const headers = new Headers(request.headers)
  prepareForOrigin(headers, new GateRequest(request, env, 0), speaksForwarded)
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
