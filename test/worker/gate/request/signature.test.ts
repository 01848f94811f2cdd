import { describe, expect, it } from 'vitest'
import { debugAccessOf } from '../../../../src/gate/request/overrides.ts'
import { signDebugToken, signFlags, verifyDebugToken } from '../../../../src/gate/request/signature.ts'
import { hmacHex } from '../../../../src/platform/crypto.ts'
import type { Env } from '../../../../src/platform/env.ts'
import { keysOf } from '../../../../src/platform/keys.ts'
import vectors from '../../../vectors/signature.json' with { type: 'json' }
import { environment, NOW_MS, requestTo } from '../support/stage.ts'

it('what origins receive is signed as in the vectors', async () => {
  for (const { secret, seconds, flags, targetingKey, signature } of vectors.signatures) {
    expect(await signFlags(secret, flags, targetingKey, seconds * 1_000 + 999)).toBe(signature)
  }
})

const SECRET = 'test-signing-key'
const NOW_S = NOW_MS / 1_000

describe('a debug token', () => {
  it('grants what it says until it expires', async () => {
    const token = await signDebugToken(SECRET, { exp: NOW_S + 60, overrides: { größe: 'on' } })
    expect(token).toMatch(/^[\w-]+\.[0-9a-f]{64}$/)
    const grant = { overrides: new Map([['größe', 'on']]), expiresAtMs: NOW_MS + 60_000 }
    expect(await verifyDebugToken(SECRET, token, NOW_MS)).toEqual(grant)
    expect(await verifyDebugToken(SECRET, token, NOW_MS + 59_999)).toEqual(grant)
    expect(await verifyDebugToken(SECRET, token, NOW_MS + 60_000)).toBeUndefined()
  })

  it('without overrides shows decisions only', async () => {
    const token = await signDebugToken(SECRET, { exp: NOW_S + 60 })
    expect((await verifyDebugToken(SECRET, token, NOW_MS))?.overrides.size).toBe(0)
  })

  it('survives every byte of its payload', async () => {
    for (const text of ['?>?>', '~~~~', 'a', 'ab', 'abc', 'ÿþ']) {
      const token = await signDebugToken(SECRET, { exp: NOW_S + 60, overrides: { flag: text } })
      expect((await verifyDebugToken(SECRET, token, NOW_MS))?.overrides.get('flag')).toBe(text)
    }
  })

  it('that is changed, or for something else, grants nothing', async () => {
    const token = await signDebugToken(SECRET, { exp: NOW_S + 60 })
    const [body = '', signature = ''] = token.split('.')
    const forged = btoa(JSON.stringify({ exp: NOW_S + 999 })).replaceAll('=', '')
    for (const each of [
      `${forged}.${signature}`,
      `${token}.more`,
      body,
      '',
      `.${signature}`,
      // A signature of the same text that is no debug token's.
      `${body}.${await hmacHex(SECRET, body)}`,
    ])
      expect(await verifyDebugToken(SECRET, each, NOW_MS)).toBeUndefined()
    expect(await verifyDebugToken('another key', token, NOW_MS)).toBeUndefined()
  })

  it.each(['{}', 'null', '{"exp":"soon"}', 'no JSON'])('that says %s grants nothing', async (text) => {
    const body = btoa(text).replaceAll('=', '')
    const token = `${body}.${await hmacHex(SECRET, `debug.${body}`)}`
    expect(await verifyDebugToken(SECRET, token, NOW_MS)).toBeUndefined()
  })
})

describe('access to decisions', () => {
  const access = async (headers: Record<string, string>, bindings: Partial<Env> = {}, nowMs = NOW_MS) => {
    const own = { ...environment, ENVIRONMENT: 'production', SIGNING_KEY: SECRET, ...bindings }
    return await debugAccessOf(requestTo('https://shop.test/', { headers }, { nowMs }), own)
  }
  const token = async () =>
    await signDebugToken((await keysOf(SECRET)).preview, { exp: NOW_S + 60, overrides: { checkout: 'on' } })
  const granted = { visible: true, overrides: new Map([['checkout', 'on']]) }

  it('is given by a token in a header or a cookie, until it expires', async () => {
    expect(await access({ 'sluice-debug': await token() })).toEqual(granted)
    expect(await access({ cookie: `sluice_debug=${await token()}` })).toEqual(granted)
    expect(await access({ 'sluice-debug': await token() }, {}, NOW_MS + 60_000)).toEqual({
      visible: false,
      overrides: undefined,
    })
  })

  it('is not given without a valid token, or a key', async () => {
    const none = { visible: false, overrides: undefined }
    expect(await access({})).toEqual(none)
    expect(await access({ 'sluice-debug': 'forged' })).toEqual(none)
    expect(await access({ 'sluice-debug': await token() }, { SIGNING_KEY: '' })).toEqual(none)
  })

  it('in development is everyone’s, but overrides need a token', async () => {
    const seen = { visible: true, overrides: undefined }
    expect(await access({}, { ENVIRONMENT: 'development' })).toEqual(seen)
    expect(await access({ 'sluice-debug': 'forged' }, { ENVIRONMENT: 'development' })).toEqual(seen)
    expect(await access({ 'sluice-debug': await token() }, { ENVIRONMENT: 'development' })).toEqual(granted)
  })
})

it('no debug token is valid for more than 30 days, whatever it says', async () => {
  const thirtyDaysS = 30 * 86_400
  const grantOf = async (exp: number) =>
    await verifyDebugToken(SECRET, await signDebugToken(SECRET, { exp }), NOW_MS)
  expect(await grantOf(NOW_S + thirtyDaysS)).toBeDefined()
  expect(await grantOf(NOW_S + thirtyDaysS + 1)).toBeUndefined()
})
