/** One rollout, steered on the dashboard alone, while real visitors go to real origins. */
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hasBrowser } from '../../support/browser.ts'
import { eventually } from '../harness/eventually.ts'
import { type Load, shareOf, startLoad } from '../harness/load.ts'
import { LONG } from '../harness/long.ts'
import { type Origin, sayName, startOrigin } from '../harness/origin.ts'
import { ADMIN_TOKEN, type Gate, startGate } from '../harness/running-gate.ts'
import { openTab, seeFlagView, signIn, startBrowser, type Visit } from './support.ts'

const FLAG = 'launch'
/** The page is to show a rollback so soon after the gate has made it; 3 s where the machine has time. */
const SHOWN_WITHIN_MS = LONG ? 3_000 : 20_000
/** Enough to tell 20 % from 50 %, few enough to be there soon on a busy machine. */
const ENOUGH_ANSWERS = 60

let gate: Gate
let oldOrigin: Origin
let newOrigin: Origin
let browser: Browser
let visit: Visit
let page: Page
let load: Load

/** Waits until the share of an origin, of the latest answers to what was asked from now on, is what it should be. */
async function seeShare(origin: string, least: number, most: number): Promise<void> {
  const sinceMs = Date.now()
  await eventually(`${origin} gets ${least} to ${most} of the visitors`, () => {
    const latest = load.since(sinceMs).slice(-ENOUGH_ANSWERS)
    const share = shareOf(latest, origin)
    return latest.length === ENOUGH_ANSWERS && share >= least && share <= most
  })
}

/** Whom a change moves is told from recent requests: there must have been some. */
async function seePeople(): Promise<void> {
  await eventually('the gate has a sample of its visitors', async () => {
    const { document } = await gate.admin.call('getDocument')
    const { people } = await gate.admin.call('diffDocument', { body: { document: JSON.stringify(document) } })
    return people.samples >= ENOUGH_ANSWERS
  })
}

async function confirm(button: string): Promise<void> {
  await page.getByRole('dialog').getByRole('button', { name: button, exact: true }).click()
}

