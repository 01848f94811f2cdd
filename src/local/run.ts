/** A gate on this machine with a document that is watched, or with the demo. */

import { randomBytes } from 'node:crypto'
import { watch } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { type Shop, startShop } from '../../examples/shop/shop.ts'
import { namedSecrets } from '../core/config/named-secrets.ts'
import { parseDocument } from '../core/config/parse/parse.ts'
import { describeProblems } from '../core/config/parse/problems.ts'
import { messageOf } from '../core/message-of.ts'
import { hostnameOf } from '../platform/admin-hostname.ts'
import { readText, withOriginUrls } from './build/documents.ts'
import { PROJECT_ROOT } from './build/project-root.ts'
import { type DataHold, holdDataDir } from './data-lock.ts'
import { FilePublisher } from './file-publisher.ts'
import { type LocalGate, startLocalGate } from './local-gate.ts'

export type RunOptions = {
  /** File of the document to publish, and to publish again whenever it changes; without one the demo runs. */
  config?: string
  /** 0 takes any free port. */
  port: number
  /** The address to listen on; 127.0.0.1 by default. */
  host?: string
  /** Folder for KV and Durable Objects. */
  data: string
  /** Origin → URL to put in the place of the document's. */
  origins: Readonly<Record<string, string | undefined>>
  /** How late KV shows a change; by default at once. */
  kvDelayMs?: number | undefined
  /** The variables and secrets of the gate, as it would have them deployed, and those that the document names. */
  env: Readonly<Record<string, string | undefined>>
  /** Told of what happens while the gate runs. */
  log: (line: string) => void
}

export type LocalRun = {
  url: string
  /** Where dashboard and admin API are: on ADMIN_HOST, if that is set. */
  adminUrl: string
  adminToken: string
  /** Origin → URL, as far as the document's were replaced. */
  origins: Readonly<Record<string, string | undefined>>
  close(): Promise<void>
}

/** The document can't be used. */
export class DocumentError extends Error {}

/** The lines that tell people and scripts where the gate is. */
export function readyLines({ url, adminUrl, adminToken }: LocalRun): string {
  return `sluice ready on ${url}\ndashboard ${adminUrl}/__sluice/ui\nadmin token ${adminToken}\n`
}

/** Starts it; resolves when the gate answers. */
export async function startRun(options: RunOptions): Promise<LocalRun> {
  const hold = await holdDataDir(options.data)
  try {
    return await startHolding(options, hold)
  } catch (error) {
    await hold.release()
    throw error
  }
}

async function startHolding(options: RunOptions, hold: DataHold): Promise<LocalRun> {
  const { config, env } = options
  const adminHost = adminHostOf(env)
  const shops = config === undefined ? await startDemoOrigins(options) : []
  const origins = {
    ...Object.fromEntries(shops.map((shop) => [shop.version, shop.url])),
    ...options.origins,
  }
  const example = await readDocument(config ?? resolve(PROJECT_ROOT, 'config/gate.json'))
  const document = checked(withOriginUrlsOf(example, origins), config ?? 'config/gate.json')
  const adminToken = env.ADMIN_TOKEN || randomBytes(24).toString('base64url')
  const gate = await withoutItsListeners(() =>
    startLocalGate({
      port: options.port,
      ...(options.host !== undefined && { host: options.host }),
      dataDir: options.data,
      adminToken,
      signingKey: env.SIGNING_KEY,
      previousSigningKey: env.SIGNING_KEY_PREVIOUS,
      environment: env.ENVIRONMENT || 'development',
      bundledDocument: document,
      kvDelayMs: options.kvDelayMs,
      secrets: {
        ...secretsNamedBy(document, env),
        ...variablesIn(env),
        KV_UNCACHED: options.kvDelayMs === undefined ? 'true' : 'false',
      },
    }),
  )
  await hold.started(gate)
  const addresses = addressesOf(gate, adminHost)
  const publisher =
    config === undefined
      ? undefined
      : new FilePublisher({
          name: config,
          gate: { url: addresses.adminUrl, token: adminToken },
          memory: join(options.data, 'published.json'),
          log: options.log,
        })
  await publish(gate, document, origins, publisher)
  const unwatch =
    config === undefined || publisher === undefined
      ? () => {}
      : republishOnChange(config, { origins, log: options.log }, publisher)
  gate.onRestart(() => options.log('workerd ended unexpectedly and was started again'))
  return {
    ...addresses,
    adminToken,
    origins,
    close: async () => {
      unwatch()
      await Promise.all([gate.close(), ...shops.map((shop) => shop.close())])
      await hold.release()
    },
  }
}

