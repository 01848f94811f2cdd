/**
 * `npm run screenshots [-- --docs] [--only VIEW,VIEW]`: pictures of the dashboard on a gate with real traffic, light and
 * dark, on a desktop and on a phone. `--docs` renews the pictures of the documentation.
 */
import { existsSync } from 'node:fs'
import { copyFile, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type Browser, chromium, type Page } from 'playwright-core'
import { PROJECT_ROOT } from '../../src/local/build/project-root.ts'
import { scriptArgs } from '../../test-kit/script/script-args.ts'
import { play, startScene } from './story.ts'

const { values } = scriptArgs({ options: { docs: { type: 'boolean' }, only: { type: 'string' } } })
const folder = join(PROJECT_ROOT, 'build/screenshots')

const VIEWS: readonly (readonly [name: string, path: string, prepare?: (page: Page) => Promise<unknown>])[] =
  [
    ['home', ''],
    ['flag', '/flags/new-shop'],
    ['rolled-back', '/flags/new-checkout'],
    ['activity', '/activity'],
    ['try', '/try/new-checkout', tryVisitor],
    ['history', '/history'],
    ['cleanup', '/cleanup'],
    ['locations', '/locations'],
    ['new', '/new'],
    ['document', '/document'],
    ['edit', '/flags/new-checkout/edit'],
    ['settings', '/settings'],
  ]
const SIZES = { desktop: { width: 1360, height: 900 }, phone: { width: 390, height: 844 } }
const SCHEMES = ['light', 'dark'] as const

async function tryVisitor(page: Page): Promise<void> {
  await page.getByLabel('Targeting key').fill('visitor-42')
  await page.getByLabel('Country').fill('RO')
  await page.getByRole('button', { name: 'Explain' }).click()
  await page.getByRole('article').first().waitFor()
}

async function signIn(page: Page, url: string, token: string): Promise<void> {
  await page.goto(`${url}/__sluice/ui`)
  await page.getByLabel('Token').fill(token)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('navigation', { name: 'Views' }).waitFor()
}

/** Pictures of the documentation, by the name of the shot. */
const IN_DOCS: Readonly<Record<string, string>> = {
  'home-desktop-light': 'home',
  'flag-desktop-light': 'flag',
  'rolled-back-desktop-dark': 'rolled-back',
  'flag-phone-light': 'phone',
}

async function renewDocs(): Promise<void> {
  const images = join(PROJECT_ROOT, 'docs/images')
  await mkdir(images, { recursive: true })
  for (const [shot, name] of Object.entries(IN_DOCS)) {
    await copyFile(join(folder, `${shot}.png`), join(images, `${name}.png`))
  }
}

async function shoot(browser: Browser, url: string, token: string): Promise<void> {
  for (const [size, viewport] of Object.entries(SIZES)) {
    for (const colorScheme of SCHEMES) {
      const context = await browser.newContext({ viewport, colorScheme, deviceScaleFactor: 1 })
      const page = await context.newPage()
      await signIn(page, url, token)
      for (const [name, path, prepare] of VIEWS) {
        if (values.only && !values.only.split(',').includes(name)) continue
        await page.goto(`${url}/__sluice/ui${path}`)
        await page.getByRole('heading', { level: 1 }).waitFor()
        await prepare?.(page)
        // Counts, series and charts come a moment after the frame.
        await page.waitForTimeout(1_500)
        const fullPage = size === 'desktop'
        await page.screenshot({ path: join(folder, `${name}-${size}-${colorScheme}.png`), fullPage })
        console.log(`${name}-${size}-${colorScheme}.png`)
      }
      await context.close()
    }
  }
}

await mkdir(folder, { recursive: true })
const executablePath =
  process.env.CHROMIUM ?? ['/usr/bin/chromium', '/usr/bin/google-chrome'].find(existsSync)
const browser = await chromium.launch({
  ...(executablePath && { executablePath }),
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic'],
})
const scene = await startScene()
try {
  await play(scene)
  await shoot(browser, scene.gate.url, scene.gate.adminToken)
  if (values.docs) await renewDocs()
} finally {
  await browser.close()
  await scene.close()
}
process.exit(0)
