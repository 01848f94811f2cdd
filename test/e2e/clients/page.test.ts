/** A page behind the gate: what it was routed by is what it is told, everywhere, and what it reports counts. */
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { conforming } from '../../ofrep/protocol.ts'
import { hasBrowser } from '../../support/browser.ts'
import { openTab, startBrowser } from '../dashboard/support.ts'
import { eventually } from '../harness/eventually.ts'
import { LONG } from '../harness/long.ts'
import type { Origin } from '../harness/origin.ts'
import { raw } from '../harness/raw.ts'
import { type Gate, startGate } from '../harness/running-gate.ts'
import type { HelperPage } from './pages/types.ts'
import { bundledScript, startShopOrigin } from './support.ts'

declare const sluice: HelperPage
declare const first: { shop: boolean; variant: string | undefined }

let browser: Browser
let origins: Origin[]
let gate: Gate

beforeAll(async () => {
  const script = await bundledScript('helper')
  origins = await Promise.all([startShopOrigin('old', script), startShopOrigin('new', script)])
  const [old, next] = origins.map(({ url }) => ({ url }))
  gate = await startGate({
    document: {
      origins: { old, new: next },
      context: { targetingKey: [{ header: 'x-user-id' }, { cookie: 'uid' }] },
      routes: [{ path: '/*', flag: 'shop', origins: { on: 'new', off: 'old' } }],
      bootstrap: {},
      flags: {
        shop: {
          variants: { on: true, off: false },
          off: 'off',
          rules: [{ percentage: 50, serve: 'on' }],
          guard: { thresholds: { errors: 3 } },
        },
        colour: { variants: { red: '</script><b>', none: '' }, off: 'none', rules: [{ serve: 'red' }] },
        secret: { variants: { on: true, off: false }, off: 'off', private: true, rules: [{ serve: 'on' }] },
      },
    },
  })
  if (hasBrowser) browser = await startBrowser()
}, 120_000)
afterAll(async () => {
  await browser?.close()
  await gate?.close()
  await Promise.all(origins.map((origin) => origin.close()))
})

/** A visitor whom the split has put on a side. */
async function visitorOn(variant: string, from = 0): Promise<string> {
  for (let n = from; n < from + 1_000; n++) {
    const page = await gate.get('/', { 'x-user-id': `visitor-${n}`, accept: 'text/html' })
    if (page.variant === variant) return `visitor-${n}`
  }
  throw new Error(`No visitor is on ${variant}`)
}

async function bulk(id: string): Promise<Record<string, { value: unknown; variant: string }>> {
  const response = await fetch(`${gate.url}/__sluice/ofrep/v1/evaluate/flags`, {
    method: 'POST',
    headers: { 'x-user-id': id },
    body: '{}',
  })
  const { body } = await conforming(response, 'bulk')
  const flags = (body?.flags ?? []) as { key: string; value: unknown; variant: string }[]
  return Object.fromEntries(flags.map((flag) => [flag.key, flag]))
}

/** Opens the flag anew: what was reported before counts no longer. */
beforeEach(async () => {
  if ((await gate.flag('shop')).rolledBack === null)
    await gate.admin.command('shop', 'rollback', { reason: 'a test begins' })
  await gate.admin.command('shop', 'resume', { reason: 'a test begins' })
  await eventually(
    'the flag is open',
    async () => (await gate.get('/', { 'x-user-id': 'a' })).reason === 'split',
  )
})

