import { isIP } from 'node:net'
import { dirname, resolve } from 'node:path'
import { messageOf } from '../../core/message-of.ts'
import { DataInUse } from '../../local/data-lock.ts'
import { launcherGone } from '../../local/launcher.ts'
import { DocumentError, type LocalRun, readyLines, startRun } from '../../local/run.ts'
import { type Call, type CliCommand, DOCUMENT_ARGUMENT } from '../base/command.ts'
import { completedUrl } from '../base/completed-url.ts'
import { Refusal, UsageError } from '../base/errors.ts'
import { numberFrom, wholeNumber } from '../base/number-rule.ts'
import { jsonText } from '../base/printable.ts'
import { readDevVars } from '../connection/dev-vars.ts'
import { isLoopback, LOCAL_FOLDER, leaveNote } from '../connection/local-gate-note.ts'
import { readDocumentFile } from '../document/document-file.ts'

const DEFAULT_PORT = 8787

/** What KV of Cloudflare keeps at the least. */
const KV_CACHED_SECONDS = 30
const LONGEST_DELAY_SECONDS = 600

export const dev: CliCommand = {
  name: 'dev',
  group: 'Set up',
  summary: 'Run the gate locally',
  details:
    'Runs local workerd with the document of this folder until Ctrl-C; changes of the file are live within a second. ADMIN_TOKEN, SIGNING_KEY, ENVIRONMENT, ADMIN_HOST and the ACCESS_ variables come from the environment or from .dev.vars, in this folder or beside the document. Other commands in the same folder find this gate.',
  arguments: [DOCUMENT_ARGUMENT],
  options: [
    {
      flags: '--port N',
      summary: `port of the gate (${DEFAULT_PORT}; 0: any free port)`,
      number: wholeNumber(0, 65_535),
    },
    {
      flags: '--host ADDRESS',
      summary: 'address to listen on (127.0.0.1; 0.0.0.0: others in the network can reach the gate)',
    },
    { flags: '--data DIR', summary: 'where to store KV and Durable Objects (.sluice/state)' },
    { flags: '--origin NAME=URL', summary: 'override the URL of an origin', kind: 'list' },
    { flags: '--demo', summary: 'two demo origins and the example document' },
    { flags: '--config FILE', summary: 'the document, instead of the demo' },
    { flags: '--old URL', summary: 'your own origin instead of the demo origin "old"' },
    { flags: '--new URL', summary: 'your own origin instead of the demo origin "new"' },
    {
      flags: '--kv-delay [SECONDS]',
      summary: 'let KV show changes late, as on Cloudflare (30; without it: at once)',
      number: numberFrom(1, LONGEST_DELAY_SECONDS),
    },
  ],
  examples: [
    ['dev', 'run the document of this folder on http://127.0.0.1:8787'],
    ['dev --origin new=http://127.0.0.1:3000', 'with a local new origin'],
    ['dev --demo --port 0', 'try a gate without any setup'],
    ['dev --kv-delay', 'see how long a kill by KV alone takes in production'],
  ],
  async run(call) {
    const { options, terminal, isJson, tell } = call
    const config = await documentOf(call)
    const data = resolve(terminal.cwd, options.text('data') ?? `${LOCAL_FOLDER}/state`)
    const run = await startRun({
      ...(config !== undefined && { config }),
      port: options.number('port') ?? DEFAULT_PORT,
      ...hostOf(call),
      data,
      origins: originsOf(call),
      kvDelayMs: kvDelayMsOf(call),
      env: { ...(await secretsOf(terminal.cwd, config)), ...terminal.env },
      log: tell,
    }).catch((error: unknown) => {
      throw startFailure(error, options.text('config') !== undefined)
    })
    let takeBack = () => {}
    try {
      takeBack = await noteFor(terminal.cwd, run, data, tell)
      for (const [name, url] of Object.entries(run.origins)) tell(`${name} origin ${url}`)
      const json = { url: run.url, dashboard: `${run.adminUrl}/__sluice/ui`, adminToken: run.adminToken }
      terminal.out(isJson ? `${jsonText(json)}\n` : readyLines(run))
      await Promise.race([stopped(terminal.stop), launcherGone()])
    } finally {
      takeBack()
      await run.close()
    }
    return undefined
  },
}

/** Lets the other commands in the folder find the gate, where its admin API has a name of this machine. */
async function noteFor(
  folder: string,
  { adminUrl, adminToken }: LocalRun,
  data: string,
  tell: Call['tell'],
): Promise<() => void> {
  if (isLoopback(adminUrl)) return await leaveNote(folder, { url: adminUrl, token: adminToken, data })
  tell(
    isIP(new URL(adminUrl).hostname.replace(/^\[|\]$/g, ''))
      ? `Other commands need --url ${adminUrl}: they find a gate by themselves where it listens on this machine alone`
      : `ADMIN_HOST is not a name of this machine: other commands need --url ${adminUrl}, and the name in your hosts file`,
  )
  return () => {}
}

/** Those of the current folder and, where it lacks them, of the document's. */
async function secretsOf(cwd: string, config: string | undefined) {
  const beside = config === undefined ? {} : await readDevVars(dirname(config))
  return { ...beside, ...(await readDevVars(cwd)) }
}

/** The document's file; undefined where the demo runs. */
async function documentOf({ args, options, terminal }: Call): Promise<string | undefined> {
  const named = options.text('config')
  if (named !== undefined) return resolve(terminal.cwd, named)
  return options.has('demo') ? undefined : (await readDocumentFile(args[0], terminal)).path
}

function hostOf({ options }: Call): { host?: string } {
  const host = options.text('host')
  if (host === undefined) return {}
  if (isIP(host) || host === 'localhost') return { host }
  throw new UsageError(`--host must be an address such as 0.0.0.0, not ${host}`)
}

function kvDelayMsOf({ options }: Call): number | undefined {
  if (options.has('kv-delay')) return KV_CACHED_SECONDS * 1_000
  const seconds = options.number('kv-delay')
  return seconds && seconds * 1_000
}

function originsOf({ options }: Call): Record<string, string> {
  const given = Object.entries(options.pairs('origin'))
  const origins = Object.fromEntries(given.map(([name, url]) => [name, completedUrl(url)]))
  for (const name of ['old', 'new']) {
    const url = options.text(name)
    if (url === undefined) continue
    const completed = completedUrl(url)
    if (!/^https?:\/\/[^\s/]+/.test(completed))
      throw new UsageError(`--${name} must be a URL such as http://127.0.0.1:3000, not ${url}`)
    origins[name] = completed
  }
  return origins
}

function startFailure(error: unknown, isOption: boolean): Error {
  const message = messageOf(error)
  if (error instanceof DataInUse) return new Refusal(message)
  if (error instanceof DocumentError) return isOption ? new UsageError(message) : new Refusal(message)
  if (!/EADDRINUSE|Address already in use/.test(message))
    return new Refusal(`Cannot start the gate: ${message}`)
  return new Refusal('Cannot start the gate: the port is in use. Choose another one: sluice dev --port 9000')
}

async function stopped(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  await new Promise<void>((resolveStop) =>
    signal.addEventListener('abort', () => resolveStop(), { once: true }),
  )
}
