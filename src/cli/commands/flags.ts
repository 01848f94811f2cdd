import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { FlagSummary } from '../../contract/responses.ts'
import { liveShare } from '../../contract/words/flag-state.ts'
import { parseJson } from '../../core/config/parse/parse.ts'
import { describeProblems } from '../../core/config/parse/problems.ts'
import { percentText } from '../../core/figures.ts'
import { isObject } from '../../core/json-object.ts'
import { messageOf } from '../../core/message-of.ts'
import { type Call, type CliCommand, EXPECT, FLAG_ARGUMENT, REASON } from '../base/command.ts'
import { UsageError } from '../base/errors.ts'
import { numberFrom } from '../base/number-rule.ts'
import type { Paint } from '../base/terminal.ts'
import { editOne } from '../document/flag-edits.ts'
import { readableJson } from '../render/json.ts'
import { stageCell, stateText } from '../render/status-view.ts'
import { headed, table } from '../render/table.ts'

const list: CliCommand = {
  name: 'list',
  group: 'Flags',
  summary: 'List all flags',
  options: [
    { flags: '--tag TAG', summary: 'only flags with this tag' },
    { flags: '--owner NAME', summary: 'only flags of this owner' },
  ],
  examples: [['flags list --tag payments', 'the flags of one area']],
  async run(call) {
    const answer = await call.ask('listFlags')
    const [tag, owner] = [call.options.text('tag'), call.options.text('owner')]
    const flags = answer.flags.filter(
      (flag) =>
        (tag === undefined || flag.tags.includes(tag)) && (owner === undefined || flag.owner === owner),
    )
    return { json: { ...answer, flags }, text: flagsText(flags, call.paint) }
  },
}

function flagsText(flags: readonly FlagSummary[], paint: Paint): string {
  if (flags.length === 0) return 'No matching flags'
  const rows = flags.map((flag) => [
    flag.key,
    stateText(flag, paint),
    stageCell(flag),
    percentText(liveShare(flag, Date.now())),
    flag.owner ?? paint('yellow', 'none'),
    flag.stale.map(({ kind }) => kind).join(', '),
    flag.description ?? '',
  ])
  return headed(['flag', 'state', 'stage', 'share', 'owner', 'cleanup', 'description'], rows, paint)
}

const get: CliCommand = {
  name: 'get',
  group: 'Flags',
  summary: 'Show one flag: definition, routes, state',
  arguments: [FLAG_ARGUMENT],
  examples: [['flags get new-checkout --json', 'everything about it, for a program']],
  async run(call) {
    const key = call.args[0] ?? ''
    const answer = await call.ask('getFlag', { params: { flag: key } })
    const { summary, definition } = answer
    const facts = [
      ['state', stateText(summary, call.paint)],
      ['owner', summary.owner ?? 'none'],
      ['routes', summary.routes.join(', ') || 'none'],
      ['last seen', summary.lastSeenAt ?? 'never'],
      ...summary.stale.map(({ kind, text }) => [call.paint('yellow', kind), text]),
    ]
    return {
      json: answer,
      text: `${call.paint('bold', key)}\n${table(facts)}\n\n${readableJson(definition)}`,
    }
  },
}

const create: CliCommand = {
  name: 'create',
  group: 'Flags',
  summary: 'Add a flag to the document in force',
  arguments: [
    { name: '<flag>', summary: 'key of the new flag' },
    {
      name: '[file]',
      summary:
        'its definition as JSON; "-" reads standard input; by default on and off, off for all visitors',
      completes: 'files',
    },
  ],
  options: [
    { flags: '--description TEXT', summary: 'what the flag is for' },
    { flags: '--owner NAME', summary: 'team or person to ask' },
    {
      flags: '--percentage N',
      summary: 'add a rule that is on for this share of visitors',
      number: numberFrom(0, 100),
    },
    EXPECT,
    REASON,
  ],
  examples: [
    ['flags create new-search --owner search --percentage 5', 'on for 5 % of visitors'],
    ['flags create new-search definition.json', 'with the definition of a file'],
  ],
  failsWhen: 'a flag with this key exists, or the definition has problems',
  async run(call) {
    const [key = '', file] = call.args
    const definition = file === undefined ? plainFlag(call) : await readObject(call, file)
    const flag = { ...definition, ...call.options.texts('description', 'owner') }
    return await editOne(call, `created ${key}`, (editing) =>
      call.ask('createFlag', { body: { key, flag, ...editing } }),
    )
  },
}

function plainFlag({ options }: Call): Record<string, unknown> {
  const percentage = options.number('percentage')
  const rules = percentage === undefined ? [] : [{ name: 'share', percentage, serve: 'on' }]
  return { variants: { on: true, off: false }, off: 'off', rules }
}

const patch: CliCommand = {
  name: 'patch',
  group: 'Flags',
  summary: 'Change parts of a flag by a JSON merge patch (RFC 7396)',
  arguments: [
    FLAG_ARGUMENT,
    { name: '<patch>', summary: 'the patch as JSON; @FILE reads one; null removes a part' },
  ],
  options: [EXPECT, REASON],
  examples: [
    [`flags patch new-search '{"owner":"search"}'`, 'another owner'],
    [`flags patch new-search '{"expires":null}'`, 'no expiry date'],
  ],
  failsWhen: 'there is no such flag, or the result has problems',
  async run(call) {
    const [flag = '', text = ''] = call.args
    const change = text.startsWith('@') ? await readObject(call, text.slice(1)) : objectIn(text, 'the patch')
    return await editOne(call, `changed ${flag}`, (editing) =>
      call.ask('patchFlag', { params: { flag }, body: { patch: change, ...editing } }),
    )
  },
}

const remove: CliCommand = {
  name: 'delete',
  group: 'Flags',
  summary: 'Remove a flag from the document in force',
  arguments: [FLAG_ARGUMENT],
  options: [EXPECT, REASON],
  examples: [['flags delete old-banner --yes', 'without confirmation']],
  failsWhen: 'there is no such flag, or something still refers to it',
  async run(call) {
    const flag = call.args[0] ?? ''
    await call.confirm(`Remove ${flag} from the document?`)
    return await editOne(call, `removed ${flag}`, (body) =>
      call.ask('deleteFlag', { params: { flag }, body }),
    )
  },
}

export const flags: CliCommand = {
  name: 'flags',
  group: 'Flags',
  summary: 'List, show, create, change and delete flags',
  examples: [['flags list', 'all flags']],
  subcommands: [list, get, create, patch, remove],
}

async function readObject({ terminal }: Call, file: string): Promise<Record<string, unknown>> {
  if (file === '-') return objectIn(await terminal.readInput(), 'standard input')
  const text = await readFile(resolve(terminal.cwd, file), 'utf8').catch((error: unknown) => {
    throw new UsageError(`Cannot read ${file}: ${messageOf(error)}`)
  })
  return objectIn(text, file)
}

function objectIn(text: string, what: string): Record<string, unknown> {
  const json = parseJson(text)
  if (json.ok && isObject(json.value)) return json.value
  if (json.ok) throw new UsageError(`${what} must be a JSON object`)
  throw new UsageError(`${what} must be JSON\n${describeProblems(json.problems)}`)
}
