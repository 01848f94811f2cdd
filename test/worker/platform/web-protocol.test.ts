import { expect, it } from 'vitest'
import { withWebProtocol } from '../../../src/platform/web-protocol.ts'

/** As the runtime makes it; no URL of a Request can be made so by hand. */
const arrived = (url: string) =>
  Object.defineProperty(new Request('http://shop.test/', { headers: { a: 'b' } }), 'url', { value: url })

it.each([
  ['https, http://shop.test/a?b=c://d', 'https://shop.test/a?b=c://d'],
  ['HTTPS://shop.test/', 'https://shop.test/'],
  ['"https"://shop.test/', 'https://shop.test/'],
  ['http, https://shop.test/', 'http://shop.test/'],
  ['httpsomething://shop.test/', 'http://shop.test/'],
  ['javascript://shop.test/', 'http://shop.test/'],
  ['://shop.test/', 'http://shop.test/'],
])('%s is %s', (url, proper) => {
  const request = withWebProtocol(arrived(url))
  expect([request.url, request.headers.get('a')]).toEqual([proper, 'b'])
})

it.each(['http://shop.test/', 'https://shop.test/'])('%s stays the same request', (url) => {
  const request = new Request(url)
  expect(withWebProtocol(request)).toBe(request)
})
