/** Tabs that are open while a new version ramps, is rolled back and killed: no page is ever of two versions. */
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { FlagVerb } from '../../../src/contract/routes.ts'
import { hasBrowser } from '../../support/browser.ts'
import { bundledScript } from '../clients/support.ts'
import { startBrowser } from '../dashboard/support.ts'
import { eventually } from '../harness/eventually.ts'
import { type Gate, startGate } from '../harness/running-gate.ts'
import { FRAMEWORKS, type Framework, type PagePair, startVersion } from './page-pair.ts'

const FLAG = 'app'
let blue: PagePair
let green: PagePair
let gate: Gate
let browser: Browser
let written = 0

const documentWith = (percentage: number) => ({
  origins: { blue: { url: blue.url }, green: { url: green.url } },
  context: { targetingKey: [{ cookie: 'uid' }] },
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

/** A visitor who is in control at 1 %, and in the canary at 50 %. */
const UID = 'visitor-2'

async function ramp(percentage: number, version: string): Promise<void> {
  await gate.kv.put('config', documentWith(percentage))
  await serves(version)
}

const serves = (version: string) =>
  eventually(`${UID} gets ${version}`, async () => {
    const { text } = await gate.get('/', { cookie: `uid=${UID}`, accept: 'text/html' })
    return text.includes(`<title>${version}</title>`)
  })

const command = (verb: FlagVerb) =>
  gate.admin.call('commandFlag', { params: { flag: FLAG, verb }, body: { reason: 'a test' } })

beforeAll(async () => {
  if (!hasBrowser) return
  const script = await bundledScript('open-tab', 'iife')
  ;[blue, green, browser] = await Promise.all([
    startVersion('blue', script),
    startVersion('green', script),
    startBrowser(),
  ])
  gate = await startGate({ document: documentWith(1) })
})
afterEach(async () => {
  // Also where a test has failed: the next ones begin with an open flag.
  for (const verb of ['unkill', 'resume'] as const) await command(verb).catch(() => {})
  await Promise.all((browser?.contexts() ?? []).map((context) => context.close()))
})
afterAll(() => Promise.all([browser?.close(), gate?.close(), blue?.close(), green?.close()]))

async function visitor(): Promise<BrowserContext> {
  const context = await browser.newContext()
  await context.addCookies([{ name: 'uid', value: UID, url: gate.url }])
  return context
}

const run = (page: Page, code: string): Promise<string> => page.evaluate(code)
/** Follows a link, or sends a form, and says which version the page is of then, as its title has it. */
async function step(page: Page, code: string, reloads: 'reloads' | undefined = undefined): Promise<string> {
  const loaded = reloads && page.waitForEvent('load')
  // A page that loads itself anew may be gone before it says so.
  const became = await run(page, code).catch((error: unknown) => {
    if (reloads && /context was destroyed|navigat/i.test(String(error))) return reloads
    throw error
  })
  await loaded
  return reloads ? `${became} to ${await page.title()}` : `${became} on ${await page.title()}`
}
const go = (page: Page, how: Framework, to: string, reloads?: 'reloads') =>
  step(page, `go('${how}', '${to}')`, reloads)
const send = (page: Page, how: Framework, name: string, reloads?: 'reloads') =>
  step(page, `send('${how}', '${name}')`, reloads)
const at = (page: Page) => new URL(page.url()).pathname

/** Forms that have reached a version from pages of the other. */
const strays = () =>
  [
    ...blue.posts.map((post) => ({ ...post, to: 'blue' })),
    ...green.posts.map((post) => ({ ...post, to: 'green' })),
  ].filter(({ pageVersion, to }) => pageVersion !== to)

describe.skipIf(!hasBrowser).each(FRAMEWORKS)('two tabs of an app by %s', (how) => {
  it.each<FlagVerb>(['rollback', 'kill'])('are whole from 1 % to 100 %, and after a %s', async (verb) => {
    await ramp(1, 'blue')
    const context = await visitor()
    const [first, second] = [await context.newPage(), await context.newPage()]
    await first.goto(`${gate.url}/a`)
    expect(await go(first, how, '/b')).toBe('blue on blue')

    await ramp(50, 'green')
    await second.goto(`${gate.url}/x`)
    expect(await go(second, how, '/y')).toBe('green on green')
    await ramp(100, 'green')
    expect(await go(first, how, '/c')).toBe('blue on blue')
    expect(await send(first, how, 'from the old tab')).toBe('blue on blue')
    expect(await go(second, how, '/z')).toBe('green on green')
    expect(await send(second, how, 'from the new tab')).toBe('green on green')
    expect(strays()).toEqual([])
    const sent = [blue.posts.length, green.posts.length]

    await command(verb)
    await serves('blue')
    // The framework reloads itself, at the address that it was going to; a form reaches no version that it is not of.
    expect(await send(second, how, 'after the end', 'reloads')).toBe('reloads to blue')
    expect([blue.posts.length, green.posts.length]).toEqual(sent)
    expect(await go(second, how, '/x')).toBe('blue on blue')
    expect(await go(first, how, '/d')).toBe('blue on blue')
    expect(await send(first, how, 'once more')).toBe('blue on blue')
    expect(strays()).toEqual([])
  })

  it('goes on where the visitor was going, at the version that is open', async () => {
    await ramp(100, 'green')
    const page = await (await visitor()).newPage()
    await page.goto(`${gate.url}/a`)
    await go(page, how, '/b')
    await command('kill')
    await serves('blue')
    expect(await go(page, how, '/next', 'reloads')).toBe('reloads to blue')
    expect(at(page)).toBe('/next')
  })
})

describe.skipIf(!hasBrowser)('a page that follows its flags', () => {
  it('is loaded anew once its visitor pauses, with what they have typed', async () => {
    await ramp(100, 'green')
    const page = await (await visitor()).newPage()
    await page.goto(`${gate.url}/a`)
    await run(page, 'follow()')
    await page.fill('[name=note]', 'half a sentence')
    await page.fill('[name=pin]', '1234')
    await command('rollback')
    await page.waitForFunction("document.title === 'blue'", undefined, { timeout: 60_000 })
    await run(page, 'follow()')
    await page.waitForFunction("document.querySelector('[name=note]').value !== ''", undefined, {
      timeout: 60_000,
    })
    expect(await page.inputValue('[name=note]')).toBe('half a sentence')
    expect(await page.inputValue('[name=pin]')).toBe('')
  })
})
