import type { Verb } from '../base/verb.ts'
import { table } from '../render/table.ts'
import { timeText } from '../render/time.ts'
import { BEFORE, LIMIT, pageOf } from './history.ts'

export const audit: Verb = {
  name: 'audit',
  group: 'Look',
  summary: 'Who changed what, when and why',
  arguments: [{ name: '[flag]', summary: 'only what was about this flag', completes: 'flags' }],
  options: [LIMIT, BEFORE],
  examples: [
    ['audit', 'the last 20 records'],
    ['audit new-checkout --limit 100 --json', 'with evidence, before and after'],
  ],
  async run(call) {
    const [flag] = call.args
    const query = { ...pageOf(call), ...(flag !== undefined && { flag }) }
    const answer = await call.ask('listAudit', { query })
    const rows = answer.records.map(({ id, at, actor, action, flag: about, reason }) => [
      call.paint('dim', String(id)),
      timeText(at),
      actor,
      action,
      about ?? '',
      reason,
    ])
    return { json: answer, text: rows.length === 0 ? 'Nothing has been changed yet' : table(rows) }
  },
}

export const feedback: Verb = {
  name: 'feedback',
  group: 'Look',
  summary: 'What visitors wrote about a flag',
  arguments: [{ name: '[flag]', summary: 'only about this flag', completes: 'flags' }],
  options: [{ flags: '--variant NAME', summary: 'only from visitors who had this variant' }, LIMIT, BEFORE],
  examples: [['feedback new-checkout --variant on', 'what those say who have it']],
  async run(call) {
    const [flag] = call.args
    const variant = call.options.text('variant')
    const query = {
      ...pageOf(call),
      ...(flag !== undefined && { flag }),
      ...(variant !== undefined && { variant }),
    }
    const answer = await call.ask('listFeedback', { query })
    const rows = answer.feedback.map((each) => [
      timeText(each.at),
      each.flag,
      each.variant,
      printable(each.text),
    ])
    return { json: answer, text: rows.length === 0 ? 'Nobody has written anything yet' : table(rows) }
  },
}

/** Visitors' text goes to a terminal: nothing in it may steer that. */
function printable(text: string): string {
  return text.replace(/\p{C}/gu, ' ')
}
