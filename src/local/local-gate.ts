/**
 * A gate on this machine: the Worker on local workerd with KV and Durable Objects kept in a folder. `wrangler kv
 * key put --local --persist-to FOLDER` reads and writes the same KV.
 */
import type { ChildProcess } from 'node:child_process'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { join, resolve } from 'node:path'
import { parse as parseToml } from 'smol-toml'
import { dashboardFiles } from './build/dashboard-files.ts'
import { withDelayedKv } from './build/delayed-kv.ts'
import { readText } from './build/documents.ts'
import { PROJECT_ROOT } from './build/project-root.ts'
import { workerModules } from './build/worker-modules.ts'
import { ENTRY_WORKER, GATE_BINDING } from './entry-worker.ts'
import { freePort } from './free-port.ts'

export type LocalGateOptions = {
  /** 0 takes any free port. */
  port: number
  host?: string
  /** Folder for KV and Durable Objects. */
  dataDir: string
  adminToken: string
  signingKey: string | undefined
  /** The signing key before this one. */
  previousSigningKey?: string | undefined
  environment: string
  /** Text of the document to build in; default: the example. */
  bundledDocument?: string
  /** How long KV goes on showing what was there before a change; by default it shows changes at once. */
  kvDelayMs?: number | undefined
  /** Further secrets of the Worker, for example keys that documents name. */
  secrets?: Readonly<Record<string, string>>
  /** What was built before, for many gates; by default each takes its package's, or builds its own in a clone. */
  built?: BuiltGate | undefined
}

/** Worker without a document (`documentModule` of `buildWorker`), and the folder of the dashboard. */
export type BuiltGate = { worker: string; dashboard: string }

export type LocalGate = {
  url: string
  /** Reads and writes the KV namespace GATE. */
  kv: {
    get(key: string): Promise<string | null>
    put(key: string, value: string | ArrayBuffer): Promise<void>
  }
  /** Process id of workerd. */
  runtimePid(): number | undefined
  /** Called when workerd has died and been started again. */
  onRestart(listener: () => void): void
  close(): Promise<void>
}

type WranglerConfig = {
  compatibility_date: string
  compatibility_flags: string[]
  assets: { binding: string }
  kv_namespaces: { binding: string; id?: string }[]
  durable_objects: { bindings: { name: string; class_name: string }[] }
}

/** Modules are given as text; workerd only wants to know how they lie to each other. */
const MODULES_ROOT = resolve('/sluice')

const GATE = 'sluice'
const LOOPBACK = '127.0.0.1'
const MOST_ATTEMPTS = 5

/** Builds and starts a gate; resolves when it answers. */
export async function startLocalGate(options: LocalGateOptions): Promise<LocalGate> {
  if (options.port !== 0) return await startOn(options)
  for (let attempt = 1; ; attempt++) {
    try {
      return await startOn({ ...options, port: await freePort(options.host) })
    } catch (error) {
      // Another process took the port that was free a moment ago.
      const isTaken = error instanceof Error && 'code' in error && error.code === 'ERR_ADDRESS_IN_USE'
      if (!isTaken || attempt === MOST_ATTEMPTS) throw error
    }
  }
}