/**
 * The local runtime listens to signals, and ends the process at once. Its listeners are removed, so that the gate's
 * owner can close it in good order.
 */
async function withoutItsListeners<T>(start: () => Promise<T>): Promise<T> {
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  const before = new Set(signals.flatMap((signal) => process.listeners(signal)))
  const started = await start()
  for (const signal of signals) {
    for (const listener of process.listeners(signal)) {
      if (!before.has(listener)) process.removeListener(signal, listener)
    }
  }
  return started
}

/** The demo origins, except those that `origins` replaces. */
async function startDemoOrigins({ port, origins }: RunOptions): Promise<Shop[]> {
  const wanted = [
    { version: 'old' as const, port: port && port + 1 },
    { version: 'new' as const, port: port && port + 2 },
  ]
  return await Promise.all(
    wanted
      .filter(({ version }) => origins[version] === undefined)
      .map(({ version, port }) => startShop({ version, port }).catch(() => startShop({ version, port: 0 }))),
  )
}

function withOriginUrlsOf(text: string, urls: RunOptions['origins']): string {
  if (Object.values(urls).every((url) => url === undefined)) return text
  try {
    return withOriginUrls(text, urls)
  } catch {
    // Not JSON: the check that follows says so, with the place.
    return text
  }
}

async function readDocument(path: string): Promise<string> {
  return await readText(path).catch((error: Error) => {
    throw new DocumentError(error.message)
  })
}

function checked(text: string, name: string): string {
  const parsed = parseDocument(text)
  if (parsed.ok) return text
  throw new DocumentError(`Cannot use ${name}: it has problems\n${describeProblems(parsed.problems)}`)
}

/** Keys and values of headers are secrets of the Worker; a document names them, the environment has them. */
function secretsNamedBy(document: string, env: RunOptions['env']): Record<string, string> {
  const parsed = parseDocument(document)
  if (!parsed.ok) return {}
  const given = namedSecrets(parsed.value).map((name) => [name, env[name]] as const)
  return Object.fromEntries(given.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])))
}

/** Variables of the gate besides those of its keys and environment. */
const VARIABLES = [
  ...['ADMIN_HOST', 'ACCESS_TEAM_DOMAIN', 'ACCESS_AUDIENCE', 'ACCESS_ADMINS', 'ACCESS_OPERATORS'],
]

function variablesIn(env: RunOptions['env']): Record<string, string> {
  return Object.fromEntries(VARIABLES.flatMap((name) => (env[name] ? [[name, env[name]]] : [])))
}

/** The site is on another name of this machine than the dashboard. */
function addressesOf({ url }: LocalGate, adminHost: string | undefined): Pick<LocalRun, 'url' | 'adminUrl'> {
  if (adminHost === undefined) return { url, adminUrl: url }
  const { hostname, port } = new URL(url)
  return {
    url: adminHost === hostname ? `http://localhost:${port}` : url,
    adminUrl: `http://${adminHost}:${port}`,
  }
}

function adminHostOf({ ADMIN_HOST: name }: RunOptions['env']): string | undefined {
  if (!name) return undefined
  const host = hostnameOf(name)
  if (host === undefined) throw new Error(`ADMIN_HOST must be a host such as 127.0.0.1, not ${name}`)
  return host
}

/**
 * What KV has stays, led to the origins of this run where no document was named. A named one is published: at once where
 * KV has none, else unless the gate has something else than this file published last.
 */
async function publish(
  gate: LocalGate,
  document: string,
  origins: RunOptions['origins'],
  publisher: FilePublisher | undefined,
): Promise<void> {
  const present = await gate.kv.get('config')
  if (publisher !== undefined && present !== null) return await publisher.publish(document)
  const kept = present === null ? document : withOriginUrlsOf(present, origins)
  if (kept !== present) await gate.kv.put('config', kept)
  await publisher?.remember(document)
}

/** An edit of the file is live a moment later, or the log says why not. */
function republishOnChange(
  config: string,
  { origins, log }: Pick<RunOptions, 'origins' | 'log'>,
  publisher: FilePublisher,
): () => void {
  const file = resolve(config)
  let timer: NodeJS.Timeout | undefined
  const republish = async () => {
    try {
      await publisher.publish(checked(withOriginUrlsOf(await readText(file), origins), config))
    } catch (error) {
      log(messageOf(error))
    }
  }
  // Editors replace files; watching the folder sees that, and one change is several events.
  const watcher = watch(dirname(file), (_, name) => {
    if (name !== basename(file)) return
    clearTimeout(timer)
    timer = setTimeout(() => void republish(), 100)
  })
  return () => {
    clearTimeout(timer)
    watcher.close()
  }
}
