/** Unleash's own client for browsers, asking the gate instead of Unleash's proxy. */
import { type IConfig, UnleashClient } from 'unleash-proxy-client'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { importUnleash } from '../../../src/interop/unleash/import.ts'
import { documentIn } from '../../interop/decider.ts'
import { eventually, inTime } from '../harness/eventually.ts'
import { ADMIN_TOKEN, type Gate, startGate } from '../harness/running-gate.ts'

const STATE = {
  features: [
    { name: 'everybody', enabled: true, impressionData: true, strategies: [{ name: 'default' }] },
    {
      name: 'half',
      enabled: true,
      strategies: [
        {
          name: 'flexibleRollout',
          parameters: { rollout: '50', stickiness: 'userId', groupId: 'half' },
          variants: [
            { name: 'red', weight: 500, payload: { type: 'string', value: '#f00' } },
            { name: 'blue', weight: 500, payload: { type: 'string', value: '#00f' } },
          ],
        },
      ],
    },
    {
      name: 'for-pros',
      enabled: true,
      strategies: [
        { name: 'default', constraints: [{ contextName: 'plan', operator: 'IN', values: ['pro'] }] },
      ],
    },
  ],
}

let gate: Gate
const clients: UnleashClient[] = []

beforeAll(async () => {
  const document = documentIn(importUnleash(JSON.stringify(STATE)))
  const native = { variants: { on: { size: 3 }, off: null }, off: 'off', rules: [{ serve: 'on' }] }
  gate = await startGate({ document: { ...document, flags: { ...document.flags, native } } })
})
afterAll(async () => {
  for (const client of clients) client.stop()
  await gate?.close()
})

async function start(context: IConfig['context'], more: Partial<IConfig> = {}): Promise<UnleashClient> {
  const client = new UnleashClient({
    url: `${gate.url}/__sluice/api/frontend`,
    clientKey: 'some-frontend-key',
    appName: 'shop',
    refreshInterval: 1,
    metricsInterval: 1,
    metricsIntervalInitial: 1,
    ...(context && { context }),
    ...more,
  })
  clients.push(client)
  await client.start()
  return client
}

describe('unleash-proxy-client', () => {
  it('finds features, variants and payloads', async () => {
    const client = await start({ userId: '7' })
    expect(client.isEnabled('everybody')).toBe(true)
    expect(client.isEnabled('nothing-like-it')).toBe(false)
    expect(client.getVariant('native')).toMatchObject({
      name: 'on',
      enabled: true,
      payload: { type: 'json', value: '{"size":3}' },
    })
  })

  it('keeps visitors where Unleash has placed them', async () => {
    // By Unleash's own client for servers: MurmurHash3 of "half:<id>", modulo 100.
    const { InMemStorageProvider, Unleash } = await import('unleash-client')
    const reference = new Unleash({
      appName: 'shop',
      url: 'http://127.0.0.1:9/unused',
      refreshInterval: 0,
      disableMetrics: true,
      skipInstanceCountWarning: true,
      bootstrap: { data: STATE.features as never },
      storageProvider: new InMemStorageProvider(),
    })
    reference.on('error', () => undefined)
    await inTime('the reference is ready', new Promise((resolve) => reference.once('ready', resolve)))
    const seen = new Set<string>()
    for (let n = 0; n < 12; n++) {
      const userId = `user-${n}`
      const client = await start({ userId }, { refreshInterval: 0, disableMetrics: true })
      const { name, enabled, payload } = client.getVariant('half')
      const expected = reference.getVariant('half', { userId })
      expect({ name, enabled, payload }).toEqual({
        name: expected.name,
        enabled: expected.enabled,
        payload: expected.payload,
      })
      seen.add(name)
    }
    expect(seen).toEqual(new Set(['red', 'blue', 'disabled']))
    reference.destroy()
  })

  it('follows the context, also when it is sent in the body', async () => {
    for (const usePOSTrequests of [false, true]) {
      const client = await start({ userId: '7' }, { usePOSTrequests })
      expect(client.isEnabled('for-pros')).toBe(false)
      await client.updateContext({ userId: '7', properties: { plan: 'pro' } })
      expect(client.isEnabled('for-pros')).toBe(true)
    }
  })

  it('delivers its metrics, and hears of a kill with its next question', async () => {
    const client = await start({ userId: '8' })
    const problems: unknown[] = []
    client.on('error', (error: unknown) => problems.push(error))
    const delivered = new Promise((resolve) => client.on('sent', resolve))
    expect(client.isEnabled('everybody')).toBe(true)
    await inTime('the client has delivered its metrics', delivered)
    await gate.admin.call('commandFlag', {
      params: { flag: 'everybody', verb: 'kill' },
      body: { reason: 'the test says so' },
    })
    await eventually('the client knows', () => !client.isEnabled('everybody'))
    expect(problems).toEqual([])
    await gate.admin.command('everybody', 'unkill')
    await eventually('the client knows of the end', () => client.isEnabled('everybody'))
  })

  it('needs a token of the gate where the document says so', async () => {
    const { document } = await gate.admin.call('getDocument')
    const answers = (wanted: number) =>
      eventually(`the gate answers ${wanted} without a token`, async () => {
        const { status } = await fetch(`${gate.url}/__sluice/api/frontend`)
        return status === wanted
      })
    await gate.kv.put('config', { ...(document as object), flagQueries: { requireToken: true } })
    onTestFinished(async () => {
      await gate.kv.put('config', document)
      await answers(200)
    })
    await answers(401)
    const client = await start({ userId: '7' }, { clientKey: ADMIN_TOKEN })
    expect(client.isEnabled('native')).toBe(true)
  })
})
