import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { UsageError } from '../base/errors.ts'
import type { OptionSpec, Verb } from '../base/verb.ts'
import { changeLines } from '../render/document-diff.ts'
import { peopleText } from '../render/impact.ts'
import { publishedText } from '../render/published.ts'
import { table } from '../render/table.ts'
import { timeText } from '../render/time.ts'
import { REASON } from './rollout.ts'

export const LIMIT: OptionSpec = {
  flags: '-n, --limit N',
  summary: 'how many, at most 1000 (20)',
  kind: 'number',
}
export const BEFORE: OptionSpec = {
  flags: '--before ID',
  summary: 'only what is older than this one',
  kind: 'number',
}

/** A page of a list, as the gate wants it asked. */
export function pageOf({ options }: Parameters<NonNullable<Verb['run']>>[0]) {
  const before = options.number('before')
  return {
    limit: String(options.number('limit') ?? 20),
    ...(before !== undefined && { before: String(before) }),
  }
}

export const history: Verb = {
  name: 'history',
  group: 'Document',
  summary: 'Versions of the document, newest first',
  arguments: [{ name: '[version]', summary: 'print this version as it was written' }],
  options: [LIMIT, BEFORE],
  examples: [
    ['history', 'the last 20 versions'],
    ['history 12 > gate.json', 'version 12, to the letter'],
  ],
  async run(call) {
    const [version] = call.args
    if (version !== undefined) {
      const params = { version: String(versionIn(version)) }
      const found = await call.ask('getVersion', { params })
      return { json: found, text: found.text }
    }
    const { current, versions } = await call.ask('listVersions', { query: pageOf(call) })
    const rows = versions.map((each) => [
      each.version === current ? call.paint('green', `${each.version} *`) : String(each.version),
      timeText(each.at),
      each.actor,
      each.source,
      `${each.bytes.toLocaleString('en')} B`,
      each.reason,
    ])
    const text = rows.length === 0 ? 'No version yet: the built-in document is in force' : table(rows)
    return { json: { current, versions }, text }
  },
}

export const restore: Verb = {
  name: 'restore',
  group: 'Document',
  summary: 'Publish an earlier version again',
  details: 'Shows what that changes and whom it moves, and asks before it does it.',
  arguments: [{ name: '<version>', summary: 'number of the version' }],
  options: [REASON],
  examples: [['restore 12 --reason "13 was a mistake"', 'as version 12 was, to the letter']],
  failsWhen: 'there is no such version, or somebody else has published meanwhile',
  async run(call) {
    const version = versionIn(call.args[0] ?? '')
    const { url } = await call.gate()
    const params = { version: String(version) }
    const { text } = await call.ask('getVersion', { params })
    const review = await call.ask('diffDocument', { body: { document: text } })
    if (review.changes.length > 0) {
      call.tell(`${changeLines(review.changes, call.paint)}\n${peopleText(review.people)}`)
      await call.confirm(`Restore version ${version} at ${url}?`)
    }
    const reason = call.options.text('reason')
    const body = { expectedVersion: review.against, confirm: true, ...(reason !== undefined && { reason }) }
    const answer = await call.ask('restoreVersion', { params, body })
    return { json: answer, text: publishedText(call, answer, `restored version ${version}`) }
  },
}

export const pull: Verb = {
  name: 'pull',
  group: 'Document',
  summary: 'Fetch the document that is in force',
  arguments: [{ name: '[file]', summary: 'write it here instead of printing it', completes: 'files' }],
  examples: [['pull gate.json', 'what the gate has, as it was written']],
  async run(call) {
    const found = await call.ask('getDocument')
    const [file] = call.args
    if (file === undefined) return { json: found, text: found.text }
    await writeFile(resolve(call.terminal.cwd, file), found.text)
    return {
      json: { file, version: found.version, hash: found.hash },
      text: `wrote version ${found.version} to ${file}`,
    }
  },
}

function versionIn(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text)
  throw new UsageError(`Cannot use the version ${text}: it is a whole number. See: sluice history`)
}
