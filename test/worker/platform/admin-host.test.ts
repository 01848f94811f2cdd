/** Which host is the dashboard's: compared as browsers compare hosts, and closed where the variable names none. */
import { beforeEach, expect, it, vi } from 'vitest'
import { hostRole } from '../../../src/platform/admin-host.ts'
import { takeInternalErrors } from '../../../src/platform/internal-errors.ts'

beforeEach(() => void takeInternalErrors())

it.each([undefined, ''])('without ADMIN_HOST (%j) every host is both', (ADMIN_HOST) => {
  expect(hostRole('https://any.test/', ADMIN_HOST === undefined ? {} : { ADMIN_HOST })).toBe('both')
})

it.each(['admin.test', 'ADMIN.test', 'admin.test.', 'admin.test:8443', 'https://admin.test/'])(
  'ADMIN_HOST may be written %s',
  (ADMIN_HOST) => {
    expect(hostRole('https://admin.test/x', { ADMIN_HOST })).toBe('admin')
    expect(hostRole('https://www.test/x', { ADMIN_HOST })).toBe('site')
    expect(takeInternalErrors()).toEqual([])
  },
)

it.each([
  'https://admin.test',
  'https://admin.test/',
  'https://admin.test?q',
  'https://admin.test#f',
  'http://admin.test/',
  'https://ADMIN.Test/a/b?c',
  'https://admin.test./',
  'https://admin.test:8443/',
  'https://admin.test.:8443/',
  'https://user@admin.test/',
  'https://user:pass@admin.test:1/',
  'https://admin.test\\@www.test/',
  'https://admin.test*',
])('%s is on the host', (url) => {
  expect(hostRole(url, { ADMIN_HOST: 'admin.test' })).toBe('admin')
})

it.each([
  'https://www.admin.test/',
  'https://admin.test.evil.test/',
  'https://admin-test/',
  'https://adminxtest/',
  'https://xadmin.test/',
  'https://admin.test@evil.test/',
  'https://evil.test/?https://admin.test/',
  'https://evil.test/admin.test/',
  'https://evil.test#@admin.test/',
  'https://evil.test?@admin.test/',
  'https://evil.test/@admin.test/',
  'https://admin.test..evil.test/',
  'https://admin.tes/',
])('%s is on another host', (url) => {
  expect(hostRole(url, { ADMIN_HOST: 'admin.test' })).toBe('site')
})

it.each([
  ['bücher.test', 'https://xn--bcher-kva.test/'],
  ['[::1]', 'http://[::1]:8787/'],
  ['127.0.0.1', 'http://127.0.0.1:8787/'],
])('a host may be %s', (ADMIN_HOST, url) => {
  expect(hostRole(url, { ADMIN_HOST })).toBe('admin')
})

it.each([
  'admin.test/path',
  'two words',
  'https://',
  'me@admin.test',
  'https://admin.test/?x',
  '*.test',
  'a|b',
])('%s names no host: dashboard and admin API answer nowhere, and the operator sees why', (ADMIN_HOST) => {
  vi.spyOn(console, 'error').mockImplementation(() => {})
  for (let time = 0; time < 3; time++) expect(hostRole('https://admin.test/', { ADMIN_HOST })).toBe('site')
  expect(takeInternalErrors()).toMatchObject([{ place: 'admin-host', count: 1 }])
})
