/** `npm start`: a gate on this machine, with two demo origins or your own. */

import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { messageOf } from '../core/message-of.ts'
import { PROJECT_ROOT } from './build/project-root.ts'
import { launcherGone } from './launcher.ts'
import { DocumentError, readyLines, startRun } from './run.ts'

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
  const { old, new: next, ...options } = readOptions()
  const run = await startRun({
    ...options,
    origins: { ...(old && { old }), ...(next && { new: next }) },
    env: process.env,
    log: (line) => console.error(line),
  })
  for (const [name, url] of Object.entries(run.origins)) console.error(`${name} origin ${url}`)
  process.stdout.write(readyLines(run))
  await untilAsked()
  await run.close()
}

/** Waits for Ctrl-C, SIGTERM, the end of the terminal or of npm. A second Ctrl-C ends it at once. */
async function untilAsked(): Promise<void> {
  const asked = new Promise<void>((ask) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => ask())
  })
  await Promise.race([asked, launcherGone()])
}

try {
  await main()
  process.exit(0)
} catch (error) {
  const message = messageOf(error)
  const inUse = message.includes('EADDRINUSE') || message.includes('Address already in use')
  console.error(inUse ? PORT_TAKEN : message)
  const isOption = (error as { code?: string }).code?.startsWith('ERR_PARSE_ARGS') === true
  if (isOption) console.error(`\n${USAGE}`)
  process.exit(isOption || error instanceof UsageError || error instanceof DocumentError ? 2 : 1)
}
