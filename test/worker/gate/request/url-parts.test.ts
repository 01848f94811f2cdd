import fc from 'fast-check'
import { expect, it } from 'vitest'
import { addressOf } from '../../../../src/gate/request/url-parts.ts'

/** By the runtime's parser alone. */
function parsed(text: string) {
  const url = new URL(text)
  const isQueryEmpty = url.search === '' && url.href.split('#')[0]?.endsWith('?')
  return {
    host: url.host,
    protocol: url.protocol.slice(0, -1),
    site: `${url.protocol}//${url.host}`,
    path: url.pathname,
    tail: url.pathname + url.search + (isQueryEmpty ? '?' : ''),
  }
}

const ordinary = (text: string) => {
  try {
    return parsed(text)
  } catch {
    return undefined
  }
}

const read = (text: string) => {
  try {
    return addressOf(text)
  } catch {
    return undefined
  }
}

it.each([
  'http://shop.example/',
  'http://shop.example/a/b.js?x=1&y=%20',
  'https://shop.example:443/a?',
  'http://SHOP.example:8080/A//b/',
  'http://127.1/x',
  'http://[::1]:8787/x',
  'http://user:secret@shop.example/x',
  'http://shop.example/a/../b/./c',
  'http://shop.example/a/%2e%2E/b',
  'http://shop.example/.well-known/x',
  'http://shop.example/a%2f%20b',
  'http://shop.example/ä ö?ü',
  "http://shop.example/it's?it's",
  'http://shop.example\\a/b',
  'http://shop.example?a/b',
  'http://shop.example#a/b',
  'http://shop.example/a?b#c',
  'http://shop.example/a^b`c{d}|e[f]?g^h',
  'http://a.example, b.example/x',
  'http:///x',
  'shop.example/x',
  '',
])('reads %s as the runtime does', (text) => {
  expect(read(text)).toEqual(ordinary(text))
})

it('reads any address as the runtime does', () => {
  const pieces = fc.constantFrom(
    ...['/', '.', '..', '%2e', '%2E', '%2f', '%', '?', '#', '\\', '@', ':', '//', ' ', '\t', '\n'],
    ...[
      'a',
      'B',
      '7',
      '-',
      '_',
      '~',
      "'",
      '"',
      '<',
      '|',
      '^',
      '`',
      '{',
      '[',
      ';',
      '&',
      '=',
      '+',
      'é',
      '日',
      '😀',
    ],
  )
  const site = fc.constantFrom(
    'http://shop.example',
    'https://Shop.example:443',
    'http://10.1:80',
    'http:/',
    'http:',
  )
  fc.assert(
    fc.property(site, fc.array(pieces, { maxLength: 12 }), (start, rest) => {
      const text = start + rest.join('')
      expect(read(text)).toEqual(ordinary(text))
    }),
    { numRuns: 20_000, seed: 1 },
  )
})
