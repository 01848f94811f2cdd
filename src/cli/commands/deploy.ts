import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text as askText, isCancel } from '@clack/prompts'
import type { GateDocument } from '../../core/config/schema/document.ts'
import { plural } from '../../core/figures.ts'
import { type Call, type CliCommand, DOCUMENT_ARGUMENT, type Result } from '../base/command.ts'
import { Declined, Refusal, UsageError } from '../base/errors.ts'
import { movedPlace, PLACE_OPTIONS, placesOf } from '../base/places.ts'
import { isHost, readToml, type WranglerToml, withAdminHost, withPlaces } from '../base/wrangler-toml.ts'
import { type NewSecrets, printedSecrets, storeSecrets } from '../connection/new-secrets.ts'
import {
  complaintOf,
  createNamespace,
  hasCredentials,
  NO_NAMESPACE,
  wrangler,
  wranglerOutput,
} from '../connection/wrangler.ts'
import { deployFaultTexts, deployPlan, deployWarnings, planLines } from '../deploy/plan.ts'
import { type DocumentFile, parsedDocument, readDocumentFile } from '../document/document-file.ts'
import { GATE_MAIN, writeGateFiles } from '../document/gate-folder.ts'

export const deploy: CliCommand = {
  name: 'deploy',
  group: 'Set up',
  summary: 'Build the gate and deploy it to Cloudflare',
  details:
    'Checks the document, builds the Worker with it, and deploys it with wrangler. Creates the KV namespace if wrangler.toml has none, and the secrets that the Worker lacks; a new admin token goes into a profile of this machine. The dashboard and the admin API get a host for themselves, ADMIN_HOST in wrangler.toml: the Worker\'s workers.dev address unless --admin-host names another. A gate that is already running keeps the document that it has in KV: "sluice publish" changes that.',
  arguments: [DOCUMENT_ARGUMENT],
  options: [
    { flags: '--dry-run', summary: 'build, bundle, and list what would be deployed' },
    { flags: '--no-secrets', summary: 'do not create secrets' },
    {
      flags: '--print-secrets',
      summary: 'print new secrets instead of storing the admin token in a profile',
    },
    { flags: '--admin-host HOST', summary: 'the host of the dashboard and the admin API, a custom domain' },
    { flags: '--no-admin-host', summary: 'let pages of the site share the host of the dashboard' },
    ...PLACE_OPTIONS,
  ],
  examples: [
    ['deploy', 'ask for confirmation, then deploy'],
    ['deploy --admin-host sluice.example.net', 'with the dashboard on a custom domain'],
    ['deploy --jurisdiction eu', 'a first deployment whose objects stay in the European Union'],
    ['deploy --dry-run', 'Worker, hosts, KV, secrets, document, first percentages, cost'],
    ['deploy --yes --json', 'from a pipeline that has CLOUDFLARE_API_TOKEN'],
  ],
  failsWhen: 'the document has problems, or wrangler refuses',
  async run(call) {
    const { options, terminal } = call
    const isDry = options.has('dry-run')
    const file = await readDocumentFile(call.args[0], terminal)
    const document = parsedDocument(file)
    const found = await readWranglerToml(terminal.cwd)
    if (isDry) return await rehearsed(call, found, file)
    refuseFaults(withOptions(call, found), document)
    for (const warning of deployWarnings(document)) call.tell(warning)
    const config = await prepared(call, found)
    if (config.main === GATE_MAIN) await writeGateFiles(terminal.cwd, file.text)
    const said = await run(call, 'deploying', ['deploy'])
    const url = /https:\/\/\S+\.workers\.dev/.exec(said)?.[0] ?? null
    const adminHost = await settledHost(call, config, url)
    const address = adminHost === null ? url : `https://${adminHost}`
    const secrets = options.has('no-secrets')
      ? { made: {}, profile: null }
      : await makeSecrets(call, config, address)
    const printed = printedSecrets(secrets, options.has('print-secrets'))
    const json = { deployed: true, name: config.name, url, adminHost, ...printed.json }
    const where = `${url ? ` to ${url}` : ''}${adminHost === null ? '' : `\ndashboard https://${adminHost}/__sluice/ui`}`
    return call.done(json, `deployed ${config.name}${where}${printed.text}`)
  },
}

