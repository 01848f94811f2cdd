/** The package as other projects get it: packed, installed into an empty project, used in a separate Hono Worker. */
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { conforming } from '../../ofrep/protocol.ts'
import { signatureOf } from '../../vectors/reference.ts'
import { eventually } from '../harness/eventually.ts'
import { packed } from '../harness/pack.ts'
import { adminOf } from '../harness/running-gate.ts'
import { bundle, install, peerVersions, type RunningWorker, run, startWorker, typeCheck } from './consumer.ts'

const MOST_BROWSER_BYTES = 3_000
/** What an app installs that only reads decisions. */
const MOST_INSTALLED_BYTES = 10_000_000

const variants = { on: true, off: false }
const DOCUMENT = {
  origins: { app: { url: 'http://localhost' } },
  context: { targetingKey: { header: 'x-user-id' } },
  routes: [{ path: '/*', origin: 'app' }],
  flags: {
    shop: { variants, off: 'off', rules: [{ percentage: 50, serve: 'on' }] },
    basket: {
      variants,
      off: 'off',
      rules: [{ percentage: 50, serve: 'on' }],
      guard: { thresholds: { errors: 3 } },
    },
    colour: { variants: { red: '#f00', none: '' }, off: 'none', rules: [{ serve: 'red' }] },
  },
}

const WORKER = `
import { Hono } from 'hono'
import { type SluiceBindings, type SluiceVariables, sluice } from 'sluice/hono'

export { Controller, Counters } from 'sluice/durable'

const app = new Hono<{ Bindings: SluiceBindings; Variables: SluiceVariables }>()
app.use(sluice())
app.get('/', (c) => {
  const { flags } = c.var
  if (!flags.isOn('shop')) return c.text('old')
  return c.text('new ' + flags.value('colour', 'none') + ' ' + flags.variant('shop'))
})
app.get('/basket', (c) => {
  if (!c.var.flags.isOn('basket')) return c.text('old')
  if (c.req.query('broken')) throw new Error('the new basket is broken')
  return c.text('new')
})
app.get('/plain', (c) => c.text('no flag was asked for'))
export default app
`

const TYPED = `
import { createSluice } from 'sluice/browser'
import { readDecision } from 'sluice/server'

const page = createSluice<{ shop: boolean; colour: string }>({ live: true })
export const isNew: boolean = page.value('shop', false)
// @ts-expect-error a colour is no boolean
export const wrong: boolean = page.value('colour', 'red')
export const key: Promise<string | undefined> = readDecision(new Headers(), { signingKey: false }).then(
  (found) => found?.targetingKey,
)
declare const fromEnvironment: string | undefined
// @ts-expect-error without a key anyone could forge the headers
readDecision(new Headers(), { signingKey: fromEnvironment })
`

let folder: string
let tarball: string
let url: string
let worker: RunningWorker | undefined

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-package-'))
  tarball = await packed()
  await install(folder, [tarball, `hono@${(await peerVersions('hono')).tested}`])
  worker = await startWorker(folder, WORKER, DOCUMENT)
  url = worker.url
}, 600_000)
afterAll(async () => {
  await worker?.close()
  await rm(folder, { recursive: true, force: true })
})

const ask = (id: string, path = '/') => fetch(url + path, { headers: { 'x-user-id': id } })

async function visitorsOn(answer: string, count: number, path = '/'): Promise<string[]> {
  const found: string[] = []
  for (let n = 0; found.length < count; n++) {
    if (n === 1_000) throw new Error(`Cannot find ${count} visitors who get "${answer}" from ${path}`)
    if ((await (await ask(`visitor-${n}`, path)).text()).startsWith(answer)) found.push(`visitor-${n}`)
  }
  return found
}

