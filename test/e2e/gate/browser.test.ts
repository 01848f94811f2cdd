/** A real browser in the middle of its visit while the gate ramps up, rolls back and kills. */
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { FlagVerb } from '../../../src/contract/routes.ts'
import { hasBrowser } from '../../support/browser.ts'
import { startBrowser } from '../dashboard/support.ts'
import { eventually } from '../harness/eventually.ts'
import type { Origin } from '../harness/origin.ts'
import { raw } from '../harness/raw.ts'
import { type Gate, startGate } from '../harness/running-gate.ts'
import { type Late, type Parts, pictureOf, startApp } from './app.ts'

const FLAG = 'app'
/** Going back shows the page as it was left, as it does in everybody's browser. */
const WITH_BACK_CACHE = ['--disable-back-forward-cache']
let blue: Origin
let green: Origin
let gate: Gate
let browser: Browser

let written = 0
/** Each is a new text: one that was in force before could also be an old one seen late. */
const documentWith = (percentage: number) => ({
  origins: { blue: { url: blue.url }, green: { url: green.url } },
  routes: [{ path: '/*', flag: FLAG, origins: { on: 'green', off: 'blue' } }],
  flags: {
    [FLAG]: {
      description: `document ${++written}`,
      variants: { on: true, off: false },
      off: 'off',
      rules: [{ serve: 'on', percentage }],
    },
  },
})

/** Puts a share in force, and waits until every visitor is decided by it. */
async function ramp(percentage: number): Promise<void> {
  await gate.kv.put('config', documentWith(percentage))
  await settled(percentage)
}

function settled(percentage: number) {
  let share: number | undefined
  return eventually(
    `${percentage} % of visitors get the new version`,
    async () => {
      share = await shareOfGreen()
      return share === percentage
    },
    { seen: async () => ({ share, ...(await decidingNow()) }) },
  )
}

/** All that a decision goes by: what KV holds, and what the gate has of it. */
async function decidingNow() {
  const [status, config, state, kill] = await Promise.all([
    gate.status(),
    ...['config', 'state', 'kill'].map((key) => gate.kv.get(key)),
  ])
  const { document, epoch, flags } = status
  return { document, epoch, standing: flags[FLAG]?.state, inKv: { config, state, kill } }
}

/** Of a hundred visitors that are always the same, those that get the new version. */
async function shareOfGreen(): Promise<number> {
  const answers = await Promise.all(
    Array.from({ length: 100 }, (_, index) =>
      raw(`${gate.url}/about`, {
        headers: { cookie: `sluice_id=00000000-0000-4000-8000-${String(index).padStart(12, '0')}` },
      }),
    ),
  )
  const green = answers.filter(({ text }) => text.includes('data-version="green"')).length
  // A part of the visitors will not be exactly as many of a hundred.
  return green === 0 || green === 100 ? green : 50
}

const command = (verb: FlagVerb) =>
  gate.admin.call('commandFlag', { params: { flag: FLAG, verb }, body: { reason: 'a test' } })

beforeAll(async () => {
  if (!hasBrowser) return
  ;[blue, green, browser] = await Promise.all([
    startApp('blue'),
    startApp('green'),
    startBrowser(WITH_BACK_CACHE),
  ])
  gate = await startGate({ document: documentWith(0) })
})
afterEach(async () => {
  await Promise.all((browser?.contexts() ?? []).map((context) => context.close()))
})
afterAll(() => Promise.all([browser?.close(), gate?.close(), blue?.close(), green?.close()]))

type Visitor = { context: BrowserContext; complaints: string[] }

/** A separate browser; the complaints of its pages are noted. */
async function visitor(): Promise<Visitor> {
  const context = await browser.newContext()
  const complaints: string[] = []
  context.on('weberror', (error) => complaints.push(`thrown: ${error.error()}`))
  context.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(`console: ${message.text()}`)
  })
  context.on('requestfailed', (request) =>
    complaints.push(`failed: ${request.url()} ${request.failure()?.errorText}`),
  )
  context.on('response', (response) => {
    if (response.status() >= 400) complaints.push(`${response.status()}: ${response.url()}`)
  })
  return { context, complaints }
}

async function open(page: Page, path: string): Promise<Parts> {
  await page.goto(gate.url + path, { waitUntil: 'load' })
  return await partsOf(page)
}
async function partsOf(page: Page): Promise<Parts> {
  await page.waitForSelector('html[data-ready]', { state: 'attached' })
  return await page.evaluate('window.parts()')
}
const click = (page: Page): Promise<Late> => page.evaluate('window.late()')
/** What a page of a version loads late, where data come from that version too, or from another. */
const lateOf = (version: string, data = version): Late => ({
  chunk: version,
  worker: version,
  data,
  xhr: data,
  frame: data,
})
const wholly = (version: string) => ({
  page: version,
  style: version,
  main: version,
  plain: version,
  picture: pictureOf(version),
})

