/** `npm run example -- node|hono|react [--port N]`: an example and a gate for it, until Ctrl-C. */
import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join, resolve } from 'node:path'
import { build } from 'esbuild'
import { PROJECT_ROOT } from '../src/local/build/project-root.ts'
import { freePort } from '../src/local/free-port.ts'
import { startTemporaryGate, temporaryFolder } from '../src/local/temporary-gate.ts'
import { keysOf } from '../src/platform/keys.ts'
import { scriptArgs } from '../test-kit/script/script-args.ts'
import { buildServerModules } from './build-library.ts'

const variants = { on: true, off: false }
const FLAGS = {
  'new-greeting': { variants, off: 'off', rules: [{ serve: 'on' }] },
  colour: { variants: { green: 'green', black: 'black' }, off: 'black', rules: [{ serve: 'green' }] },
}

type Running = { url: string; close(): Promise<void> }
type Setting = { port: number; adminToken: string }

/** A gate in front of an app that listens on this port. */
async function gateFor(appPort: number, setting: Setting, signingKey: string): Promise<Running> {
  const url = `http://127.0.0.1:${appPort}`
  const document = {
    origins: { old: { url }, new: { url } },
    routes: [{ path: '/*', flag: 'new-greeting', origins: { on: 'new', off: 'old' } }],
    flags: FLAGS,
  }
  return await startTemporaryGate(document, { ...setting, signingKey })
}

const EXAMPLES: Readonly<Record<string, (setting: Setting) => Promise<Running>>> = {
  async node(setting) {
    await buildServerModules()
    const [appPort, signingKey] = [await freePort(), randomUUID()]
    const gate = await gateFor(appPort, setting, signingKey)
    const { origin: SLUICE_ORIGIN_KEY } = await keysOf(signingKey)
    Object.assign(process.env, { GATE_URL: gate.url, PORT: String(appPort), SLUICE_ORIGIN_KEY })
    await import(resolve(PROJECT_ROOT, 'examples/node/server.js'))
    return gate
  },

  async react(setting) {
    const folder = resolve(PROJECT_ROOT, 'examples/react')
    const { outputFiles } = await build({
      entryPoints: [join(folder, 'app.jsx')],
      bundle: true,
      format: 'esm',
      jsx: 'automatic',
      conditions: ['browser'],
      write: false,
      define: { 'process.env.NODE_ENV': '"production"' },
    })
    const page = await readFile(join(folder, 'index.html'))
    const server = createServer((request, response) => {
      const isScript = request.url === '/app.js'
      response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html; charset=utf-8')
      response.end(isScript ? outputFiles[0]?.contents : page)
    })
    const appPort = await freePort()
    await new Promise<void>((done) => server.listen(appPort, '127.0.0.1', done))
    return await gateFor(appPort, setting, randomUUID())
  },

  async hono({ port, adminToken }) {
    await buildServerModules()
    const { outputFiles } = await build({
      entryPoints: [resolve(PROJECT_ROOT, 'examples/hono/worker.js')],
      bundle: true,
      format: 'esm',
      conditions: ['workerd', 'worker', 'browser'],
      external: ['cloudflare:*', 'node:*'],
      write: false,
    })
    const { convertV4MiniflareOptions, Miniflare } = await import('miniflare')
    const own = port === 0 ? await freePort() : port
    const miniflare = new Miniflare(
      convertV4MiniflareOptions({
        host: '127.0.0.1',
        port: own,
        modules: [{ type: 'ESModule', path: '/worker.js', contents: outputFiles[0]?.text ?? '' }],
        modulesRoot: '/',
        compatibilityDate: '2026-10-01',
        kvNamespaces: { GATE: 'gate' },
        durableObjects: {
          CONTROLLER: { className: 'Controller', useSQLite: true },
          COUNTERS: { className: 'Counters', useSQLite: true },
        },
        bindings: { ENVIRONMENT: 'development', ADMIN_TOKEN: adminToken },
        resourcePersistencePath: await temporaryFolder(),
        cf: { colo: 'local' },
        telemetry: { enabled: false },
      }),
    )
    await miniflare.ready
    const app = { url: 'http://localhost' }
    const document = { origins: { app }, routes: [{ path: '/*', origin: 'app' }], flags: FLAGS }
    await (await miniflare.getKVNamespace('GATE')).put('config', JSON.stringify(document))
    return { url: `http://127.0.0.1:${own}`, close: () => miniflare.dispose() }
  },
}

const { values, positionals } = scriptArgs({
  options: { port: { type: 'string', default: '8787' } },
  allowPositionals: true,
})
const start = EXAMPLES[positionals[0] ?? '']
if (start === undefined) {
  console.error(`Name an example: npm run example -- ${Object.keys(EXAMPLES).join('|')}`)
  process.exit(2)
}
const adminToken = process.env.ADMIN_TOKEN ?? randomUUID()
const { url, close } = await start({ port: Number(values.port), adminToken })
console.log(`example ready on ${url}\nadmin token ${adminToken}`)
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, async () => {
    await close()
    process.exit(0)
  })
}