/** Bundles, and lists what would be deployed; fails where that could not work. */
async function rehearsed(call: Call, found: WranglerToml, file: DocumentFile): Promise<Result> {
  const listed = deployPlan(withOptions(call, found), parsedDocument(file), file.name)
  const isShared = call.options.has('no-admin-host') && listed.adminHost === null
  const plan = isShared ? { ...listed, dashboard: 'the host of the site' } : listed
  const json = { deployed: false, dryRun: true, ready: plan.faults.length === 0, plan }
  if (!json.ready)
    return {
      json,
      text: `not ready to deploy: ${plural(plan.faults.length, 'fault')}\n${planLines(plan)}`,
      failed: true,
    }
  if (found.main === GATE_MAIN) await writeGateFiles(call.terminal.cwd, file.text)
  await run(call, 'deploying', ['deploy', '--dry-run'])
  return call.done(json, `ready to deploy\n${planLines(plan)}`)
}

/** wrangler.toml as it would be written, with what the options name. Throws where they name what can't be. */
function withOptions({ options }: Call, { text }: WranglerToml): string {
  const placed = withPlaces(
    text,
    placesOf((name) => options.text(name)),
  )
  const host = adminHostOption(options)
  return host === undefined ? placed : withAdminHost(placed, host)
}

/** Throws what would keep the gate from working. */
function refuseFaults(toml: string, document: GateDocument): void {
  const faults = deployFaultTexts(toml, document)
  if (faults.length > 0) throw new Refusal(`Cannot deploy: the gate could not work\n${faults.join('\n')}`)
}

async function readWranglerToml(folder: string): Promise<WranglerToml> {
  const text = await readFile(join(folder, 'wrangler.toml'), 'utf8').catch(() => undefined)
  if (text === undefined)
    throw new Refusal('Cannot deploy: there is no wrangler.toml here. Start with: sluice init')
  return readToml(text)
}

/** Asks for confirmation, and writes what wrangler.toml lacks. */
async function prepared(call: Call, config: WranglerToml): Promise<WranglerToml> {
  if (!hasCredentials(call.terminal)) {
    throw new Refusal(
      'Cannot deploy: wrangler is not logged in. Set CLOUDFLARE_API_TOKEN, or run: npx wrangler login',
    )
  }
  const host = await wantedHost(call, config)
  const places = placesOf((name) => call.options.text(name))
  const moved = movedPlace(config.places, places)
  if (moved !== undefined) await refuseToMove(call, moved)
  else if (config.namespace === NO_NAMESPACE && Object.keys(config.places).length === 0) call.tell(UNMOVABLE)
  await call.confirm(`Deploy ${config.name} to Cloudflare?`)
  const placed = moved === undefined ? config : await written(call, withPlaces(config.text, places))
  const namespaced = placed.namespace === NO_NAMESPACE ? await withNamespace(call, placed) : placed
  return host === undefined ? namespaced : await withHost(call, namespaced, host)
}

const UNMOVABLE =
  'Durable Objects are made near the first request, and cannot be moved later: --jurisdiction eu and --location-hint name other places'

/** A gate that is deployed has its objects: in another place it would begin with none of its counts, tokens and versions. */
async function refuseToMove({ terminal, during }: Call, name: string): Promise<void> {
  const listed = await during(
    'looking for deployments',
    wrangler(['deployments', 'list', '--json'], terminal),
  )
  if (listed.code !== 0 && NO_SUCH_WORKER.test(`${listed.err}${listed.out}`)) return
  if (listed.code !== 0)
    throw new Refusal(
      `Cannot change ${name}: wrangler does not say whether the gate is deployed, and Durable Objects cannot be moved: ${complaintOf(listed)}`,
    )
  if (listed.out.includes('"id"'))
    throw new Refusal(
      `Cannot change ${name}: the gate is deployed, and its Durable Objects cannot be moved. Deploy another gate: give it another name in wrangler.toml`,
    )
}

