import { randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse as parseToml } from 'smol-toml'
import { messageOf } from '../../core/message-of.ts'
import { Refusal } from '../base/errors.ts'
import type { Call, Verb } from '../base/verb.ts'
import {
  complaintOf,
  createNamespace,
  hasCredentials,
  NO_NAMESPACE,
  wrangler,
} from '../connection/wrangler.ts'
import { parsedDocument, readDocumentFile } from '../document/document-file.ts'
import { GATE_MAIN, writeGateFiles } from '../document/gate-folder.ts'

const SECRETS = ['ADMIN_TOKEN', 'SIGNING_KEY'] as const

export const deploy: Verb = {
  name: 'deploy',
  group: 'Set up',
  summary: 'Build the gate and put it on Cloudflare',
  details:
    'Checks the document, builds the Worker with it, and deploys it with wrangler. Makes the KV namespace where wrangler.toml has none yet, and secrets that the Worker lacks; a new admin token is shown once. A gate that runs already keeps the document that it has in KV: "sluice publish" changes that.',
  arguments: [{ name: '[file]', summary: 'the document (gate.json)', completes: 'files' }],
  options: [
    { flags: '--dry-run', summary: 'build and bundle, but put nothing anywhere' },
    { flags: '--no-secrets', summary: 'make no secrets' },
  ],
  examples: [
    ['deploy', 'asks, then deploys'],
    ['deploy --dry-run', 'would it be deployed?'],
    ['deploy --yes --json', 'from a pipeline that has CLOUDFLARE_API_TOKEN'],
  ],
  failsWhen: 'the document has problems, or wrangler refuses',
  async run(call) {
    const { options, terminal, paint } = call
    const isDry = options.has('dry-run')
    const file = await readDocumentFile(call.args[0], terminal)
    parsedDocument(file)
    const config = await readWranglerToml(terminal.cwd)
    if (!isDry) {
      requireLogin(call)
      await call.confirm(`Deploy ${config.name} to Cloudflare?`)
      if (config.namespace === NO_NAMESPACE) await addNamespace(call, config.text)
    }
    if (config.main === GATE_MAIN) await writeGateFiles(terminal.cwd, file.text)
    const said = await run(call, 'deploying', ['deploy', ...(isDry ? ['--dry-run'] : [])])
    if (isDry)
      return { json: { deployed: false, dryRun: true }, text: `${paint('green', '✔')} it would be deployed` }
    const made = options.has('no-secrets') ? {} : await makeSecrets(call)
    const url = /https:\/\/\S+\.workers\.dev/.exec(said)?.[0] ?? null
    const lines = [`${paint('green', '✔')} deployed ${config.name}${url ? ` to ${url}` : ''}`]
    if (made.ADMIN_TOKEN)
      lines.push(`admin token ${made.ADMIN_TOKEN} (shown once; keep it: sluice profile add)`)
    return { json: { deployed: true, name: config.name, url, secretsMade: made }, text: lines.join('\n') }
  },
}

type WranglerToml = { text: string; name: string; main: string | undefined; namespace: string | undefined }

async function readWranglerToml(folder: string): Promise<WranglerToml> {
  const text = await readFile(join(folder, 'wrangler.toml'), 'utf8').catch(() => undefined)
  if (text === undefined)
    throw new Refusal('Cannot deploy: there is no wrangler.toml here. Begin with: sluice init')
  try {
    const {
      name,
      main,
      kv_namespaces: spaces,
    } = parseToml(text) as {
      name?: string
      main?: string
      kv_namespaces?: { binding?: string; id?: string }[]
    }
    const namespace = spaces?.find(({ binding }) => binding === 'GATE')?.id
    return { text, name: name ?? 'the gate', main, namespace }
  } catch (error) {
    throw new Refusal(`Cannot deploy: wrangler.toml is not valid: ${messageOf(error)}`)
  }
}

function requireLogin({ terminal }: Call): void {
  if (hasCredentials(terminal)) return
  throw new Refusal(
    'Cannot deploy: wrangler is not logged in. Set CLOUDFLARE_API_TOKEN, or run: npx wrangler login',
  )
}

async function addNamespace(call: Call, text: string): Promise<void> {
  const made = await call.during('making the KV namespace', createNamespace(call.terminal))
  if (!made.ok) throw new Refusal(`Cannot deploy: no KV namespace could be made: ${made.why}`)
  await writeFile(join(call.terminal.cwd, 'wrangler.toml'), text.replace(NO_NAMESPACE, made.id))
  call.tell(`made the KV namespace ${made.id}, which now stands in wrangler.toml`)
}

/** Secrets that the Worker lacks, made and set; gives them by name. */
async function makeSecrets(call: Call): Promise<Partial<Record<(typeof SECRETS)[number], string>>> {
  const listed = await run(call, 'looking at secrets', ['secret', 'list', '--format', 'json'])
  const present = new Set((JSON.parse(listed) as { name: string }[]).map(({ name }) => name))
  const made: Partial<Record<(typeof SECRETS)[number], string>> = {}
  for (const name of SECRETS.filter((each) => !present.has(each))) {
    const value = randomBytes(24).toString('base64url')
    await run(call, `setting ${name}`, ['secret', 'put', name], value)
    made[name] = value
  }
  return made
}

/** What wrangler printed; throws with its complaint where it failed. */
async function run(call: Call, what: string, args: readonly string[], input?: string): Promise<string> {
  const ran = await call.during(what, wrangler(args, call.terminal, input === undefined ? {} : { input }))
  if (ran.code === 0) return ran.out
  throw new Refusal(`wrangler ${args.slice(0, 2).join(' ')} failed: ${complaintOf(ran)}`)
}
