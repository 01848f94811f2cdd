/** One key per purpose: what is known outside makes nothing else, and the previous signing key still counts. */
import { describe, expect, it } from 'vitest'
import { grantOf, makeDebugToken, signDebugToken } from '../../../src/gate/request/signature.ts'
import type { Env } from '../../../src/platform/env.ts'
import { KEY_PURPOSES, keysOf, SHARED_KEY_PURPOSES, signingKeysOf } from '../../../src/platform/keys.ts'
import vectors from '../../vectors/keys.json' with { type: 'json' }
import { environment, NOW_MS } from '../gate/support/stage.ts'

const gateWith = (SIGNING_KEY: string | undefined, SIGNING_KEY_PREVIOUS?: string) =>
  ({ ...environment, SIGNING_KEY, SIGNING_KEY_PREVIOUS }) as Env
const payload = { exp: NOW_MS / 1_000 + 60, overrides: { shop: 'on' } }

describe('the keys of a gate', () => {
  it('are as in the vectors, which another implementation of HKDF has made', async () => {
    for (const { signingKey, keys } of vectors.keys) expect(await keysOf(signingKey)).toEqual(keys)
  })

  it('are derived once for each signing key', async () => {
    const first = keysOf('a key that no other test has')
    expect(first).toBeInstanceOf(Promise)
    expect(keysOf('a key that no other test has')).not.toBe(await first)
    expect(keysOf('a key that no other test has')).toEqual(await first)
  })

  it('differ by purpose and by signing key, and none is in another', async () => {
    const all = (await Promise.all(['a', 'b'].map(keysOf))).flatMap((keys) =>
      KEY_PURPOSES.map((each) => keys[each]),
    )
    expect(new Set(all.map((key) => key.replace(/^sluice-\w+-/, ''))).size).toBe(2 * KEY_PURPOSES.length)
    for (const key of all) expect(key).toMatch(/^sluice-(identity|preview|origin|webhook)-[\w-]{43}$/)
  })

  it('of a gate are those of its signing key, then those of the previous one', () => {
    expect(signingKeysOf(gateWith('now', 'before'))).toEqual(['now', 'before'])
    expect(signingKeysOf(gateWith('now', ''))).toEqual(['now'])
    expect(signingKeysOf(gateWith(undefined, 'before'))).toEqual([])
    expect(signingKeysOf(gateWith('', 'before'))).toEqual([])
  })
})

describe('a preview', () => {
  it('can be made with no key that leaves the gate, nor with SIGNING_KEY as it is', async () => {
    const keys = await keysOf('now')
    const known = ['now', ...SHARED_KEY_PURPOSES.map((purpose) => keys[purpose]), keys.identity]
    for (const key of known) {
      expect(await grantOf(gateWith('now'), await signDebugToken(key, payload), NOW_MS), key).toBeUndefined()
      // Who knows a derived key can't use it as if it were a signing key.
      const token = (await makeDebugToken(gateWith(key), payload)) ?? ''
      if (key !== 'now') expect(await grantOf(gateWith('now'), token, NOW_MS), key).toBeUndefined()
    }
  })

  it('outlives a rotation by as long as the previous key is there', async () => {
    const token = (await makeDebugToken(gateWith('before'), payload)) ?? ''
    expect((await grantOf(gateWith('before'), token, NOW_MS))?.overrides.get('shop')).toBe('on')
    expect((await grantOf(gateWith('now', 'before'), token, NOW_MS))?.overrides.get('shop')).toBe('on')
    expect(await grantOf(gateWith('now'), token, NOW_MS)).toBeUndefined()
    expect(await grantOf(gateWith(undefined, 'before'), token, NOW_MS)).toBeUndefined()
    // The gate signs by its present key alone.
    const next = (await makeDebugToken(gateWith('now', 'before'), payload)) ?? ''
    expect(await grantOf(gateWith('before'), next, NOW_MS)).toBeUndefined()
  })

  it('is not made by a gate without a signing key', async () => {
    expect(await makeDebugToken(gateWith(''), payload)).toBeUndefined()
  })
})
