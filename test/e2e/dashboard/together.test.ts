/** More than one operator, a gate that goes away, hands that don't leave the keyboard, and a great many flags. */
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hasBrowser } from '../../support/browser.ts'
import { flag, document as gateDocument, staged } from '../harness/documents.ts'
import { eventually } from '../harness/eventually.ts'
import { ADMIN_TOKEN, type Gate, startGate } from '../harness/running-gate.ts'
import { openTab, seeFlagView, signIn, startBrowser } from './support.ts'

const NOWHERE = { old: 'http://127.0.0.1:9', new: 'http://127.0.0.1:9' }
const MANY = 5_000

let gate: Gate
let browser: Browser

beforeAll(async () => {
  if (!hasBrowser) return
  gate = await startGate({
    document: gateDocument(NOWHERE, { description: 'as it was', rules: [{ percentage: 10, serve: 'on' }] }),
  })
  browser = await startBrowser()
})
afterAll(async () => {
  await browser?.close()
  await gate?.close()
})

describe.skipIf(!hasBrowser)('two operators at once', () => {
  it('the second sees what the first has done, and loses nothing of what was typed', async () => {
    const { page, close } = await openTab(browser)
    await signIn(page, gate.url, ADMIN_TOKEN, '/flags/f/edit')
    await page.getByLabel('Description').fill('by the second')
    await page.getByLabel('Reason').fill('the second knows better')
    await gate.admin.call('patchFlag', {
      params: { flag: 'f' },
      body: { patch: { description: 'by the first', owner: 'first' }, reason: 'the first was faster' },
    })
    await page.getByRole('button', { name: 'Publish' }).click()
    const conflict = page.getByRole('alert', { name: 'Conflict' })
    await conflict.getByText('the first was faster').waitFor()
    await conflict.getByText('by the first').waitFor()
    await conflict.getByText('You both changed description').waitFor()
    expect(await page.getByLabel('Description').inputValue()).toBe('by the second')
    await conflict.getByRole('button', { name: 'Overwrite with mine' }).click()
    await seeFlagView(page, 'f')
    const { definition } = await gate.admin.call('getFlag', { params: { flag: 'f' } })
    // Where only the first has changed something, that stands.
    expect(definition).toMatchObject({ description: 'by the second', owner: 'first' })
    const { versions } = await gate.admin.call('listVersions')
    expect(versions[0]?.reason).toBe('the second knows better')
    await close()
  })

  it('a share is raised once what the gate asks about it has been seen', async () => {
    const { page, close } = await openTab(browser)
    await signIn(page, gate.url, ADMIN_TOKEN, '/flags/f')
    await page.getByLabel('Percentage, exactly').fill('70')
    await page.getByRole('button', { name: 'Change', exact: true }).click()
    const dialog = page.getByRole('dialog', { name: 'Set f to 70 %?' })
    await dialog.getByRole('button', { name: 'Set to 70 %', exact: true }).click()
    await dialog.getByText('f: 10 % → 70 % moves up to 60 % of visitors').waitFor()
    expect((await gate.flag('f')).percentage).toBe(10)
    await dialog.getByRole('button', { name: 'Set to 70 % all the same' }).click()
    await dialog.waitFor({ state: 'detached' })
    await page.getByRole('button', { name: 'Undo' }).click()
    await eventually('the share is what it was', async () => (await gate.flag('f')).percentage === 10)
    await close()
  })

  it('what was typed into the document is there after a look at something else', async () => {
    const { page, close } = await openTab(browser)
    await signIn(page, gate.url, ADMIN_TOKEN, '/document?as=json')
    const editor = page.getByLabel('The document, as JSON')
    const text = `${await editor.inputValue()}\n`
    await editor.fill(text)
    await page.getByRole('link', { name: 'History' }).click()
    await page.getByRole('heading', { level: 1, name: 'History' }).waitFor()
    await page.goBack()
    expect(await editor.inputValue()).toBe(text)
    await page.getByRole('button', { name: 'Discard changes' }).click()
    expect(await editor.inputValue()).not.toBe(text)
    await close()
  })

  it('changes of different flags fit together', async () => {
    const { page, close } = await openTab(browser)
    await signIn(page, gate.url, ADMIN_TOKEN, '/flags/f/edit')
    await page.getByLabel('Description').fill('of this flag')
    await gate.admin.call('createFlag', { body: { key: 'another', flag: flag(), reason: 'another one' } })
    await page.getByRole('button', { name: 'Publish' }).click()
    await page.getByRole('button', { name: 'Publish mine as well' }).click()
    await seeFlagView(page, 'f')
    const { document: published } = await gate.admin.call('getDocument')
    expect(Object.keys(published.flags as object)).toContain('another')
    await close()
  })
})

