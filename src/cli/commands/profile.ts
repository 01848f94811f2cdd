import type { CliCommand } from '../base/command.ts'
import { UsageError } from '../base/errors.ts'
import { askedToken } from '../connection/asked-token.ts'
import { checkedUrl } from '../connection/connect.ts'
import { profilesPath, readProfiles, writeProfiles } from '../connection/profiles.ts'
import { table } from '../render/table.ts'

const NAME = { name: '<name>', summary: 'name of the profile' }

const add: CliCommand = {
  name: 'add',
  group: 'Manage',
  summary: 'Store a gate and its token under a name',
  details:
    'The token comes from SLUICE_TOKEN, --token-file or a prompt. The first profile becomes the current one.',
  arguments: [NAME],
  examples: [
    ['profile add production --url https://sluice.example.com', 'prompt for the token'],
    [
      'profile add staging --url https://staging.example.com --token-file -',
      'read the token from standard input',
    ],
  ],
  async run(call) {
    const { options, terminal } = call
    const name = call.args[0] ?? ''
    const url = options.text('url') ?? options.text('gate') ?? terminal.env.SLUICE_URL
    if (url === undefined) throw new UsageError('The gate must be given: --url https://sluice.example.com')
    const token = await askedToken(call)
    const { profiles, current = name } = await readProfiles(terminal)
    const profile = { url: checkedUrl(url), ...(token !== undefined && { token }) }
    await writeProfiles(terminal, { current, profiles: { ...profiles, [name]: profile } })
    const note = token === undefined ? ', without a token' : ''
    const json = { name, url: profile.url, hasToken: token !== undefined, current: current === name }
    return call.done(
      json,
      `${name} is ${profile.url}${note}${current === name ? ', and the current profile' : ''}`,
    )
  },
}

const list: CliCommand = {
  name: 'list',
  group: 'Manage',
  summary: 'List the profiles, without their tokens',
  examples: [['profile list', 'all profiles']],
  async run({ terminal, paint }) {
    const { profiles, current } = await readProfiles(terminal)
    const entries = Object.entries(profiles)
    const rows = entries.map(([name, { url, token }]) => [
      name === current ? paint('green', `${name} *`) : name,
      url,
      token === undefined ? 'no token' : 'has a token',
    ])
    const known = entries.map(([name, { url, token }]) => ({
      name,
      url,
      hasToken: token !== undefined,
      current: name === current,
    }))
    return {
      json: { file: profilesPath({ env: terminal.env }), profiles: known },
      text: rows.length === 0 ? 'No profiles yet. Add one: sluice profile add NAME --url URL' : table(rows),
    }
  },
}

const use: CliCommand = {
  name: 'use',
  group: 'Manage',
  summary: 'Make a profile the current one',
  arguments: [NAME],
  examples: [['profile use staging', 'use this gate from now on']],
  async run({ args, terminal, done }) {
    const name = args[0] ?? ''
    const known = await readProfiles(terminal)
    mustExist(known.profiles, name)
    await writeProfiles(terminal, { ...known, current: name })
    return done({ current: name }, `${name} is the current profile`)
  },
}

const remove: CliCommand = {
  name: 'remove',
  group: 'Manage',
  summary: 'Delete a profile and its token',
  arguments: [NAME],
  examples: [['profile remove staging', 'delete its token from this machine']],
  async run({ args, terminal, done }) {
    const name = args[0] ?? ''
    const { profiles, current } = await readProfiles(terminal)
    mustExist(profiles, name)
    const { [name]: _, ...rest } = profiles
    const kept = current === name ? undefined : current
    await writeProfiles(terminal, { profiles: rest, ...(kept !== undefined && { current: kept }) })
    return done({ removed: name }, `removed ${name}`)
  },
}

function mustExist(profiles: object, name: string): void {
  if (Object.hasOwn(profiles, name)) return
  const known = Object.keys(profiles).join(', ') || 'none yet'
  throw new UsageError(`There is no profile ${name} (profiles: ${known})`)
}

export const profile: CliCommand = {
  name: 'profile',
  group: 'Manage',
  summary: 'Store gates by name, with their tokens',
  details: 'Profiles are stored in a file that only you can read. Commands use the current one by default.',
  examples: [['profile add production --url https://sluice.example.com', 'store a gate']],
  subcommands: [add, list, use, remove],
}
