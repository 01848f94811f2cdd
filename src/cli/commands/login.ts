import { ApiError } from '../../contract/client.ts'
import type { Call, CliCommand } from '../base/command.ts'
import { Refusal, UsageError } from '../base/errors.ts'
import { askedToken } from '../connection/asked-token.ts'
import { checkedUrl, clientOf } from '../connection/connect.ts'
import { type Profiles, readProfiles, writeProfiles } from '../connection/profiles.ts'

export const login: CliCommand = {
  name: 'login',
  group: 'Manage',
  summary: 'Check a token of a gate, and store it',
  details:
    'The token comes from a prompt, --token-file or SLUICE_TOKEN. The gate is asked whether it knows it; then a file that only you can read keeps it, as a profile named after the host. Commands with this gate as --url need no token any more. The first profile becomes the current one: the gate of commands that name none.',
  arguments: [{ name: '[url]', summary: 'the gate, such as https://sluice.example.com (--url, SLUICE_URL)' }],
  options: [{ flags: '--name NAME', summary: 'name of the profile (the host)' }],
  examples: [
    ['login https://sluice.example.com', 'prompt for the token'],
    ['login https://sluice.example.com --token-file -', 'read it from standard input'],
    ['login localhost:9000 --name local', 'a gate on this machine'],
  ],
  failsWhen: 'the gate does not know the token',
  async run(call) {
    const { options, terminal } = call
    const named = call.args[0] ?? options.text('url') ?? options.text('gate') ?? terminal.env.SLUICE_URL
    if (named === undefined)
      throw new UsageError('The gate must be given: sluice login https://sluice.example.com')
    const url = checkedUrl(named)
    const token = await askedToken(call)
    if (token === undefined)
      throw new UsageError(
        'Cannot ask for the token without a terminal. Give it with --token-file FILE ("-": standard input) or SLUICE_TOKEN',
      )
    const who = await call.during(`waiting for ${url}`, whoIs(call, url, token))
    const known = await readProfiles(terminal)
    const name = options.text('name') ?? nameFor(url, known)
    const current = known.current ?? name
    await writeProfiles(terminal, { current, profiles: { ...known.profiles, [name]: { url, token } } })
    const { name: user, role } = who
    const use =
      current === name
        ? 'Commands that name no gate go there'
        : `Commands that name no gate go to the profile ${current}. Change that: sluice profile use ${name}`
    return call.done(
      { name, url, user, role, current: current === name },
      `logged in to ${url} as ${user} (${role}), profile ${name}\n  ${use}`,
    )
  },
}

async function whoIs({ options, terminal }: Call, url: string, token: string) {
  const client = clientOf({ url, source: 'login' }, token, { options, terminal })
  return await client.call('whoAmI').catch((error: unknown) => {
    if (!(error instanceof ApiError) || error.status !== 401) throw error
    throw new Refusal(`The gate at ${url} does not recognise this token. Nothing was stored`)
  })
}

/** The profile that has this gate already, or the host's name. */
function nameFor(url: string, { profiles }: Profiles): string {
  const host = new URL(url).host
  return Object.entries(profiles).find(([, each]) => each.url === url)?.[0] ?? host
}
