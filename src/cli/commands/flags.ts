import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { FlagSummary } from '../../contract/responses.ts'
import { isObject } from '../../core/json-object.ts'
import { messageOf } from '../../core/message-of.ts'
import { UsageError } from '../base/errors.ts'
import type { Paint } from '../base/terminal.ts'
import type { Call, Verb } from '../base/verb.ts'
import { EXPECT, editOne } from '../document/flag-edits.ts'
import { readableJson } from '../render/json.ts'
import { stateText } from '../render/status-view.ts'
import { table } from '../render/table.ts'
import { FLAG_ARGUMENT, REASON } from './rollout.ts'

const list: Verb = {
  name: 'list',
  group: 'Flags',
  summary: 'All flags at a glance',
  options: [
    { flags: '--tag TAG', summary: 'only those with this tag' },
    { flags: '--owner NAME', summary: 'only those of this owner' },
  ],
  examples: [['flags list --tag payments', 'flags of one area']],
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
  if (flags.length === 0) return 'No such flags'
  const header = ['flag', 'state', 'stage', 'share', 'owner', 'debt', 'description'].map((name) =>
    paint('dim', name),
  )
  const rows = flags.map((flag) => [
    flag.key,
    colouredState(flag, paint),
    flag.stage === null ? '–' : `${flag.stage + 1} of ${flag.stages}`,
    flag.percentage === null ? '–' : `${flag.percentage} %`,
    flag.owner ?? paint('yellow', 'nobody'),
    flag.stale.map(({ kind }) => kind).join(', '),
    flag.description ?? '',
  ])
  return table([header, ...rows])
}

function colouredState({ state }: FlagSummary, paint: Paint): string {
  return paint(state === 'open' ? 'green' : state === 'disabled' ? 'dim' : 'red', state)
}

const get: Verb = {
  name: 'get',
  group: 'Flags',
  summary: 'One flag: definition, routes, state',
  arguments: [FLAG_ARGUMENT],
  examples: [['flags get new-checkout --json', 'everything about it, for a program']],
  async run(call) {
    const key = call.args[0] ?? ''
    const answer = await call.ask('getFlag', { params: { flag: key } })
    const { summary, definition, status } = answer
    const facts = [
      ['state', stateText(status, call.paint)],
      ['owner', summary.owner ?? 'nobody'],
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

const create: Verb = {
  name: 'create',
  group: 'Flags',
  summary: 'Add a flag to the document in force',
  arguments: [
    { name: '<flag>', summary: 'key of the new flag' },
    {
      name: '[file]',
      summary: 'its definition as JSON; "-" reads it; without one: on and off, off for all',
      completes: 'files',
    },
  ],
  options: [
    { flags: '--description TEXT', summary: 'what it is for' },
    { flags: '--owner NAME', summary: 'whom to ask' },
    { flags: '--percentage N', summary: 'a rule that is on for this share of visitors', kind: 'number' },
    EXPECT,
    REASON,
  ],
  examples: [
    ['flags create new-search --owner search --percentage 5', 'on for 5 % of visitors'],
    ['flags create new-search definition.json', 'as a file says'],
  ],
  failsWhen: 'there is a flag of this name, or the definition has problems',
  async run(call) {
    const [key = '', file] = call.args
    const flag = { ...(file === undefined ? plainFlag(call) : await readObject(call, file)), ...given(call) }
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

function given({ options }: Call): Record<string, string> {
  const [description, owner] = [options.text('description'), options.text('owner')]
  return { ...(description && { description }), ...(owner && { owner }) }
}

const patch: Verb = {
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
    [`flags patch new-search '{"expires":null}'`, 'no date to be gone by'],
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

const remove: Verb = {
  name: 'delete',
  group: 'Flags',
  summary: 'Remove a flag from the document in force',
  arguments: [FLAG_ARGUMENT],
  options: [EXPECT, REASON],
  examples: [['flags delete old-banner --yes', 'without asking']],
  failsWhen: 'there is no such flag, or something still refers to it',
  async run(call) {
    const flag = call.args[0] ?? ''
    await call.confirm(`Remove ${flag} from the document?`)
    return await editOne(call, `removed ${flag}`, (body) =>
      call.ask('deleteFlag', { params: { flag }, body }),
    )
  },
}

export const flags: Verb = {
  name: 'flags',
  group: 'Flags',
  summary: 'List flags, see one, add, change or remove one',
  examples: [['flags list', 'all flags at a glance']],
  verbs: [list, get, create, patch, remove],
}

async function readObject({ terminal }: Call, file: string): Promise<Record<string, unknown>> {
  if (file === '-') return objectIn(await terminal.readInput(), 'standard input')
  const text = await readFile(resolve(terminal.cwd, file), 'utf8').catch((error: unknown) => {
    throw new UsageError(`Cannot read ${file}: ${messageOf(error)}`)
  })
  return objectIn(text, file)
}

function objectIn(text: string, what: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    if (isObject(value)) return value
  } catch (error) {
    throw new UsageError(`Cannot use ${what}: it is not JSON (${messageOf(error)})`)
  }
  throw new UsageError(`Cannot use ${what}: it is no JSON object`)
}