describe('flags in the page itself', () => {
  it('stand at the beginning of the head, as data that no policy forbids, with the nonce of the page', async () => {
    // Not by fetch, which marks its requests as not for pages.
    const page = await raw(`${gate.url}/`, {
      headers: { 'x-user-id': await visitorOn('on'), accept: 'text/html' },
    })
    const block =
      /^<!doctype html><html><head><script type="application\/json" id="sluice-flags" nonce="abc123">(.*?)<\/script><title>/
    const [, json = ''] = block.exec(page.text) ?? []
    expect(JSON.parse(json)).toEqual({
      revision: expect.stringMatching(/^\d+-/),
      flags: {
        shop: { value: true, variant: 'on', reason: 'SPLIT' },
        colour: { value: '</script><b>', variant: 'red', reason: 'STATIC' },
      },
    })
    expect(page.headers.get('etag')).toBeNull()
    expect(page.headers.get('cache-control')).toBe('private, no-cache')
  })

  it('leave everything else alone', async () => {
    const script = await gate.get('/app.js', { 'x-user-id': 'visitor-1' })
    expect(script.text).not.toContain('"sluice-flags" nonce')
  })
})

describe.skipIf(!hasBrowser)('a page in a browser', () => {
  it('was routed by the same decision as its origin heard, as it brings along, and as the gate answers', async () => {
    for (const variant of ['on', 'off']) {
      const id = await visitorOn(variant)
      const tab = await openTab(browser, { extraHTTPHeaders: { 'x-user-id': id } })
      await tab.page.goto(gate.url)
      await tab.page.waitForFunction('globalThis.first !== undefined')
      const body = tab.page.locator('body')
      expect(await body.getAttribute('data-origin')).toBe(variant === 'on' ? 'new' : 'old')
      expect(await body.getAttribute('data-header')).toContain(`shop=${variant};`)
      expect(await tab.page.evaluate(() => first)).toEqual({ shop: variant === 'on', variant })
      expect((await bulk(id)).shop?.variant).toBe(variant)
      await tab.page.evaluate(() => sluice.refresh())
      expect(await tab.page.evaluate(() => sluice.variant('shop'))).toBe(variant)
      expect(tab.complaints).toEqual([])
      await tab.close()
    }
  })

  it('is off everywhere after a kill: over OFREP, for the page that is open, and for the next one', async () => {
    const id = await visitorOn('on')
    const tab = await openTab(browser, { extraHTTPHeaders: { 'x-user-id': id } })
    await tab.page.goto(gate.url)
    await tab.page.waitForFunction('globalThis.first !== undefined')
    await gate.admin.call('commandFlag', {
      params: { flag: 'shop', verb: 'kill' },
      body: { reason: 'a test' },
    })
    const killedMs = Date.now()
    await eventually(
      'the open page hears of it',
      () => tab.page.evaluate(() => sluice.value('shop', true) === false),
      { everyMs: 20 },
    )
    const heardMs = Date.now() - killedMs
    console.info(`a page in a browser heard of a kill after ${heardMs} ms`)
    // Two seconds where the machine has time; see kill-reaches.test.ts. By itself the page would not ask for a minute.
    expect(heardMs).toBeLessThan(LONG ? 2_000 : 20_000)
    expect((await bulk(id)).shop).toMatchObject({ value: false, variant: 'off' })
    await tab.page.reload()
    await tab.page.waitForFunction('globalThis.first !== undefined')
    expect(await tab.page.evaluate(() => first)).toEqual({ shop: false, variant: 'off' })
    expect(await tab.page.locator('body').getAttribute('data-header')).toContain('shop=off;')
    await tab.close()
    await gate.admin.call('commandFlag', {
      params: { flag: 'shop', verb: 'unkill' },
      body: { reason: 'a test' },
    })
    await eventually('the flag is open', async () => (await bulk(id)).shop?.value === true)
  })

  it('reports web vitals, timings and feedback with the variant that the gate knows', async () => {
    const tab = await openTab(browser)
    // By a cookie: what a page sends as it goes has no headers that a test has put into the browser.
    await tab.page.context().addCookies([{ name: 'uid', value: await visitorOn('off'), url: gate.url }])
    await tab.page.goto(gate.url)
    await tab.page.waitForFunction('globalThis.first !== undefined')
    await tab.page.evaluate(() => {
      sluice.time('shop', () => 7)
      sluice.feedback('shop', 'I liked the old one')
    })
    // Observers hear in their order: when a new one has heard how the page came, the helper has.
    await tab.page.evaluate(
      "new Promise((heard) => new PerformanceObserver(() => heard()).observe({ type: 'navigation', buffered: true }))",
    )
    // As a visitor who follows a link: a browser that closes the page may drop what it sends as it goes.
    await tab.page.goto('about:blank')
    const reported = async () => JSON.stringify(await gate.flag('shop'))
    await eventually(
      'the gate has them',
      async () => {
        const text = await reported()
        return text.includes('"TTFB"') && /"timings":\{"count":[1-9]/.test(text)
      },
      { seen: reported },
    )
    const feedback = await eventually('the gate has the feedback', async () => {
      const found = await gate.admin.call('listFeedback', { query: { flag: 'shop' } })
      return found.feedback.find(({ text }) => text === 'I liked the old one')
    })
    expect(feedback.variant).toBe('off')
    await tab.close()
  })

  it('sends the events that it tracks: each with an id, and no more than make sense', async () => {
    const tab = await openTab(browser, { extraHTTPHeaders: { 'x-user-id': await visitorOn('off') } })
    const bodies: string[] = []
    tab.page.on('request', (request) => {
      if (request.url().endsWith('/__sluice/events')) bodies.push(request.postData() ?? '')
    })
    await tab.page.goto(gate.url)
    await tab.page.waitForFunction('globalThis.first !== undefined')
    await tab.page.evaluate(() => {
      sluice.track('order', { value: 49.9, id: 'order-123' })
      sluice.track('visit')
      sluice.track('large', { value: 5n } as never)
      for (let n = 0; n < 500; n++) sluice.track('visit')
    })
    const events = () =>
      bodies.flatMap((body) =>
        (JSON.parse(body) as { reports: { type: string; name: string; id: string }[] }).reports.filter(
          ({ type }) => type === 'track',
        ),
      )
    await eventually('they are sent', () => events().length >= 100)
    const [order, visit, large] = events()
    expect(order).toEqual({ type: 'track', name: 'order', value: 49.9, id: 'order-123' })
    expect(visit).toEqual({ type: 'track', name: 'visit', id: expect.stringMatching(/^0\.\d+$/) })
    expect(large).toMatchObject({ name: 'large', value: 5 })
    expect(new Set(events().map(({ id }) => id)).size).toBe(events().length)
    // As many as the gate takes of an address: 100, and two more each second.
    expect(events().length).toBeLessThan(200)
    await tab.close()
  })

  it('sends nothing by itself for visitors who do not want to be measured', async () => {
    const tab = await openTab(browser, { extraHTTPHeaders: { 'x-user-id': await visitorOn('off') } })
    await tab.page.addInitScript("Object.defineProperty(navigator, 'globalPrivacyControl', { value: true })")
    await tab.page.goto(gate.url)
    await tab.page.waitForFunction('globalThis.first !== undefined')
    await tab.page.evaluate(() => sluice.reportError('shop', new Error('x')))
    await tab.page.evaluate(() => sluice.track('order', { value: 5 }))
    await tab.page.evaluate(() => sluice.feedback('shop', 'but this I say'))
    await eventually('feedback is sent', () => tab.requests.some((url) => url.endsWith('/__sluice/events')))
    expect(tab.requests.filter((url) => url.endsWith('/__sluice/events'))).toHaveLength(1)
    await tab.close()
  })

  it('closes the flag by the errors that it reports, once there are more than the document allows', async () => {
    let next = 0
    for (let page = 0; page < 4; page++) {
      const id = await visitorOn('on', next)
      next = Number(id.split('-')[1]) + 1
      const tab = await openTab(browser, { extraHTTPHeaders: { 'x-user-id': id } })
      await tab.page.goto(gate.url)
      await tab.page.waitForFunction('globalThis.first !== undefined')
      expect(await gate.flag('shop')).toMatchObject({ state: 'open', rolledBack: null })
      const reported = tab.page.waitForResponse(`${gate.url}/__sluice/events`)
      // This one is not caught.
      await tab.page.evaluate(() => {
        setTimeout(() => {
          throw new Error('the new shop is broken')
        })
      })
      expect((await reported).status()).toBe(202)
      await tab.close()
    }
    await eventually(
      'the guard has closed the flag',
      async () => (await gate.flag('shop')).state === 'rolled-back',
    )
  })
})

describe('what a visitor can not report', () => {
  const report = async (id: string, headers: Record<string, string> = {}) => {
    const body = JSON.stringify({ reports: [{ type: 'error', flag: 'shop', variant: 'on', arm: 'canary' }] })
    const response = await fetch(`${gate.url}/__sluice/events`, {
      method: 'POST',
      headers: { 'x-user-id': id, 'cf-connecting-ip': '203.0.113.67', ...headers },
      body,
    })
    expect([response.status, await response.json()]).toEqual([202, { accepted: 1, refused: [] }])
  }
  /** Errors that were reported, by variant and arm. */
  const reported = async () => {
    const { cells, generation } = await gate.flag('shop')
    const own = cells.filter((cell) => cell.generation === generation && cell.errorsByKind.reported)
    const sums: Record<string, number> = {}
    for (const { variant, arm, errorsByKind } of own) {
      const at = `${variant} ${arm}`
      sums[at] = (sums[at] ?? 0) + (errorsByKind.reported ?? 0)
    }
    return sums
  }

  it('is an error of a variant that they are not on: the gate looks for itself', async () => {
    const before = await reported()
    for (let n = 0, from = 0; n < 5; n++) {
      const id = await visitorOn('off', from)
      from = Number(id.slice('visitor-'.length)) + 1
      // Who says so again within a minute counts once.
      for (let time = 0; time < 2; time++) await report(id)
    }
    await eventually(
      'they count for control',
      async () => (await reported())['off control'] === (before['off control'] ?? 0) + 5,
    )
    const { 'off control': _, ...others } = await reported()
    const { 'off control': __, ...othersBefore } = before
    expect(others).toEqual(othersBefore)
    expect(await gate.flag('shop')).toMatchObject({ state: 'open', rolledBack: null })
  })

  it('is an error of a page that came from the other side: neither canary nor control has it', async () => {
    const before = await reported()
    const of = async (variant: string, page: string) =>
      report(await visitorOn(variant), { cookie: `sluice_pages=x|shop|${page}`, referer: `${gate.url}/` })
    // A visitor whose page was still the old one when a percentage rose, and one who makes such a page up. No more
    // than the threshold takes, which counts everybody.
    for (let n = 0; n < 3; n++) {
      await of('on', 'off')
      await of('off', 'on')
    }
    await eventually('they are counted aside', async () => {
      const now = await reported()
      return (
        now['off other'] === (before['off other'] ?? 0) + 3 &&
        now['on other'] === (before['on other'] ?? 0) + 3
      )
    })
    const now = await reported()
    for (const at of ['on canary', 'off control']) expect([at, now[at]]).toEqual([at, before[at]])
    expect(await gate.flag('shop')).toMatchObject({ state: 'open', rolledBack: null })
  })

  it('is more than a page has to say', async () => {
    // Of a flag that no other test counts.
    const reports = Array.from({ length: 50 }, () => ({ type: 'error', flag: 'colour' }))
    const send = () =>
      fetch(`${gate.url}/__sluice/events`, {
        method: 'POST',
        headers: { 'x-user-id': 'flood', 'cf-connecting-ip': '203.0.113.66' },
        body: JSON.stringify({ reports }),
      })
    const statuses = []
    for (let n = 0; n < 4; n++) statuses.push((await send()).status)
    expect(statuses).toEqual([202, 202, 429, 429])
  })
})
