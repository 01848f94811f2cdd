/** A guard is set by form, from the settings of every day to the rarest one, and nothing that is not touched changes. */
import type { Browser, Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hasBrowser } from '../../support/browser.ts'
import { type Origin, startOrigin } from '../harness/origin.ts'
import { ADMIN_TOKEN, type Gate, startGate } from '../harness/running-gate.ts'
import { faultsOf, openTab, seeFlagView, signIn, startBrowser, type Visit } from './support.ts'

/** With every key that a guard and a stage can have. */
const FULL = {
  variants: { on: true, off: false },
  off: 'off',
  rules: [
    {
      serve: 'on',
      stages: [
        {
          percentage: 5,
          bake: '1h',
          maxBake: '1d',
          within: '4h',
          require: {
            minVisitors: 50,
            maxErrorRate: 0.02,
            maxP95Ms: 800,
            paths: [{ path: '/checkout/*', statuses: ['5xx', 429], max: 2 }, { path: '/cart' }],
          },
        },
        { percentage: 100 },
      ],
    },
  ],
  guard: {
    enabled: true,
    action: 'freeze',
    alpha: 0.005,
    errors: { rho: 1.25, delta: 0.0002, minBuckets: 5, statuses: ['5xx', 429] },
    latency: {
      rho: 1.3,
      delta: 0.001,
      marginBuckets: 2,
      deadlineMs: 4_000,
      minSlow: 7,
      warmUp: '90s',
      quantiles: [0.95, 0.5],
      fewMachines: true,
    },
    clientErrors: { rho: 2, delta: 0.03, action: 'rollback' },
    grpc: { statuses: [13, 14] },
    advance: { beta: 0.1, rho: 1.4, delta: 0.004, marginBuckets: 4 },
    traffic: { maxDropPercent: 30 },
    ceilings: { errorRate: 0.125, p95Ms: 900, minRequests: 80 },
    thresholds: { errors: 500, slow: { count: 40, baselineMs: 1_500 } },
    metrics: { order: { maxDropPercent: 8, action: 'signal' } },
  },
}

/** What the form shows of it, by label. */
const SHOWN = {
  'When the canary is worse': 'freeze',
  'A stage ends': 'evidence',
  'Max error rate': '12.5',
  'Max 95th percentile': '900',
  'Max drop of journeys': '30',
  'False rollback probability': '0.5',
  'Statuses that are errors': '5xx, 429',
  'gRPC statuses that are errors': '13, 14',
  'May fail': '1.25',
  'May fail on top': '0.02',
  'Visitors with errors, at least': '5',
  'Warm-up': '90',
  'Unit of Warm-up': 's',
  'Slow from': '2',
  'Slow without a response after': '4000',
  'May be slow': '1.3',
  'May be slow on top': '0.1',
  'Slow requests, at least': '7',
  'May turn away': '2',
  'May turn away on top': '3',
  'When it turns away more': 'rollback',
  'Rules out a canary that fails': '1.4',
  'Rules out on top': '0.4',
  'Rules out latency from': '4',
  'False advance probability': '10',
  'Most errors': '500',
  'Requests before a maximum applies': '80',
  'Most slow requests': '40',
  'Slow requests take over': '1500',
}

const GROUPS = ['Errors', 'Latency', 'Visitors turned away', 'Advancing', 'Plain counts']

let gate: Gate
let origins: Origin[] = []
let browser: Browser
let visit: Visit
let page: Page

const definitionOf = async (flag: string) =>
  (await gate.admin.call('getFlag', { params: { flag } })).definition
const guardOn = (on: Page) => on.getByRole('group', { name: 'Guard', exact: true })
const field = (label: string, within: Locator = guardOn(page)) => within.getByLabel(label, { exact: true })

async function unfold(on: Page): Promise<void> {
  for (const group of GROUPS) await guardOn(on).getByText(`${group}:`).click()
  await on.getByText('Asks for').first().click()
}

