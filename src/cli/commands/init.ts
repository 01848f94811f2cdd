import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { parseDocument } from '../../core/config/parse/parse.ts'
import type { Call, CliCommand } from '../base/command.ts'
import { completedUrl } from '../base/completed-url.ts'
import { paragraphs, Refusal, UsageError } from '../base/errors.ts'
import { ownCommand } from '../base/own-command.ts'
import { PLACE_OPTIONS, placesOf } from '../base/places.ts'
import type { Terminal } from '../base/terminal.ts'
import { isHost } from '../base/wrangler-toml.ts'
import { DEV_VARS } from '../connection/dev-vars.ts'
import { writePrivately } from '../connection/private-file.ts'
import { createNamespace, hasCredentials } from '../connection/wrangler.ts'
import {
  countriesIn,
  type Identity,
  identityIn,
  initFiles,
  invalidCountry,
  type Wishes,
} from '../document/init-files.ts'
import { wizard } from '../document/init-wizard.ts'
import { table } from '../render/table.ts'

export const init: CliCommand = {
  name: 'init',
  group: 'Set up',
  summary: 'Set up a gate in a folder',
  details:
    'Writes a document with one flag between two origins, wrangler.toml, and local secrets. The flag begins with testers alone (cookie tester=1) and at 0 %, and asks for approval before 50 %. On a terminal it asks for what the options do not give. If wrangler is logged in, it creates the KV namespace as well.',
  arguments: [{ name: '[folder]', summary: 'where to (the current folder)', completes: 'files' }],
  options: [
    { flags: '--old URL', summary: 'the origin that serves all visitors today; localhost:3000 will do' },
    { flags: '--new URL', summary: 'the origin to move to' },
    { flags: '--flag KEY', summary: 'key of the flag (new-site)' },
    { flags: '--owner NAME', summary: 'team or person to ask about the flag' },
    { flags: '--login NAME', summary: 'cookie that names a logged-in visitor, or header:NAME' },
    { flags: '--webhook URL', summary: 'who is told of rollbacks and approvals' },
    { flags: '--countries LIST', summary: 'start with these countries, such as US,RO' },
    { flags: '--name NAME', summary: 'name of the Worker (the name of the folder)' },
    { flags: '--admin-host HOST', summary: 'custom domain of the dashboard (the address on workers.dev)' },
    ...PLACE_OPTIONS,
    { flags: '--kv ID', summary: 'id of an existing KV namespace' },
    { flags: '--no-kv', summary: 'do not create a KV namespace' },
    { flags: '--force', summary: 'overwrite existing files' },
  ],
  examples: [
    ['init', 'answer a few questions'],
    ['init --old https://old.example.com --new https://new.example.com', 'without questions'],
    ['init --old localhost:3000 --new localhost:4000 --login uid', 'two servers on this machine'],
    ['init shop --yes --countries US,RO', 'in a new folder, with defaults for the rest'],
  ],
  failsWhen: 'one of the files exists already',
  async run(call) {
    const folder = resolve(call.terminal.cwd, call.args[0] ?? '.')
    const wishes = checked(await wishesOf(call, folder))
    refuseToOverwrite(call, folder, Object.keys(await initFiles(wishes)))
    await mkdir(folder, { recursive: true })
    const namespace = await namespaceFor(call, folder)
    const files = await initFiles(wishes, namespace)
    const parsed = parseDocument(files['gate.json'] ?? '')
    if (!parsed.ok) throw new UsageError(`The document must be valid\n${paragraphs(parsed.problems)}`)
    const written = await write(folder, files)
    return {
      json: { folder, files: written, kvNamespace: namespace ?? null },
      text: nextSteps(call, { files: written, namespace, flag: wishes.flag }),
    }
  },
}

async function wishesOf(call: Call, folder: string): Promise<Wishes> {
  const { options, terminal } = call
  const countries = options.text('countries')
  const login = options.text('login')
  const given: Partial<Wishes> = {
    name: options.text('name') ?? nameFrom(folder),
    adminHost: options.text('admin-host'),
    places: placesOf((name) => options.text(name)),
    ...options.texts('flag', 'owner', 'webhook'),
    ...urlsOf(call),
    ...(login !== undefined && { identity: loginOf(login) }),
    ...(countries !== undefined && { countries: countriesIn(countries) }),
  }
  if (options.has('yes') || (given.old !== undefined && given.new !== undefined)) return withDefaults(given)
  if (!terminal.canAsk) {
    throw new UsageError('Cannot ask for the origins without a terminal. Give --old and --new, or --yes')
  }
  return withDefaults(await wizard(given))
}

function urlsOf({ options }: Call): { old?: string; new?: string } {
  const { old, new: next } = options.texts('old', 'new')
  return { ...(old && { old: completedUrl(old) }), ...(next && { new: completedUrl(next) }) }
}

