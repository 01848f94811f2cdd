/** Tabs of real apps that are open while a new build ramps, is rolled back and killed. */
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { FlagVerb } from '../../../src/contract/routes.ts'
import { bundledScript } from '../../e2e/clients/support.ts'
import { startBrowser } from '../../e2e/dashboard/support.ts'
import { eventually } from '../../e2e/harness/eventually.ts'
import { type Gate, startGate } from '../../e2e/harness/running-gate.ts'
import { hasBrowser } from '../../support/browser.ts'
import { buildApp, FRAMEWORKS, type RunningApp, startApp } from './built-app.ts'

const FLAG = 'app'
/** A visitor who is in control at 1 %, and in the canary at 50 %. */
const UID = 'visitor-2'

type Seen = { code?: string; data?: string; price: string; boundary?: string; title: string }
const SEEN = `({
  ...document.querySelector('main')?.dataset,
  price: document.querySelector('#price')?.textContent ?? '1.00 EUR',
  boundary: document.querySelector('#boundary')?.textContent,
  title: document.title,
})`

describe.skipIf(!hasBrowser).each(FRAMEWORKS)('two tabs of an app by %s', (framework) => {
  let apps: { old: RunningApp; new: RunningApp }
  let gate: Gate
  let browser: Browser
  let follow: string
  let written = 0

  const documentWith = (percentage: number) => ({
    origins: { old: { url: apps.old.url }, new: { url: apps.new.url } },
    context: { targetingKey: [{ cookie: 'uid' }] },
    routes: [{ path: '/*', flag: FLAG, origins: { on: 'new', off: 'old' } }],
    flags: {
      [FLAG]: {
        description: `document ${++written}`,
        variants: { on: true, off: false },
        off: 'off',
        rules: [{ serve: 'on', percentage }],
      },
    },
  })

  beforeAll(async () => {
    await buildApp(framework)
    const [old, next] = await Promise.all([startApp(framework, 'old'), startApp(framework, 'new')])
    apps = { old, new: next }
    ;[gate, browser, follow] = await Promise.all([
      startGate({ document: documentWith(1) }),
      startBrowser(),
      bundledScript('follow', 'iife'),
    ])
  })
  afterEach(async () => {
    // Also where a test has failed: the next ones begin with an open flag.
    for (const verb of ['unkill', 'resume'] as const) await command(verb).catch(() => {})
    await Promise.all((browser?.contexts() ?? []).map((context) => context.close()))
  })
  afterAll(() => Promise.all([browser?.close(), gate?.close(), apps?.old.close(), apps?.new.close()]))

  const serves = (version: string) =>
    eventually(`${UID} gets ${version}`, async () => {
      const { text } = await gate.get('/', { cookie: `uid=${UID}`, accept: 'text/html' })
      return text.includes(`<title>Shop, ${version}</title>`)
    })
  async function ramp(percentage: number, version: string): Promise<void> {
    await gate.kv.put('config', documentWith(percentage))
    await serves(version)
  }
  const command = (verb: FlagVerb) =>
    gate.admin.call('commandFlag', { params: { flag: FLAG, verb }, body: { reason: 'a test' } })

  /** What goes wrong in a tab without a trace on the page. */
  const complaints: string[] = []
  async function visitor(): Promise<BrowserContext> {
    complaints.length = 0
    const context = await browser.newContext()
    context.setDefaultTimeout(30_000)
    await context.addCookies([{ name: 'uid', value: UID, url: gate.url }])
    context.on('page', (page) => page.on('pageerror', (error) => complaints.push(String(error))))
    return context
  }

  /** Which version's code the page runs, and whose data it shows. Throws for a page that no visitor may see. */
  async function versionOf(page: Page): Promise<string> {
    const seen = (await page.evaluate(SEEN)) as Seen
    const isWhole = seen.code === seen.data && seen.title.endsWith(`, ${seen.code}`)
    if (!isWhole || seen.boundary || !/^\d+\.\d\d EUR$/.test(seen.price))
      throw new Error(`No whole page at ${page.url()}: ${JSON.stringify(seen)} ${complaints}`)
    return seen.code ?? 'none'
  }
  /** Follows a link without loading a document; says which version the page is of. */
  async function go(page: Page, link: string, heading: string): Promise<string> {
    await page.evaluate('globalThis.isSame = true')
    await page.getByRole('link', { name: link, exact: true }).click()
    await seeHeading(page, heading)
    const isSame = await page.evaluate('globalThis.isSame === true')
    return `${await versionOf(page)}${isSame ? '' : ', loaded anew'}`
  }
  const seeHeading = async (page: Page, heading: string) => {
    const broken = page.locator('#boundary')
    const found = page.getByRole('heading', { name: heading, exact: true }).or(broken)
    await found.first().waitFor()
  }
  /** Sends a note; says which version took it. */
  async function send(page: Page, note: string): Promise<string> {
    await page.getByLabel('Note').fill(note)
    await page.getByRole('button', { name: 'Send' }).click()
    await page.locator('output', { hasText: note }).or(page.locator('#boundary')).first().waitFor()
    await versionOf(page)
    return `taken by ${await page.locator('output').getAttribute('data-version')}`
  }
  /** Sends a note that leads on to the next item; says which version's page that is. */
  async function sendOn(page: Page, heading: string): Promise<string> {
    await page.getByLabel('Note').fill('go')
    await page.getByRole('button', { name: 'Send' }).click()
    await seeHeading(page, heading)
    return await versionOf(page)
  }
  /** Forms that have come to a version from pages of the other. */
  async function strays(): Promise<unknown[]> {
    const sent = await Promise.all(
      [apps.old, apps.new].map(async (app) => (await app.sent()).map((each) => ({ ...each, to: app.build }))),
    )
    return sent.flat().filter(({ from, to }) => from !== to)
  }
  const counts = async () => [(await apps.old.sent()).length, (await apps.new.sent()).length]

  it.each<FlagVerb>(['rollback', 'kill'])('are whole from 1 % to 100 %, and after a %s', async (verb) => {
    await ramp(1, 'old')
    const context = await visitor()
    const [first, second] = [await context.newPage(), await context.newPage()]
    await first.goto(gate.url)
    expect(await go(first, 'Item 1', 'Item 1')).toBe('old')
    await first.getByLabel('Note').fill('half a')

    await ramp(50, 'new')
    await second.goto(gate.url)
    expect(await go(second, 'Item 4', 'Item 4')).toBe('new')
    expect(await first.getByLabel('Note').inputValue()).toBe('half a')
    expect(await send(first, 'half a note, and the rest')).toBe('taken by old')
    expect(await go(first, 'Item 2', 'Item 2')).toBe('old')
    expect(await send(second, 'of the new tab')).toBe('taken by new')

    await ramp(100, 'new')
    expect(await go(first, 'Old address 3', 'Item 3')).toBe('old')
    expect(await go(first, 'Item 1', 'Item 1')).toBe('old')
    expect(await sendOn(first, 'Item 2')).toBe('old')
    await first.goBack()
    await seeHeading(first, 'Item 1')
    expect(await versionOf(first)).toBe('old')
    expect(await go(second, 'Old address 6', 'Item 6')).toBe('new')
    expect(await go(second, 'Item 5', 'Item 5')).toBe('new')
    expect(await sendOn(second, 'Item 6')).toBe('new')
    expect(await go(second, 'Item 4', 'Item 4')).toBe('new')
    expect(await strays()).toEqual([])
    const sent = await counts()

    await command(verb)
    await serves('old')
    // A form reaches no version that it is not of: its page is loaded anew where it was.
    await second.getByLabel('Note').fill('after the end')
    const loaded = second.waitForEvent('load')
    await second.getByRole('button', { name: 'Send' }).click()
    await loaded
    await seeHeading(second, 'Item 4')
    expect(await versionOf(second)).toBe('old')
    expect(await counts()).toEqual(sent)
    expect(await go(second, 'Item 5', 'Item 5')).toBe('old')
    expect(await send(second, 'once more')).toBe('taken by old')
    expect(await go(first, 'Item 3', 'Item 3')).toBe('old')
    expect(await send(first, 'the other tab')).toBe('taken by old')
    expect(await strays()).toEqual([])
    expect(complaints).toEqual([])
  })

  it('go on where the visitor was going when the version closes', async () => {
    await ramp(100, 'new')
    const page = await (await visitor()).newPage()
    await page.goto(gate.url)
    expect(await go(page, 'Item 1', 'Item 1')).toBe('new')
    await command('kill')
    await serves('old')
    expect(await go(page, 'Item 2', 'Item 2')).toBe('old, loaded anew')
    expect(new URL(page.url()).pathname).toBe('/items/2')
    expect(complaints).toEqual([])
  })

  it.each(['waits', 'sends at once'])('have what was typed put back, where the visitor %s', async (how) => {
    await ramp(100, 'new')
    const context = await visitor()
    await context.addInitScript({ content: follow })
    const page = await context.newPage()
    await page.goto(gate.url)
    expect(await go(page, 'Item 1', 'Item 1')).toBe('new')
    await page.getByLabel('Note').fill('a long sentence')
    const told = page.waitForFunction('globalThis.isClosed')
    const sent = await counts()
    await command('rollback')
    await told
    if (how === 'sends at once') await page.getByRole('button', { name: 'Send' }).click()
    await page.waitForFunction("document.title === 'Item 1, old'", undefined, { timeout: 60_000 })
    await page.waitForFunction("document.querySelector('[name=note]').value !== ''")
    expect(await page.getByLabel('Note').inputValue()).toBe('a long sentence')
    expect(await counts()).toEqual(sent)
    await page.getByRole('button', { name: 'Send' }).click()
    await page.locator('output', { hasText: 'a long sentence' }).waitFor()
    expect(await versionOf(page)).toBe('old')
    expect(await strays()).toEqual([])
  })
})
