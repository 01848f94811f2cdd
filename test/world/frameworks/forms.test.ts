/** Forms as a browser sends them before a page's script runs: which `rewrite` each framework takes them under, by its own server. */
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { lookAtLiveOrigins } from '../../../src/cli/doctor/live-origins.ts'
import { parseDocumentValue } from '../../../src/core/config/parse/parse.ts'
import { startBrowser } from '../../e2e/dashboard/support.ts'
import { type Gate, startGate } from '../../e2e/harness/running-gate.ts'
import { hasBrowser } from '../../support/browser.ts'
import { buildApp, type Framework, type RunningApp, startApp } from './built-app.ts'

/** What pages send themselves is taken by default: see open-tabs.test.ts. */
const TAKEN: readonly (readonly [Framework, rewrite: true | 'answers', script: boolean, isTaken: boolean])[] =
  [
    ['react-router', true, false, true],
    ['react-router', 'answers', false, false],
    ['react-router', 'answers', true, false],
    ['next', true, false, false],
    ['next', 'answers', false, true],
    ['next', 'answers', true, true],
  ]

describe.skipIf(!hasBrowser)('a form', () => {
  let browser: Browser
  const apps = new Map<Framework, RunningApp>()
  const gates: Gate[] = []

  beforeAll(async () => {
    browser = await startBrowser()
    for (const framework of new Set(TAKEN.map(([each]) => each))) {
      await buildApp(framework)
      apps.set(framework, await startApp(framework, 'old'))
    }
  })
  afterAll(() =>
    Promise.all([browser?.close(), ...[...apps.values(), ...gates].map((running) => running.close())]),
  )

  it.each(TAKEN)(
    'of %s with "rewrite": %j, scripts %j, is taken: %j',
    async (framework, rewrite, script, isTaken) => {
      const app = apps.get(framework) as RunningApp
      const gate = await startGate({
        document: {
          origins: { app: { url: app.url, rewrite } },
          routes: [{ path: '/*', origin: 'app' }],
        },
      })
      gates.push(gate)
      const context = await browser.newContext({ javaScriptEnabled: script })
      const page = await context.newPage()
      const before = (await app.sent()).length
      await page.goto(`${gate.url}/items/1`, { waitUntil: 'networkidle' })
      await page.getByLabel('Note').fill('sent early')
      const answered = page.waitForResponse((response) => response.request().method() === 'POST')
      await page.getByRole('button', { name: 'Send' }).click()
      const { ok } = await answered.then((response) => ({ ok: response.ok() }))
      expect([ok, (await app.sent()).length - before]).toEqual([isTaken, isTaken ? 1 : 0])
      await context.close()
    },
  )

  it.each([
    [true, 'warning: it is a Next.js app that refuses forms which are sent before a page’s script runs'],
    ['answers', 'ok: it is a Next.js app, and takes the site’s forms'],
  ] as const)('of next with "rewrite": %j is known to sluice check --live', async (rewrite, expected) => {
    const { url } = apps.get('next') as RunningApp
    const document = { origins: { app: { url, rewrite } }, routes: [{ path: '/*', origin: 'app' }] }
    const parsed = parseDocumentValue(document)
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
    const options = { host: 'www.shop.test', secrets: {}, nowMs: Date.now() }
    const found = await lookAtLiveOrigins(parsed.value, options)
    expect(found.map(({ level, text }) => `${level}: ${text}`)).toContain(expected)
  })
})
