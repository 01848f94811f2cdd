/** The package as other projects get it: packed, installed into an empty project, used in a Hono Worker of its own. */
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createAdminClient } from '../../../src/contract/client.ts'
import { PROJECT_ROOT } from '../../../src/local/build/build-worker.ts'
import { freePort } from '../../../src/local/local-gate.ts'
import { conforming } from '../../ofrep/protocol.ts'
import { signatureOf } from '../../vectors/reference.ts'
import { eventually } from '../harness/eventually.ts'
import { packInto } from '../harness/pack.ts'
import { ADMIN_TOKEN } from '../harness/running-gate.ts'

const run = promisify(execFile)
const MOST_BROWSER_BYTES = 3_000

const variants = { on: true, off: false }
const DOCUMENT = {
  origins: { app: { url: 'http://localhost' } },
  context: { targetingKey: { header: 'x-user-id' } },
  routes: [{ path: '/*', origin: 'app' }],
  flags: {
    shop: {
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
  if (c.req.query('broken')) throw new Error('the new shop is broken')
  return c.text('new ' + flags.value('colour', 'none') + ' ' + flags.variant('shop'))
})
app.get('/plain', (c) => c.text('no flag was asked for'))
export default app
`

const TYPED = `
import { createSluice } from 'sluice/browser'
import { gateContext, SluiceProvider } from 'sluice/openfeature'
import { readDecision } from 'sluice/server'

const page = createSluice<{ shop: boolean; colour: string }>({ live: true })
export const isNew: boolean = page.value('shop', false)
// @ts-expect-error a colour is no boolean
export const wrong: boolean = page.value('colour', 'red')
export const provider = new SluiceProvider({ url: 'https://www.example.com' })
export const context = gateContext(new Headers())
export const key: Promise<string | undefined> = readDecision(new Headers()).then((found) => found?.targetingKey)
`

let folder: string
let url: string
let dispose: () => Promise<void> = async () => {}

async function bundle(code: string): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents: code, resolveDir: folder, loader: 'ts' },
    bundle: true,
    format: 'esm',
    target: 'es2024',
    conditions: ['workerd', 'worker', 'browser'],
    external: ['cloudflare:*', 'node:*'],
    minify: true,
    write: false,
    logLevel: 'silent',
  })
  return outputFiles[0]?.text ?? ''
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-package-'))
  const npm = (args: string[], cwd: string) => run('npm', [...args, '--ignore-scripts'], { cwd })
  const tarball = await packInto(folder)
  await writeFile(
    join(folder, 'package.json'),
    JSON.stringify({ name: 'foreign', type: 'module', private: true }),
  )
  await npm(
    ['install', '--prefer-offline', '--no-audit', '--no-fund', '--omit=dev', tarball, 'hono@4.13.19'],
    folder,
  )
  await mkdir(join(folder, 'src'))
  await writeFile(join(folder, 'src/worker.ts'), WORKER)
  await writeFile(join(folder, 'src/typed.ts'), TYPED)

  const { convertV4MiniflareOptions, Log, LogLevel, Miniflare } = await import('miniflare')
  const port = await freePort()
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      name: 'foreign',
      host: '127.0.0.1',
      port,
      modules: [{ type: 'ESModule', path: '/worker.js', contents: await bundle(WORKER) }],
      modulesRoot: '/',
      compatibilityDate: '2026-10-01',
      compatibilityFlags: ['enable_request_signal', 'request_signal_passthrough'],
      kvNamespaces: { GATE: 'gate' },
      durableObjects: {
        CONTROLLER: { className: 'Controller', useSQLite: true },
        COUNTERS: { className: 'Counters', useSQLite: true },
      },
      bindings: { ENVIRONMENT: 'development', ADMIN_TOKEN },
      resourcePersistencePath: join(folder, 'data'),
      cf: { colo: 'local' },
      telemetry: { enabled: false },
      log: new Log(LogLevel.ERROR),
    }),
  )
  await miniflare.ready
  await (await miniflare.getKVNamespace('GATE')).put('config', JSON.stringify(DOCUMENT))
  url = `http://127.0.0.1:${port}`
  dispose = () => miniflare.dispose()
}, 600_000)
afterAll(async () => {
  await dispose()
  await rm(folder, { recursive: true, force: true })
})

