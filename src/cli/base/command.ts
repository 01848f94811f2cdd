/**
 * A command of the command line, as data: its help, its completion and its page in the documentation are made from
 * the same lines that the parser reads.
 */
import type { AdminClient } from '../../contract/client.ts'
import type { Address } from './errors.ts'
import { type NumberRule, wholeNumber } from './number-rule.ts'
import type { Options } from './options.ts'
import type { Paint, Terminal } from './terminal.ts'

export type OptionSpec = {
  /** As help shows it: `--reason TEXT`, `-w, --wait`. */
  flags: string
  summary: string
  kind?: 'text' | 'list'
  /** The value is such a number. */
  number?: NumberRule
  /** An empty text means something; for all others it is what an unset variable of a script leaves. */
  mayBeEmpty?: true
  choices?: readonly string[]
}

export type ArgumentSpec = {
  /** `<flag>` is required, `[file]` is optional, `<flags...>` may be several. */
  name: string
  summary: string
  /** What completion offers. */
  completes?: 'flags' | 'files' | readonly string[]
}

/** A command line without `sluice`, and what it does. */
export type Example = readonly [line: string, meaning: string]

export type CliCommand = {
  name: string
  /** Other names that it has. */
  aliases?: readonly string[]
  group: Group
  summary: string
  /** Paragraphs below the summary. */
  details?: string
  arguments?: readonly ArgumentSpec[]
  options?: readonly OptionSpec[]
  examples: readonly Example[]
  /** What exit code 1 means besides a refusal. */
  failsWhen?: string
  /** Either this … */
  run?(call: Call): Promise<Result | undefined>
  /** … or subcommands, as in `token create`. */
  subcommands?: readonly CliCommand[]
}

export const GROUPS = ['Set up', 'Document', 'Flags', 'Rollout', 'Inspect', 'Manage'] as const
export type Group = (typeof GROUPS)[number]

/** The outcome of a command. `failed` makes the exit code 1. */
export type Result = {
  json: unknown
  text: string
  failed?: boolean
  /** The text is a file, to be redirected into one. */
  isFile?: boolean
}

export type Gate = Address & { client: AdminClient }

/** One run of a command. */
export type Call = {
  args: readonly string[]
  options: Options
  terminal: Terminal
  /** Colours for standard output. */
  paint: Paint
  /** Whether a program reads the output, which must be nothing but JSON then. */
  isJson: boolean
  /** The gate that the options, the environment or a profile name. */
  gate(): Promise<Gate>
  /** Calls an operation of that gate; shows progress when it takes longer than a second. */
  ask: AdminClient['call']
  /** Tells something on standard error while the command runs; not with `--json`. */
  tell(text: string): void
  /** Shows progress when the work takes longer than a second. */
  during<T>(what: string, work: Promise<T>): Promise<T>
  /** Asks for confirmation, unless `--yes`. Throws Declined, and UsageError without a terminal. */
  confirm(question: string): Promise<void>
  /** A result in the past tense, with a tick: "✔ f is paused". */
  done(json: unknown, text: string): Result
}

/** Arguments and options that several commands take. */
export const FLAG_ARGUMENT: ArgumentSpec = { name: '<flag>', summary: 'key of the flag', completes: 'flags' }
export const DOCUMENT_ARGUMENT: ArgumentSpec = {
  name: '[file]',
  summary: 'the document (gate.json)',
  completes: 'files',
}
export const DOCUMENT_OR_INPUT: ArgumentSpec = {
  name: '[file]',
  summary: 'the document (gate.json); "-" reads standard input',
  completes: 'files',
}
export const REASON: OptionSpec = {
  flags: '-m, --reason TEXT',
  summary: 'the reason, for the audit log',
  mayBeEmpty: true,
}
export const SUMMARY: OptionSpec = {
  flags: '--summary FILE',
  summary: 'append a Markdown summary to this file',
  mayBeEmpty: true,
}
export const EXPECT: OptionSpec = {
  flags: '--expect VERSION',
  summary: 'refuse unless this version is still in force',
  number: wholeNumber(0),
}
export const LIMIT: OptionSpec = {
  flags: '-n, --limit N',
  summary: 'how many, at most 1000 (20)',
  number: wholeNumber(1, 1_000),
}
export const BEFORE: OptionSpec = {
  flags: '--before ID',
  summary: 'only those older than this one',
  number: wholeNumber(0),
}

/** A page of a list, as the admin API takes it. */
export function pageOf({ options }: Call) {
  const before = options.number('before')
  return {
    limit: String(options.number('limit') ?? 20),
    ...(before !== undefined && { before: String(before) }),
  }
}
