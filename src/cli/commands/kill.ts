import { ApiError } from '../../contract/client.ts'
import type { Responses } from '../../contract/responses.ts'
import { KILL_ALL } from '../../core/config/control.ts'
import { messageOf } from '../../core/message-of.ts'
import { UsageError } from '../base/errors.ts'
import type { ArgumentSpec, Call, OptionSpec, Result, Verb } from '../base/verb.ts'
import { convergenceText, watchConvergence } from '../connection/convergence.ts'
import { changeKillList, type KillInKv } from '../connection/kill-list.ts'
import { unreachable } from '../render/failure.ts'
import { REASON } from './rollout.ts'

const FLAG_OR_ALL: ArgumentSpec = { name: '[flag]', summary: 'key of the flag', completes: 'flags' }
const ALL: OptionSpec = { flags: '--all', summary: 'all flags of the gate' }
const KV: OptionSpec = {
  flags: '--kv',
  summary: 'change the kill list in KV with wrangler, past the gate',
}
const DEFAULT_WITHIN_SECONDS = 60

export const kill: Verb = {
  name: 'kill',
  group: 'Rollout',
  summary: 'Close a flag at once, for everybody',
  details:
    'Kill outranks everything: rules, preview links, stages. With --wait it ends with what was measured: which isolates that serve requests have it, and how long the slowest took. Where the gate cannot be reached, the kill list in KV is written with wrangler instead, if this folder has the wrangler.toml of the gate.',
  arguments: [FLAG_OR_ALL],
  options: [
    ALL,
    { flags: '-w, --wait', summary: 'wait until every isolate that serves requests has it' },
    { flags: '--within SECONDS', summary: `how long to wait (${DEFAULT_WITHIN_SECONDS})`, kind: 'number' },
    KV,
    REASON,
  ],
  examples: [
    ['kill new-checkout --wait', 'close it, and see it arrive'],
    ['kill new-checkout --reason "INC-4711"', 'with a reason for the audit log'],
    ['kill --all --yes', 'every flag of the gate, without asking'],
    ['kill new-checkout --kv', 'past the gate, when nothing else works'],
  ],
  failsWhen: 'it was refused, or with --wait not seen everywhere in time',
  async run(call) {
    const flag = flagOf(call)
    if (flag === KILL_ALL) await call.confirm('Close all flags of the gate?')
    if (call.options.has('kv')) return pastTheGate(await inKv(call, flag, 'kill'))
    const startedMs = Date.now()
    let answer: Responses['commandFlag']
    try {
      answer = await command(call, flag, 'kill')
    } catch (error) {
      if (isDown(error)) {
        call.tell(`${unreachable(error) ?? messageOf(error)}. Writing the kill list in KV instead`)
        return pastTheGate(await inKv(call, flag, 'kill'))
      }
      answer = await killedAlready(call, flag, error)
    }
    if (answer.via === 'kv') return closedByKv(flag, answer)
    if (!call.options.has('wait')) return { json: answer, text: done(call, flag, answer.epoch) }
    return await waited(call, flag, answer, startedMs)
  },
}

export const unkill: Verb = {
  name: 'unkill',
  group: 'Rollout',
  summary: 'Open a killed flag again',
  details:
    'The rollout goes on where it was. Lifts the kill wherever it stands, in the Controller or in KV; with --kv only the list in KV is changed, with wrangler, past the gate.',
  arguments: [FLAG_OR_ALL],
  options: [{ ...ALL, summary: 'lift a kill of all flags' }, KV, REASON],
  examples: [
    ['unkill new-checkout --reason "fixed"', 'lift the kill'],
    ['unkill new-checkout --kv', 'past the gate'],
  ],
  failsWhen: 'the flag is not killed, or all flags still are',
  async run(call) {
    const flag = flagOf(call)
    if (call.options.has('kv')) return pastTheGate(await inKv(call, flag, 'unkill'))
    const answer = await command(call, flag, 'unkill')
    const { kill: lists } = await call.ask('getStatus')
    const stillKilled = [...lists.kv, ...lists.controller].some((key) => key === flag || key === KILL_ALL)
    const text = `${call.paint('green', '✔')} ${named(flag)} no longer killed, epoch ${answer.epoch}`
    if (!stillKilled) return { json: { ...answer, stillKilled }, text }
    const hint = `${call.paint('yellow', 'All flags are still killed. Lift that: sluice unkill --all')}`
    return { json: { ...answer, stillKilled }, text: `${text}\n${hint}`, failed: true }
  },
}

function flagOf({ args, options }: Call): string {
  const [flag] = args
  if (options.has('all') === (flag !== undefined)) throw new UsageError('Name one flag, or say --all')
  return flag === undefined || flag === 'all' ? KILL_ALL : flag
}

const named = (flag: string) => (flag === KILL_ALL ? 'all flags are' : `${flag} is`)

async function command({ ask, options }: Call, flag: string, verb: 'kill' | 'unkill') {
  const reason = options.text('reason')
  return await ask('commandFlag', { params: { flag, verb }, body: reason === undefined ? {} : { reason } })
}

/** Whoever kills what somebody else has killed a moment ago has what they want; every other refusal stays one. */
async function killedAlready(
  { ask, tell }: Call,
  flag: string,
  error: unknown,
): Promise<Responses['commandFlag']> {
  if (!(error instanceof ApiError) || error.status !== 409) throw error
  const { kill: lists, epoch } = await ask('getStatus')
  if (!lists.controller.includes(flag)) throw error
  tell(`${named(flag)} killed already`)
  return { epoch, via: 'controller', before: null, after: null }
}

/** The gate is not there, or can't do it; what it refuses is another matter. */
function isDown(error: unknown): boolean {
  return unreachable(error) !== undefined || (error instanceof ApiError && error.status >= 500)
}

function done({ paint }: Call, flag: string, epoch: number): string {
  return `${paint('green', '✔')} ${named(flag)} killed, epoch ${epoch}`
}

async function waited(
  call: Call,
  flag: string,
  answer: Responses['commandFlag'],
  startedMs: number,
): Promise<Result> {
  const withinMs = (call.options.number('within') ?? DEFAULT_WITHIN_SECONDS) * 1_000
  const { client } = await call.gate()
  const convergence = await watchConvergence(call, client, answer.epoch, withinMs)
  const waitedMs = Date.now() - startedMs
  const arrived = convergence?.converged === true
  const mark = arrived
    ? done(call, flag, answer.epoch)
    : call.paint('red', `✗ ${named(flag)} killed, but not everywhere yet`)
  return {
    json: { ...answer, waitedMs, convergence: convergence ?? null },
    text: `${mark}\n${convergence ? convergenceText(convergence) : 'The gate could not say who has it: nothing was measured'}`,
    failed: !arrived,
  }
}

function closedByKv(flag: string, answer: Responses['commandFlag']): Result {
  const text = `${named(flag)} on the kill list in KV: the Controller did not answer. Isolates read KV every 30 s; nothing was measured`
  return { json: { ...answer, measured: false }, text }
}

function inKv(call: Call, flag: string, verb: 'kill' | 'unkill'): Promise<KillInKv> {
  return call.during('writing KV with wrangler', changeKillList(call, flag, verb))
}

function pastTheGate({ before, after, where }: KillInKv): Result {
  const text = `The kill list in KV (${where}) is now ${JSON.stringify(after)}. Isolates read it every 30 s; nothing was measured`
  return { json: { via: 'wrangler', where, before, after, measured: false }, text }
}
