import { isCancel, password } from '@clack/prompts'
import { Declined, UsageError } from '../base/errors.ts'
import type { Call, Verb } from '../base/verb.ts'
import { checkedUrl, readToken } from '../connection/connect.ts'
import { profilesPath, readProfiles, writeProfiles } from '../connection/profiles.ts'
import { table } from '../render/table.ts'

const NAME = { name: '<name>', summary: 'name of the profile' }

const add: Verb = {
  name: 'add',
  group: 'Manage',
  summary: 'Keep a gate and its token under a name',
  details:
    'The token comes from SLUICE_TOKEN, --token-file, or is asked for. The first profile becomes the current one.',
  arguments: [NAME],
  examples: [
    ['profile add production --url https://www.example.com', 'asks for the token'],
    ['profile add staging --url https://staging.example.com --token-file -', 'reads it from standard input'],
  ],
  async run(call) {
    const { options, terminal } = call
    const name = call.args[0] ?? ''
    const url = options.text('url') ?? options.text('gate') ?? terminal.env.SLUICE_URL
    if (url === undefined) throw new UsageError('Say where the gate is: --url https://www.example.com')
    const token = await tokenFor(call)
    const { profiles, current = name } = await readProfiles(terminal)
    const profile = { url: checkedUrl(url), ...(token !== undefined && { token }) }
    await writeProfiles(terminal, { current, profiles: { ...profiles, [name]: profile } })
    const note = token === undefined ? ', without a token' : ''
    return {
      json: { name, url: profile.url, hasToken: token !== undefined, current: current === name },
      text: `${call.paint('green', '✔')} ${name} is ${profile.url}${note}${current === name ? ', and the current one' : ''}`,
    }
  },
}

async function tokenFor({ options, terminal }: Call): Promise<string | undefined> {
  const file = options.text('token-file')
  if (file !== undefined) return await readToken(file, terminal)
  const known = options.text('token') ?? terminal.env.SLUICE_TOKEN
  if (known || !terminal.canAsk || options.has('yes')) return known || undefined
  const answer = await password({ message: 'Token of the admin API' })
  if (isCancel(answer)) throw new Declined()
  return answer || undefined
}

const list: Verb = {
  name: 'list',
  group: 'Manage',
  summary: 'Profiles, without their tokens',
  examples: [['profile list', 'the gates that are known here']],
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
      text: rows.length === 0 ? 'No profiles yet: sluice profile add NAME --url URL' : table(rows),
    }
  },
}

const use: Verb = {
  name: 'use',
  group: 'Manage',
  summary: 'Make a profile the current one',
  arguments: [NAME],
  examples: [['profile use staging', 'verbs mean this gate from now on']],
  async run({ args, terminal, paint }) {
    const name = args[0] ?? ''
    const known = await readProfiles(terminal)
    mustExist(known.profiles, name)
    await writeProfiles(terminal, { ...known, current: name })
    return { json: { current: name }, text: `${paint('green', '✔')} ${name} is the current profile` }
  },
}

const remove: Verb = {
  name: 'remove',
  group: 'Manage',
  summary: 'Forget a profile and its token',
  arguments: [NAME],
  examples: [['profile remove staging', 'its token is no longer on this machine']],
  async run({ args, terminal, paint }) {
    const name = args[0] ?? ''
    const { profiles, current } = await readProfiles(terminal)
    mustExist(profiles, name)
    const { [name]: _, ...rest } = profiles
    const kept = current === name ? undefined : current
    await writeProfiles(terminal, { profiles: rest, ...(kept !== undefined && { current: kept }) })
    return { json: { removed: name }, text: `${paint('green', '✔')} forgot ${name}` }
  },
}

function mustExist(profiles: object, name: string): void {
  if (Object.hasOwn(profiles, name)) return
  const known = Object.keys(profiles).join(', ') || 'none yet'
  throw new UsageError(`There is no profile ${name} (there is ${known})`)
}

export const profile: Verb = {
  name: 'profile',
  group: 'Manage',
  summary: 'Gates by name, with their tokens',
  details: 'Kept in a file that only you can read. Verbs mean the current one unless told otherwise.',
  examples: [['profile add production --url https://www.example.com', 'keep a gate']],
  verbs: [add, list, use, remove],
}