describe.skipIf(!hasBrowser)('when the gate cannot be reached', () => {
  it('the page says so, keeps what it knows with its age, and goes on by itself', async () => {
    const { page, close } = await openTab(browser)
    await signIn(page, gate.url, ADMIN_TOKEN)
    await page.getByText('Live', { exact: true }).waitFor()
    await page.locator('[data-flag="f"]').waitFor()
    await page.context().setOffline(true)
    await gate.crash()
    await page.getByText(/data is \d+ (s|min) old/).waitFor()
    await page.locator('[data-flag="f"]').waitFor()
    await page.context().setOffline(false)
    await page.getByText(/^Live/).waitFor()
    await close()
  })
})

describe.skipIf(!hasBrowser)('the keyboard alone', () => {
  it('makes a flag, publishes it and kills it', async () => {
    const { page, close } = await openTab(browser)
    await signIn(page, gate.url, ADMIN_TOKEN)
    await tabTo(page, 'New flag')
    await page.keyboard.press('Enter')
    await page.getByLabel('Key', { exact: true }).waitFor()
    await tabTo(page, 'Key')
    await page.keyboard.type('by-hand')
    await page.getByText('Valid', { exact: true }).waitFor()
    // "Valid" may be of the key without its last letter: Tab passes the button by while the rest is looked at.
    await eventually('Tab leads to Publish', () => tabTo(page, 'Publish').then(() => true))
    await page.keyboard.press('Enter')
    await seeFlagView(page, 'by-hand')
    await tabTo(page, 'Kill')
    await page.keyboard.press('Enter')
    await page.getByRole('dialog', { name: 'Kill by-hand?' }).waitFor()
    // The answer has the focus.
    await page.keyboard.press('Enter')
    await eventually('it is killed', async () => (await gate.flag('by-hand')).state === 'killed')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    await close()
  })

  it('leads a rollout from its origin to the pause that is taken back', async () => {
    const { page, complaints, close } = await openTab(browser)
    const { keyboard } = page
    const focus = () => page.evaluate(nameOfFocus)
    const typeInto = async (field: string, text: string) => {
      await tabTo(page, field)
      await keyboard.press('Control+A')
      await keyboard.type(text)
    }
    await page.goto(`${gate.url}/__sluice/ui`)
    await eventually('the field of the token has the focus', async () => (await focus()) === 'Token')
    await keyboard.type(ADMIN_TOKEN)
    await keyboard.press('Enter')
    await tabTo(page, 'New rollout')
    await keyboard.press('Enter')
    await page.getByLabel('Name of the rollout').waitFor()
    await typeInto('Name of the rollout', 'by-keys')
    await typeInto('URL of the new origin', 'http://127.0.0.1:7')
    await typeInto('Name of the new origin', 'newer')
    await typeInto('Path', '/by-keys/*')
    await tabTo(page, 'Condition')
    await keyboard.press('Enter')
    await eventually('the new condition has the focus', async () => (await focus()) === 'Attribute')
    // Each letter would take a country, were it a list that closes.
    for (const country of ['romania', 'United States (US)']) {
      await tabTo(page, 'Values')
      await keyboard.type(country)
      await keyboard.press('Enter')
    }
    await page.getByRole('button', { name: 'Remove United States (US)' }).focus()
    await keyboard.press('Enter')
    await eventually('the focus stays beside what was removed', async () => (await focus()) === 'Values')
    await tabTo(page, 'Standard: two hours')
    await keyboard.press('ArrowRight')
    await typeInto('Share', '20')
    await page.locator('button:enabled', { hasText: 'Publish' }).waitFor()
    await tabTo(page, 'Publish')
    await keyboard.press('Enter')
    const asked = page.getByRole('button', { name: 'Confirm and publish' })
    await Promise.race([asked.waitFor().then(() => keyboard.press('Enter')), seeFlagView(page, 'by-keys')])
    await seeFlagView(page, 'by-keys')
    const { definition } = await gate.admin.call('getFlag', { params: { flag: 'by-keys' } })
    expect(definition).toMatchObject({
      rules: [
        {
          when: [{ attribute: 'country', op: 'in', values: ['RO'] }],
          stages: [{ percentage: 20, bake: '5m' }, { percentage: 50 }, { percentage: 100 }],
        },
      ],
    })
    await tabTo(page, 'Pause')
    await keyboard.press('Enter')
    await page.getByRole('dialog').waitFor()
    await keyboard.press('Escape')
    await eventually('the question gives the focus back', async () => (await focus()) === 'Pause')
    await keyboard.press('Enter')
    await page.getByRole('dialog').waitFor()
    await keyboard.press('Enter')
    await eventually('it is paused', async () => (await gate.flag('by-keys')).paused !== null)
    await eventually('what replaces a button has its focus', async () => (await focus()) === 'Resume')
    await page.locator('.toast', { hasText: 'by-keys is paused' }).getByText('Undo').waitFor()
    await keyboard.press('Control+Z')
    await eventually('it goes on', async () => (await gate.flag('by-keys')).paused === null)
    expect(complaints).toEqual([])
    await close()
  })
})

