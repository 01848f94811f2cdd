/** One run of the command line, from its arguments to its exit code. */
import { CommanderError } from 'commander'
import { Declined, EXIT, UsageError } from '../base/errors.ts'
import { jsonText } from '../base/printable.ts'
import { safeTerminal, type Terminal } from '../base/terminal.ts'
import { CLI_COMMANDS } from '../commands/index.ts'
import { describeFailure } from '../render/failure.ts'
import { createProgram, type Outcome } from './program.ts'

/** Runs `sluice ARGUMENTS`; resolves with the exit code. */
export async function main(args: readonly string[], unsafe: Terminal): Promise<number> {
  const terminal = safeTerminal(unsafe)
  const isJson = args.includes('--json')
  const run: Outcome = { failed: false, complaint: '', address: undefined }
  const program = createProgram(terminal, run, args)
  try {
    if (args.length === 0) {
      terminal.out(program.helpInformation())
      return EXIT.usage
    }
    await program.parseAsync([...args], { from: 'user' })
    return run.failed ? EXIT.refused : EXIT.done
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return EXIT.done
      if (isJson) terminal.out(jsonError({ kind: 'usage', message: run.complaint.trim() }))
      else terminal.err(run.complaint + swapped(args, error))
      return EXIT.usage
    }
    const { text, json } = describeFailure(error, terminal, run.address)
    if (isJson) terminal.out(jsonError(json))
    else terminal.err(`${text}\n`)
    if (error instanceof Declined) return EXIT.refused
    return error instanceof UsageError ? EXIT.usage : EXIT.refused
  }
}

/** A hint where the flag stands before the command: `sluice new-shop kill`. */
function swapped([flag, verb]: readonly string[], { code }: CommanderError): string {
  const isVerb = CLI_COMMANDS.some(({ name }) => name === verb)
  return code === 'commander.unknownCommand' && isVerb ? `Did you mean: sluice ${verb} ${flag}\n` : ''
}

function jsonError(error: object): string {
  return `${jsonText({ error }, 2)}\n`
}
