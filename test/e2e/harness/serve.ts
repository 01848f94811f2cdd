/**
 * A gate in plain `workerd serve`, with everything around it in the test's hands: KV is an HTTP service that can
 * fail or hang, Durable Objects can throw, the Worker can be another one, and there can be several isolates.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse as parseToml } from 'smol-toml'
import { inject } from 'vitest'
import { buildWorker, PROJECT_ROOT } from '../../../src/local/build/build-worker.ts'
import { readText } from '../../../src/local/build/documents.ts'
import { DOCUMENT_MODULE } from '../../../src/local/build/worker-modules.ts'
import { freePort } from '../../../src/local/free-port.ts'
import { eventually } from './eventually.ts'
import { ADMIN_TOKEN } from './running-gate.ts'

export type ServeOptions = {
  /** The document that is built in. */
  document: object
  kv: KvServer
  /** Isolates that share the Durable Objects, each with its own address. Default 1. */
  isolates?: number
  /** True: each call of a Durable Object throws. */
  brokenObjects?: boolean
  /** What they throw. */
  brokenBy?: string
  /** Another Worker than src/index.ts: path from the root of the project. */
  entry?: string
  environment?: string
  /** Workers behind service bindings: binding → module. */
  workers?: Readonly<Record<string, string>>
  /** True: with the dashboard's files. */
  dashboard?: boolean
}

/** `log`: what workerd has written so far, the Worker's log lines included. */
export type ServedGate = { urls: string[]; log(): string; close(): Promise<void> }

