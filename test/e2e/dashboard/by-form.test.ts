/**
 * A whole rollout, from a new origin to finished, made and steered without JSON, an ISO date or the name of an attribute;
 * and what the dashboard shows of a canary that fails is what the admin API says.
 */
import type { Browser, Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { FailureView } from '../../../src/contract/responses.ts'
import { stageText } from '../../../src/contract/words/flag-state.ts'
import { countText, latencyText, percentText, plural, rateText } from '../../../src/core/figures.ts'
import { differenceText, type Tile, tilesOf } from '../../../src/dashboard/views/flag/tiles.ts'
import { hasBrowser } from '../../support/browser.ts'
import { eventually } from '../harness/eventually.ts'
import { type Load, startLoad, visitorHeaders } from '../harness/load.ts'
import { type Origin, sayName, startOrigin } from '../harness/origin.ts'
import { ADMIN_TOKEN, type Gate, startGate } from '../harness/running-gate.ts'
import { openTab, seeFlagView, signIn, startBrowser, type Visit } from './support.ts'

const FLAG = 'by-form'
const BROWSER =
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36'
const PHONE = { width: 390, height: 844 }

let gate: Gate
let oldOrigin: Origin
let newOrigin: Origin
let browser: Browser
let visit: Visit
let page: Page
let load: Load

const stateOf = async () => (await gate.flag(FLAG)).state
async function confirm(on: Page, button: string): Promise<void> {
  await on.getByRole('dialog').getByRole('button', { name: button, exact: true }).click()
}

/** The latest figures of a metric's tile: the difference, its band, and the line at which the guard acts. */
function toldOfTile({ title, bands, lines, standing }: Tile): string[] {
  const { estimate = null, low = null, high = null } = bands.at(-1) ?? {}
  const line = lines.at(-1) ?? null
  return [
    title,
    ...(estimate === null ? [] : [differenceText(estimate)]),
    ...(standing === 'too-little' ? [] : [low, high].flatMap((edge) => edge ?? []).map(differenceText)),
    ...(line === null ? [] : [`limit ${differenceText(line)}`]),
  ]
}

/** What a group of failures shows: how many, how each is told apart, and the sample requests. */
function toldOfFailures(group: FailureView): string[] {
  const { arm, sampled, statuses, paths, countries, colos, browsers, requests } = group
  return [
    `${arm} ${countText(sampled)}`,
    ...[statuses, paths, countries, colos, browsers].flatMap((facet) =>
      facet.map(({ value, count }) => `${value} ${percentText(Math.round((count / sampled) * 100))}`),
    ),
    ...requests.map(({ status, path, id }) => `${status} ${path} ${id}`),
  ]
}

/** Goes to a control with Tab, and presses Enter there. */
async function pressByTab(control: Locator): Promise<void> {
  await control.waitFor()
  for (let steps = 0; steps < 200; steps++) {
    if (await control.evaluate((element) => element === document.activeElement)) {
      await control.page().keyboard.press('Enter')
      return
    }
    await control.page().keyboard.press('Tab')
  }
  throw new Error('Tab does not lead to the control')
}

// One story: each test goes on where the one before ended.
describe.skipIf(!hasBrowser)('a rollout by form', { shuffle: false }, () => {
  beforeAll(async () => {
    ;[oldOrigin, newOrigin] = await Promise.all([startOrigin('old'), startOrigin('new')])
    gate = await startGate({
      document: {
        origins: { old: { url: oldOrigin.url } },
        context: { targetingKey: { header: 'x-user-id' } },
        routes: [{ path: '/*', origin: 'old' }],
        flags: {},
      },
    })
    browser = await startBrowser()
    visit = await openTab(browser, { viewport: { width: 1280, height: 800 } })
    page = visit.page
    load = startLoad({
      ...{ url: gate.url, concurrency: 4, requestsPerSecond: 80 },
      // No crawlers: the rollout is not for them.
      request: (n) => ({ headers: { ...visitorHeaders(n % 1_000), 'user-agent': BROWSER } }),
    })
    await signIn(page, gate.url, ADMIN_TOKEN)
  })
  afterAll(async () => {
    await load?.stop()
    await visit?.close()
    await browser?.close()
    await gate?.close()
    await Promise.all([oldOrigin?.close(), newOrigin?.close()])
  })

  it('begins on an empty gate, which says what to do first', async () => {
    await page.getByRole('link', { name: 'Start a rollout' }).click()
    await page.getByLabel('Name of the rollout').fill(FLAG)
    await page.getByLabel('URL of the new origin').fill(newOrigin.url)
    expect(await page.getByLabel('Served today by').inputValue()).toBe('old')
    // Everyone but crawlers: chosen, not typed.
    await page.getByRole('button', { name: 'Condition' }).click()
    await page.getByLabel('Attribute').selectOption('bot')
    await page.getByText('true for a known crawler').waitFor()
    await page.getByLabel('Yes').uncheck()
    await page.getByText('Fast: minutes').click()
    await page.getByLabel('Share', { exact: true }).first().fill('40')
    await page.getByLabel('Approval').first().check()
    await page.getByLabel('Bake', { exact: true }).first().fill('1')
    await page.getByLabel('Unit of Bake').first().selectOption('hours')
    await page.getByText('How long, and what it finds').click()
    await page.getByLabel('Requests per second').fill('50')
    await page.getByRole('row', { name: /^40 % \d+ (s|min|h) errors from [\d.]+ % on$/ }).waitFor()
    await page.getByText('stages such as 5/25/50/100 suit').waitFor()
    await page.getByLabel('Max error rate').fill('20')
    await page.getByRole('button', { name: 'Publish' }).click()
    const asked = page.getByRole('button', { name: 'Confirm and publish' })
    await Promise.race([asked.waitFor().then(() => asked.click()), seeFlagView(page, FLAG)])
    await seeFlagView(page, FLAG)
    const { definition } = await gate.admin.call('getFlag', { params: { flag: FLAG } })
    expect(definition).toMatchObject({
      rules: [
        {
          when: [{ attribute: 'bot', op: 'in', values: [false] }],
          stages: [{ percentage: 40, bake: '1h', approval: true }, {}, {}],
        },
      ],
      guard: { ceilings: { errorRate: 0.2 } },
    })
  })

  it('shows of a canary that fails what the API says, on the list and on its page', async () => {
    await eventually('both arms are counted', async () => {
      const { arms } = await gate.flag(FLAG)
      return arms.canary.requests > 20 && arms.control.requests > 20
    })
    // One in twelve: enough to be seen, too little for the ceiling, and the guard takes its time.
    let asked = 0
    newOrigin.answer((request, response) =>
      ++asked % 12 === 0 ? void response.writeHead(500).end('broken') : sayName('new')(request, response),
    )
    await eventually('the canary fails', async () => (await gate.flag(FLAG)).arms.canary.errors > 0)
    await load.stop()
    // Nothing comes in any more; the last counts may still be on their way, so both sides are read anew each time.
    const summaryOf = async () => {
      const { flags } = await gate.admin.call('listFlags')
      const found = flags.find(({ key }) => key === FLAG)
      if (found === undefined) throw new Error('the list has no such flag')
      return found
    }
    await eventually('its page shows what the API says', async () => {
      const { arms, verdict } = await gate.flag(FLAG)
      const { failures } = await gate.admin.call('getFlag', { params: { flag: FLAG } })
      const series = await gate.admin.call('getSeries', { query: { flag: FLAG, seconds: '1800' } })
      const main = (await page.locator('main').innerText()).replace(/\s+/g, ' ')
      const rows = (label: string, of: (arm: typeof arms.canary) => string) =>
        `${label} ${of(arms.canary)} ${of(arms.control)} ${of(arms.other)} `
      const expected = [
        rows('Requests', ({ requests }) => countText(requests)),
        rows('Errors', ({ errors }) => countText(errors)),
        rows('Error rate', ({ errorRate }) => rateText(errorRate)),
        rows('Median', ({ p50Ms }) => latencyText(p50Ms)),
        rows('95th percentile', ({ p95Ms }) => latencyText(p95Ms)),
        rows('99th percentile', ({ p99Ms }) => latencyText(p99Ms)).trim(),
        `${plural(arms.canary.rescued, 'failed request')} fell back to control`,
        verdict?.sentence ?? '',
        ...tilesOf(series, 1).flatMap(toldOfTile),
        ...failures.filter(({ as }) => as === 'failed').flatMap(toldOfFailures),
      ]
      expect(expected.filter((text) => !main.includes(text))).toEqual([])
      return arms.canary.errors > 0
    })
    await page.getByRole('link', { name: 'Flags', exact: true }).first().click()
    const row = page.locator(`[data-flag="${FLAG}"]`)
    await eventually('the list shows what the API says', async () => {
      const { arms } = await gate.flag(FLAG)
      const { canary, control, next, percentage, stage, stages } = await summaryOf()
      const text = (await row.innerText()).replace(/\s+/g, ' ')
      const expected = [
        rateText(canary.errorRate),
        `control ${rateText(control.errorRate)}`,
        latencyText(canary.p95Ms),
        `control ${latencyText(control.p95Ms)}`,
        percentText(percentage ?? 0),
        stageText(stage ?? 0, stages),
        next ?? '',
      ]
      return canary.errorRate === arms.canary.errorRate && expected.every((each) => text.includes(each))
    })
    newOrigin.answer(sayName('new'))
    // Whether these few failures were enough for the guard is not the question here.
    if ((await stateOf()) === 'rolled-back') await gate.admin.command(FLAG, 'resume', {})
  })

  it('on a phone is approved, killed, opened and resumed within reach of the thumb', async () => {
    const phone = await openTab(browser, { viewport: PHONE, isMobile: true, hasTouch: true })
    await signIn(phone.page, gate.url, ADMIN_TOKEN, `/flags/${FLAG}`)
    const dock = phone.page.getByRole('region', { name: 'Verdict and controls' })
    await dock.waitFor()
    const box = await dock.boundingBox()
    expect((box?.y ?? 0) + (box?.height ?? 0)).toBeGreaterThan(PHONE.height - 60)
    await dock.getByRole('button', { name: 'Kill' }).click()
    await confirm(phone.page, 'Kill')
    await eventually('it is killed', async () => (await stateOf()) === 'killed')
    await dock.getByText('Needs you').waitFor()
    await dock.getByRole('button', { name: 'Lift kill' }).click()
    await confirm(phone.page, 'Lift kill')
    await eventually('it is open', async () => (await stateOf()) === 'open')
    await gate.admin.command(FLAG, 'rollback', { reason: 'a look at how it resumes' })
    await dock.getByText('Rolled back').waitFor()
    await dock.getByRole('button', { name: 'Resume' }).click()
    await confirm(phone.page, 'Resume')
    await eventually('it is open again', async () => (await stateOf()) === 'open')
    expect(phone.complaints).toEqual([])
    await phone.close()
  })

  it('is edited by a form that counts whom it is about, and publishes changes alone', async () => {
    await page.goto(`${gate.url}/__sluice/ui/flags/${FLAG}/edit`)
    await page.getByText(/^Matches 100 % of recent visitors \([\d,]+ of [\d,]+\)/).waitFor()
    await page.getByText('Recently: false').waitFor()
    const publish = page.getByRole('button', { name: 'Publish' })
    await page.getByText('Nothing has changed.').waitFor()
    expect(await publish.isDisabled()).toBe(true)
    await page.getByLabel('Description').fill('for all but crawlers')
    await page.getByText('Valid', { exact: true }).waitFor()
    await page.getByLabel('Description').fill('')
    await page.getByText('Nothing has changed.').waitFor()
    expect(await publish.isDisabled()).toBe(true)
    await page.goto(`${gate.url}/__sluice/ui`)
  })

  it('is led to its end by buttons that say what they skip', async () => {
    await page.getByRole('link', { name: FLAG, exact: true }).first().click()
    for (const share of ['50 %', '100 %']) {
      const button = page.getByRole('button', { name: `Advance early to ${share}` })
      await button.waitFor()
      expect(await button.innerText()).toContain('skips')
      // Reached and pressed by keys alone; the question as well.
      await pressByTab(button)
      await pressByTab(
        page.getByRole('dialog').getByRole('button', { name: `Advance early to ${share}`, exact: true }),
      )
      await page.getByRole('dialog').waitFor({ state: 'hidden' })
    }
    await page.getByRole('button', { name: 'Finish' }).click()
    await confirm(page, 'Finish')
    await eventually('it is finished', async () => (await gate.flag(FLAG)).finished)
    expect(visit.complaints).toEqual([])
    expect(visit.requests.filter((url) => !url.startsWith(gate.url))).toEqual([])
  })
})