async function startOn(options: LocalGateOptions): Promise<LocalGate> {
  const config = parseToml(await readText(join(PROJECT_ROOT, 'wrangler.toml'))) as unknown as WranglerConfig
  const { built, bundledDocument } = options
  const [plain, dashboard] = await Promise.all([
    workerModules(bundledDocument, built?.worker),
    built === undefined ? dashboardFiles() : { folder: built.dashboard, remove: async () => undefined },
  ])
  const modules = options.kvDelayMs === undefined ? plain : withDelayedKv(plain, options.kvDelayMs)
  const { convertV4MiniflareOptions, Log, LogLevel, Miniflare } = await loadMiniflare()
  const restarts: (() => void)[] = []
  const runtime = watchRuntime()
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      workers: [
        {
          ...gateWorker(options, config),
          modules: modules.map(({ name, text }) => ({
            type: 'ESModule',
            path: join(MODULES_ROOT, name),
            contents: text,
          })),
          modulesRoot: MODULES_ROOT,
          serviceBindings: { [config.assets.binding]: { disk: { path: dashboard.folder, writable: false } } },
        },
        entryWorker(options, config),
      ],
      resourcePersistencePath: resolve(options.dataDir, 'v3'),
      telemetry: { enabled: false },
      log: new Log(LogLevel.ERROR),
      unsafeHandleRuntimeRestart: () => {
        for (const listener of restarts) listener()
      },
    }),
  )
  const close = async () => {
    runtime.unwatch()
    await miniflare.dispose()
    await dashboard.remove()
  }
  await miniflare.ready.catch(async (error: unknown) => {
    await close().catch(() => {})
    throw error
  })
  const namespace = () => miniflare.getKVNamespace('GATE')
  return {
    url: `http://${reachable(options.host ?? LOOPBACK)}:${options.port}`,
    kv: {
      get: async (key) => (await namespace()).get(key, { type: 'text' }),
      put: async (key, value) => (await namespace()).put(key, value),
    },
    runtimePid: runtime.pid,
    onRestart: (listener) => restarts.push(listener),
    close,
  }
}

/** How this machine reaches what listens on an address: what listens on all of them is on loopback as well. */
function reachable(host: string): string {
  if (host === '0.0.0.0') return LOOPBACK
  if (host === '::') return '[::1]'
  return host.includes(':') ? `[${host}]` : host
}

/** Miniflare weighs 200 MB, so the package leaves it to the project: an app that only reads decisions does without. */
async function loadMiniflare(): Promise<typeof import('miniflare')> {
  try {
    return await import('miniflare')
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND')) throw error
    const { peerDependencies } = JSON.parse(await readText(join(PROJECT_ROOT, 'package.json'))) as {
      peerDependencies: { miniflare: string }
    }
    throw new Error(
      `miniflare is not installed. Install it: npm install --save-dev miniflare@${peerDependencies.miniflare}`,
    )
  }
}

/** Miniflare keeps its child process to itself; Node tells of every process that it starts. */
function watchRuntime(): { pid(): number | undefined; unwatch(): void } {
  let child: ChildProcess | undefined
  const note = (message: unknown) => {
    const { process: started } = message as { process: ChildProcess }
    // Only a started process has a file name.
    setImmediate(() => {
      if (/\bworkerd/.test(started.spawnfile)) child = started
    })
  }
  subscribe('child_process', note)
  return { pid: () => child?.pid, unwatch: () => unsubscribe('child_process', note) }
}

/** The Worker's surroundings: as in wrangler.toml, and in the folder. */
function gateWorker(options: LocalGateOptions, config: WranglerConfig) {
  return {
    name: GATE,
    compatibilityDate: config.compatibility_date,
    compatibilityFlags: config.compatibility_flags,
    kvNamespaces: Object.fromEntries(config.kv_namespaces.map(({ binding, id = binding }) => [binding, id])),
    durableObjects: Object.fromEntries(
      config.durable_objects.bindings.map(({ name, class_name }) => [
        name,
        { className: class_name, useSQLite: true },
      ]),
    ),
    bindings: {
      ENVIRONMENT: options.environment,
      ADMIN_TOKEN: options.adminToken,
      ...(options.signingKey && { SIGNING_KEY: options.signingKey }),
      ...(options.previousSigningKey && { SIGNING_KEY_PREVIOUS: options.previousSigningKey }),
      ...options.secrets,
    },
  }
}

/** What listens on the port; Miniflare's own port is one that no one is told of. */
function entryWorker({ host = LOOPBACK, port }: LocalGateOptions, config: WranglerConfig) {
  return {
    name: 'entry',
    modules: [{ type: 'ESModule' as const, path: join(MODULES_ROOT, 'entry.js'), contents: ENTRY_WORKER }],
    modulesRoot: MODULES_ROOT,
    compatibilityDate: config.compatibility_date,
    compatibilityFlags: config.compatibility_flags,
    serviceBindings: { [GATE_BINDING]: GATE },
    unsafeDirectSockets: [{ host, port }],
  }
}
