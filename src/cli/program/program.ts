/** The parser, made from the commands. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { confirm, isCancel } from '@clack/prompts'
import { Argument, Command, InvalidArgumentError, Option } from 'commander'
import { PROJECT_ROOT } from '../../local/build/project-root.ts'
import { type Call, type CliCommand, type Gate, GROUPS, type OptionSpec } from '../base/command.ts'
import { type Address, Declined, EXIT, UsageError } from '../base/errors.ts'
import { GLOBAL_OPTIONS } from '../base/global-options.ts'
import type { NumberRule } from '../base/number-rule.ts'
import { Options } from '../base/options.ts'
import { jsonText, printable } from '../base/printable.ts'
import { paintFor, type SafeTerminal, type Terminal } from '../base/terminal.ts'
import { CLI_COMMANDS } from '../commands/index.ts'
import { connect } from '../connection/connect.ts'
import { shown } from '../connection/shown.ts'
import { during } from '../render/progress.ts'

/** Whether the command failed without an error, what the parser complains of, and the gate that was asked. */
export type Outcome = { failed: boolean; complaint: string; address: Address | undefined }

export function createProgram(
  terminal: SafeTerminal,
  outcome: Outcome,
  args: readonly string[] = [],
): Command {
  const program = new Command('sluice')
    .description('Splits traffic between origins, judges the canary, and rolls it back automatically')
    .usage('COMMAND [arguments] [options]')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', 'print the help of a command')
    .configureHelp({ showGlobalOptions: true, helpWidth: Math.min(terminal.columns, 110) })
    .configureOutput({
      writeOut: (text) => terminal.out(text),
      writeErr: (text) => {
        outcome.complaint += text
      },
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .showHelpAfterError('(add --help to see the usage)')
    .exitOverride()
  // Options of the program are read wherever they stand, and "release" has its own --version.
  if (!args.includes('release')) program.version(version(), '-V, --version', 'print the version')
  for (const spec of GLOBAL_OPTIONS) program.addOption(optionOf(spec))
  // An alias of --url.
  program.addOption(new Option('--gate <URL>').hideHelp())
  for (const group of GROUPS) {
    program.commandsGroup(`${group}:`)
    for (const spec of CLI_COMMANDS.filter((each) => each.group === group))
      addCommand(program, spec, terminal, outcome)
  }
  program.addHelpText('after', `\n${EXIT_CODES}`)
  return program
}

export const EXIT_CODES = `Exit codes: ${EXIT.done} done · ${EXIT.refused} refused, failed, or something was found · ${EXIT.usage} wrong usage`

function version(): string {
  const manifest = JSON.parse(readFileSync(join(PROJECT_ROOT, 'package.json'), 'utf8')) as { version: string }
  return manifest.version
}

function addCommand(parent: Command, spec: CliCommand, terminal: SafeTerminal, outcome: Outcome): void {
  const command = parent.command(spec.name).summary(spec.summary)
  command.description(spec.details ? `${spec.summary}\n\n${spec.details}` : spec.summary)
  command.aliases(spec.aliases ?? [])
  for (const { name, summary } of spec.arguments ?? []) command.addArgument(new Argument(name, summary))
  for (const option of spec.options ?? []) command.addOption(optionOf(option))
  command.addHelpText('after', `\n${afterHelp(spec)}`)
  for (const each of spec.subcommands ?? []) addCommand(command, each, terminal, outcome)
  const { run } = spec
  if (run === undefined) return
  command.action(async () => {
    const call = callOf(command, terminal, outcome)
    checkArguments(spec, call.args)
    const result = await run(call)
    if (result === undefined) return
    if (call.isJson) terminal.out(`${jsonText(result.json, 2)}\n`)
    else if (result.isFile) terminal.outExact(ended(result.text))
    else terminal.out(ended(result.text))
    outcome.failed = result.failed === true
  })
}

/** Empty is what an unset variable of a script leaves. */
function checkArguments({ arguments: specs = [] }: CliCommand, args: readonly string[]): void {
  const empty = specs.find(({ name }, at) => name.startsWith('<') && args[at]?.trim() === '')
  if (empty !== undefined) throw new UsageError(`${empty.name} must not be empty`)
}

function ended(text: string): string {
  return text === '' || text.endsWith('\n') ? text : `${text}\n`
}

function afterHelp({ examples, failsWhen }: CliCommand): string {
  const lines = examples.map(([line, meaning]) => `  $ sluice ${line}\n      ${meaning}`)
  const exit = failsWhen ? `\n\nExit code ${EXIT.refused}: ${failsWhen}.` : ''
  return `Examples:\n${lines.join('\n')}${exit}`
}

function optionOf({ flags, summary, kind = 'text', number, mayBeEmpty, choices }: OptionSpec): Option {
  const option = new Option(flags.replace(/ ([A-Z][A-Z=|.]*)$/, ' <$1>'), summary)
  if (choices) option.choices(choices)
  else if (number) option.argParser((text: string) => numberOf(text, number))
  else if (kind === 'list') option.argParser((text: string, all: string[] = []) => [...all, filled(text)])
  else if (/ [<[]/.test(option.flags) && !mayBeEmpty) option.argParser(filled)
  return option
}

function numberOf(text: string, { must, accepts }: NumberRule): number {
  if (text.trim() !== '' && accepts(Number(text))) return Number(text)
  throw new InvalidArgumentError(`It must be ${must}.`)
}

function filled(text: string): string {
  if (text.trim() !== '') return text
  throw new InvalidArgumentError('It must not be empty.')
}

function callOf(command: Command, terminal: Terminal, outcome: Outcome): Call {
  const options = new Options(command.optsWithGlobals())
  const isJson = options.has('json')
  const own: Terminal = options.has('no-color')
    ? { ...terminal, env: { ...terminal.env, NO_COLOR: '1' } }
    : terminal
  const paint = paintFor(own, own.outIsScreen)
  const tell = (text: string) => {
    if (!isJson) own.err(`${text}\n`)
  }
  let known: Promise<Gate> | undefined
  const gate = () => {
    known ??= connect(options, own, tell).then((found) => {
      outcome.address = found
      return isJson ? found : shown(found)
    })
    return known
  }
  const showing = <T>(what: string, work: Promise<T>) => (isJson ? work : during(own, what, work))
  return {
    args: command.args,
    options,
    terminal: own,
    paint,
    isJson,
    tell,
    gate,
    ask: async (id, call, signal) => {
      const { client, url } = await gate()
      return await showing(`waiting for ${url}`, client.call(id, call, signal))
    },
    during: showing,
    confirm: async (question) => {
      if (!options.has('yes')) await askToConfirm(own, question)
    },
    done: (json, text) => ({ json, text: `${paint('green', '✔')} ${text}` }),
  }
}

async function askToConfirm(terminal: Terminal, question: string): Promise<void> {
  if (!terminal.canAsk)
    throw new UsageError(`Cannot ask "${question}" without a terminal. Add --yes to confirm`)
  const answer = await confirm({ message: printable(question), initialValue: false })
  if (isCancel(answer) || !answer) throw new Declined()
}
