/** The examples: each starts with its one command, greets by the flag, and follows a kill. */
import { spawn } from 'node:child_process'
import { resolve } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { PROJECT_ROOT } from '../../../src/local/build/build-worker.ts'
import { hasBrowser } from '../../support/browser.ts'
import { openTab, startBrowser } from '../dashboard/support.ts'
import { eventually, inTime } from '../harness/eventually.ts'
import { adminOf } from '../harness/running-gate.ts'

const NEW = 'Hello, nice to see you'

async function startExample(name: string) {
  const script = resolve(PROJECT_ROOT, 'scripts/example.ts')
  const child = spawn(process.execPath, [script, name, '--port', '0'], {
    cwd: PROJECT_ROOT,
    env: { ...process.env, ADMIN_TOKEN: 'example-token' },
  })
  onTestFinished(async () => {
    const ended = new Promise((done) => child.once('exit', done))
    child.kill('SIGTERM')
    await inTime('the example has ended', ended)
  })
  let out = ''
  child.stdout.on('data', (chunk) => {
    out += chunk
  })
  child.stderr.on('data', (chunk) => {
    out += chunk
  })
  const url = await eventually(
    `the example ${name} is ready`,
    () => {
      if (child.exitCode !== null) throw new Error(out)
      return /example ready on (\S+)/.exec(out)?.[1]
    },
    { deadlineMs: 180_000 },
  )
  const admin = adminOf(url, 'example-token')
  const kill = () =>
    admin.call('commandFlag', {
      params: { flag: 'new-greeting', verb: 'kill' },
      body: { reason: 'the test says so' },
    })
  return { url, kill }
}

describe('npm run example', () => {
  it.each(['node', 'hono'])('%s greets by the flag, and as before once it is killed', async (name) => {
    const { url, kill } = await startExample(name)
    const text = async () => await (await fetch(url)).text()
    await eventually('it greets', async () => (await text()).includes(NEW))
    if (name === 'node') expect(await text()).toContain('color: green')
    await kill()
    await eventually('it greets as before', async () => !(await text()).includes(NEW))
  })

  it.skipIf(!hasBrowser)('react draws the greeting again when the flag is killed', async () => {
    const { url, kill } = await startExample('react')
    const browser = await startBrowser()
    onTestFinished(() => browser.close())
    const { page } = await openTab(browser)
    await page.goto(url)
    await page.getByRole('heading', { name: NEW }).waitFor()
    await kill()
    await page.getByRole('heading', { name: 'Hello', exact: true }).waitFor()
  })
})
