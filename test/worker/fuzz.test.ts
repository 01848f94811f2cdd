/**
 * Whatever visitors and neighbours send, nothing throws and visitors get an answer of an origin. `npm run fuzz` does
 * this with a million inputs of each kind.
 */
import { afterAll, beforeAll, describe, it } from 'vitest'
import { SHOP, served, sign, TARGETS } from './fuzz/targets.ts'
import { standAsOrigin } from './fuzz/visits.ts'

const INPUTS = 150
const realFetch = globalThis.fetch

beforeAll(() => standAsOrigin((...request) => realFetch(...request)))
afterAll(() => {
  globalThis.fetch = realFetch
})

describe(`random inputs, ${INPUTS} of each kind, break nothing:`, () => {
  it.each(TARGETS)('$name', async ({ run }) => {
    await run({ seed: 1, inputs: INPUTS })
  })
})

describe('a page is decided, and asked for once, for a visitor', () => {
  it.each(['0|shop|%00', '0|shop%0D%0Aset-cookie:a=b|on', '%E2%82%AC|shop|on', '0|shop%3Bpath=/|on'])(
    'whose cookie of pages decodes to what no cookie can hold: %s',
    async (pages) => {
      const headers = { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'navigate' }
      await served(SHOP, {
        method: 'POST',
        body: 'a=b',
        headers: { ...headers, cookie: `sluice_pages=${pages}` },
      })
    },
  )

  it('whose subject is not well-formed text', async () => {
    const authorization = `Bearer ${await sign({ sub: 'half \ud800' })}`
    await served(SHOP, { headers: { authorization } }, true)
  })
})
