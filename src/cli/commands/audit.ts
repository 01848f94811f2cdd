import { deedOf, transitionLines } from '../../contract/words/audit.ts'
import { AUDIT_KIND_NAMES, AUDIT_KINDS } from '../../contract/words/audit-groups.ts'
import { timestampText } from '../../core/figures.ts'
import { BEFORE, type CliCommand, LIMIT, pageOf } from '../base/command.ts'
import { UsageError } from '../base/errors.ts'
import { table } from '../render/table.ts'

export const audit: CliCommand = {
  name: 'audit',
  group: 'Inspect',
  summary: 'Show who changed what, when and why',
  arguments: [{ name: '[flag]', summary: 'only about this flag', completes: 'flags' }],
  options: [
    { flags: '--actor NAME', summary: 'only by this operator, or by `guard`, `rollout`, `kv`, `gate`' },
    { flags: '--kind KIND', summary: `only of this kind: ${AUDIT_KIND_NAMES.join(', ')}` },
    LIMIT,
    BEFORE,
  ],
  examples: [
    ['audit', 'the last 20 records'],
    ['audit --kind closed --actor guard', 'what the guard has rolled back'],
    ['audit new-checkout --limit 100 --json', 'with evidence, before and after'],
  ],
  async run(call) {
    const [flag] = call.args
    const kind = call.options.text('kind')
    const known = AUDIT_KIND_NAMES.find((name) => name === kind)
    if (kind !== undefined && known === undefined)
      throw new UsageError(`--kind must be one of ${AUDIT_KIND_NAMES.join(', ')}; found ${kind}`)
    const query = {
      ...pageOf(call),
      ...(flag !== undefined && { flag }),
      ...call.options.texts('actor'),
      ...(known !== undefined && { actions: AUDIT_KINDS[known].actions.join(',') }),
    }
    const answer = await call.ask('listAudit', { query })
    const rows = answer.records.map((record) => [
      call.paint('dim', String(record.id)),
      timestampText(record.at),
      record.actor,
      deedOf({ ...record, flag: null, about: record.flag }).words,
      record.flag ?? '',
      [record.reason, ...transitionLines(record)].join('; '),
    ])
    return { json: answer, text: rows.length === 0 ? 'No activity yet' : table(rows) }
  },
}

export const feedback: CliCommand = {
  name: 'feedback',
  group: 'Inspect',
  summary: 'List the feedback of visitors',
  arguments: [{ name: '[flag]', summary: 'only about this flag', completes: 'flags' }],
  options: [{ flags: '--variant NAME', summary: 'only from visitors who had this variant' }, LIMIT, BEFORE],
  examples: [['feedback new-checkout --variant on', 'from visitors who have it']],
  async run(call) {
    const [flag] = call.args
    const query = {
      ...pageOf(call),
      ...(flag !== undefined && { flag }),
      ...call.options.texts('variant'),
    }
    const answer = await call.ask('listFeedback', { query })
    const rows = answer.feedback.map((each) => [timestampText(each.at), each.flag, each.variant, each.text])
    return { json: answer, text: rows.length === 0 ? 'No feedback yet' : table(rows) }
  },
}
