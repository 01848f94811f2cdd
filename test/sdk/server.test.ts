import { describe, expect, it } from 'vitest'
import { type ReadOptions, readDecision } from '../../src/sdk/server/index.ts'
import { testFlags } from '../../src/sdk/testing/index.ts'

const FORGED = { 'sluice-flags': 'shop=on;reason=static' }

describe('readDecision', () => {
  it.each([[{}], [{ signingKey: undefined }], [{ signingKey: '' }], [{ signingKey: true }]])(
    'refuses to believe headers with %j',
    async (options) => {
      await expect(readDecision(FORGED, options as unknown as ReadOptions)).rejects.toThrow(
        new TypeError(
          'signingKey must be the SIGNING_KEY of the gate; pass false to read headers that are not verified',
        ),
      )
    },
  )

  it('reads unverified headers only when told so', async () => {
    expect((await readDecision(FORGED, { signingKey: false }))?.variants).toEqual({ shop: 'on' })
    expect(await readDecision(FORGED, { signingKey: 'secret' })).toBeUndefined()
  })

  it('believes a signature until it is too old', async () => {
    const headers = await testFlags({ shop: 'on' }).headers({ signingKey: 'secret' })
    const later = (seconds: number) =>
      readDecision(headers, { signingKey: 'secret', nowMs: Date.now() + seconds * 1_000, maxAgeSeconds: 10 })
    expect(await later(5)).toMatchObject({ variants: { shop: 'on' }, targetingKey: 'test-visitor' })
    expect(await later(15)).toBeUndefined()
  })
})
