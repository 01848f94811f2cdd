import { describe, expect, it } from 'vitest'
import { openPreview } from '../../../../src/gate/evaluation/preview-link.ts'
import { makeDebugToken } from '../../../../src/gate/request/signature.ts'
import { environment, NOW_MS } from '../support/stage.ts'

const KEY = 'test-signing-key'
const tokenFor = async (seconds: number) =>
  (await makeDebugToken(
    { ...environment, SIGNING_KEY: KEY },
    {
      exp: NOW_MS / 1_000 + seconds,
      overrides: { checkout: 'on' },
    },
  )) ?? ''
const open = (query: string, { site = 'https://shop.test', nowMs = NOW_MS, key = KEY } = {}) =>
  openPreview(new Request(`${site}/__sluice/preview?${query}`), { ...environment, SIGNING_KEY: key }, nowMs)

describe('a preview link', () => {
  it('gives the browser the token for as long as it is valid, and leads to the page', async () => {
    const token = await tokenFor(90)
    const response = await open(`t=${token}&to=${encodeURIComponent('/a?b=c#d')}`, { nowMs: NOW_MS + 500 })
    expect(response.status).toBe(303)
    expect(Object.fromEntries(response.headers)).toEqual({
      location: '/a?b=c#d',
      'set-cookie': `sluice_debug=${token}; Path=/; Max-Age=90; HttpOnly; SameSite=Lax; Secure`,
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
    })
  })

  it('leads to the first page where it names none, and needs no https on localhost', async () => {
    const response = await open(`t=${await tokenFor(90)}`, { site: 'http://localhost:8787' })
    expect(response.headers.get('location')).toBe('/')
    expect(response.headers.get('set-cookie')).not.toContain('Secure')
  })

  it('that has expired, is forged, or of another gate is refused', async () => {
    const token = await tokenFor(90)
    for (const refused of [
      open(`t=${token}`, { nowMs: NOW_MS + 90_000 }),
      open('t=forged'),
      open(''),
      open(`t=${token}`, { key: '' }),
      open(`t=${token}`, { key: 'another' }),
    ]) {
      const response = await refused
      expect([response.status, response.headers.has('set-cookie')]).toEqual([403, false])
      expect(await response.text()).toContain('has expired')
    }
  })

  it('ends a preview without a token', async () => {
    const response = await open('end&to=/a')
    expect([response.status, response.headers.get('location')]).toEqual([303, '/a'])
    expect(response.headers.get('set-cookie')).toContain('sluice_debug=; Path=/; Max-Age=0;')
  })

  it.each([
    'https://evil.test/',
    '//evil.test/',
    '/\\evil.test',
    '/\t/evil.test',
    'a',
    '',
    '/a//../..//evil.test',
    'javascript:alert(1)',
  ])('leads to no other site: %j', async (to) => {
    const response = await open(`end&to=${encodeURIComponent(to)}`)
    expect([response.status, response.headers.has('location')]).toEqual([400, false])
  })
})
