/** A visitor can write the page cookie. It brings back what chance gave, and opens nothing that targeting closes. */
import { createExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { createGate } from '../../../../src/gate/gate.ts'

const staff = { attribute: 'header.x-staff', op: 'exists' }
const gate = createGate({
  bundled: {
    origins: {
      old: { url: 'http://old.test' },
      new: { url: 'http://new.test' },
      beta: { url: 'http://beta.test' },
    },
    context: { targetingKey: [{ header: 'x-user-id' }] },
    routes: [{ path: '/*', flag: 'f', origins: { on: 'new', off: 'old', beta: 'beta' } }],
    flags: {
      f: {
        variants: { on: 'on', off: 'off', beta: 'beta' },
        off: 'off',
        rules: [
          { when: [staff], serve: 'beta' },
          { when: [{ attribute: 'header.x-insider', op: 'exists' }], percentage: 50, serve: 'beta' },
          { percentage: 50, serve: 'on' },
        ],
      },
    },
  },
})

beforeEach(() => {
  vi.spyOn(globalThis, 'fetch').mockImplementation(
    async (input) => new Response(new URL(input instanceof Request ? input.url : input).hostname),
  )
})
afterEach(() => vi.restoreAllMocks())

async function originOf(variant: string, sent: Record<string, string>): Promise<string> {
  const headers = {
    cookie: `sluice_pages=1x9k2|f|${variant}`,
    referer: 'https://shop.test/',
    'sec-fetch-mode': 'no-cors',
    'sec-fetch-site': 'same-origin',
    ...sent,
  }
  const request = new Request('https://shop.test/app.js', { headers })
  return await (await gate.handle(request, env, createExecutionContext())).text()
}

/** Enough visitors to be on both sides of every percentage. */
const visitors = Array.from({ length: 40 }, (_, index) => `visitor-${index}`)
const originsOf = async (variant: string, sent: Record<string, string> = {}) =>
  new Set(await Promise.all(visitors.map((id) => originOf(variant, { 'x-user-id': id, ...sent }))))

it('a variant that only targeting serves stays closed', async () => {
  expect(await originsOf('beta')).toEqual(new Set(['old.test', 'new.test']))
})

it('either side of a percentage that the visitor qualifies for is kept', async () => {
  expect(await originsOf('on')).toEqual(new Set(['new.test']))
  expect(await originsOf('off')).toEqual(new Set(['old.test']))
  expect(await originsOf('beta', { 'x-insider': '1' })).toEqual(new Set(['beta.test']))
})

it('a variant that no rule serves is not opened', async () => {
  expect(await originsOf('constructor')).toEqual(new Set(['old.test', 'new.test']))
})
