/**
 * The built Worker in plain `workerd serve`, without miniflare around it: several services of one module are several
 * isolates that share the Durable Objects, each with a port of its own.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parse } from 'smol-toml'
import { PROJECT_ROOT } from '../../src/local/project-root.ts'

export type PlainWorkerdOptions = {
  /** How many isolates. */
  isolates: number
  kvPort: number
  environment?: string
  /** The module; default: dist/worker.js. */
  worker?: string
}

export type PlainWorkerd = {
  /** One address for each isolate. */
  urls: readonly string[]
  pid: number
  close(): Promise<void>
}

export const ADMIN_TOKEN = 'bench-admin-token'
const START_DEADLINE_MS = 20_000

/** Starts workerd and waits until every isolate answers. Throws, with what workerd said, when it doesn't. */
export async function startPlainWorkerd(options: PlainWorkerdOptions): Promise<PlainWorkerd> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-workerd-'))
  const ports = await Promise.all(Array.from({ length: options.isolates }, freePort))
  const config = join(folder, 'config.capnp')
  await copyFile(options.worker ?? resolve(PROJECT_ROOT, 'dist/worker.js'), join(folder, 'worker.js'))
  await writeFile(config, configText(options, ports, folder, await compatibility()))
  const child = spawn(workerdPath(), ['serve', '--experimental', config], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  child.stderr?.on('data', (data: Buffer) => {
    said = `${said}${data}`.slice(-4_000)
  })
  const urls = ports.map((port) => `http://127.0.0.1:${port}`)
  const close = async () => {
    await ended(child)
    await rm(folder, { recursive: true, force: true })
  }
  try {
    await Promise.all(urls.map((url) => answers(`${url}/__sluice/health`, child)))
  } catch {
    await close()
    throw new Error(`Cannot start workerd: ${said || 'it does not answer'}`)
  }
  return { urls, pid: child.pid ?? 0, close }
}

function configText(
  { isolates, kvPort, environment }: PlainWorkerdOptions,
  ports: number[],
  folder: string,
  compatible: Compatibility,
) {
  const names = Array.from({ length: isolates }, (_, index) => `gate${index}`)
  const namespace = (name: string, className: string, own: boolean) =>
    `(name = "${name}", durableObjectNamespace = ${own ? `"${className}"` : `(className = "${className}", serviceName = "gate0")`})`
  const workerText = (name: string, index: number) => `
const ${name} :Workerd.Worker = (
  modules = [(name = "worker.js", esModule = embed "worker.js")],
  compatibilityDate = "${compatible.compatibility_date}",
  compatibilityFlags = ${JSON.stringify(compatible.compatibility_flags)},
  bindings = [
    (name = "GATE", kvNamespace = "kv"),
    ${namespace('CONTROLLER', 'Controller', index === 0)},
    ${namespace('COUNTERS', 'Counters', index === 0)},
    (name = "ADMIN_TOKEN", text = "${ADMIN_TOKEN}"),
    (name = "ENVIRONMENT", text = "${environment ?? 'production'}"),
  ],
  ${
    index === 0
      ? `durableObjectNamespaces = [
    (className = "Controller", uniqueKey = "controller", enableSql = true),
    (className = "Counters", uniqueKey = "counters", enableSql = true),
  ],
  durableObjectStorage = (localDisk = "disk"),`
      : ''
  }
);`
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    ${names.map((name) => `(name = "${name}", worker = .${name}),`).join('\n    ')}
    (name = "kv", external = (address = "127.0.0.1:${kvPort}", http = ())),
    (name = "internet", network = (allow = ["public", "private", "local"])),
    (name = "disk", disk = (path = "${folder}", writable = true)),
  ],
  sockets = [
    ${names.map((name, index) => `(name = "${name}", address = "127.0.0.1:${ports[index]}", http = (), service = "${name}"),`).join('\n    ')}
  ],
);
${names.map(workerText).join('\n')}
`
}

type Compatibility = { compatibility_date: string; compatibility_flags: string[] }

/** What the Worker is deployed with. */
async function compatibility(): Promise<Compatibility> {
  return parse(await readFile(resolve(PROJECT_ROOT, 'wrangler.toml'), 'utf8')) as Compatibility
}

/** wrangler and miniflare bring workerd along; its package says where the program is. */
function workerdPath(): string {
  const fromMiniflare = createRequire(createRequire(import.meta.url).resolve('miniflare'))
  return (fromMiniflare('workerd') as { default: string }).default
}

async function answers(url: string, child: ChildProcess): Promise<void> {
  const deadlineMs = performance.now() + START_DEADLINE_MS
  while (child.exitCode === null && performance.now() < deadlineMs) {
    try {
      if ((await fetch(url)).ok) return
    } catch {
      // Not listening yet.
    }
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`${url} does not answer`)
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve()
    child.once('exit', () => resolve())
    child.kill('SIGKILL')
  })
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}
