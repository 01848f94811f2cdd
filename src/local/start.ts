/** `npm start`: a gate on this machine, with two demo origins or your own. */
import { randomBytes } from 'node:crypto'
import { watch } from 'node:fs'
import { basename, dirname, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { type Shop, startShop } from '../../examples/shop/shop.ts'
import { parseDocument } from '../core/config/parse.ts'
import { PROJECT_ROOT } from './build-worker.ts'
import { holdDataDir, refuseSharing } from './data-lock.ts'
import { describeProblems, readText, withOriginUrls } from './documents.ts'
import { type LocalGate, startLocalGate } from './gate.ts'

const USAGE = `Usage: npm start -- [options]

  --config FILE   gate document to publish, and to publish again whenever it changes; no demo origin starts
  --port N        port of the gate (default 8787; 0: any free one)
  --old URL       your own origin in the place of "old"
  --new URL       your own origin in the place of "new"
  --data DIR      where KV and Durable Objects are kept between runs (default .wrangler/state)
  --help          this text

ADMIN_TOKEN and SIGNING_KEY are taken from the environment where they are set.`

const DEFAULT_PORT = 8787

const PORT_TAKEN = `Cannot start: the port is taken, by another program or by the runtime (a process named workerd) of a
gate that was ended by force. Choose another port, such as npm start -- --port 9000`

type Options = { config?: string; port: number; old?: string; new?: string; data: string }

/** What a person did wrong; shown without a stack, exit code 2. */
class UsageError extends Error {}

function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      config: { type: 'string' },
      port: { type: 'string' },
      old: { type: 'string' },
      new: { type: 'string' },
      data: { type: 'string' },
      help: { type: 'boolean' },
    },
  })
  if (values.help) {
    console.log(USAGE)
    process.exit(0)
  }
  const port = Number(values.port ?? DEFAULT_PORT)
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new UsageError(`Cannot use --port ${values.port}: a port is a whole number from 0 to 65535`)
  }
  for (const name of ['old', 'new'] as const) {
    const url = values[name]
    if (url !== undefined && !/^https?:\/\/[^\s/]+/.test(url)) {
      throw new UsageError(`Cannot use --${name} ${url}: an origin is a URL such as http://127.0.0.1:3000`)
    }
  }
  const { config, old, new: next, data = resolve(PROJECT_ROOT, '.wrangler/state') } = values
  return { port, data, ...(config && { config }), ...(old && { old }), ...(next && { new: next }) }
}

async function main(): Promise<void> {
  const options = readOptions()
  await refuseSharing(options.data)
  const shops = options.config === undefined ? await startDemoOrigins(options) : []
  const urls = { old: options.old ?? urlOf(shops, 'old'), new: options.new ?? urlOf(shops, 'new') }
  const example = await readText(options.config ?? resolve(PROJECT_ROOT, 'config/gate.json'))
  const document = checked(withOriginUrlsOf(example, urls), options.config ?? 'config/gate.json')
  const adminToken = process.env.ADMIN_TOKEN || randomBytes(24).toString('base64url')
  const gate = await startLocalGate({
    port: options.port,
    dataDir: options.data,
    adminToken,
    signingKey: process.env.SIGNING_KEY,
    environment: process.env.ENVIRONMENT || 'development',
    bundledDocument: document,
    secrets: secretsNamedBy(document),
  })
  const leaveDataDir = await holdDataDir(options.data, gate.url)
  await publish(gate, options, document, urls)
  announce(gate, adminToken, urls)
  if (options.config !== undefined) republishOnChange(gate, options.config, urls)
  gate.onRestart(() => console.error('workerd ended unexpectedly and was started again'))
  await untilAsked()
  await Promise.all([leaveDataDir(), gate.close(), ...shops.map((shop) => shop.close())])
}

