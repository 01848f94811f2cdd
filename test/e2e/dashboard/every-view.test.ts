/** Every view: without a fault that axe finds, and indifferent to what people and visitors write. */
import type { Browser, Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { RESULTS } from '../../cli/gate/results.ts'
import { hasBrowser } from '../../support/browser.ts'
import { eventually } from '../harness/eventually.ts'
import { visitorHeaders } from '../harness/load.ts'
import { type Origin, startOrigin } from '../harness/origin.ts'
import { ADMIN_TOKEN, type Gate, SIGNING_KEY, startGate } from '../harness/running-gate.ts'
import { faultsOf, openTab, signIn, startBrowser, type Visit } from './support.ts'

/** What would run if any text became markup. Each place has its own number, to be told by. */
const attack = (place: number) =>
  `"><img src=x onerror="window.struck=${place}"><script>window.struck=${place}</script>{{7*7}}\${7*7}`

const FLAG = 'staged'
const VIEWS = [
  ['Flags', ''],
  ['one flag with stages', `/flags/${FLAG}`],
  ['one flag with a percentage', '/flags/split'],
  ['one flag with requirements', '/flags/dependent'],
  ['one flag with metrics', '/flags/measured'],
  ['Edit, with an experiment', '/flags/measured/edit'],
  ['Edit, with requirements', '/flags/dependent/edit'],
  ['a flag that is not there', `/flags/${encodeURIComponent(attack(0))}`],
  ['New flag', '/new'],
  ['Edit', `/flags/${FLAG}/edit`],
  ['Activity', '/activity'],
  ['Try', `/try/${FLAG}`],
  ['Document, by form', '/document'],
  ['Document, as JSON', '/document?as=json'],
  ['New rollout', '/new-rollout'],
  ['History', '/history'],
  ['Cleanup', '/cleanup'],
  ['Locations', '/locations'],
  ['Settings', '/settings'],
] as const

let gate: Gate
let origins: Origin[] = []
let browser: Browser

beforeAll(async () => {
  if (!hasBrowser) return
  origins = await Promise.all([startOrigin('old'), startOrigin('new')])
  const [old, next] = origins.map(({ url }) => url)
  gate = await startGate({
    signingKey: SIGNING_KEY,
    document: {
      origins: { old: { url: old }, new: { url: next } },
      context: { targetingKey: { header: 'x-user-id' } },
      routes: [{ path: '/*', flag: FLAG, origins: { on: 'new', off: 'old' } }],
      flags: {
        [FLAG]: {
          description: attack(1),
          owner: attack(2),
          tags: [attack(3)],
          expires: '2020-01-01',
          variants: { on: { html: attack(4) }, off: false },
          off: 'off',
          rules: [
            {
              name: attack(5),
              when: [{ attribute: 'header.x-plan', op: 'in', values: [attack(6)] }],
              serve: 'on',
            },
            {
              stages: [
                { percentage: 20, bake: '1h' },
                { percentage: 60, approval: true },
                { percentage: 100 },
              ],
              serve: 'on',
            },
          ],
          guard: { errors: {}, latency: {}, ceilings: { errorRate: 0.5 } },
        },
        split: { variants: { on: true, off: false }, off: 'off', rules: [{ percentage: 30, serve: 'on' }] },
        theme: { variants: { dark: 'd', dim: 'm', light: 'l' }, off: 'light' },
        measured: {
          variants: { a: 1, b: 2, c: 3 },
          off: 'a',
          rules: [{ serve: { a: 34, b: 33, c: 33 } }],
          experiment: { primary: 'order', metrics: ['revenue'] },
        },
        dependent: {
          variants: { on: true, off: false },
          off: 'off',
          requires: ['split', { flag: FLAG, on: false }, { flag: 'theme', variants: ['dark', 'dim'] }],
          rules: [{ percentage: 5, serve: 'on' }],
        },
      },
      metrics: { order: { request: { path: '/paid', status: 201 } }, revenue: { type: 'sum' } },
      notifications: { webhooks: [{ url: 'http://127.0.0.1:9/hook' }] },
    },
  })
  browser = await startBrowser()
  await happen()
})
afterAll(async () => {
  await browser?.close()
  await gate?.close()
  await Promise.all(origins.map((origin) => origin.close()))
})

/** Things happen, with texts that mean harm. */
async function happen(): Promise<void> {
  const { admin, url } = gate
  await comeAndGo()
  await admin.command(FLAG, 'pause', { reason: attack(9) })
  await admin.command('split', 'kill', { reason: attack(10) })
  await admin.call('createToken', { body: { name: attack(11).slice(0, 100), role: 'viewer' } })
  await admin.call('patchFlag', {
    params: { flag: 'split' },
    body: { patch: { description: attack(12) }, reason: attack(13) },
  })
  const report = { type: 'feedback', flag: FLAG, text: attack(14) }
  const response = await fetch(`${url}/__sluice/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...visitorHeaders(1) },
    body: JSON.stringify({ reports: [report] }),
  })
  expect(response.status).toBe(202)
  await eventually('there is something to draw', async () => {
    await comeAndGo()
    const { points } = await admin.call('getSeries', { query: { flag: FLAG } })
    return points.length >= 2
  })
}

async function comeAndGo(): Promise<void> {
  for (let n = 0; n < 30; n++) {
    const headers = { ...visitorHeaders(n), 'user-agent': attack(7), 'x-plan': attack(8) }
    await fetch(gate.url, { headers }).then((response) => response.arrayBuffer())
  }
}

/** The browser tells of each request for the flag that is not there, and the page asks again. */
function unexpected(complaints: readonly string[]): readonly string[] {
  return complaints.filter((text) => !(text.includes('404') && text.includes(encodeURIComponent('onerror='))))
}

/** Waits until a view has what it asks for. */
async function settle(page: Page): Promise<void> {
  await page.getByRole('heading', { level: 1 }).waitFor()
  await page.waitForFunction(() => document.querySelector('[aria-busy="true"]') === null)
  await page.waitForLoadState('domcontentloaded')
}

/** Results as no gate of a test has them within seconds: in every state, with texts that mean harm. */
async function answerResults(page: Page): Promise<void> {
  const harm = (place: number) => ({ sentence: attack(place) })
  const metrics = RESULTS.metrics.map((metric) => ({
    ...metric,
    comparisons: metric.comparisons.map((each) => ({ ...each, ...harm(17) })),
  }))
  const json = { ...RESULTS, flag: 'measured', metrics, ...harm(18), split: { word: 'broken', ...harm(19) } }
  await page.route('**/flags/measured/results', (route) => route.fulfill({ json }))
}

/** Between them they hold everything that other views show too. */
const VARIED = VIEWS.filter(([, path]) =>
  ['', `/flags/${FLAG}`, '/flags/measured', '/new', '/history', '/settings'].includes(path),
)

describe.skipIf(!hasBrowser).each([
  ['light', 'desktop', { width: 1360, height: 900 }, VIEWS],
  ['dark', 'phone', { width: 390, height: 844 }, VARIED],
] as const)('views, %s, on a %s', (colorScheme, _, viewport, views) => {
  let visit: Visit
  beforeAll(async () => {
    visit = await openTab(browser, { colorScheme, viewport })
    await answerResults(visit.page)
    await signIn(visit.page, gate.url, ADMIN_TOKEN)
  })
  afterAll(() => visit?.close())

  it.each(views)(
    '%s: axe finds nothing, no text becomes markup, nothing is wider than the screen',
    async (_name, path) => {
      const { page, complaints } = visit
      await page.goto(`${gate.url}/__sluice/ui${path}`)
      await settle(page)
      if (path === '/flags/measured') await page.getByText(attack(18)).waitFor()
      if (path === `/flags/${FLAG}`) await page.locator('.uplot').first().waitFor()
      expect(await faultsOf(page)).toEqual([])
      expect(await page.evaluate(() => (window as unknown as { struck?: number }).struck)).toBeUndefined()
      expect(await page.locator('main img, main script').count()).toBe(0)
      expect(await page.locator('body').innerText()).not.toContain('[object')
      expect(
        await page.evaluate(() => document.documentElement.scrollWidth - innerWidth),
      ).toBeLessThanOrEqual(0)
      expect(unexpected(complaints)).toEqual([])
    },
  )
})

describe.skipIf(!hasBrowser)('what comes and goes', () => {
  it('notices, questions and messages are without a fault that axe finds', async () => {
    const { page, close } = await openTab(browser)
    await signIn(page, gate.url, ADMIN_TOKEN)
    await page.getByRole('button', { name: 'Kill all…' }).click()
    await page.getByRole('dialog').getByText('recent request').waitFor()
    expect(await faultsOf(page)).toEqual([])
    await page.getByLabel('to confirm').fill('kill all')
    await page.getByRole('button', { name: 'Kill all flags' }).click()
    await page.getByText('Every flag is killed').waitFor()
    await page.getByText('All flags are killed').waitFor()
    expect(await faultsOf(page)).toEqual([])
    // A single flag cannot be opened then.
    expect(await page.getByRole('button', { name: /^Lift kill of (?!all)/ }).count()).toBe(0)
    await page.getByRole('button', { name: 'Lift kill of all flags…' }).click()
    expect(await faultsOf(page)).toEqual([])
    await page.getByRole('dialog').getByRole('button', { name: 'Lift kill' }).click()
    await page.getByRole('button', { name: 'Kill all…' }).waitFor()
    await close()
  })

  it('an address that someone has cut short says that there is no such flag', async () => {
    const { page, complaints, close } = await openTab(browser)
    await signIn(page, gate.url, ADMIN_TOKEN, '/flags/%E0%A4%A')
    await page.getByText('The document has no flag').waitFor()
    expect(complaints.filter((text) => !text.includes('404'))).toEqual([])
    await close()
  })
})

describe.skipIf(!hasBrowser)('what a flag requires', () => {
  it('reads as sentences, on its page and in its form', async () => {
    const { page, close } = await openTab(browser)
    await signIn(page, gate.url, ADMIN_TOKEN, '/flags/dependent')
    await page.getByText('Requires: split is on and staged is off and theme serves dark or dim').waitFor()
    await page.getByRole('link', { name: 'Edit' }).click()
    const field = page.getByLabel('Requires flags')
    expect(await field.inputValue()).toBe('split is on, staged is off, theme serves dark or dim')
    await close()
  })
})

describe.skipIf(!hasBrowser)('what metrics show', () => {
  it('is which is better, by how much, how sure, and how long still, variant by variant', async () => {
    const { page, complaints, close } = await openTab(browser)
    await page.route('**/flags/measured/results', (route) =>
      route.fulfill({ json: { ...RESULTS, flag: 'measured' } }),
    )
    await signIn(page, gate.url, ADMIN_TOKEN, '/flags/measured')
    const card = page.getByRole('region', { name: 'Metrics' })
    await card.getByRole('status').getByText(RESULTS.sentence).waitFor()
    const order = card.getByRole('figure').filter({ hasText: 'order' })
    await order.locator('.uplot').waitFor()
    const said = async (figure: Locator) => (await figure.innerText()).replace(/\s+/g, ' ')
    const told = await said(order)
    for (const text of [
      'order primary b +25 % better b 5 %, a 4 %; +8 % to +44 % c',
      'c −2 % undecided About 3 more days at this rate (1 d to 9 d in two of three cases), until more than 5 % lower is excluded. c 3.9 %, a 4 %; −14 % to +10 % c may convert',
      'the guard rolls back beyond −5 %',
    ])
      expect(told).toContain(text)
    expect(await said(order.locator('.u-legend'))).toBe('a (control)0 %b+25 %c−2 %limit−5 %')
    const revenue = await said(card.getByRole('figure').filter({ hasText: 'revenue' }))
    expect(revenue).toMatch(/^revenue b −40 % worse .* c – too early /)
    const rows = async (name: string) => {
      const lines = await card.getByRole('table', { name }).getByRole('row').allInnerTexts()
      return lines.map((line) => line.split('\t').map((cell) => cell.trim()))
    }
    expect(await rows('order')).toEqual([
      ['Variant', 'Visitors', 'With an event', 'Rate', 'Interval', 'To a', 'Interval', 'Word'],
      ['a', '10,000', '400', '4 %', '3.6–4.4 %', '', '', 'control'],
      ['b', '10,050', '503', '5 %', '4.6–5.4 %', '+25 %', '+8 % to +44 %', 'better'],
      [
        'c',
        '9,950',
        '389',
        '3.9 %',
        '3.5–4.3 %',
        '−2 %',
        '−14 % to +10 %',
        'undecided: about 3 more days at this rate',
      ],
    ])
    expect((await rows('revenue')).map(([variant]) => variant)).toEqual(['Variant', 'a', 'b', 'c'])
    await card.getByText('3 visitors who met two variants, 12 visits without proof of who it is').waitFor()
    const [file] = await Promise.all([
      page.waitForEvent('download'),
      card.getByRole('button', { name: 'CSV' }).click(),
    ])
    expect(file.suggestedFilename()).toBe('measured-attempt-2.csv')
    expect(complaints).toEqual([])
    await close()
  })
})

/** Types a choice into the field that takes several, and enters it. */
async function pick(field: Locator, choice: string): Promise<void> {
  await field.fill(choice)
  await field.press('Enter')
}

describe.skipIf(!hasBrowser)('metrics by form', () => {
  const jsonIn = async (page: Page) =>
    JSON.parse(await page.locator('textarea.mono').inputValue()) as Record<string, Record<string, unknown>>

  it('are named in the document', async () => {
    const { page, close } = await openTab(browser)
    await signIn(page, gate.url, ADMIN_TOKEN, '/document')
    const metrics = page.getByRole('group', { name: 'Metrics: what visitors do' })
    await metrics.getByRole('button', { name: 'Metric', exact: true }).click()
    await metrics.getByLabel('Name').last().fill('tickets')
    await metrics.getByLabel('Name').last().press('Tab')
    await metrics.getByLabel('Type').last().selectOption('count')
    await metrics.getByLabel('Better').last().selectOption('lower')
    await metrics.getByLabel('Request that counts').last().fill('/help')
    await metrics.getByLabel('With the status').last().fill('201')
    await metrics.getByLabel('Counts for', { exact: true }).last().fill('7')
    await metrics.getByLabel('Unit of Counts for').last().selectOption('days')
    await page.locator('.segments').getByText('JSON', { exact: true }).click()
    expect((await jsonIn(page)).metrics).toEqual({
      order: { request: { path: '/paid', status: 201 } },
      revenue: { type: 'sum' },
      tickets: { type: 'count', better: 'lower', request: { path: '/help', status: 201 }, window: '7d' },
    })
    await close()
  })

  it('are compared by an experiment and limited by the guard', async () => {
    const { page, close } = await openTab(browser)
    await signIn(page, gate.url, ADMIN_TOKEN, '/flags/measured/edit')
    const experiment = page.getByRole('group', { name: 'Experiment' })
    await experiment.getByRole('button', { name: 'Remove revenue' }).click()
    await experiment.getByLabel('Metric that decides').selectOption('revenue')
    await pick(experiment.getByLabel('Further metrics'), 'order')
    await pick(experiment.getByLabel('Variants', { exact: true }), 'b')
    await pick(experiment.getByLabel('Variants', { exact: true }), 'c')
    await experiment.getByLabel('Compared with').selectOption('b')
    const guard = page.getByRole('group', { name: 'Guard' })
    await guard.getByLabel('Compare canary with control').check()
    await guard.getByRole('button', { name: 'Metric', exact: true }).click()
    await guard.getByLabel('May drop by').fill('8')
    await guard.getByLabel('Beyond that').selectOption('signal')
    expect(await jsonIn(page)).toMatchObject({
      experiment: { primary: 'revenue', metrics: ['order'], variants: ['b', 'c'], control: 'b' },
      guard: { metrics: { order: { maxDropPercent: 8, action: 'signal' } } },
    })
    await close()
  })
})

describe.skipIf(!hasBrowser)('texts that mean harm', () => {
  it('are shown to the letter', async () => {
    const { page, close } = await openTab(browser)
    await signIn(page, gate.url, ADMIN_TOKEN, `/flags/${FLAG}`)
    await page.getByRole('region', { name: 'Feedback' }).getByText(attack(14)).waitFor()
    await page.getByText(attack(1)).first().waitFor()
    await page.getByRole('region', { name: 'Recent activity' }).getByText(attack(9)).waitFor()
    await close()
  })

  it('come out of a traced decision as they went in', async () => {
    const { page, complaints, close } = await openTab(browser)
    await signIn(page, gate.url, ADMIN_TOKEN, `/try/${FLAG}`)
    await page.getByLabel('Targeting key').fill(attack(15))
    await page.getByLabel('Headers').fill(`x-plan: ${attack(6)}`)
    await page.getByLabel('User agent').fill(attack(16))
    await page.getByRole('button', { name: 'Explain' }).click()
    const trace = page.getByRole('article')
    await trace.getByText('served', { exact: true }).waitFor()
    await page.getByText(attack(15)).first().waitFor()
    expect(await page.evaluate(() => (window as unknown as { struck?: number }).struck)).toBeUndefined()
    expect(complaints).toEqual([])
    await close()
  })

  it('a preview link for QA shows the variant that it names', async () => {
    const { page, close } = await openTab(browser)
    await signIn(page, gate.url, ADMIN_TOKEN, `/try/${FLAG}`)
    const form = page.getByRole('form', { name: 'Preview link' })
    await form.getByLabel('Variant').selectOption('on')
    await form.getByRole('button', { name: 'Create link' }).click()
    const url = (await form.getByRole('link').getAttribute('href')) ?? ''
    await page.goto(url)
    await page.getByText('new', { exact: true }).waitFor()
    await close()
  })
})
