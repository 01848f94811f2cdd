import { ApiError } from '../../contract/client.ts'
import type { Responses } from '../../contract/responses.ts'
import { KILL_ALL } from '../../core/config/control.ts'
import { killOrder } from '../../core/config/kill-list.ts'
import { messageOf } from '../../core/message-of.ts'
import {
  type ArgumentSpec,
  type Call,
  type CliCommand,
  type OptionSpec,
  REASON,
  type Result,
} from '../base/command.ts'
import { Unreachable, UsageError } from '../base/errors.ts'
import { DAY_SECONDS, numberFrom } from '../base/number-rule.ts'
import { convergenceLines, watchConvergence } from '../connection/convergence.ts'
import { changeKillList, type KillInKv } from '../connection/kill-list.ts'
import { meantInstead } from '../connection/known-gates.ts'
import { send } from './rollout.ts'

const FLAGS_OR_ALL: ArgumentSpec = {
  name: '[flags...]',
  summary: 'keys of the flags, each killed by itself',
  completes: 'flags',
}
const ALL: OptionSpec = { flags: '--all', summary: 'all flags of the gate' }
const KV: OptionSpec = {
  flags: '--kv',
  summary: 'change the kill list in KV with wrangler, without the gate',
}
const DEFAULT_WITHIN_SECONDS = 60
/** What a kill does besides, by option: the kill list in KV cannot say it. */
const EXTRAS = { isolate: 'isolated', sever: 'severed' } as const

export const kill: CliCommand = {
  name: 'kill',
  group: 'Rollout',
  summary: 'Serve the off variant to all visitors at once',
  details:
    'A kill outranks everything: rules, preview links, stages. Open pages of the killed version keep their connections, and load chunks that only their own origin has; --sever and --isolate end that, also for a flag that is killed already. With --wait the command ends when every isolate that serves requests has it, and tells how long the slowest took. If the gate cannot be reached, it writes the kill list in KV with wrangler instead, provided that this folder has the wrangler.toml of the gate.',
  arguments: [FLAGS_OR_ALL],
  options: [
    ALL,
    { flags: '-w, --wait', summary: 'wait until every isolate that serves requests has it' },
    {
      flags: '--within SECONDS',
      summary: `how long to wait (${DEFAULT_WITHIN_SECONDS})`,
      number: numberFrom(0, DAY_SECONDS),
    },
    { flags: '--isolate', summary: 'no asset that another origin lacks comes from the killed origins' },
    { flags: '--sever', summary: 'close open event streams, and WebSockets of severable routes' },
    KV,
    REASON,
  ],
  examples: [
    ['kill new-checkout --wait', 'kill it, and wait until it is live everywhere'],
    ['kill new-checkout --reason "INC-4711"', 'with a reason for the audit log'],
    ['kill new-checkout --isolate --sever', 'the new origin is in wrong hands: cut it off'],
    ['kill new-checkout new-search', 'two flags, with a record each'],
    ['kill --all --yes', 'every flag of the gate, without confirmation'],
    ['kill new-checkout --kv', 'without the gate, when nothing else works'],
  ],
  failsWhen: 'it was refused, or with --wait it is not live everywhere in time',
  async run(call) {
    const flags = flagsOf(call)
    if (flags.includes(KILL_ALL)) await call.confirm('Kill all flags of the gate?')
    return await forEach(flags, (flag) => killOne(call, flag))
  },
}

async function killOne(call: Call, flag: string): Promise<Result> {
  const extras = extrasOf(call)
  if (call.options.has('kv')) {
    if (extras.length > 0)
      throw new UsageError(`--${extras[0]} needs the gate: the kill list in KV holds flags only`)
    return withoutGate(await inKv(call, flag, 'kill'))
  }
  const startedMs = Date.now()
  let answer: Responses['commandFlag']
  try {
    answer = await killNow(call, flag)
  } catch (error) {
    if (isDown(error)) {
      call.tell(`${await downText(call, error)} Writing the kill list in KV instead`)
      return missing(call, extras, withoutGate(await inKv(call, flag, 'kill')))
    }
    answer = await killedAlready(call, flag, error)
  }
  if (answer.via === 'kv') return missing(call, extras, closedByKv(flag, answer))
  const left = extras.filter((extra) => answer.after !== null && answer.after[EXTRAS[extra]] !== true)
  const killed = call.options.has('wait')
    ? await waited(call, flag, answer, startedMs)
    : call.done(answer, `${named(flag)} killed, epoch ${answer.epoch}`)
  return missing(call, left, withOpenOrigins(call, answer, killed))
}

export const unkill: CliCommand = {
  name: 'unkill',
  group: 'Rollout',
  summary: 'Lift the kill of a flag',
  details:
    'The rollout continues where it was. Lifts the kill in the Controller and in KV; with --kv only in KV, with wrangler and without the gate. If the gate cannot be reached, it is lifted in KV, as a kill is made there.',
  arguments: [FLAGS_OR_ALL],
  options: [{ ...ALL, summary: 'lift a kill of all flags' }, KV, REASON],
  examples: [
    ['unkill new-checkout --reason "fixed"', 'lift the kill'],
    ['unkill new-checkout --kv', 'without the gate'],
  ],
  failsWhen: 'the flag is not killed, or all flags still are',
  run: (call) => forEach(flagsOf(call), (flag) => unkillOne(call, flag)),
}

