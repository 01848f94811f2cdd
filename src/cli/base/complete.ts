/** What could stand next on a command line. */
import { GLOBAL_OPTIONS } from './global-options.ts'
import type { OptionSpec, Verb } from './verb.ts'

/**
 * Candidates for the last of `words` (which may be empty), where the ones before it are complete. `flags` gives the
 * keys of flags; undefined: the shell may offer files.
 */
export function candidates(
  verbs: readonly Verb[],
  words: readonly string[],
  flags: () => readonly string[],
): readonly string[] | undefined {
  const last = words.at(-1) ?? ''
  const { verb, rest } = verbIn(verbs, words.slice(0, -1))
  const known = [...(verb?.options ?? []), ...GLOBAL_OPTIONS]
  const asked = optionAsked(known, rest.at(-1))
  if (asked !== undefined) return asked.choices && startingWith(last, asked.choices)
  if (last.startsWith('-'))
    return startingWith(
      last,
      known.flatMap(({ flags: names }) => namesOf(names)),
    )
  const below = verb === undefined ? verbs : verb.verbs
  if (below !== undefined)
    return startingWith(last, [...below.map(({ name }) => name), ...(verb ? [] : ['help'])])
  const position = rest.filter((word) => !word.startsWith('-')).length
  const argument = verb?.arguments?.[Math.min(position, (verb.arguments.length || 1) - 1)]
  if (argument?.completes === 'files') return undefined
  if (argument?.completes === 'flags') return startingWith(last, flags())
  return startingWith(last, typeof argument?.completes === 'object' ? argument.completes : [])
}

/** The verb that the words lead to, and what comes after it. */
function verbIn(
  verbs: readonly Verb[],
  words: readonly string[],
): { verb: Verb | undefined; rest: readonly string[] } {
  let verb: Verb | undefined
  let below: readonly Verb[] | undefined = verbs
  const rest: string[] = []
  for (const word of words) {
    const found: Verb | undefined = below?.find(({ name }) => name === word)
    if (found === undefined) rest.push(word)
    else {
      verb = found
      below = found.verbs
    }
  }
  return { verb, rest }
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
