/** OpenFeature's web SDK with the gate's provider, which is its OFREP provider and reports events, in a real browser. */
import type { Browser, Response } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { conforming } from '../../ofrep/protocol.ts'
import { hasBrowser } from '../../support/browser.ts'
import { openTab, startBrowser, type Visit } from '../dashboard/support.ts'
import { eventually } from '../harness/eventually.ts'
import type { Origin } from '../harness/origin.ts'
import { ADMIN_TOKEN, type Gate, startGate } from '../harness/running-gate.ts'
import type { OpenFeaturePage } from './pages/types.ts'
import { bundledScript, startShopOrigin } from './support.ts'

declare const page: OpenFeaturePage

const on = { variants: { on: true, off: false }, off: 'off' }
const documentFor = (url: string, more: object = {}) => ({
  origins: { app: { url } },
  routes: [{ path: '/*', origin: 'app' }],
  flags: {
    everybody: { ...on, rules: [{ serve: 'on' }] },
    'for-pros': { ...on, rules: [{ when: [{ attribute: 'plan', op: 'in', values: ['pro'] }], serve: 'on' }] },
    colour: { variants: { red: '#f00', none: '#000' }, off: 'none', rules: [{ serve: 'red' }] },
    secret: { ...on, private: true, rules: [{ serve: 'on' }] },
  },
  ...more,
})

let browser: Browser
let origin: Origin
let gate: Gate

const BULK = '/__sluice/ofrep/v1/evaluate/flags'

/** What is wrong with answers, by the protocol. */
const faults: unknown[] = []

/** Statuses of the provider's queries, as the browser saw them. */
async function visit(url: string): Promise<Visit & { statuses: number[] }> {
  const tab = await openTab(browser)
  const statuses: number[] = []
  const checks: Promise<unknown>[] = []
  tab.page.on('response', (response) => {
    const isQuery = new URL(response.url()).pathname === BULK && response.request().method() === 'POST'
    if (!isQuery) return
    statuses.push(response.status())
    checks.push(conformingInBrowser(response).catch((error) => faults.push(error)))
  })
  await tab.page.goto(url)
  await tab.page.waitForFunction('globalThis.page !== undefined')
  const close = async () => {
    await Promise.all(checks)
    await tab.close()
  }
  return { ...tab, close, statuses }
}

async function conformingInBrowser(response: Response): Promise<void> {
  const status = response.status()
  // The client doesn't read what an error says, so this test can't either; test/worker/api/ofrep.test.ts does.
  const body = status === 304 ? null : status === 200 ? await response.text() : '{}'
  await conforming(new globalThis.Response(body, { status, headers: await response.allHeaders() }), 'bulk')
}

