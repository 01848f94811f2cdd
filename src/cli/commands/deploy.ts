import { randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse as parseToml } from 'smol-toml'
import { messageOf } from '../../core/message-of.ts'
import { type Call, type CliCommand, DOCUMENT_ARGUMENT } from '../base/command.ts'
import { Refusal } from '../base/errors.ts'
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

export const deploy: CliCommand = {
  name: 'deploy',
  group: 'Set up',
  summary: 'Build the gate and deploy it to Cloudflare',
  details:
    'Checks the document, builds the Worker with it, and deploys it with wrangler. Creates the KV namespace if wrangler.toml has none, and the secrets that the Worker lacks; a new admin token is shown only once. A gate that is already running keeps the document that it has in KV: "sluice publish" changes that.',
  arguments: [DOCUMENT_ARGUMENT],
  options: [
    { flags: '--dry-run', summary: 'build and bundle, without deploying' },
    { flags: '--no-secrets', summary: 'do not create secrets' },
  ],
  examples: [
    ['deploy', 'ask for confirmation, then deploy'],
    ['deploy --dry-run', 'check that it can be deployed'],
    ['deploy --yes --json', 'from a pipeline that has CLOUDFLARE_API_TOKEN'],
  ],
  failsWhen: 'the document has problems, or wrangler refuses',
  async run(call) {
    const { options, terminal } = call
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
    if (isDry) return call.done({ deployed: false, dryRun: true }, 'ready to deploy')
    const made = options.has('no-secrets') ? {} : await makeSecrets(call)
    const url = /https:\/\/\S+\.workers\.dev/.exec(said)?.[0] ?? null
    const token = made.ADMIN_TOKEN
      ? `\nadmin token ${made.ADMIN_TOKEN} (shown only once; store it: sluice profile add)`
      : ''
    const json = { deployed: true, name: config.name, url, secretsMade: made }
    return call.done(json, `deployed ${config.name}${url ? ` to ${url}` : ''}${token}`)
  },
}

type WranglerToml = { text: string; name: string; main: string | undefined; namespace: string | undefined }

async function readWranglerToml(folder: string): Promise<WranglerToml> {
  const text = await readFile(join(folder, 'wrangler.toml'), 'utf8').catch(() => undefined)
  if (text === undefined)
    throw new Refusal('Cannot deploy: there is no wrangler.toml here. Start with: sluice init')
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
    throw new Refusal(`Cannot deploy: wrangler.toml must be valid TOML: ${messageOf(error)}`)
  }
}

function requireLogin({ terminal }: Call): void {
  if (hasCredentials(terminal)) return
  throw new Refusal(
    'Cannot deploy: wrangler is not logged in. Set CLOUDFLARE_API_TOKEN, or run: npx wrangler login',
  )
}

async function addNamespace(call: Call, text: string): Promise<void> {
  const made = await call.during('creating the KV namespace', createNamespace(call.terminal))
  if (!made.ok) throw new Refusal(`Cannot deploy: the KV namespace could not be created: ${made.why}`)
  await writeFile(join(call.terminal.cwd, 'wrangler.toml'), text.replace(NO_NAMESPACE, made.id))
  call.tell(`created the KV namespace ${made.id} and added it to wrangler.toml`)
}

/** Creates and sets the secrets that the Worker lacks; resolves with them by name. */
async function makeSecrets(call: Call): Promise<Partial<Record<(typeof SECRETS)[number], string>>> {
  const listed = await run(call, 'listing secrets', ['secret', 'list', '--format', 'json'])
  const present = new Set((JSON.parse(listed) as { name: string }[]).map(({ name }) => name))
  const made: Partial<Record<(typeof SECRETS)[number], string>> = {}
  for (const name of SECRETS.filter((each) => !present.has(each))) {
    const value = randomBytes(24).toString('base64url')
    await run(call, `setting ${name}`, ['secret', 'put', name], value)
    made[name] = value
  }
  return made
}

/** Resolves with what wrangler printed; throws its error where it failed. */
async function run(call: Call, what: string, args: readonly string[], input?: string): Promise<string> {
  const ran = await call.during(what, wrangler(args, call.terminal, input))
  if (ran.code === 0) return ran.out
  throw new Refusal(`wrangler ${args.slice(0, 2).join(' ')} failed: ${complaintOf(ran)}`)
}