describe.skipIf(!hasBrowser)('a question whose answer comes late', () => {
  it('gives the focus to what has replaced its button meanwhile', async () => {
    await gate.admin.call('createFlag', {
      body: { key: 'late', flag: flag(staged([{ percentage: 20 }, { percentage: 100 }])), reason: 'a test' },
    })
    const { page, close } = await openTab(browser)
    await signIn(page, gate.url, ADMIN_TOKEN, '/flags/late')
    let show = () => {}
    const isShown = new Promise<void>((resolve) => {
      show = resolve
    })
    await page.route('**/flags/late/pause', async (route) => {
      const response = await route.fetch()
      await isShown
      await route.fulfill({ response })
    })
    await page.getByRole('button', { name: 'Pause', exact: true }).focus()
    await page.keyboard.press('Enter')
    await page.getByRole('dialog').waitFor()
    await page.keyboard.press('Enter')
    // Behind the question; the stream is faster than the answer.
    await page.locator('main button', { hasText: 'Resume' }).waitFor()
    show()
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    await eventually(
      'what replaces the button has the focus',
      async () => (await page.evaluate(nameOfFocus)) === 'Resume',
      { seen: () => page.evaluate(nameOfFocus) },
    )
    await close()
  })
})

describe.skipIf(!hasBrowser)('a number', () => {
  it('is what was typed, key by key, and can be cleared and typed anew', async () => {
    const { page, close } = await openTab(browser)
    await signIn(page, gate.url, ADMIN_TOKEN, '/flags/f/edit')
    const field = page.getByRole('spinbutton', { name: 'Percentage' })
    const json = page.getByRole('textbox', { name: 'JSON', exact: true })
    for (const text of ['0.5', '12.05', '0.001']) {
      await field.focus()
      await page.keyboard.press('Control+A')
      await page.keyboard.press('Delete')
      await page.getByText('problem', { exact: false }).first().waitFor()
      await page.keyboard.type(text)
      expect(await field.inputValue()).toBe(text)
      expect(await json.inputValue()).toContain(`"percentage": ${text}`)
    }
    await page.goto(`${gate.url}/__sluice/ui/flags/f`)
    const exact = page.getByLabel('Percentage, exactly')
    await exact.focus()
    await page.keyboard.press('Control+A')
    await page.keyboard.type('33.333')
    await page.getByRole('button', { name: 'Change', exact: true }).click()
    await page.getByRole('dialog', { name: 'Set f to 33.333 %?' }).waitFor()
    await close()
  })
})

