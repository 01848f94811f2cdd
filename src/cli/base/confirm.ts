/** Questions to a person. */
import { confirm, isCancel } from '@clack/prompts'
import { Declined, UsageError } from './errors.ts'
import type { Terminal } from './terminal.ts'

/** Returns when the answer is yes. */
export async function ask(terminal: Terminal, question: string, isYes: boolean): Promise<void> {
  if (isYes) return
  if (!terminal.canAsk) throw new UsageError(`Cannot ask "${question}": this is no terminal. Add --yes`)
  const answer = await confirm({ message: question, initialValue: false })
  if (isCancel(answer) || !answer) throw new Declined()
}
