/**
 * A verb of the command line, as data: its help, its completion and its page in the documentation are made from the
 * same lines that the parser reads.
 */
import type { AdminClient } from '../../contract/client.ts'
import type { Gate } from './connected-gate.ts'
import type { Options } from './options.ts'
import type { Paint, Terminal } from './terminal.ts'

export type OptionSpec = {
  /** As help shows it: `--reason TEXT`, `-w, --wait`. */
  flags: string
  summary: string
  kind?: 'text' | 'number' | 'list'
  choices?: readonly string[]
}

export type ArgumentSpec = {
  /** `<flag>` must be given, `[file]` may be, `<flags...>` may be several. */
  name: string
  summary: string
  /** What completion offers. */
  completes?: 'flags' | 'files' | 'verbs' | readonly string[]
}

/** A command line without `sluice`, and what it does. */
export type Example = readonly [line: string, meaning: string]

export type Verb = {
  name: string
  group: Group
  summary: string
  /** Paragraphs below the summary. */
  details?: string
  arguments?: readonly ArgumentSpec[]
  options?: readonly OptionSpec[]
  examples: readonly Example[]
  /** What exit code 1 means, where it is more than "it was refused". */
  failsWhen?: string
  /** Either this … */
  run?(call: Call): Promise<Result | undefined>
  /** … or verbs of its own, as in `token create`. */
  verbs?: readonly Verb[]
}

export const GROUPS = ['Set up', 'Document', 'Flags', 'Rollout', 'Look', 'Manage'] as const
export type Group = (typeof GROUPS)[number]

/** What came of it. `failed` makes the exit code 1. */
export type Result = { json: unknown; text: string; failed?: boolean }

/** One run of a verb. */
export type Call = {
  args: readonly string[]
  options: Options
  terminal: Terminal
  /** Colours for standard output. */
  paint: Paint
  /** Whether a program reads the output: nothing but the JSON may be written to it. */
  isJson: boolean
  /** The gate that the options, the environment or a profile name. */
  gate(): Promise<Gate>
  /** Asks that gate; shows that something is going on when the answer takes longer than a second. */
  ask: AdminClient['call']
  /** Says something to a person while the verb runs, on standard error; programs are not told. */
  tell(text: string): void
  /** Shows that something is going on when it takes longer than a second. */
  during<T>(what: string, work: Promise<T>): Promise<T>
  /** Asks for a yes; `--yes` is one. Throws Declined, and UsageError where nobody can be asked. */
  confirm(question: string): Promise<void>
}