describe.skipIf(!hasBrowser)('another view', () => {
  it('has the focus, and the one before it is where it was left', async () => {
    const { page, close } = await openTab(browser, { viewport: { width: 1000, height: 400 } })
    await signIn(page, gate.url, ADMIN_TOKEN)
    await page.getByLabel('Search flags').fill('f')
    const link = page.locator('[data-flag="f"]').getByRole('link')
    await link.waitFor()
    const left = await page.evaluate(() => {
      scrollTo(0, 40)
      return scrollY
    })
    expect(left).toBeGreaterThan(0)
    await link.click()
    await page.getByRole('heading', { level: 1, name: 'f' }).waitFor()
    expect(await page.evaluate(() => [document.activeElement?.id, scrollY])).toEqual(['main', 0])
    await page.goBack()
    await page.getByRole('heading', { level: 1, name: 'Flags' }).waitFor()
    expect(await page.evaluate(() => scrollY)).toBe(left)
    await page.reload()
    expect(await page.getByLabel('Search flags').inputValue()).toBe('f')
    await close()
  })
})

const MOST_TABS = 150

/** Presses Tab until the element of this name has the focus. */
async function tabTo(page: Page, name: string): Promise<void> {
  for (let presses = 0; presses < MOST_TABS; presses++) {
    await page.keyboard.press('Tab')
    if ((await page.evaluate(nameOfFocus)) === name) return
  }
  throw new Error(`Tab does not lead to ${name}`)
}

function nameOfFocus(): string | undefined {
  const element = document.activeElement
  const labels = element instanceof HTMLInputElement ? element.labels : null
  const label = labels?.[0]?.querySelector('span') ?? labels?.[0] ?? element
  return (element?.getAttribute('aria-label') ?? label?.textContent)?.trim()
}

describe.skipIf(!hasBrowser)(`${MANY} flags`, () => {
  let crowded: Gate

  beforeAll(async () => {
    const many = Object.fromEntries(
      Array.from({ length: MANY }, (_, n) => [
        `flag-${n}`,
        flag({
          description: `Flag number ${n}`,
          owner: `team-${n % 40}`,
          tags: [`area-${n % 12}`],
          rules: [{ percentage: n % 101, serve: 'on' }],
        }),
      ]),
    )
    crowded = await startGate({
      document: gateDocument(NOWHERE, { rules: [{ percentage: 10, serve: 'on' }] }, { flags: many }),
    })
  })
  afterAll(() => crowded?.close())

  it('are there within a second more of work than an empty page, and scroll without gaps', async () => {
    const { page, close } = await openTab(browser)
    await signIn(page, crowded.url, ADMIN_TOKEN, '/cleanup')
    const empty = await visitMs(page, `${crowded.url}/__sluice/ui/nothing-here`, 'Page not found')
    const full = await visitMs(page, `${crowded.url}/__sluice/ui`, 'flag-0')
    // Processor time of the page, so that what else the machine does counts little.
    expect(full.scriptMs - empty.scriptMs).toBeLessThan(1_000)

    const list = page.getByRole('region', { name: 'All flags' })
    expect(await list.getByRole('listitem').count()).toBeLessThan(100)
    for (const at of [0.25, 0.5, 0.75, 1]) {
      await page.evaluate((share) => scrollTo(0, (document.body.scrollHeight - innerHeight) * share), at)
      await eventually(`the screen is full of flags at ${at * 100} %`, () => page.evaluate(isListFilled))
    }
    await page.evaluate(() => scrollTo(0, 0))
    await page.getByLabel('Search flags').fill('number 4321')
    await list.getByRole('link', { name: 'flag-4321' }).waitFor()
    expect(await list.getByRole('listitem').count()).toBe(1)
    await close()
  })
})

/** Whether rows cover the list wherever it is on the screen. */
function isListFilled(): boolean {
  const list = document.querySelector('ul.flags')?.getBoundingClientRect()
  if (list === undefined) return false
  const [top, bottom] = [Math.max(list.top, 120), Math.min(list.bottom, innerHeight)]
  for (let y = top + 5; y < bottom - 5; y += 30) {
    if (document.elementFromPoint(list.left + 20, y)?.closest('li.flag') === null) return false
  }
  return bottom > top
}

async function visitMs(page: Page, url: string, text: string): Promise<{ scriptMs: number }> {
  const session = await page.context().newCDPSession(page)
  await session.send('Performance.enable', { timeDomain: 'threadTicks' })
  await page.goto(url)
  await page.getByText(text, { exact: true }).first().waitFor()
  const { metrics } = await session.send('Performance.getMetrics')
  await session.detach()
  const seconds = metrics.find(({ name }) => name === 'TaskDuration')?.value ?? 0
  return { scriptMs: seconds * 1_000 }
}
