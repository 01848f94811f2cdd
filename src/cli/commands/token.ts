import { TOKEN_ROLES, type TokenRole } from '../../contract/routes.ts'
import { timestampText } from '../../core/figures.ts'
import type { CliCommand } from '../base/command.ts'
import { UsageError } from '../base/errors.ts'
import { wholeNumber } from '../base/number-rule.ts'
import { headed } from '../render/table.ts'

/** Ten years. */
const MOST_DAYS = 3_650

const create: CliCommand = {
  name: 'create',
  group: 'Manage',
  summary: 'Create a token, which is shown only once',
  arguments: [{ name: '<name>', summary: 'who it is for; shown in the audit log' }],
  options: [
    { flags: '--role ROLE', summary: 'the role of the token (viewer)', choices: TOKEN_ROLES },
    { flags: '--days N', summary: 'how long it is valid (until revoked)', number: wholeNumber(1, MOST_DAYS) },
  ],
  examples: [
    ['token create ci --role admin --days 90', 'for a pipeline that publishes'],
    ['token create on-call --role operator', 'may kill and control rollouts, not publish'],
    ['token create shop --role reporter', "for an app's server that reports for its visitors"],
  ],
  async run(call) {
    const days = call.options.number('days')
    const body = {
      name: call.args[0] ?? '',
      role: (call.options.text('role') ?? 'viewer') as TokenRole,
      ...(days !== undefined && { expiresInDays: days }),
    }
    const answer = await call.ask('createToken', { body })
    call.tell(
      `${answer.name} is ${answer.role}, until ${answer.expiresAt ?? 'revoked'}. The token is shown only once:`,
    )
    return { json: answer, text: answer.token }
  },
}

const list: CliCommand = {
  name: 'list',
  group: 'Manage',
  summary: 'List the tokens, without their secrets',
  examples: [['token list', 'who has access']],
  async run(call) {
    const answer = await call.ask('listTokens')
    const when = (iso: string | null) => (iso === null ? 'never' : timestampText(iso))
    const rows = answer.tokens.map((token) => [
      token.id,
      token.name,
      token.role,
      `${timestampText(token.createdAt)} by ${token.createdBy}`,
      when(token.expiresAt),
      when(token.lastUsedAt),
    ])
    const columns = ['id', 'name', 'role', 'created', 'expires', 'last used']
    const text = rows.length === 0 ? 'No tokens besides ADMIN_TOKEN' : headed(columns, rows, call.paint)
    return { json: answer, text }
  },
}

const revoke: CliCommand = {
  name: 'revoke',
  group: 'Manage',
  summary: 'Revoke a token',
  arguments: [{ name: '<token>', summary: 'its id, or its name if that is unique' }],
  examples: [['token revoke on-call', 'it is refused everywhere within 15 s']],
  failsWhen: 'there is no such token',
  async run(call) {
    const wanted = call.args[0] ?? ''
    const { tokens } = await call.ask('listTokens')
    const matches = tokens.filter(({ id, name }) => id === wanted || name === wanted)
    if (matches.length > 1) throw new UsageError(`${matches.length} tokens are called ${wanted}: use an id`)
    const id = matches[0]?.id ?? wanted
    const answer = await call.ask('revokeToken', { params: { id } })
    return call.done(answer, `revoked ${wanted}`)
  },
}

export const token: CliCommand = {
  name: 'token',
  group: 'Manage',
  summary: 'Create, list and revoke tokens of the admin API',
  examples: [['token create ci --role admin', 'a token for a pipeline']],
  subcommands: [create, list, revoke],
}

export const webhook: CliCommand = {
  name: 'webhook',
  group: 'Manage',
  summary: 'Send a test message to a webhook of the document',
  arguments: [{ name: '<url>', summary: 'the URL, as in the document' }],
  examples: [['webhook https://hooks.example.com/sluice', 'check that it is delivered']],
  failsWhen: 'it was not delivered',
  async run(call) {
    const body = { url: call.args[0] ?? '' }
    const answer = await call.ask('testWebhook', { body })
    return { json: answer, text: answer.detail, failed: !answer.delivered }
  },
}