describe.skipIf(!hasBrowser)("OpenFeature's web SDK", () => {
  beforeAll(async () => {
    origin = await startShopOrigin('app', await bundledScript('openfeature'))
    browser = await startBrowser()
    gate = await startGate({ document: documentFor(origin.url) })
  })
  afterAll(async () => {
    await browser?.close()
    await gate?.close()
    await origin?.close()
  })
  afterEach(() => expect(faults).toEqual([]))

  it('starts, answers without asking, and follows the context', async () => {
    const { page: tab, statuses, close } = await visit(gate.url)
    expect(await tab.evaluate(() => page.start({ targetingKey: 'v1' }))).toBe('ready')
    expect(await tab.evaluate(() => page.boolean('everybody'))).toMatchObject({
      value: true,
      reason: 'STATIC',
    })
    expect(await tab.evaluate(() => page.string('colour'))).toBe('#f00')
    expect((await tab.evaluate(() => page.boolean('for-pros'))).value).toBe(false)
    expect((await tab.evaluate(() => page.boolean('secret'))).errorCode).toBe('FLAG_NOT_FOUND')
    // The provider sends its old ETag along with the new context; that must not be taken for the same question.
    await tab.evaluate(() => page.setContext({ targetingKey: 'v1', plan: 'pro' }))
    expect((await tab.evaluate(() => page.boolean('for-pros'))).value).toBe(true)
    await tab.evaluate(() => page.setContext({ targetingKey: 'v1', plan: 'pro' }))
    await expect.poll(() => statuses).toEqual([200, 200, 304])
    await close()
  })

  it('reports what the app tracks, at the latest when it is closed', async () => {
    const { page: tab, close } = await visit(gate.url)
    await tab.evaluate(() => page.start({ targetingKey: 'v8' }))
    const sent = tab.waitForRequest(`${gate.url}/__sluice/events`)
    await tab.evaluate(() => {
      page.track('order', { value: 49.9, id: 'order-123', currency: 'EUR' })
      page.track('visit', {})
    })
    await tab.evaluate(() => page.close())
    expect(JSON.parse((await sent).postData() ?? '')).toEqual({
      reports: [
        { type: 'track', name: 'order', value: 49.9, id: 'order-123' },
        { type: 'track', name: 'visit', id: expect.any(String) },
      ],
    })
    await close()
  })

  it('hears of a kill while the page is open', async () => {
    const { page: tab, close } = await visit(gate.url)
    await tab.evaluate(() => page.start({ targetingKey: 'v2' }))
    expect((await tab.evaluate(() => page.boolean('everybody'))).value).toBe(true)
    await gate.admin.call('commandFlag', {
      params: { flag: 'everybody', verb: 'kill' },
      body: { reason: 'the test says so' },
    })
    const killedMs = Date.now()
    const killed = await eventually('the page knows', async () => {
      const details = await tab.evaluate(() => page.boolean('everybody'))
      return !details.value && details
    })
    // Seconds, not minutes; how many exactly is measured elsewhere, on a machine that has time.
    expect(Date.now() - killedMs).toBeLessThan(15_000)
    expect(killed).toMatchObject({ reason: 'DISABLED', flagMetadata: { sluiceReason: 'KILLED' } })
    await expect.poll(async () => (await tab.evaluate(() => page.seen())).changes).toBeGreaterThan(0)
    await gate.admin.call('commandFlag', {
      params: { flag: 'everybody', verb: 'unkill' },
      body: { reason: 'the test is over' },
    })
    await eventually(
      'the page knows',
      async () => (await tab.evaluate(() => page.boolean('everybody'))).value,
    )
    await close()
  })

  it('is told of a wrong token', async () => {
    const { page: tab, statuses, close } = await visit(gate.url)
    expect(await tab.evaluate(() => page.start({ targetingKey: 'v3' }, 'wrong'))).toContain('Error')
    await expect.poll(() => statuses).toEqual([401])
    await close()
  })

  it('is told to come later when it asks too often, and keeps its flags', async () => {
    const limited = await startGate({
      document: documentFor(origin.url, { flagQueries: { requestsPerMinute: 3 } }),
    })
    const { page: tab, statuses, close } = await visit(limited.url)
    await tab.evaluate(() => page.start({ targetingKey: 'v4' }))
    for (let n = 0; n < 4; n++) {
      await tab.evaluate(
        (plan) => page.setContext({ targetingKey: 'v4', plan }).catch(() => undefined),
        `p${n}`,
      )
    }
    await expect.poll(() => statuses).toContain(429)
    expect((await tab.evaluate(() => page.boolean('everybody'))).value).toBe(true)
    await close()
    await limited.close()
  })

  describe('where the document says who may ask', () => {
    let guarded: Gate
    let elsewhere: Origin

    beforeAll(async () => {
      elsewhere = await startShopOrigin('elsewhere', await bundledScript('openfeature'), 'default-src *')
      guarded = await startGate({
        document: documentFor(origin.url, {
          flagQueries: { requireToken: true, allowedOrigins: [elsewhere.url] },
        }),
      })
    })
    afterAll(() => Promise.all([guarded?.close(), elsewhere?.close()]))

    it('wants a token of pages of the same site, too', async () => {
      const { page: tab, statuses, close } = await visit(guarded.url)
      expect(await tab.evaluate(() => page.start({ targetingKey: 'v5' }))).toContain('Error')
      await expect.poll(() => statuses).toEqual([401])
      await tab.reload()
      await tab.waitForFunction('globalThis.page !== undefined')
      expect(await tab.evaluate((token) => page.start({ targetingKey: 'v5' }, token), ADMIN_TOKEN)).toBe(
        'ready',
      )
      expect((await tab.evaluate(() => page.boolean('everybody'))).value).toBe(true)
      // A browser never hears of those, whatever token it has.
      expect((await tab.evaluate(() => page.boolean('secret'))).errorCode).toBe('FLAG_NOT_FOUND')
      await close()
    })

    it('answers pages of a site that is listed, and tells them of changes', async () => {
      const { page: tab, statuses, close } = await visit(elsewhere.url)
      const start = () =>
        tab.evaluate(
          ([token, url]) => page.start({ targetingKey: 'v6' }, token, url),
          [ADMIN_TOKEN, guarded.url],
        )
      expect(await start()).toBe('ready')
      await tab.evaluate(() => page.setContext({ targetingKey: 'v6' }))
      await expect.poll(() => statuses).toEqual([200, 304])
      expect((await tab.evaluate(() => page.boolean('everybody'))).value).toBe(true)
      await guarded.admin.call('commandFlag', {
        params: { flag: 'everybody', verb: 'kill' },
        body: { reason: 'a test' },
      })
      await eventually(
        'the page knows',
        async () => !(await tab.evaluate(() => page.boolean('everybody'))).value,
      )
      await guarded.admin.call('commandFlag', { params: { flag: 'everybody', verb: 'unkill' } })
      await close()
    })

    it('refuses pages of any other, which the browser does not let read anything', async () => {
      const { page: tab, statuses, close } = await visit(elsewhere.url.replace('127.0.0.1', 'localhost'))
      const start = tab.evaluate(
        ([token, url]) => page.start({ targetingKey: 'v7' }, token, url),
        [ADMIN_TOKEN, guarded.url],
      )
      expect(await start).toContain('Error')
      expect((await tab.evaluate(() => page.boolean('everybody'))).value).toBe(false)
      expect(statuses).toEqual([])
      const refused = await fetch(guarded.url + BULK, {
        method: 'POST',
        headers: { origin: 'https://evil.example', authorization: `Bearer ${ADMIN_TOKEN}` },
      })
      expect([refused.status, refused.headers.get('access-control-allow-origin')]).toEqual([403, null])
      await close()
    })
  })
})
