import { OpenFeature } from '@openfeature/server-sdk'
import { Hono } from 'hono'
import { afterEach, describe, expect, it } from 'vitest'
import type { SluiceFlags } from '../../src/sdk/hono/flags.ts'
import { SluiceProvider } from '../../src/sdk/openfeature/index.ts'
import { readDecision } from '../../src/sdk/server/index.ts'
import { testFlags } from '../../src/sdk/testing/index.ts'

afterEach(() => OpenFeature.close())

const DOCUMENT = {
  origins: { app: { url: 'http://localhost' } },
  routes: [{ path: '/*', origin: 'app' }],
  flags: {
    colour: { variants: { red: '#f00', none: '#000' }, off: 'none', rules: [{ serve: 'red' }] },
    shop: { variants: { new: true, old: false }, off: 'old' },
  },
}

describe('testFlags', () => {
  it('serves what is forced, and then what is forced instead', () => {
    const flags = testFlags({ shop: 'on', colour: { variant: 'red', value: '#f00' } })
    expect([flags.isOn('shop'), flags.value('colour', ''), flags.isOn('unknown')]).toEqual([
      true,
      '#f00',
      false,
    ])
    flags.force({ shop: 'off' })
    expect([flags.isOn('shop'), flags.value('shop', true), flags.variant('colour')]).toEqual([
      false,
      false,
      'red',
    ])
  })

  it('takes values and the off variant from the document', () => {
    const flags = testFlags({ colour: 'red' }, { document: DOCUMENT })
    expect([flags.value('colour', ''), flags.isOn('colour')]).toEqual(['#f00', true])
    expect([flags.value('shop', true), flags.isOn('shop'), flags.variant('shop')]).toEqual([
      false,
      false,
      'old',
    ])
  })

  it('refuses what the document does not have', () => {
    const force = (variants: Record<string, string>) => () => testFlags(variants, { document: DOCUMENT })
    expect(force({ shopp: 'new' })).toThrow('Cannot force shopp: the document has no such flag')
    expect(force({ shop: 'on' })).toThrow('Cannot force shop to on: its variants are new, old')
    expect(() => testFlags({}, { document: {} })).toThrow(/it has problems\n {2}\$/)
  })

  it('runs a Hono app in both states', async () => {
    const app = new Hono<{ Variables: { flags: SluiceFlags } }>()
    app.get('/', (c) => c.text(c.var.flags.isOn('shop') ? 'new' : 'old'))
    const flags = testFlags({ shop: 'on' })
    const tested = new Hono().use(flags.middleware).route('/', app)
    expect(await (await tested.request('/')).text()).toBe('new')
    flags.force({ shop: 'off' })
    expect(await (await tested.request('/')).text()).toBe('old')
  })

  it('gives headers that the app verifies, whatever the keys are', async () => {
    const flags = testFlags({ 'größe/neu': 'on', shop: 'off' }, { targetingKey: 'Zoë' })
    const headers = await flags.headers({ signingKey: 'sluice-origin-secret' })
    expect(await readDecision(headers, { signingKey: 'sluice-origin-secret' })).toEqual({
      variants: { 'größe/neu': 'on', shop: 'off' },
      reasons: { 'größe/neu': 'override', shop: 'override' },
      targetingKey: 'Zoë',
    })
  })

  it("answers OpenFeature's provider", async () => {
    const flags = testFlags({ shop: 'on', 'with/slash': { variant: 'large', value: { size: 3 } } })
    await OpenFeature.setProviderAndWait(new SluiceProvider({ url: 'http://gate.test', fetch: flags.fetch }))
    const client = OpenFeature.getClient()
    expect(await client.getBooleanValue('shop', false)).toBe(true)
    expect(await client.getObjectValue('with/slash', {})).toEqual({ size: 3 })
    flags.force({ shop: 'off' })
    expect(await client.getBooleanValue('shop', true)).toBe(false)
  })

  it('records what a handler of a Hono app tracks', async () => {
    const app = new Hono<{ Variables: { flags: SluiceFlags } }>()
    app.post('/order', (c) => {
      c.var.flags.track('order', { value: 49.9, id: 'order-1' })
      c.var.flags.track('visit')
      return c.text('thanks')
    })
    const flags = testFlags({ shop: 'on' }, { targetingKey: 'ada' })
    await new Hono().use(flags.middleware).route('/', app).request('/order', { method: 'POST' })
    expect(flags.tracked()).toEqual([
      { name: 'order', value: 49.9, id: 'order-1', targetingKey: 'ada' },
      { name: 'visit', id: expect.any(String), targetingKey: 'ada' },
    ])
  })

  it('records what the app tracks', async () => {
    const flags = testFlags({ shop: 'on' })
    const provider = new SluiceProvider({ url: 'http://gate.test', token: 't', fetch: flags.fetch })
    await OpenFeature.setProviderAndWait(provider)
    const client = OpenFeature.getClient()
    client.track('order', { targetingKey: 'ada' }, { value: 49.9, id: 'order-1' })
    client.track('visit', { targetingKey: 'bob' })
    expect(await provider.flush()).toBe(true)
    expect(flags.tracked()).toEqual([
      { name: 'order', value: 49.9, id: 'order-1', targetingKey: 'ada' },
      { name: 'visit', id: expect.stringMatching(/^[0-9a-f-]{36}$/), targetingKey: 'bob' },
    ])
  })
})