const ask = (id: string, path = '/') => fetch(url + path, { headers: { 'x-user-id': id } })

async function visitorsOn(answer: string, count: number): Promise<string[]> {
  const found: string[] = []
  for (let n = 0; found.length < count; n++) {
    if ((await (await ask(`visitor-${n}`)).text()).startsWith(answer)) found.push(`visitor-${n}`)
  }
  return found
}

describe('the packed package', () => {
  it('has types for everything that it exports', async () => {
    const compilerOptions = {
      target: 'ES2023',
      module: 'ESNext',
      moduleResolution: 'bundler',
      strict: true,
      noEmit: true,
      skipLibCheck: true,
      lib: ['ES2023', 'DOM', 'DOM.Iterable'],
      types: [],
      paths: {
        'cloudflare:workers': [join(PROJECT_ROOT, 'node_modules/@cloudflare/workers-types/index.d.ts')],
        '@openfeature/server-sdk': [join(PROJECT_ROOT, 'node_modules/@openfeature/server-sdk')],
      },
    }
    await writeFile(
      join(folder, 'tsconfig.json'),
      JSON.stringify({ compilerOptions, files: ['src/typed.ts'] }),
    )
    await run(join(PROJECT_ROOT, 'node_modules/.bin/tsc'), ['-p', folder])
  })

  it('verifies on Node what the gate has signed, and nothing else', async () => {
    const flags = 'shop=on;reason=split'
    const nowSeconds = Math.floor(Date.now() / 1_000)
    const headers = {
      'sluice-flags': flags,
      'sluice-targeting-key': 'user%2F42',
      'sluice-signature': signatureOf('secret', nowSeconds, flags, 'user%2F42'),
    }
    const code = `
      import { readDecision } from 'sluice/server'
      import { SluiceProvider } from 'sluice/openfeature'
      const headers = ${JSON.stringify(headers)}
      const read = (more, signingKey = 'secret') => readDecision({ ...headers, ...more }, { signingKey })
      new SluiceProvider({ url: 'https://www.example.com' })
      console.log(JSON.stringify([await read({}), await read({ 'sluice-flags': 'shop=off' }) ?? null,
        await read({ 'sluice-targeting-key': 'other' }) ?? null, await read({}, 'wrong') ?? null]))`
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', code], { cwd: folder })
    const decision = { variants: { shop: 'on' }, reasons: { shop: 'split' }, targetingKey: 'user/42' }
    expect(JSON.parse(stdout)).toEqual([decision, null, null, null])
  })

  it('is tree-shakeable, and its helper for pages stays below 3 kB', async () => {
    const helper = await readFile(join(folder, 'node_modules/sluice/dist/lib/browser.js'))
    expect(gzipSync(helper, { level: 9 }).length).toBeLessThan(MOST_BROWSER_BYTES)
    const unused = "import 'sluice/server'; import 'sluice/openfeature'; import 'sluice/hono'"
    expect(await bundle(unused)).toBe('')
    expect((await bundle("export { parseFlags } from 'sluice/server'")).length).toBeLessThan(1_000)
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

  it('gives visitors whom nobody knows an identity, and keeps their place by it', async () => {
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
    const admin = createAdminClient({ baseUrl: url, token: ADMIN_TOKEN })
    const ids = await visitorsOn('new', 6)
    const statuses = await Promise.all(ids.map(async (id) => (await ask(id, '/?broken=1')).status))
    expect(statuses).toContain(500)
    // The flag may be closed before the last of them have come.
    expect([200, 500]).toEqual(expect.arrayContaining(statuses))
    await eventually('the flag is closed', async () => {
      for (const id of ids.slice(0, 2)) await ask(id)
      return (await admin.call('getStatus')).flags.shop?.state === 'rolled-back'
    })
    await eventually(
      'everybody gets the old one',
      async () => (await (await ask(ids[0] ?? '')).text()) === 'old',
    )
  })
})
