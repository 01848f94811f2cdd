import { describe, expect, it } from 'vitest'
import { type ReadOptions, readDecision } from '../../src/sdk/server/index.ts'
import { testFlags } from '../../src/sdk/testing/index.ts'

const KEY = 'sluice-origin-secret'
const FORGED = { 'sluice-flags': 'shop=on;reason=static' }

describe('readDecision', () => {
  it.each([
    [{}],
    [{ signingKey: undefined }],
    [{ signingKey: '' }],
    [{ signingKey: true }],
    [{ signingKey: [] }],
    [{ signingKey: 'the SIGNING_KEY of the gate' }],
    [{ signingKey: ['sluice-origin-new', 'the SIGNING_KEY of the gate'] }],
    [{ signingKey: 'sluice-webhook-key' }],
  ])('refuses to believe headers with %j, and does not repeat it', async (options) => {
    await expect(readDecision(FORGED, options as unknown as ReadOptions)).rejects.toThrow(
      new TypeError(
        'signingKey must be what "sluice key origin" prints (sluice-origin-…), never SIGNING_KEY itself; pass false to read headers that are not verified',
      ),
    )
  })

  it('reads unverified headers only when told so', async () => {
    expect((await readDecision(FORGED, { signingKey: false }))?.variants).toEqual({ shop: 'on' })
    expect(await readDecision(FORGED, { signingKey: KEY })).toBeUndefined()
  })

  it('believes a signature until it is too old', async () => {
    const headers = await testFlags({ shop: 'on' }).headers({ signingKey: KEY })
    const later = (seconds: number) =>
      readDecision(headers, { signingKey: KEY, nowMs: Date.now() + seconds * 1_000, maxAgeSeconds: 10 })
    expect(await later(5)).toMatchObject({ variants: { shop: 'on' }, targetingKey: 'test-visitor' })
    expect(await later(15)).toBeUndefined()
  })

  it('believes either key while they are rotated, and no third one', async () => {
    const signedBy = (signingKey: string) => testFlags({ shop: 'on' }).headers({ signingKey })
    const both = { signingKey: ['sluice-origin-next', KEY] }
    expect(await readDecision(await signedBy(KEY), both)).toBeDefined()
    expect(await readDecision(await signedBy('sluice-origin-next'), both)).toBeDefined()
    expect(await readDecision(await signedBy('sluice-origin-third'), both)).toBeUndefined()
  })
})