async function unkillOne(call: Call, flag: string): Promise<Result> {
  if (call.options.has('kv')) return withoutGate(await inKv(call, flag, 'unkill'))
  let answer: Responses['commandFlag']
  try {
    answer = await send(call, flag, 'unkill')
  } catch (error) {
    if (!isDown(error)) throw error
    const down = await downText(call, error)
    call.tell(`${down} Lifting it in the kill list in KV instead; a kill through the gate stays`)
    return withoutGate(await inKv(call, flag, 'unkill'))
  }
  const { kill: lists } = await call.ask('getStatus')
  const killed = [...lists.kv, ...lists.controller]
  const hint = killed.includes(KILL_ALL)
    ? 'All flags are still killed. Lift that: sluice unkill --all'
    : killed.includes(flag) &&
      `${flag} is still on the kill list in KV. Lift that: sluice unkill ${flag} --kv`
  const text = hint
    ? `lifted in the Controller, epoch ${answer.epoch}`
    : `${named(flag)} no longer killed, epoch ${answer.epoch}`
  const told = hint ? `${text}\n${call.paint('yellow', hint)}` : text
  return { ...call.done({ ...answer, stillKilled: hint !== false }, told), failed: hint !== false }
}

/** Keys as shells and chats deliver them, with quotes and commas, as the kill list in KV takes them. */
function flagsOf({ args, options }: Call): readonly string[] {
  const names = killOrder(args.join(' '), undefined).list ?? []
  if (options.has('all') === names.length > 0) throw new UsageError('Name a flag, or several, or use --all')
  return options.has('all') || names.includes(KILL_ALL) || names.includes('all') ? [KILL_ALL] : names
}

/** One after the other; where one can't be done the others are done all the same. */
async function forEach(flags: readonly string[], act: (flag: string) => Promise<Result>): Promise<Result> {
  const [only] = flags
  if (flags.length === 1 && only !== undefined) return await act(only)
  const results: [string, Result][] = []
  const refusals: unknown[] = []
  for (const flag of flags) {
    try {
      results.push([flag, await act(flag)])
    } catch (error) {
      if (error instanceof UsageError) throw error
      refusals.push(error)
      results.push([flag, { json: { error: messageOf(error) }, text: `✗ ${messageOf(error)}`, failed: true }])
    }
  }
  if (refusals.length === flags.length) throw refusals[0]
  return {
    json: { flags: Object.fromEntries(results.map(([flag, { json }]) => [flag, json])) },
    text: results.map(([, { text }]) => text).join('\n'),
    failed: results.some(([, { failed }]) => failed),
  }
}

type Extra = keyof typeof EXTRAS

function extrasOf({ options }: Call): Extra[] {
  return (['isolate', 'sever'] as const).filter((extra) => options.has(extra))
}

/** The kill stands, but not what was asked for besides: a Controller of an older version, or no Controller at all. */
function missing(call: Call, left: readonly Extra[], result: Result): Result {
  if (left.length === 0) return result
  const verbs = left.map((extra) => `--${extra}`).join(' and ')
  const hint = `${verbs}: not done, because only the Controller can. Once it answers, run the command again`
  const json = { ...(result.json as object), notDone: left }
  return { json, text: `${result.text}\n${call.paint('red', `✗ ${hint}`)}`, failed: true }
}

/** Tells of the origins that the kill could not isolate. */
function withOpenOrigins(call: Call, { notIsolated = [] }: Responses['commandFlag'], result: Result): Result {
  if (notIsolated.length === 0) return result
  const lines = notIsolated.map(({ origin, flags }) => {
    const why =
      flags.length === 0
        ? 'it is the stable origin'
        : `${flags.join(', ')} ${flags.length === 1 ? 'leads' : 'lead'} there, or ${flags.length === 1 ? 'has' : 'have'} it as control`
    return call.paint('yellow', `! origin ${origin} stays open: ${why}`)
  })
  return { ...result, text: [result.text, ...lines].join('\n') }
}

const named = (flag: string) => (flag === KILL_ALL ? 'all flags are' : `${flag} is`)

async function killNow(call: Call, flag: string) {
  const extras = Object.fromEntries(extrasOf(call).map((extra) => [extra, true]))
  const body = { ...call.options.texts('reason'), ...extras }
  return await call.ask('commandFlag', { params: { flag, verb: 'kill' }, body })
}

/** A kill that another user has just made counts as success; every other refusal is thrown. */
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

/** The gate cannot be reached or fails; a refusal is something else. */
function isDown(error: unknown): boolean {
  return error instanceof Unreachable || (error instanceof ApiError && error.status >= 500)
}

/** Which gate was asked, who named it, and which one may have been meant: KV is that of the folder in either case. */
async function downText({ terminal }: Call, error: unknown): Promise<string> {
  const meant = error instanceof Unreachable ? await meantInstead(error.address.url, terminal) : ''
  return `${messageOf(error)}.${meant}`
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
  const json = { ...answer, waitedMs, convergence: convergence ?? null }
  const measured = convergence ? convergenceLines(convergence) : '  not measured: the gate did not answer'
  if (convergence?.converged)
    return call.done(json, `${named(flag)} killed, epoch ${answer.epoch}\n${measured}`)
  const text = `${call.paint('red', `✗ ${named(flag)} killed, but not live everywhere yet`)}\n${measured}`
  return { json, text, failed: true }
}

function closedByKv(flag: string, answer: Responses['commandFlag']): Result {
  const text = `${named(flag)} on the kill list in KV, because the Controller did not answer. Isolates read KV every 30 s; not measured`
  return { json: { ...answer, measured: false }, text }
}

function inKv(call: Call, flag: string, verb: 'kill' | 'unkill'): Promise<KillInKv> {
  return call.during('writing KV with wrangler', changeKillList(call, flag, verb))
}

function withoutGate({ before, after, where, of }: KillInKv): Result {
  const text = `The kill list in KV (${where}, ${of}) is now ${JSON.stringify(after)}. Isolates read it every 30 s; not measured`
  return { json: { via: 'wrangler', where, of, before, after, measured: false }, text }
}