describe.skipIf(!hasBrowser)('a browser', () => {
  it('with two tabs on different versions finds each of them whole, through ramp, rollback and kill', async () => {
    await ramp(0)
    const { context, complaints } = await visitor()
    const [first, second] = [await context.newPage(), await context.newPage()]
    expect(await open(first, '/')).toEqual(wholly('blue'))
    await ramp(100)
    expect(await open(second, '/cart')).toEqual(wholly('green'))
    expect(await click(first)).toEqual(lateOf('blue'))
    expect(await click(second)).toEqual(lateOf('green'))
    expect(await open(first, '/')).toEqual(wholly('green'))

    await command('rollback')
    await settled(0)
    // The code of the page is still that of its version; data come from where everybody's come from.
    expect(await click(second)).toEqual(lateOf('green', 'blue'))
    expect(await open(second, '/cart')).toEqual(wholly('blue'))

    await command('resume')
    await settled(100)
    expect(await open(first, '/')).toEqual(wholly('green'))
    await gate.kv.put('kill', [FLAG])
    await settled(0)
    expect(await click(first)).toEqual(lateOf('green', 'blue'))
    expect(await open(first, '/')).toEqual(wholly('blue'))
    await gate.kv.put('kill', '[]')
    await settled(100)
    expect(complaints).toEqual([])
  })

  it('finds its page whole and its data beside it after links, back, forward and reload', async () => {
    await ramp(0)
    const { context, complaints } = await visitor()
    const page = await context.newPage()
    await open(page, '/')
    await page.click('a[href="/cart"]')
    await page.waitForURL('**/cart')
    expect(await partsOf(page)).toEqual(wholly('blue'))
    await ramp(100)
    await page.evaluate('window.isTheSame = true')
    await page.click('a[href="/about"]')
    await page.waitForURL('**/about')
    expect(await partsOf(page)).toEqual(wholly('green'))
    expect(await click(page)).toEqual(lateOf('green'))

    await page.goBack({ waitUntil: 'commit' })
    // Not loaded anew: the tab shows the page that was left, which is of the other version by now.
    expect(await page.evaluate('window.isTheSame')).toBe(true)
    expect(await partsOf(page)).toEqual(wholly('blue'))
    expect(await click(page)).toEqual(lateOf('blue'))
    await page.goForward({ waitUntil: 'commit' })
    expect(await partsOf(page)).toEqual(wholly('green'))

    await command('rollback')
    await settled(0)
    await page.goBack({ waitUntil: 'commit' })
    expect(await click(page)).toEqual(lateOf('blue'))
    await page.goForward({ waitUntil: 'commit' })
    // What it loads for the first time comes from the version that is closed by now, because no other has it.
    expect(await click(page)).toEqual(lateOf('green', 'blue'))
    await page.reload()
    expect(await partsOf(page)).toEqual(wholly('blue'))
    const devtools = await context.newCDPSession(page)
    const loaded = page.waitForEvent('load')
    await devtools.send('Page.reload', { ignoreCache: true })
    await loaded
    expect(await partsOf(page)).toEqual(wholly('blue'))
    await command('resume')
    expect(complaints).toEqual([])
  })

  it('with a service worker that passes everything on is decided anew with each page', async () => {
    await ramp(0)
    const { context, complaints } = await visitor()
    const page = await context.newPage()
    await open(page, '/')
    await page.evaluate(
      "navigator.serviceWorker.register('/worker.js').then(() => navigator.serviceWorker.ready)",
    )
    await page.waitForFunction('navigator.serviceWorker.controller !== null')
    await ramp(100)
    expect(await click(page)).toMatchObject({ chunk: 'blue', data: 'blue', xhr: 'blue' })
    await page.click('a[href="/cart"]')
    await page.waitForURL('**/cart')
    expect(await partsOf(page)).toEqual(wholly('green'))
    expect(await click(page)).toEqual(lateOf('green'))
    expect(await open(page, '/about')).toEqual(wholly('green'))
    await ramp(0)
    expect(await click(page)).toMatchObject({ chunk: 'green', data: 'green', xhr: 'green' })
    await page.reload()
    expect(await partsOf(page)).toEqual(wholly('blue'))
    expect(complaints).toEqual([])
  })

  it('that walks about while the share goes up and down never has a mixed page', async () => {
    const visitors = await Promise.all([visitor(), visitor(), visitor()])
    let isOver = false
    let opened = 0
    const seen = new Set<string>()
    const walks = visitors.map(async ({ context }) => {
      const page = await context.newPage()
      for (let step = 0; !isOver; step++) {
        const parts = await open(page, ['/', '/cart', '/about'][step % 3] ?? '/')
        expect(parts).toEqual(wholly(parts.page))
        seen.add(parts.page)
        opened++
        // The flag stays open: what follows the page does so wholly.
        expect(await click(page)).toEqual(lateOf(parts.page))
      }
    })
    const ramps = (async () => {
      for (const share of [0, 50, 100, 50, 0, 100]) {
        await ramp(share)
        // One page more than can have been under way has come by this share, however slow the machine is.
        const enough = opened + visitors.length + 1
        await eventually('each visitor has opened another page', () => opened >= enough)
      }
    })()
    await Promise.race([ramps, ...walks])
    isOver = true
    await Promise.all([ramps, ...walks])
    expect(seen).toEqual(new Set(['blue', 'green']))
    expect(visitors.flatMap(({ complaints }) => complaints)).toEqual([])
  })
})