async function publish(flag: string): Promise<void> {
  await page.getByRole('button', { name: 'Publish' }).click()
  const asked = page.getByRole('button', { name: 'Confirm and publish' })
  await Promise.race([asked.waitFor().then(() => asked.click()), seeFlagView(page, flag)])
  await seeFlagView(page, flag)
}

// One story: each test goes on where the one before ended.
describe.skipIf(!hasBrowser)('the form of a guard', { shuffle: false }, () => {
  beforeAll(async () => {
    origins = await Promise.all([startOrigin('old'), startOrigin('new')])
    const [old, next] = origins.map(({ url }) => url)
    const { variants, off } = FULL
    gate = await startGate({
      document: {
        origins: { old: { url: old }, new: { url: next } },
        context: { targetingKey: { header: 'x-user-id' } },
        routes: [{ path: '/*', origin: 'old' }],
        metrics: { order: { request: { path: '/paid' } } },
        flags: { full: FULL, bare: { variants, off, rules: [{ percentage: 5, serve: 'on' }] } },
      },
    })
    browser = await startBrowser()
    visit = await openTab(browser, { viewport: { width: 1280, height: 900 } })
    page = visit.page
    await signIn(page, gate.url, ADMIN_TOKEN, '/flags/full/edit')
  })
  afterAll(async () => {
    await visit?.close()
    await browser?.close()
    await gate?.close()
    await Promise.all(origins.map((origin) => origin.close()))
  })

  it('shows every setting, and says how many of each group are set', async () => {
    await guardOn(page).getByText('Errors:').waitFor()
    const summaries = await guardOn(page).locator('summary').allInnerTexts()
    expect(
      summaries.map((text) =>
        text
          .replace(/\s+/g, ' ')
          .match(/^(.*?):.* (\d+) set$/)
          ?.slice(1),
      ),
    ).toEqual([
      ['Errors', '5'],
      ['Latency', '8'],
      ['Visitors turned away', '3'],
      ['Advancing', '4'],
      ['Plain counts', '4'],
    ])
    await unfold(page)
    const shown: Record<string, string> = {}
    for (const label of Object.keys(SHOWN)) shown[label] = await field(label).inputValue()
    expect(shown).toEqual(SHOWN)
    const checked = async (label: string) => [label, await field(label).isChecked()]
    expect(
      await Promise.all(['median', 'p90', 'p95', 'p99', 'The canary runs on few machines'].map(checked)),
    ).toEqual([
      ['median', true],
      ['p90', false],
      ['p95', true],
      ['p99', false],
      ['The canary runs on few machines', true],
    ])
  })

  it('is without a fault that axe finds, and on a phone no wider than the screen', async () => {
    expect(await faultsOf(page)).toEqual([])
    const phone = await openTab(browser, {
      ...{ viewport: { width: 360, height: 780 }, isMobile: true, hasTouch: true },
      colorScheme: 'dark',
    })
    await signIn(phone.page, gate.url, ADMIN_TOKEN, '/flags/full/edit')
    await unfold(phone.page)
    expect(await faultsOf(phone.page)).toEqual([])
    expect(
      await phone.page.evaluate(() => document.documentElement.scrollWidth - innerWidth),
    ).toBeLessThanOrEqual(0)
    await phone.close()
  })

  it('is walked through by keys without a change', async () => {
    const switches = guardOn(page).getByLabel('Compare canary with control')
    await switches.focus()
    const seen = new Set<string>()
    const last = field('Slow requests take over')
    for (let steps = 0; steps < 120; steps++) {
      await page.keyboard.press('Tab')
      const name = await page.evaluate(() => {
        const { activeElement: element } = document
        return element instanceof HTMLInputElement || element instanceof HTMLSelectElement
          ? (element.labels?.[0]?.innerText ?? element.ariaLabel ?? '')
          : ''
      })
      seen.add(name.trim())
      if (await last.evaluate((element) => element === document.activeElement)) break
    }
    expect(Object.keys(SHOWN).filter((label) => !seen.has(label))).toEqual([])
    await page.getByText('Nothing has changed.').waitFor()
  })

  it('tells a problem at its field, whose group stays open', async () => {
    await field('May fail').fill('0.5')
    const told = guardOn(page).getByText('Expected a ratio from 1 to 100')
    await told.waitFor()
    expect(await field('May fail').getAttribute('aria-invalid')).toBe('true')
    // The draft is kept while another view is shown: what is wrong in it is seen at once.
    await page.getByRole('link', { name: 'Activity' }).click()
    await page.goBack()
    await told.waitFor()
    expect(await field('Warm-up').count()).toBe(0)
    await field('May fail').fill('1.25')
    await page.getByText('Nothing has changed.').waitFor()
  })

  it('keeps what a switch hides, and changes nothing else', async () => {
    await field('Latency').uncheck()
    expect(await guardOn(page).getByText('Latency:').count()).toBe(0)
    await field('Latency').check()
    await field('A stage ends').selectOption('time')
    expect(await guardOn(page).getByText('Advancing:').count()).toBe(0)
    await field('A stage ends').selectOption('evidence')
    // What was wrong has opened the errors.
    for (const group of ['Latency', 'Plain counts']) await guardOn(page).getByText(`${group}:`).click()
    await field('Max error rate').fill('')
    await field('Max error rate').fill('12.5')
    const before = await page.locator('textarea.mono').inputValue()
    expect(JSON.parse(before)).toEqual(FULL)
    await field('Warm-up').fill('3')
    await field('Unit of Warm-up').selectOption('minutes')
    await field('p99').check()
    await field('median').uncheck()
    await field('gRPC errors in answers with status 200').uncheck()
    await field('A stage ends').selectOption('time')
    await field('Most errors').fill('')
    const stage = page.locator('.stage-row').first()
    await stage.getByText('Asks for').click()
    await field('Alert after', stage).fill('2')
    await field('p95', stage).fill('700')
    await stage.getByRole('button', { name: 'Limit of a path' }).click()
    await field('On the path', stage).last().fill('/pay')
    await field('Answers with', stage).last().fill('404, 5xx')
    await stage.getByRole('button', { name: 'Remove limit 2' }).click()
    await publish('full')
    const { guard, rules } = FULL
    const [first, last] = rules[0]?.stages ?? []
    const { errors: _, ...thresholds } = guard.thresholds
    expect(await definitionOf('full')).toEqual({
      ...FULL,
      rules: [
        {
          serve: 'on',
          stages: [
            {
              ...first,
              maxBake: '2d',
              require: {
                ...first?.require,
                maxP95Ms: 700,
                paths: [first?.require?.paths[0], { path: '/pay', statuses: [404, '5xx'] }],
              },
            },
            last,
          ],
        },
      ],
      guard: {
        ...guard,
        latency: { ...guard.latency, warmUp: '3m', quantiles: [0.95, 0.99] },
        grpc: false,
        advance: 'time',
        thresholds,
      },
    })
  })

  it('makes a guard where there is none, which compares what is checked', async () => {
    await page.goto(`${gate.url}/__sluice/ui/flags/bare/edit`)
    const compare = guardOn(page).getByLabel('Compare canary with control')
    await compare.check()
    await compare.uncheck()
    await page.getByText('Nothing has changed.').waitFor()
    await compare.check()
    await field('Max error rate').fill('20')
    await field('Latency').uncheck()
    await publish('bare')
    expect((await definitionOf('bare')).guard).toEqual({
      errors: {},
      latency: false,
      ceilings: { errorRate: 0.2 },
    })
    await page.goto(`${gate.url}/__sluice/ui/flags/bare/edit`)
    await compare.uncheck()
    await guardOn(page).getByText('Switched off; its settings stay.').waitFor()
    await publish('bare')
    expect((await definitionOf('bare')).guard).toEqual({
      errors: {},
      latency: false,
      ceilings: { errorRate: 0.2 },
      enabled: false,
    })
    expect(visit.complaints).toEqual([])
  })
})
