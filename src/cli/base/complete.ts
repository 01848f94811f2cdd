/** Completion: what can come next on a command line. */

import type { CliCommand, OptionSpec } from './command.ts'
import { GLOBAL_OPTIONS } from './global-options.ts'

/**
 * Candidates for the last of `words` (which may be empty), where the ones before it are complete. `flags` gives the
 * keys of flags; undefined: the shell may offer files.
 */
export function candidates(
  commands: readonly CliCommand[],
  words: readonly string[],
  flags: () => readonly string[],
): readonly string[] | undefined {
  const last = words.at(-1) ?? ''
  const { command, rest } = commandIn(commands, words.slice(0, -1))
  const known = [...(command?.options ?? []), ...GLOBAL_OPTIONS]
  const asked = optionAsked(known, rest.at(-1))
  if (asked !== undefined) return asked.choices && startingWith(last, asked.choices)
  if (last.startsWith('-'))
    return startingWith(
      last,
      known.flatMap(({ flags: names }) => namesOf(names)),
    )
  const below = command === undefined ? commands : command.subcommands
  if (below !== undefined)
    return startingWith(last, [...below.map(({ name }) => name), ...(command ? [] : ['help'])])
  const position = rest.filter((word) => !word.startsWith('-')).length
  const argument = command?.arguments?.[Math.min(position, (command.arguments.length || 1) - 1)]
  if (argument?.completes === 'files') return undefined
  if (argument?.completes === 'flags') return startingWith(last, flags())
  return startingWith(last, typeof argument?.completes === 'object' ? argument.completes : [])
}

/** The command that the words lead to, and what comes after it. */
function commandIn(
  commands: readonly CliCommand[],
  words: readonly string[],
): { command: CliCommand | undefined; rest: readonly string[] } {
  let command: CliCommand | undefined
  let below: readonly CliCommand[] | undefined = commands
  const rest: string[] = []
  for (const word of words) {
    const found: CliCommand | undefined = below?.find(({ name }) => name === word)
    if (found === undefined) rest.push(word)
    else {
      command = found
      below = found.subcommands
    }
  }
  return { command, rest }
}

/** The option whose value comes next. */
function optionAsked(known: readonly OptionSpec[], word: string | undefined): OptionSpec | undefined {
  if (word === undefined || !word.startsWith('-')) return undefined
  return known.find(({ flags }) => / [A-Z]/.test(flags) && namesOf(flags).includes(word))
}

function namesOf(flags: string): string[] {
  return flags.split(/[ ,]+/).filter((word) => word.startsWith('-'))
}

function startingWith(start: string, all: readonly string[]): string[] {
  return [...new Set(all)].filter((each) => each.startsWith(start))
}
