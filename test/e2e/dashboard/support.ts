/** A browser on the dashboard of a real gate. */
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import type { AxeResults } from 'axe-core'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { CHROMIUM } from '../../support/browser.ts'

/** `ignoreDefaultArgs` are switches that Playwright sets, that a test needs unset. */
export async function startBrowser(ignoreDefaultArgs: string[] = []): Promise<Browser> {
  return await chromium.launch({
    ignoreDefaultArgs,
    ...(CHROMIUM && { executablePath: CHROMIUM }),
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
}

/** What a page is given to come to be as a test wants it; a busy machine may need more than the usual 30 s. */
const PATIENCE_MS = 60_000

export type Visit = {
  page: Page
  /** What the page has complained of: exceptions, and errors in its console. */
  complaints: string[]
  /** Every address that it has asked for. */
  requests: string[]
  close(): Promise<void>
}

/** A fresh tab, no one signed in. */
export async function openTab(browser: Browser, options: BrowserContextOptions = {}): Promise<Visit> {
  const context = await browser.newContext(options)
  context.setDefaultTimeout(PATIENCE_MS)
  const page = await context.newPage()
  const complaints: string[] = []
  const requests: string[] = []
  page.on('pageerror', (error) => complaints.push(String(error)))
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(`${message.text()} ${message.location().url}`)
  })
  page.on('request', (request) => requests.push(request.url()))
  return { page, complaints, requests, close: () => context.close() }
}

/** Signs in the way a person does. */
export async function signIn(page: Page, gateUrl: string, token: string, at = ''): Promise<void> {
  await page.goto(`${gateUrl}/__sluice/ui${at}`)
  await page.getByLabel('Token').fill(token)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('navigation', { name: 'Views' }).waitFor()
}

/** Waits for the view of a flag: the editor's heading has the flag's name in it too, so its address is what tells. */
export async function seeFlagView(page: Page, flag: string): Promise<void> {
  await page.waitForURL(({ pathname }) => pathname.endsWith(`/flags/${flag}`))
  await page.getByRole('heading', { level: 1, name: flag }).waitFor()
}

/** What axe finds wrong on a page. */
export async function faultsOf(page: Page): Promise<string[]> {
  await page.evaluate(await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8'))
  const results = await page.evaluate(() =>
    (globalThis as unknown as { axe: { run(): Promise<AxeResults> } }).axe.run(),
  )
  return results.violations.flatMap(({ id, nodes }) =>
    nodes.map(
      (node) =>
        `${id}: ${node.html.slice(0, 200)} (${node.any
          .map(({ message }) => message)
          .join('; ')
          .slice(0, 300)})`,
    ),
  )
}
