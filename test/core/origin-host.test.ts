/** An origin's place is one, however its URL is spelled. */
import { expect, it } from 'vitest'
import { originHost, originPlace } from '../../src/core/origin-host.ts'

it.each([
  'http://127.0.0.1:05302',
  'http://127.1:5302',
  'http://0x7f000001:5302/x',
  'http://0177.0.0.1:5302',
  'http://2130706433:5302/./',
  'http://127.255.0.9:5302',
  'http://0.0.0.0:5302',
  'http://[::1]:5302',
  'http://[0:0:0:0:0:0:0:1]:5302',
  'http://[::]:5302',
  'http://[::ffff:127.0.0.1]:5302',
  'http://[::FFFF:7f00:1]:5302',
  'http://x.localhost:5302',
  'http://LocalHost.:5302/',
  'https://ⓛocalhost:5302',
  'http://１２７.0.0.1:5302',
])('%s is port 5302 of this machine', (url) => {
  expect(originPlace(url)).toBe('localhost:5302')
  // It is what a URL parser takes for the same address.
  expect(URL.canParse(url)).toBe(true)
})

it.each([
  'http://new.test',
  'https://NEW.test:443/a/b',
  'http://new.test.:80',
  'http://new.test:00080/',
  'http://new。test',
  'http://ｎew.test',
  'http://n\u00adew.test',
])('%s is new.test', (url) => {
  expect(originPlace(url)).toBe('new.test')
})

it('what is no address in brackets has no host', () => {
  expect([originHost('http://[zz]'), originHost('http://[1::2::3]:80/')]).toEqual(['[]', '[]'])
})

it('other addresses keep their own, in one spelling', () => {
  expect(originHost('http://0x0a.5')).toBe('10.0.0.5')
  expect(originHost('http://[::ffff:10.0.0.5]')).toBe('10.0.0.5')
  expect(originHost('http://[2001:DB8::1]')).toBe(originHost('http://[2001:db8:0:0::1]'))
  expect(originHost('http://[::2]')).not.toBe(originHost('http://[::3]'))
  expect(originHost('http://localhost.example')).toBe('localhost.example')
  expect(originPlace('http://localhost:1')).not.toBe(originPlace('http://localhost:2'))
  expect(originPlace('http://a.test:8080')).toBe('a.test:8080')
})
