/** The changes of a document, one per line. */
import type { Change } from '../../contract/responses.ts'
import { valueText } from '../../core/figures.ts'
import type { Paint } from '../base/terminal.ts'

const MAX_LENGTH = 60

export function changeLines(changes: readonly Change[], paint: Paint): string {
  return changes.map((change) => changeLine(change, paint)).join('\n')
}

/** The changes as the gate says them; a gate of the release before says none. */
export function reviewLines(
  review: { summary?: readonly string[]; changes: readonly Change[] },
  paint: Paint,
): string {
  const { summary = [], changes } = review
  return summary.length > 0 ? summary.map((line) => `  ${line}`).join('\n') : changeLines(changes, paint)
}

function changeLine({ path, kind, before, after }: Change, paint: Paint): string {
  if (kind === 'added') return paint('green', `+ ${path} ${short(after)}`)
  if (kind === 'removed') return paint('red', `- ${path} ${short(before)}`)
  return `${paint('yellow', `~ ${path}`)} ${short(before)} → ${short(after)}`
}

function short(value: unknown): string {
  return valueText(typeof value === 'string' ? JSON.stringify(value) : value, MAX_LENGTH)
}