/** The demo origins that nobody has put an own origin in the place of. */
async function startDemoOrigins(options: Options): Promise<Shop[]> {
  const base = options.port === 0 ? 0 : options.port
  const wanted = [
    { version: 'old' as const, port: base && base + 1, own: options.old },
    { version: 'new' as const, port: base && base + 2, own: options.new },
  ]
  const missing = wanted.filter(({ own }) => own === undefined)
  return await Promise.all(
    missing.map(({ version, port }) =>
      startShop({ version, port }).catch(() => startShop({ version, port: 0 })),
    ),
  )
}

function urlOf(shops: readonly Shop[], version: string): string | undefined {
  return shops.find((shop) => shop.version === version)?.url
}

function withOriginUrlsOf(text: string, urls: Readonly<Record<string, string | undefined>>): string {
  if (Object.values(urls).every((url) => url === undefined)) return text
  try {
    return withOriginUrls(text, urls)
  } catch {
    // Not JSON: the check that follows says so, with the place.
    return text
  }
}

function checked(text: string, name: string): string {
  const parsed = parseDocument(text)
  if (!parsed.ok)
    throw new UsageError(`Cannot use ${name}: it has problems\n${describeProblems(parsed.problems)}`)
  return text
}

/** Keys for tokens are secrets of the Worker; a document names them, the environment has them. */
function secretsNamedBy(document: string): Record<string, string> {
  const parsed = parseDocument(document)
  const name = parsed.ok ? parsed.value.context.jwt?.secretBinding : undefined
  const value = name === undefined ? undefined : process.env[name]
  return name === undefined || value === undefined ? {} : { [name]: value }
}

/** A document that was named is published; without one, what KV has stays, led to the origins of this run. */
async function publish(
  gate: LocalGate,
  options: Options,
  document: string,
  urls: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  const present = await gate.kv.get('config')
  const kept = options.config === undefined && present !== null ? withOriginUrlsOf(present, urls) : document
  if (kept !== present) await gate.kv.put('config', kept)
}

/** Whoever edits the file sees it live a moment later, or is told what is wrong with it. */
function republishOnChange(
  gate: LocalGate,
  config: string,
  urls: Readonly<Record<string, string | undefined>>,
): void {
  const file = resolve(config)
  let published = ''
  let timer: NodeJS.Timeout | undefined
  const republish = async () => {
    try {
      const document = checked(withOriginUrlsOf(await readText(file), urls), config)
      if (document === published) return
      published = document
      await gate.kv.put('config', document)
      console.error(`published ${config}`)
    } catch (error) {
      console.error(error instanceof Error ? error.message : String(error))
    }
  }
  // Editors replace files; watching the folder sees that, and one change is several events.
  watch(dirname(file), (_, name) => {
    if (name !== basename(file)) return
    clearTimeout(timer)
    timer = setTimeout(() => void republish(), 100)
  })
}

function announce(
  gate: LocalGate,
  adminToken: string,
  urls: Readonly<Record<string, string | undefined>>,
): void {
  for (const [name, url] of Object.entries(urls)) {
    if (url !== undefined) console.error(`${name} origin ${url}`)
  }
  console.log(`sluice ready on ${gate.url}`)
  console.log(`dashboard ${gate.url}/__sluice/ui`)
  console.log(`admin token ${adminToken}`)
}

/**
 * Waits for Ctrl-C, SIGTERM or the end of the terminal. The local runtime has listeners of its own, which end the process on the spot: they
 * go, so that the gate is closed in good order. A second Ctrl-C ends it at once.
 */
async function untilAsked(): Promise<void> {
  await new Promise<void>((ask) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.removeAllListeners(signal)
      process.once(signal, () => ask())
    }
  })
}

try {
  await main()
  process.exit(0)
} catch (error) {
  const message = error instanceof Error ? error.message : String(error)
  const inUse = message.includes('EADDRINUSE') || message.includes('Address already in use')
  console.error(inUse ? PORT_TAKEN : message)
  const usage = error instanceof UsageError || (error as { code?: string }).code?.startsWith('ERR_PARSE_ARGS')
  if (usage && !(error instanceof UsageError)) console.error(`\n${USAGE}`)
  process.exit(usage ? 2 : 1)
}
