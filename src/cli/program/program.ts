/** The parser, made from the verbs. */
import { Argument, Command, InvalidArgumentError, Option } from 'commander'
import { ask } from '../base/confirm.ts'
import type { Gate } from '../base/connected-gate.ts'
import { EXIT } from '../base/errors.ts'
import { GLOBAL_OPTIONS } from '../base/global-options.ts'
import { Options } from '../base/options.ts'
import { paintFor, type Terminal } from '../base/terminal.ts'
import { type Call, GROUPS, type OptionSpec, type Verb } from '../base/verb.ts'
import { version } from '../base/version.ts'
import { VERBS } from '../commands/index.ts'
import { connect } from '../connection/connect.ts'
import { during } from '../render/progress.ts'

/** Where a run notes that its verb has failed without an error, and what the parser has to complain about. */
export type Outcome = { failed: boolean; complaint: string }

export function createProgram(terminal: Terminal, outcome: Outcome): Command {
  const program = new Command('sluice')
    .description('Splits traffic between origins, judges the canary, rolls it back by itself')
    .version(version(), '-V, --version', 'print the version')
    .usage('VERB [arguments] [options]')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [verb]', 'print the help of a verb')
    .configureHelp({ showGlobalOptions: true, helpWidth: Math.min(terminal.columns, 110) })
    .configureOutput({
      writeOut: (text) => terminal.out(text),
      writeErr: (text) => {
        outcome.complaint += text
      },
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .showHelpAfterError('(add --help for what it takes)')
    .exitOverride()
  for (const spec of GLOBAL_OPTIONS) program.addOption(optionOf(spec))
  // The name that people look for first.
  program.addOption(new Option('--gate URL').hideHelp())
  for (const group of GROUPS) {
    program.commandsGroup(`${group}:`)
    for (const verb of VERBS.filter((each) => each.group === group)) addVerb(program, verb, terminal, outcome)
  }
  program.addHelpText('after', `\n${EXIT_CODES}`)
  return program
}

export const EXIT_CODES = `Exit codes: ${EXIT.done} done · ${EXIT.refused} refused, failed, or something was found · ${EXIT.usage} the command line is not right`

function addVerb(parent: Command, verb: Verb, terminal: Terminal, outcome: Outcome): void {
  const command = parent.command(verb.name).summary(verb.summary)
  command.description(verb.details ? `${verb.summary}\n\n${verb.details}` : verb.summary)
  for (const { name, summary } of verb.arguments ?? []) command.addArgument(new Argument(name, summary))
  for (const spec of verb.options ?? []) command.addOption(optionOf(spec))
  command.addHelpText('after', `\n${afterHelp(verb)}`)
  for (const each of verb.verbs ?? []) addVerb(command, each, terminal, outcome)
  const { run } = verb
  if (run === undefined) return
  command.action(async () => {
    const call = callOf(command, terminal)
    const result = await run(call)
    if (result === undefined) return
    terminal.out(call.isJson ? `${JSON.stringify(result.json, null, 2)}\n` : ended(result.text))
    outcome.failed = result.failed === true
  })
}

function ended(text: string): string {
  return text === '' || text.endsWith('\n') ? text : `${text}\n`
}

function afterHelp({ examples, failsWhen }: Verb): string {
  const lines = examples.map(([line, meaning]) => `  $ sluice ${line}\n      ${meaning}`)
  const exit = failsWhen ? `\n\nExit code ${EXIT.refused}: ${failsWhen}.` : ''
  return `Examples:\n${lines.join('\n')}${exit}`
}

function optionOf({ flags, summary, kind = 'text', choices }: OptionSpec): Option {
  const option = new Option(flags.replace(/ ([A-Z][A-Z=|.]*)$/, ' <$1>'), summary)
  if (choices) option.choices(choices)
  else if (kind === 'number') option.argParser(numberOf)
  else if (kind === 'list') option.argParser((value: string, all: string[] = []) => [...all, value])
  return option
}

function numberOf(text: string): number {
  const value = Number(text)
  if (text.trim() !== '' && Number.isFinite(value) && value >= 0) return value
  throw new InvalidArgumentError('Expected a number from 0.')
}

function callOf(command: Command, terminal: Terminal): Call {
  const options = new Options(command.optsWithGlobals())
  const isJson = options.has('json')
  const isPlain = command.optsWithGlobals().color === false
  const own: Terminal = isPlain ? { ...terminal, env: { ...terminal.env, NO_COLOR: '1' } } : terminal
  const tell = (text: string) => {
    if (!isJson) own.err(`${text}\n`)
  }
  let known: Promise<Gate> | undefined
  const gate = () => {
    known ??= connect(options, own, tell)
    return known
  }
  const showing = <T>(what: string, work: Promise<T>) => (isJson ? work : during(own, what, work))
  return {
    args: command.args,
    options,
    terminal: own,
    paint: paintFor(own, own.outIsScreen),
    isJson,
    tell,
    gate,
    ask: async (id, call, signal) => {
      const { client, url } = await gate()
      return await showing(`waiting for ${url}`, client.call(id, call, signal))
    },
    during: showing,
    confirm: (question) => ask(own, question, options.has('yes')),
  }
}
