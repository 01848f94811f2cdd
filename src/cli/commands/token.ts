import { ROLES, type Role } from '../../contract/routes.ts'
import { UsageError } from '../base/errors.ts'
import type { Verb } from '../base/verb.ts'
import { table } from '../render/table.ts'
import { timeText } from '../render/time.ts'

const create: Verb = {
  name: 'create',
  group: 'Manage',
  summary: 'Make a token; it is shown once',
  arguments: [{ name: '<name>', summary: 'who it is for; stands in the audit log' }],
  options: [
    { flags: '--role ROLE', summary: 'what it may do (viewer)', choices: ROLES },
    { flags: '--days N', summary: 'how long it is good for (for ever)', kind: 'number' },
  ],
  examples: [
    ['token create ci --role admin --days 90', 'for a pipeline that publishes'],
    ['token create on-call --role operator', 'may kill and steer, not publish'],
  ],
  async run(call) {
    const days = call.options.number('days')
    const body = {
      name: call.args[0] ?? '',
      role: (call.options.text('role') ?? 'viewer') as Role,
      ...(days !== undefined && { expiresInDays: days }),
    }
    const answer = await call.ask('createToken', { body })
    call.tell(`${answer.name} is ${answer.role}, until ${answer.expiresAt ?? 'revoked'}. This is shown once:`)
    return { json: answer, text: answer.token }
  },
}

const list: Verb = {
  name: 'list',
  group: 'Manage',
  summary: 'Tokens, without their secrets',
  examples: [['token list', 'who can get in']],
  async run(call) {
    const answer = await call.ask('listTokens')
    const header = ['id', 'name', 'role', 'made', 'expires', 'last used'].map((name) =>
      call.paint('dim', name),
    )
    const when = (iso: string | null) => (iso === null ? 'never' : timeText(iso))
    const rows = answer.tokens.map((token) => [
      token.id,
      token.name,
      token.role,
      `${timeText(token.createdAt)} by ${token.createdBy}`,
      when(token.expiresAt),
      when(token.lastUsedAt),
    ])
    const text = rows.length === 0 ? 'No tokens besides ADMIN_TOKEN' : table([header, ...rows])
    return { json: answer, text }
  },
}

const revoke: Verb = {
  name: 'revoke',
  group: 'Manage',
  summary: 'Take a token back',
  arguments: [{ name: '<token>', summary: 'its id, or its name where only one has it' }],
  examples: [['token revoke on-call', 'it is refused everywhere within 15 s']],
  failsWhen: 'there is no such token',
  async run(call) {
    const wanted = call.args[0] ?? ''
    const { tokens } = await call.ask('listTokens')
    const matches = tokens.filter(({ id, name }) => id === wanted || name === wanted)
    if (matches.length > 1)
      throw new UsageError(`${matches.length} tokens are called ${wanted}: use the id of one`)
    const id = matches[0]?.id ?? wanted
    const answer = await call.ask('revokeToken', { params: { id } })
    return { json: answer, text: `${call.paint('green', '✔')} revoked ${wanted}` }
  },
}

export const token: Verb = {
  name: 'token',
  group: 'Manage',
  summary: 'Make, list and take back tokens of the admin API',
  examples: [['token create ci --role admin', 'a token for a pipeline']],
  verbs: [create, list, revoke],
}

export const webhook: Verb = {
  name: 'webhook',
  group: 'Manage',
  summary: 'Send a test message to a webhook of the document',
  arguments: [{ name: '<url>', summary: 'the URL, as it stands in the document' }],
  examples: [['webhook https://hooks.example.com/sluice', 'does it arrive?']],
  failsWhen: 'it was not delivered',
  async run(call) {
    const body = { url: call.args[0] ?? '' }
    const answer = await call.ask('testWebhook', { body })
    return { json: answer, text: answer.detail, failed: !answer.delivered }
  },
}