// One story: each test goes on where the one before ended.
describe.skipIf(!hasBrowser)('a rollout on the dashboard', { shuffle: false }, () => {
  beforeAll(async () => {
    ;[oldOrigin, newOrigin] = await Promise.all([startOrigin('old'), startOrigin('new')])
    gate = await startGate({
      document: {
        origins: { old: { url: oldOrigin.url }, new: { url: newOrigin.url } },
        context: { targetingKey: { header: 'x-user-id' } },
        routes: [{ path: '/*', origin: 'old' }],
        flags: {},
      },
    })
    browser = await startBrowser()
    visit = await openTab(browser, { viewport: { width: 1360, height: 900 } })
    page = visit.page
    load = startLoad({ url: gate.url, concurrency: 4, requestsPerSecond: 80 })
    await signIn(page, gate.url, ADMIN_TOKEN)
  })
  afterAll(async () => {
    await load?.stop()
    await visit?.close()
    await browser?.close()
    await gate?.close()
    await Promise.all([oldOrigin?.close(), newOrigin?.close()])
  })

  it('begins with a flag made by form, whose problems are shown while it is typed', async () => {
    await page.getByRole('link', { name: 'New flag' }).click()
    await page.getByLabel('Key', { exact: true }).fill(FLAG)
    await page.getByLabel('Description').fill('The launch')
    await page.getByText('Stages', { exact: true }).click()
    await page.getByLabel('Share').first().fill('150')
    await page.getByText('problem', { exact: false }).first().waitFor()
    expect(await page.getByRole('button', { name: 'Publish' }).isDisabled()).toBe(true)
    await page.getByLabel('Share').first().fill('20')
    await page.getByLabel('Bake', { exact: true }).first().fill('1')
    await page.getByLabel('Unit of Bake').first().selectOption('hours')
    await page.getByText('Compare canary with control').click()
    await page.getByLabel('Max error rate').fill('20')
    await page.getByRole('button', { name: 'Publish' }).click()
    await seeFlagView(page, FLAG)
    expect((await gate.flag(FLAG)).percentage).toBe(20)
  })

  it('takes its share of real visitors once a route of the document asks for it', async () => {
    await page.getByRole('link', { name: 'Document' }).click()
    await page.getByText('JSON', { exact: true }).click()
    const editor = page.getByLabel('The document, as JSON')
    const document = JSON.parse(await editor.inputValue()) as Record<string, unknown>
    document.routes = [{ path: '/*', flag: FLAG, origins: { on: 'new', off: 'old' } }]
    await editor.fill(JSON.stringify(document, null, 2))
    await page.getByRole('button', { name: 'Publish' }).click()
    // A fifth of all visitors move.
    await page.getByRole('button', { name: 'Confirm and publish' }).click()
    await page.getByText('The document is published').first().waitFor()
    await seeShare('new', 0.08, 0.35)
  })

  it('climbs when a person asks for it, who sees beforehand whom that moves', async () => {
    await seePeople()
    await page.getByRole('link', { name: 'Flags', exact: true }).click()
    await page.getByRole('link', { name: FLAG, exact: true }).first().click()
    await page.getByRole('button', { name: 'Advance early to 50 %' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText('30 % of eligible visitors move').waitFor()
    await dialog.getByText(/\d+ visitors? would move, off → on in \d+ of [\d,]+ recent requests/).waitFor()
    await confirm('Advance early to 50 %')
    await page.getByText(/Live everywhere/).waitFor()
    await seeShare('new', 0.35, 0.65)
  })

  it(`shows a rollback within ${SHOWN_WITHIN_MS / 1_000} s of its happening, with its reason`, async () => {
    newOrigin.answer((_, response) => void response.writeHead(500).end('broken'))
    const [madeMs, shownMs] = await Promise.all([
      eventually(
        'the gate rolls back',
        async () => (await gate.flag(FLAG)).state === 'rolled-back' && Date.now(),
      ),
      page
        .getByRole('status')
        .getByText(/Rolled back — .+ (fails|above)/)
        .waitFor({ timeout: 120_000 })
        .then(() => Date.now()),
    ])
    expect(shownMs - madeMs).toBeLessThan(SHOWN_WITHIN_MS)
    await page.getByRole('region', { name: 'Recent activity' }).getByText('guard').first().waitFor()
    const failed = page.getByRole('region', { name: 'What failed' })
    await failed.getByRole('row', { name: /^500 \d+ %/ }).waitFor()
    await failed.getByRole('row', { name: /^GET \/ \d+ %/ }).waitFor()
    const requests = failed.getByRole('list', { name: 'Sample requests' }).getByRole('listitem')
    await expect.poll(() => requests.count(), { timeout: 30_000 }).toBe(3)
    await seeShare('new', 0, 0)
  })

  it('resumes when a person says so', async () => {
    newOrigin.answer(sayName('new'))
    await page.getByRole('button', { name: 'Resume' }).click()
    await confirm('Resume')
    await seeShare('new', 0.08, 0.35)
  })

  it('lists what visitors say, by the variant that they had', async () => {
    const response = await fetch(`${gate.url}/__sluice/events`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-user-id': 'visitor-1' },
      body: JSON.stringify({ reports: [{ type: 'feedback', flag: FLAG, text: 'I like the new page' }] }),
    })
    expect(response.status).toBe(202)
    await page.reload()
    await page.getByRole('region', { name: 'Feedback' }).getByText('I like the new page').waitFor()
  })

  it('kills everything only for who types it, and lifts that again', async () => {
    await page.getByRole('link', { name: 'Flags', exact: true }).first().click()
    await page.getByRole('button', { name: 'Kill all…' }).click()
    const dialog = page.getByRole('dialog', { name: 'Kill all flags?' })
    expect(await dialog.getByRole('button', { name: 'Kill all flags' }).isDisabled()).toBe(true)
    await dialog.getByLabel('to confirm').fill('kill all')
    await dialog.getByRole('button', { name: 'Kill all flags' }).click()
    await page.getByText('Every flag is killed').waitFor()
    await seeShare('new', 0, 0)
    await page.getByRole('button', { name: 'Lift kill of all flags…' }).click()
    await confirm('Lift kill')
    await seeShare('new', 0.08, 0.35)
  })

  it('restores an earlier document from the history', async () => {
    await page.getByRole('link', { name: 'History' }).click()
    await page.getByRole('button', { name: /created launch/ }).click()
    await page.getByRole('button', { name: 'Restore…' }).click()
    await page.getByRole('dialog').getByText('routes').first().waitFor()
    await confirm('Restore')
    await eventually('visitors go by the restored document', async () => {
      const { document } = await gate.admin.call('getDocument')
      return JSON.stringify(document.routes) === '[{"path":"/*","origin":"old"}]'
    })
    await seeShare('new', 0, 0)
    expect(visit.complaints).toEqual([])
  })
})
