/** Origins that Cloudflare can't reach are warned of, and no others. */
import { expect, it } from 'vitest'
import { localOrigins, originWarnings } from '../../../../src/core/config/parse/origin-warnings.ts'
import { parseDocumentValue } from '../../../../src/core/config/parse/parse.ts'
import { documentWarnings } from '../../../../src/core/config/parse/warnings.ts'

const warned = (url: string, more: object = {}) => {
  const parsed = parseDocumentValue({
    origins: { o: { url, ...more } },
    routes: [{ path: '/*', origin: 'o' }],
  })
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  expect(documentWarnings(parsed.value).length).toBe(originWarnings(parsed.value).length)
  return originWarnings(parsed.value).map(({ text }) => /error \d+/.exec(text)?.[0])
}

it.each([
  ['https://203.0.113.7', ['error 1003']],
  ['http://10.0.0.5:8080', ['error 1003']],
  ['http://[2001:db8::1]/', ['error 1003']],
  ['https://app.acme.workers.dev', ['error 1042']],
  ['http://3405803783', ['error 1003']],
  ['http://0xcb.0x0.0x71.0x7', ['error 1003']],
  ['http://0313.0.0161.07/', ['error 1003']],
  ['http://10.5', ['error 1003']],
  ['http://203.0.113.7./', ['error 1003']],
  ['http://[::ffff:10.0.0.5]', ['error 1003']],
  ['http://[::2]', ['error 1003']],
  ['http://[fe80::1]', ['error 1003']],
  ['https://app.acme.WORKERS.dev.', ['error 1042']],
  ['http://2130706433', []],
  ['http://0x7f000001', []],
  ['http://[::ffff:127.0.0.1]', []],
  ['http://127.0.0.1:3000', []],
  ['http://[::1]:3000', []],
  ['http://localhost:3000', []],
  ['https://1.2.3.4.example.com', []],
  ['https://workers.dev.example.com', []],
])('%s: %j', (url, errors) => {
  expect(warned(url)).toEqual(errors)
})

it('an origin with a binding needs no address', () => {
  expect(warned('https://203.0.113.7', { binding: 'SITE' })).toEqual([])
})

it('origins on this machine are told apart, for a deployment', () => {
  const local = (url: string, binding?: string) =>
    localOrigins({ origins: { o: { url, binding } } } as never).map(({ name, text }) => `${name}: ${text}`)
  for (const url of [
    'http://localhost:3000',
    'http://app.localhost',
    'http://127.0.0.1',
    'http://[::1]:9',
    'http://0.0.0.0:1',
    'http://0',
    'http://2130706433',
    'http://2130706433:3000/x',
    'http://0x7f000001',
    'http://0X7F.1',
    'http://017700000001',
    'http://0177.0.0.1',
    'http://127.1',
    'http://127.255.255.254',
    'http://127.0.0.1.',
    'http://LOCALHOST.',
    'http://[::]',
    'http://[0:0:0:0:0:0:0:1]',
    'http://[::ffff:127.0.0.1]',
    'http://[::ffff:7f00:1]',
    'http://１２７.0.0.1',
  ])
    expect(local(url)).toEqual([`o: ${url} is on this machine: a Worker on Cloudflare can't reach it`])
  for (const url of [
    'https://localhost.example.com',
    'https://127.example.com',
    'http://10.0.0.5',
    'http://2147483648',
    'http://0x80.1',
    'http://[::7f00:1]',
    'http://[::ffff:128.0.0.1]',
    'http://[1::1]',
  ])
    expect(local(url)).toEqual([])
  expect(local('http://localhost:3000', 'SITE')).toEqual([])
})

it('a preserved host is warned of where it reaches the origin by a URL', () => {
  const warnedOf = (origin: object) => {
    const parsed = parseDocumentValue({ origins: { o: origin }, routes: [{ path: '/*', origin: 'o' }] })
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
    return documentWarnings(parsed.value).map(({ place }) => place)
  }
  const url = 'https://app.example.com'
  expect([warnedOf({ url, host: 'preserve' }), warnedOf({ url, host: 'origin' }), warnedOf({ url })]).toEqual(
    [['$.origins.o.host'], ...[[], []]],
  )
  expect(warnedOf({ binding: 'APP', host: 'preserve' })).toEqual([])
})
