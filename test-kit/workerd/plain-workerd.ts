/**
 * The built Worker in plain `workerd serve`, without miniflare around it: several services of one module are several
 * isolates that share the Durable Objects, each with its own port.
 */
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { PROJECT_ROOT } from '../../src/local/build/project-root.ts'
import { freePort } from '../../src/local/free-port.ts'
import { type Compatibility, compatibility, runWorkerd } from './workerd-process.ts'

export type PlainWorkerdOptions = {
  /** How many isolates. */
  isolates: number
  kvPort: number
  environment?: string
  signingKey?: string
  /** The module; default: dist/worker.js. */
  worker?: string
  /** Another build, whose Durable Objects the isolates use: as on the platform during a deployment. */
  objects?: string
  /** Besides those of wrangler.toml. */
  compatibilityFlags?: readonly string[]
}

export type PlainWorkerd = {
  /** One address for each isolate. */
  urls: readonly string[]
  pid: number
  /** Kills it as a crash does, and starts it again with what it had stored; with other builds, if given. */
  restart(builds?: { worker?: string; objects?: string }): Promise<void>
  close(): Promise<void>
}

export const ADMIN_TOKEN = 'bench-admin-token'
/** What a test sends in this header, as JSON, is the request's `cf`, as on Cloudflare. */
export const CF_HEADER = 'x-test-cf'

/** Starts workerd and waits until every isolate answers. Throws, with what workerd said, when it doesn't. */
export async function startPlainWorkerd(options: PlainWorkerdOptions): Promise<PlainWorkerd> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-workerd-'))
  const ports = await Promise.all(Array.from({ length: options.isolates }, () => freePort()))
  const config = join(folder, 'config.capnp')
  const compatible = await compatibility()
  const lay = async ({ worker, objects }: { worker?: string | undefined; objects?: string | undefined }) => {
    const module = worker ?? resolve(PROJECT_ROOT, 'dist/worker.js')
    await copyFile(module, join(folder, 'worker.js'))
    if (objects !== undefined) await copyFile(objects, join(folder, 'objects.js'))
    await writeFile(config, configText(options, ports, folder, compatible))
  }
  await lay(options)
  const urls = ports.map((port) => `http://127.0.0.1:${port}`)
  const remove = () => rm(folder, { recursive: true, force: true })
  const run = () =>
    runWorkerd(
      config,
      urls.map((url) => `${url}/__sluice/health`),
    )
  try {
    let running = await run()
    return {
      urls,
      get pid() {
        return running.pid
      },
      restart: async (builds) => {
        await running.close()
        if (builds) await lay(builds)
        running = await run()
      },
      close: () => running.close().then(remove),
    }
  } catch (error) {
    await remove()
    throw error
  }
}

function configText(
  { isolates, kvPort, environment, signingKey, objects, compatibilityFlags = [] }: PlainWorkerdOptions,
  ports: number[],
  folder: string,
  compatible: Compatibility,
) {
  const names = Array.from({ length: isolates }, (_, index) => `gate${index}`)
  const owner = objects === undefined ? 'gate0' : 'objects'
  const services = objects === undefined ? names : ['objects', ...names]
  const namespace = (name: string, className: string, owns: boolean) =>
    `(name = "${name}", durableObjectNamespace = ${owns ? `"${className}"` : `(className = "${className}", serviceName = "${owner}")`})`
  const workerText = (name: string) => `
const ${name} :Workerd.Worker = (
  modules = [(name = "worker.js", esModule = embed "${name === 'objects' ? 'objects' : 'worker'}.js")],
  compatibilityDate = "${compatible.compatibility_date}",
  compatibilityFlags = ${JSON.stringify([...compatible.compatibility_flags, ...compatibilityFlags])},
  bindings = [
    (name = "GATE", kvNamespace = "kv"),
    ${namespace('CONTROLLER', 'Controller', name === owner)},
    ${namespace('COUNTERS', 'Counters', name === owner)},
    (name = "ADMIN_TOKEN", text = "${ADMIN_TOKEN}"),
    (name = "ENVIRONMENT", text = "${environment ?? 'production'}"),
    ${signingKey === undefined ? '' : `(name = "SIGNING_KEY", text = "${signingKey}"),`}
  ],
  ${
    name === owner
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
    ${services.map((name) => `(name = "${name}", worker = .${name}),`).join('\n    ')}
    (name = "kv", external = (address = "127.0.0.1:${kvPort}", http = ())),
    (name = "internet", network = (allow = ["public", "private", "local"])),
    (name = "disk", disk = (path = "${folder}", writable = true)),
  ],
  sockets = [
    ${names.map((name, index) => `(name = "${name}", address = "127.0.0.1:${ports[index]}", http = (cfBlobHeader = "${CF_HEADER}"), service = "${name}"),`).join('\n    ')}
  ],
);
${services.map(workerText).join('\n')}
`
}
