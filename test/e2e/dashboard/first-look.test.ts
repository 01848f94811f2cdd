/** The dashboard of a running gate: how it is served, signing in, the first look. */
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hasBrowser } from '../../support/browser.ts'
import { document } from '../harness/documents.ts'
import { eventually } from '../harness/eventually.ts'
import { type Origin, startOrigin } from '../harness/origin.ts'
import { ADMIN_TOKEN, type Gate, startGate } from '../harness/running-gate.ts'
import { openTab, signIn, startBrowser } from './support.ts'

let gate: Gate
let origins: Origin[]
let browser: Browser | undefined

beforeAll(async () => {
  origins = await Promise.all([startOrigin('old'), startOrigin('new')])
  const [old, next] = origins.map(({ url }) => url)
  gate = await startGate({
    document: document(
      { old: old ?? '', new: next ?? '' },
      { description: 'The first flag', rules: [{ percentage: 40, serve: 'on' }] },
    ),
  })
  if (hasBrowser) browser = await startBrowser()
})
afterAll(async () => {
  await browser?.close()
  await gate?.close()
  await Promise.all(origins.map((origin) => origin.close()))
})

describe('the files of the dashboard', () => {
  it('come with a policy that allows its own script only, and know no inline script or style', async () => {
    const page = await gate.get('/__sluice/ui')
    expect(page.status).toBe(200)
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(page.headers.get('cache-control')).toBe('no-cache')
    const policy = page.headers.get('content-security-policy') ?? ''
    expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'")
    expect(policy).not.toContain('unsafe')
    expect(page.text).not.toMatch(/<script(?![^>]+src=)|<style|style=|\bon\w+=/)

    const script = /src="(\/__sluice\/ui\/[^"]+\.js)"/.exec(page.text)?.[1] ?? ''
    const file = await gate.get(script)
    expect(file.status).toBe(200)
    expect(file.headers.get('content-type')).toBe('text/javascript; charset=utf-8')
    expect(file.headers.get('cache-control')).toContain('immutable')
  })

  it('are the page for every view, and nothing for what is not there', async () => {
    expect((await gate.get('/__sluice/ui/flags/f')).text).toContain('<div id="app">')
    expect((await gate.get('/__sluice/ui/nothing.js')).status).toBe(404)
    expect((await gate.get('/__sluice/ui/../../secrets.js')).text).not.toContain('<div id="app">')
  })
})

describe.skipIf(!hasBrowser)('signing in', () => {
  it('refuses a wrong token with a reason, keeps a right one for the tab and out of every address', async () => {
    const { page, complaints, requests, close } = await openTab(browser as Browser)
    await page.goto(`${gate.url}/__sluice/ui`)
    await page.getByLabel('Token').fill('wrong')
    // Nothing has failed until then: the console is clean from the first request.
    expect(complaints).toEqual([])
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByText('Token not recognised').waitFor()
    expect(complaints.splice(0)).toHaveLength(1)

    await signIn(page, gate.url, ADMIN_TOKEN)
    await page.reload()
    await page.getByRole('navigation', { name: 'Views' }).waitFor()
    expect(requests.filter((url) => url.includes(ADMIN_TOKEN))).toEqual([])
    expect(requests.filter((url) => !url.startsWith(gate.url))).toEqual([])
    expect(complaints).toEqual([])

    const { page: another } = await openTab(browser as Browser)
    await another.goto(`${gate.url}/__sluice/ui`)
    await another.getByLabel('Token').waitFor()
    await another.context().close()

    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByLabel('Token').waitFor()
    await close()
  })
})

describe.skipIf(!hasBrowser)('all flags', () => {
  it('shows each with its state and share; a kill closes the gate at once, and can be undone', async () => {
    const { page, close } = await openTab(browser as Browser)
    await signIn(page, gate.url, ADMIN_TOKEN)
    const row = page.locator('[data-flag="f"]')
    await row.getByText('The first flag').waitFor()
    await row.getByText('40 %').waitFor()
    await row.getByRole('button', { name: 'Kill f' }).click()
    const dialog = page.getByRole('dialog', { name: 'Kill f?' })
    await dialog.getByText('40 % of eligible visitors move back').waitFor()
    await dialog.getByRole('button', { name: 'Kill' }).click()
    await eventually('the flag is killed', async () => (await gate.flag('f')).state === 'killed')
    await page.getByRole('button', { name: 'Undo' }).click()
    await eventually('the flag is open again', async () => (await gate.flag('f')).state === 'open')
    await close()
  })
})
