/** Pages of an address that asks too often: they come again when they are told to, and hear of a kill all the same. */
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hasBrowser } from '../../support/browser.ts'
import { openTab, startBrowser } from '../dashboard/support.ts'
import { eventually } from '../harness/eventually.ts'
import { LONG } from '../harness/long.ts'
import type { Origin } from '../harness/origin.ts'
import { type Gate, startGate } from '../harness/running-gate.ts'
import type { HelperPage } from './pages/types.ts'
import { bundledScript, ofrepKind, startShopOrigin } from './support.ts'

declare const sluice: HelperPage

let browser: Browser
let origin: Origin
let gate: Gate

/** Another client at the same address takes every query there is. */
let isBusy = false
let others: Promise<void>

async function askAllTheTime(): Promise<void> {
  while (isBusy) {
    const body = JSON.stringify({ context: { targetingKey: 'another client' } })
    const answer = await fetch(`${gate.url}/__sluice/ofrep/v1/evaluate/flags/shop`, { method: 'POST', body })
    await answer.arrayBuffer()
  }
}

async function getBusy(): Promise<void> {
  isBusy = true
  others = Promise.all([askAllTheTime(), askAllTheTime()]).then(() => undefined)
  await eventually('the address has used up its queries', async () => {
    const response = await fetch(`${gate.url}/__sluice/ofrep/v1/evaluate/flags/shop`, { method: 'POST' })
    await response.arrayBuffer()
    return response.status === 429
  })
}

async function calmDown(): Promise<void> {
  isBusy = false
  await others
}

async function openPage() {
  const tab = await openTab(browser, { extraHTTPHeaders: { 'x-user-id': 'visitor' } })
  const seen = { statuses: [] as number[], streams: [] as number[] }
  tab.page.on('response', (response) => {
    const { pathname } = new URL(response.url())
    if (ofrepKind(response.url()) === 'bulk') seen.statuses.push(response.status())
    if (pathname.endsWith('/ofrep/v1/stream')) seen.streams.push(response.status())
  })
  await tab.page.goto(gate.url)
  await tab.page.waitForFunction('globalThis.first !== undefined')
  expect(await tab.page.evaluate(() => sluice.value('shop', false))).toBe(true)
  const isOn = () => tab.page.evaluate(() => sluice.value('shop', undefined))
  return { ...tab, ...seen, isOn }
}

const say = (verb: 'kill' | 'unkill') =>
  gate.admin.call('commandFlag', { params: { flag: 'shop', verb }, body: { reason: 'a test' } })

describe.skipIf(!hasBrowser)('a page of a busy address', () => {
  beforeAll(async () => {
    origin = await startShopOrigin('app', await bundledScript('helper'))
    browser = await startBrowser()
    const app = { url: origin.url }
    gate = await startGate({
      document: {
        origins: { old: app, new: app },
        context: { targetingKey: { header: 'x-user-id' } },
        routes: [{ path: '/*', flag: 'shop', origins: { on: 'new', off: 'old' } }],
        bootstrap: {},
        flagQueries: { requestsPerMinute: 60 },
        flags: { shop: { variants: { on: true, off: false }, off: 'off', rules: [{ serve: 'on' }] } },
      },
    })
  })
  afterAll(async () => {
    await browser?.close()
    await gate?.close()
    await origin?.close()
  })

  it('asks again when it is told to, until it has heard', async () => {
    const page = await openPage()
    await eventually('the stream is open', () => page.streams.includes(200))
    await getBusy()
    // The page can be lucky, and get the one query of that second; then it is told of something new to ask about.
    let isKilled = false
    while (!page.statuses.includes(429)) {
      const answered = page.statuses.length
      isKilled = !isKilled
      await say(isKilled ? 'kill' : 'unkill')
      await eventually('the page has asked', () => page.statuses.length > answered, { everyMs: 20 })
    }
    await calmDown()
    await eventually('it hears of what was said last', async () => (await page.isOn()) === !isKilled)
    await eventually(
      'it has asked again after it was told to come later, and was answered',
      () => page.statuses.lastIndexOf(200) > page.statuses.indexOf(429),
    )
    await page.close()
    if (isKilled) await say('unkill')
  })

  it.runIf(LONG)('opens a stream that was refused once it may', async () => {
    await eventually(
      'it is on',
      async () => (await gate.get('/', { 'x-user-id': 'visitor' })).variant === 'on',
    )
    await getBusy()
    const page = await openPage()
    await eventually('the stream is refused', () => page.streams.includes(429))
    await calmDown()
    await eventually('the stream is open', () => page.streams.includes(200))
    await say('kill')
    await eventually('it hears of the kill', async () => (await page.isOn()) === false)
    await page.close()
  })
})