/** Of a Worker that was never deployed: its script, or its service, is not found. */
const NO_SUCH_WORKER = /\[code: (?:10007|10090)\]/

/** The host that the options or an answer name; undefined where wrangler.toml has one, or workers.dev will do. */
async function wantedHost({ options, terminal }: Call, config: WranglerToml): Promise<string | undefined> {
  const given = adminHostOption(options)
  if (given !== undefined) return given
  const isSettled = config.adminHost !== undefined || config.hasWorkersDev || options.has('no-admin-host')
  if (isSettled || options.has('yes') || !terminal.canAsk) return undefined
  const answer = await askText({
    message: 'Which custom domain should the dashboard have for itself?',
    placeholder: 'sluice.example.net; empty: it shares the host of the site',
    defaultValue: '',
    validate: (value) =>
      !value || isHost(value) ? undefined : 'It must be a host such as sluice.example.net',
  })
  if (isCancel(answer)) throw new Declined()
  return answer || undefined
}

function adminHostOption(options: Call['options']): string | undefined {
  const given = options.text('admin-host')
  if (given === undefined || isHost(given)) return given
  throw new UsageError(`--admin-host must be a host such as sluice.example.net, not ${given}`)
}

/** The host on which the gate now has its dashboard; moves it to workers.dev where no host was chosen. */
async function settledHost(call: Call, config: WranglerToml, url: string | null): Promise<string | null> {
  if (config.adminHost !== undefined) return config.adminHost
  if (call.options.has('no-admin-host')) return null
  if (url === null) {
    call.tell('The site shares the host of the dashboard, as ADMIN_HOST is not set: add --admin-host HOST')
    return null
  }
  const { host } = new URL(url)
  await withHost(call, config, host)
  await run(call, `moving the dashboard to ${host}`, ['deploy'])
  return host
}

async function withNamespace(call: Call, config: WranglerToml): Promise<WranglerToml> {
  const made = await call.during('creating the KV namespace', createNamespace(call.terminal))
  if (!made.ok) throw new Refusal(`Cannot deploy: the KV namespace could not be created: ${made.why}`)
  const edited = await written(call, config.text.replace(NO_NAMESPACE, made.id))
  call.tell(`created the KV namespace ${made.id} and added it to wrangler.toml`)
  return edited
}

async function withHost(call: Call, config: WranglerToml, host: string): Promise<WranglerToml> {
  const edited = await written(call, withAdminHost(config.text, host))
  call.tell(`the dashboard and the admin API answer on ${host} alone: added ADMIN_HOST to wrangler.toml`)
  return edited
}

async function written({ terminal }: Call, text: string): Promise<WranglerToml> {
  await writeFile(join(terminal.cwd, 'wrangler.toml'), text)
  return readToml(text)
}

/** Creates and sets the secrets that the Worker lacks. */
async function makeSecrets(call: Call, { name }: WranglerToml, address: string | null): Promise<NewSecrets> {
  const listed = await run(call, 'listing secrets', ['secret', 'list', '--format', 'json'])
  const present = (JSON.parse(listed) as { name: string }[]).map((each) => each.name)
  const secrets = await storeSecrets(call, { name, address, present })
  for (const [secret, value] of Object.entries(secrets.made))
    await run(call, `setting ${secret}`, ['secret', 'put', secret], value)
  return secrets
}

const run = (call: Call, what: string, args: readonly string[], input?: string): Promise<string> =>
  call.during(what, wranglerOutput(args, call.terminal, input))
