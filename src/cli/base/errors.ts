/** Errors of the command line: what was attempted, what is wrong, what must be done. */
import type { Problem } from '../../core/config/parse/problems.ts'
import { printableDeep } from './printable.ts'

export const EXIT = { done: 0, refused: 1, usage: 2 } as const

/** Something cannot be done. `facts` is what `--json` shows besides the message. */
export class Refusal extends Error {
  readonly facts: Readonly<Record<string, unknown>>
  /** Shown below the message, except with `--json`. */
  readonly details: string

  constructor(message: string, facts: Readonly<Record<string, unknown>> = {}, details = '') {
    super(message)
    this.name = 'Refusal'
    this.facts = facts
    this.details = details
  }
}

/** The command line itself is wrong; exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** The user declined the confirmation. */
export class Declined extends Error {
  override readonly name = 'Declined'
  constructor() {
    super('Nothing was changed')
  }
}

/** Problems as text, a paragraph each. */
export function paragraphs(problems: readonly Problem[]): string {
  return printableDeep(problems)
    .map(
      ({ path, found, expected, fix }) =>
        `  ${path}\n    found     ${found}\n    expected  ${expected}\n    fix       ${fix}`,
    )
    .join('\n')
}

/** The gate that a command talks to. */
export type Address = {
  url: string
  /** What named it: "--url", "SLUICE_URL", "the current profile main". */
  source: string
  /** The user named no gate: this is the usual address, or that of a gate which ran in this folder. */
  isGuess?: true
}

/** The gate cannot be reached. */
export class Unreachable extends Error {
  override readonly name = 'Unreachable'
  readonly address: Address
  constructor(address: Address, why: string) {
    super(`Cannot reach the gate at ${addressText(address)}: ${why}`)
    this.address = address
  }
}

/** "http://127.0.0.1:8787 (SLUICE_URL)" */
export function addressText({ url, source }: Address): string {
  return `${url} (${source})`
}