describe('the packed package', () => {
  it('has types for everything that it exports', async () => {
    await typeCheck(folder, TYPED, { lib: ['ES2023', 'DOM', 'DOM.Iterable'] })
  })

  it('verifies on Node what the gate has signed, and nothing else', async () => {
    const flags = 'shop=on;reason=split'
    const nowSeconds = Math.floor(Date.now() / 1_000)
    const headers = {
      'sluice-flags': flags,
      'sluice-targeting-key': 'user%2F42',
      'sluice-signature': signatureOf('sluice-origin-secret', nowSeconds, flags, 'user%2F42'),
    }
    const code = `
      import { readDecision } from 'sluice/server'
      import { SluiceProvider } from 'sluice/openfeature'
      const headers = ${JSON.stringify(headers)}
      const read = (more, signingKey = 'sluice-origin-secret') => readDecision({ ...headers, ...more }, { signingKey })
      new SluiceProvider({ url: 'https://www.example.com' })
      console.log(JSON.stringify([await read({}), await read({ 'sluice-flags': 'shop=off' }) ?? null,
        await read({ 'sluice-targeting-key': 'other' }) ?? null, await read({}, 'sluice-origin-wrong') ?? null]))`
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', code], { cwd: folder })
    const decision = { variants: { shop: 'on' }, reasons: { shop: 'split' }, targetingKey: 'user/42' }
    expect(JSON.parse(stdout)).toEqual([decision, null, null, null])
  })

  it('brings nothing along: an app that only reads decisions installs less than 10 MB', async () => {
    const alone = join(folder, 'alone')
    await install(alone, [tarball])
    const installed = join(alone, 'node_modules')
    const files = await readdir(installed, { recursive: true })
    const sizes = await Promise.all(files.map(async (file) => (await stat(join(installed, file))).size))
    expect((await readdir(installed)).filter((name) => !name.startsWith('.'))).toEqual(['sluice'])
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(MOST_INSTALLED_BYTES)
    const sluice = (...args: string[]) =>
      run(process.execPath, [join(installed, 'sluice/bin/sluice.js'), ...args], { cwd: alone })
    expect((await sluice('--version')).stdout.trim()).toMatch(/^\d+\.\d+\.\d+$/)
    const refused = await sluice('dev', '--demo').catch((error: { stderr: string }) => error)
    expect(refused.stderr).toMatch(/npm install --save-dev miniflare@\d/)
  })

  it('is tree-shakeable, and its helper for pages stays below 3 kB', async () => {
    const helper = await readFile(join(folder, 'node_modules/sluice/dist/lib/browser.js'))
    expect(gzipSync(helper, { level: 9 }).length).toBeLessThan(MOST_BROWSER_BYTES)
    const unused = "import 'sluice/server'; import 'sluice/openfeature'; import 'sluice/hono'"
    expect(await bundle(folder, unused)).toBe('')
    expect((await bundle(folder, "export { parseFlags } from 'sluice/server'")).length).toBeLessThan(1_000)
  })
})

describe('the gate inside a foreign Hono Worker', () => {
  it('decides for its handlers, and keeps the answers out of shared caches', async () => {
    const [id = ''] = await visitorsOn('new', 1)
    const answer = await ask(id)
    expect([await answer.text(), answer.headers.get('cache-control')]).toEqual(['new #f00 on', 'private'])
    const plain = await ask(id, '/plain')
    expect(plain.headers.get('cache-control')).toBeNull()
  })

  it('gives unknown visitors an identity, and keeps their place by it', async () => {
    const first = await fetch(url)
    const cookie = first.headers.get('set-cookie')?.split(';')[0] ?? ''
    expect(cookie).toMatch(/^sluice_id=/)
    const text = await first.text()
    for (let n = 0; n < 5; n++) expect(await (await fetch(url, { headers: { cookie } })).text()).toBe(text)
  })

  it('answers OFREP by the same decision', async () => {
    for (const id of ['a', 'b', 'c', 'd']) {
      const response = await fetch(`${url}/__sluice/ofrep/v1/evaluate/flags/shop`, {
        method: 'POST',
        body: JSON.stringify({ context: { targetingKey: id } }),
      })
      const value = (await conforming(response, 'single')).body?.value
      expect((await (await ask(id)).text()).startsWith('new')).toBe(value)
    }
  })

  it('counts how requests end by the flags that they asked for, and closes the flag whose handler fails', async () => {
    const admin = adminOf(url)
    const ids = await visitorsOn('new', 6, '/basket')
    const statuses = await Promise.all(ids.map(async (id) => (await ask(id, '/basket?broken=1')).status))
    expect(statuses).toContain(500)
    // The flag may be closed before the last of them have come.
    expect([200, 500]).toEqual(expect.arrayContaining(statuses))
    await eventually('the flag is closed', async () => {
      for (const id of ids.slice(0, 2)) await ask(id, '/basket')
      return (await admin.call('getStatus')).flags.basket?.state === 'rolled-back'
    })
    await eventually(
      'everybody gets the old one',
      async () => (await (await ask(ids[0] ?? '', '/basket')).text()) === 'old',
    )
  })
})
