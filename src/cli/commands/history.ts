import { impactLines } from '../../contract/words/impact.ts'
import { countText, timestampText } from '../../core/figures.ts'
import { BEFORE, type CliCommand, LIMIT, pageOf, REASON } from '../base/command.ts'
import { UsageError } from '../base/errors.ts'
import { published } from '../document/flag-edits.ts'
import { reviewLines } from '../render/document-diff.ts'
import { questionLines } from '../render/impact.ts'
import { table } from '../render/table.ts'

export const history: CliCommand = {
  name: 'history',
  group: 'Document',
  summary: 'List the versions of the document, newest first',
  arguments: [{ name: '[version]', summary: 'print this version' }],
  options: [LIMIT, BEFORE],
  examples: [
    ['history', 'the last 20 versions'],
    ['history 12 > gate.json', 'version 12, byte for byte'],
  ],
  async run(call) {
    const [version] = call.args
    if (version !== undefined) {
      const params = { version: String(versionIn(version)) }
      const found = await call.ask('getVersion', { params })
      return { json: found, text: found.text, isFile: true }
    }
    const { current, versions } = await call.ask('listVersions', { query: pageOf(call) })
    const rows = versions.map((each) => [
      each.version === current ? call.paint('green', `${each.version} *`) : String(each.version),
      timestampText(each.at),
      each.actor,
      each.source,
      `${countText(each.bytes)} B`,
      each.reason,
    ])
    const text = rows.length === 0 ? 'No versions yet: the built-in document is in force' : table(rows)
    return { json: { current, versions }, text }
  },
}

export const restore: CliCommand = {
  name: 'restore',
  group: 'Document',
  summary: 'Publish an earlier version again',
  details: 'Shows the changes and their impact, and asks for confirmation.',
  arguments: [{ name: '<version>', summary: 'number of the version' }],
  options: [REASON],
  examples: [['restore 12 --reason "13 was a mistake"', 'version 12, byte for byte']],
  failsWhen: 'there is no such version, or another one was published meanwhile',
  async run(call) {
    const version = versionIn(call.args[0] ?? '')
    const { url } = await call.gate()
    const params = { version: String(version) }
    const { text } = await call.ask('getVersion', { params })
    const review = await call.ask('diffDocument', { body: { document: text } })
    if (review.changes.length > 0) {
      call.tell(`${reviewLines(review, call.paint)}\n${impactLines(review.people)}`)
      if (review.needsConfirmation) call.tell(questionLines(review.questions, call.paint))
      await call.confirm(`Restore version ${version} at ${url}?`)
    }
    const body = { expectedVersion: review.against, confirm: true, ...call.options.texts('reason') }
    const answer = await call.ask('restoreVersion', { params, body })
    return published(call, answer, `restored version ${version}`)
  },
}

function versionIn(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text)
  throw new UsageError(`The version must be a whole number, not ${text}. See: sluice history`)
}
