import { expect, it } from 'vitest'
import { withWebProtocol } from '../../../src/platform/web-protocol.ts'

/** As the runtime makes it; no URL of a Request can be made so by hand. */
const arrived = (url: string) =>
  Object.defineProperty(new Request('http://shop.test/', { headers: { a: 'b', host: 'shop.test' } }), 'url', {
    value: url,
  })

it.each([
  ['https, http://shop.test/a?b=c://d', 'https://shop.test/a?b=c://d'],
  ['HTTPS://shop.test/', 'https://shop.test/'],
  ['"https"://shop.test/', 'https://shop.test/'],
  ['http, https://shop.test/', 'http://shop.test/'],
  ['httpsomething://shop.test/', 'http://shop.test/'],
  ['javascript://shop.test/', 'http://shop.test/'],
  ['://shop.test/', 'http://shop.test/'],
  ['https, http://Shop.test', 'https://shop.test/'],
  // OPTIONS *
  ['http://shop.test*', 'http://shop.test/'],
  ['https://shop.test*', 'https://shop.test/'],
  ['http://shop.test/a?b=https://other.test/', 'http://shop.test/a?b=https://other.test/'],
])('%s is %s', (url, proper) => {
  const web = withWebProtocol(arrived(url))
  expect([web?.url, web?.request.url, web?.request.headers.get('a')]).toEqual([proper, proper, 'b'])
})

it.each(['http://shop.test/', 'https://shop.test/'])('%s stays the same request', (url) => {
  const request = new Request(url)
  expect(withWebProtocol(request)?.request).toBe(request)
})

it.each([
  'https://admin.test/__sluice/api/v1/me?://shop.test/',
  'http://evil.test/a?://shop.test/',
  'http://evil.test/a://shop.test/',
  'http://evil.test://shop.test/',
  'http://evil.test#://shop.test/',
  'http://evil.test:80://shop.test/',
  'http://shop.test.evil.test/://shop.test/',
  'http://shop.test@evil.test/://shop.test/',
  'ftp://evil.test/://shop.test/',
])('%s is at another host', (url) => {
  expect(withWebProtocol(arrived(url))).toBeUndefined()
})