function loginOf(text: string): Identity {
  const identity = identityIn(text)
  if (identity !== undefined) return identity
  throw new UsageError(`--login must be the name of a cookie, or header:NAME, not ${text}`)
}

function withDefaults(given: Partial<Wishes>): Wishes {
  return {
    name: given.name ?? 'sluice',
    old: given.old ?? 'http://127.0.0.1:3000',
    new: given.new ?? 'http://127.0.0.1:3001',
    flag: given.flag ?? 'new-site',
    owner: given.owner,
    identity: given.identity,
    webhook: given.webhook,
    adminHost: given.adminHost,
    places: given.places,
    countries: given.countries ?? [],
  }
}

function checked(wishes: Wishes): Wishes {
  const stray = invalidCountry(wishes.countries)
  if (stray !== undefined)
    throw new UsageError(`A country must be a code such as RO, or a name, not ${stray}`)
  if (wishes.adminHost !== undefined && !isHost(wishes.adminHost))
    throw new UsageError(`--admin-host must be a host such as sluice.example.net, not ${wishes.adminHost}`)
  if (/^[a-z0-9][a-z0-9-]{0,53}$/.test(wishes.name)) return wishes
  throw new UsageError(`The name must be at most 54 of a-z, 0-9 and -, not ${wishes.name}`)
}

function nameFrom(folder: string): string {
  const name = basename(folder)
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
  return name.replace(/^-+|-+$/g, '').slice(0, 54) || 'sluice'
}

function refuseToOverwrite({ options }: Call, folder: string, names: readonly string[]): void {
  const present = names.filter((name) => name !== '.gitignore' && existsSync(join(folder, name)))
  if (present.length === 0 || options.has('force')) return
  throw new Refusal(
    `Cannot set up a gate here: ${present.join(', ')} exist already. Add --force to overwrite them`,
  )
}

/** The id of the KV namespace; undefined where none was created. */
async function namespaceFor(call: Call, folder: string): Promise<string | undefined> {
  const { options, tell } = call
  const given = options.text('kv')
  if (given !== undefined) {
    if (/^[0-9a-f]{32}$/.test(given)) return given
    throw new UsageError(`--kv must be 32 hexadecimal digits, not ${given}`)
  }
  const terminal: Terminal = { ...call.terminal, cwd: folder }
  if (options.has('no-kv') || !hasCredentials(terminal)) return undefined
  const made = await call.during('creating the KV namespace', createNamespace(terminal))
  if (made.ok) return made.id
  tell(`the KV namespace was not created: ${made.why}`)
  return undefined
}

async function write(folder: string, files: Readonly<Record<string, string>>): Promise<string[]> {
  // Nothing is secret in a repository: what git must leave alone is written first.
  const isFirst = ([name]: [string, string]) => (name === '.gitignore' ? 0 : 1)
  for (const [name, text] of Object.entries(files).toSorted((a, b) => isFirst(a) - isFirst(b))) {
    const path = join(folder, name)
    if (name === '.gitignore') await addLines(path, text)
    else if (name === DEV_VARS) await writePrivately(path, text)
    else await writeFile(path, text)
  }
  return Object.keys(files)
}

/** Adds the lines that an existing .gitignore lacks. */
async function addLines(path: string, text: string): Promise<void> {
  const present = await readFile(path, 'utf8').catch(() => '')
  const lines = new Set(present.split('\n'))
  const missing = text.split('\n').filter((line) => line !== '' && !lines.has(line))
  const gap = present === '' || present.endsWith('\n') ? '' : '\n'
  if (missing.length > 0) await writeFile(path, `${present}${gap}${missing.join('\n')}\n`)
}

type Written = { files: readonly string[]; namespace: string | undefined; flag: string }

function nextSteps({ paint, args, terminal }: Call, { files, namespace, flag }: Written): string {
  const sluice = ownCommand(terminal, resolve(terminal.cwd, args[0] ?? '.'))
  const steps = [
    ...(args[0] ? [[`cd ${args[0]}`]] : []),
    [`${sluice} dev`, '# run the gate on http://127.0.0.1:8787'],
    [`${sluice} advance ${flag}`, '# begin: 1 % of visitors get the new origin'],
    [`${sluice} check --live`, '# ask both origins as the gate will'],
    [`${sluice} doctor`, '# check the setup'],
    [`${sluice} deploy`, `# deploy to Cloudflare${namespace ? '' : ', with KV namespace and secrets'}`],
  ]
  return `${paint('green', '✔')} wrote ${files.join(', ')}\n\nNext:\n${table(steps.map(([line = '', ...rest]) => [`  ${line}`, ...rest]))}`
}