/** Builds the Worker and serves it; resolves when each isolate answers. */
export async function serve(options: ServeOptions): Promise<ServedGate> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-serve-'))
  await mkdir(join(folder, 'objects'))
  await layWorker(folder, options)
  await writeFile(join(folder, 'broken.js'), brokenObjects(options.brokenBy))
  for (const [name, module] of Object.entries(options.workers ?? {}))
    await writeFile(join(folder, `${name}.js`), module)
  const ports: number[] = []
  for (let n = 0; n < (options.isolates ?? 1); n++) ports.push(await freePort())
  await writeFile(join(folder, 'config.capnp'), await configOf(options, ports, folder))
  const child = spawn(
    join(PROJECT_ROOT, 'node_modules/workerd/bin/workerd'),
    ['serve', 'config.capnp', '--experimental'],
    { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] },
  )
  const log = collect(child)
  const urls = ports.map((port) => `http://127.0.0.1:${port}`)
  for (const url of urls) {
    await eventually('workerd answers', async () => {
      if (child.exitCode !== null) throw new Error(`workerd ended: ${log()}`)
      return (await fetch(`${url}/__sluice/health`)).ok
    })
  }
  return {
    urls,
    log,
    close: async () => {
      const ended = once(child, 'close')
      child.kill('SIGKILL')
      await ended
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** What was built for all tests, with the document beside it; another Worker is built here. */
async function layWorker(folder: string, { document, entry }: ServeOptions): Promise<void> {
  const outfile = join(folder, 'worker.js')
  await writeFile(join(folder, 'document.js'), `export default ${JSON.stringify(document)}`)
  if (entry === undefined) await copyFile(inject('built').worker, outfile)
  else
    await buildWorker({
      outfile,
      entry: join(PROJECT_ROOT, entry),
      documentModule: DOCUMENT_MODULE,
      minify: false,
    })
}

const brokenObjects = (why = 'this object is broken, as the test wants it') => `
import { DurableObject } from 'cloudflare:workers'
class Broken extends DurableObject {
  constructor(...rest) { super(...rest); throw new Error(${JSON.stringify(why)}) }
}
export class Controller extends Broken {}
export class Counters extends Broken {}
export default { fetch: () => new Response('nothing here') }
`

async function configOf(options: ServeOptions, ports: readonly number[], folder: string): Promise<string> {
  const { kv, environment = 'development', brokenObjects = false, dashboard = false, workers = {} } = options
  const bound = Object.keys(workers)
  const wrangler = parseToml(await readText(join(PROJECT_ROOT, 'wrangler.toml'))) as {
    compatibility_date: string
    compatibility_flags: string[]
  }
  const flags = wrangler.compatibility_flags.map((flag) => `"${flag}"`).join(', ')
  const runtime = `compatibilityDate = "${wrangler.compatibility_date}", compatibilityFlags = [${flags}]`
  const objectsOf = (service: string) => `
    durableObjectNamespaces = [
      (className = "Controller", uniqueKey = "${service}-controller", enableSql = true),
      (className = "Counters", uniqueKey = "${service}-counters", enableSql = true),
    ],
    durableObjectStorage = (localDisk = "objects")`
  const owner = brokenObjects ? 'broken' : 'gate0'
  const worker = (n: number) => `
    (name = "gate${n}", worker = (
      modules = [
        (name = "worker.js", esModule = embed "worker.js"),
        (name = "document.js", esModule = embed "document.js"),
      ], ${runtime},
      bindings = [
        (name = "GATE", kvNamespace = "kv"),
        (name = "CONTROLLER", durableObjectNamespace = (className = "Controller", serviceName = "${owner}")),
        (name = "COUNTERS", durableObjectNamespace = (className = "Counters", serviceName = "${owner}")),
        (name = "ENVIRONMENT", text = "${environment}"),
        (name = "ADMIN_TOKEN", text = "${ADMIN_TOKEN}"),${dashboard ? '\n        (name = "ASSETS", service = "dashboard"),' : ''}${bound.map((name) => `\n        (name = "${name}", service = "${name}"),`).join('')}
      ],
      globalOutbound = "network",${n === 0 ? objectsOf('gate') : ''}
    )),`
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [${ports.map((_, n) => worker(n)).join('')}
    (name = "broken", worker = (
      modules = [(name = "broken.js", esModule = embed "broken.js")], ${runtime},${objectsOf('broken')}
    )),
    ${bound.map((name) => `(name = "${name}", worker = (modules = [(name = "app.js", esModule = embed "${name}.js")], ${runtime})),`).join('')}
    ${dashboard ? `(name = "dashboard", disk = "${inject('built').dashboard}"),` : ''}
    (name = "kv", external = (address = "127.0.0.1:${kv.port}", http = ())),
    (name = "network", network = (allow = ["public", "private"])),
    (name = "objects", disk = (path = "${join(folder, 'objects')}", writable = true)),
  ],
  sockets = [${ports
    .map((port, n) => `(name = "s${n}", address = "127.0.0.1:${port}", http = (), service = "gate${n}")`)
    .join(', ')}],
);
`
}

function collect(child: ChildProcess): () => string {
  let text = ''
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (data) => (text += data))
  return () => text
}

export type KvMood = 'well' | 'failing' | 'hanging'

export type KvServer = {
  port: number
  values: Map<string, string>
  /** How it answers from now on. */
  mood: KvMood
  /** Reads that arrived, whatever the answer. */
  reads: number
  close(): Promise<void>
}

/** KV as workerd speaks to it. */
export async function startKv(values: Readonly<Record<string, string>> = {}): Promise<KvServer> {
  const server = createServer((request, response) => void answer(request, response))
  const kv: KvServer = {
    port: 0,
    values: new Map(Object.entries(values)),
    mood: 'well',
    reads: 0,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = ''
    for await (const chunk of request) body += chunk
    if (request.method !== 'PUT') kv.reads += 1
    if (kv.mood === 'hanging') return
    if (kv.mood === 'failing') return void response.writeHead(500).end('KV is out of order')
    const { pathname } = new URL(request.url ?? '/', 'http://kv')
    const key = decodeURIComponent(pathname.slice(1))
    if (request.method === 'PUT') {
      kv.values.set(key, body)
      return void response.writeHead(200).end()
    }
    if (request.method === 'POST') {
      const { keys } = JSON.parse(body) as { keys: string[] }
      return void response.end(
        JSON.stringify(Object.fromEntries(keys.map((each) => [each, kv.values.get(each) ?? null]))),
      )
    }
    const value = kv.values.get(key)
    if (value === undefined) return void response.writeHead(404).end()
    response.end(value)
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  kv.port = typeof address === 'object' && address ? address.port : 0
  return kv
}
