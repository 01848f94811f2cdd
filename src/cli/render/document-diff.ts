/** Changes of a document, a line each. */
import type { Change } from '../../contract/responses.ts'
import type { Paint } from '../base/terminal.ts'

const LONGEST_VALUE = 60

export function changeLines(changes: readonly Change[], paint: Paint): string {
  return changes.map((change) => changeLine(change, paint)).join('\n')
}

function changeLine({ path, kind, before, after }: Change, paint: Paint): string {
  if (kind === 'added') return paint('green', `+ ${path} ${short(after)}`)
  if (kind === 'removed') return paint('red', `- ${path} ${short(before)}`)
  return `${paint('yellow', `~ ${path}`)} ${short(before)} → ${short(after)}`
}

function short(value: unknown): string {
  const text = JSON.stringify(value) ?? ''
  return text.length > LONGEST_VALUE ? `${text.slice(0, LONGEST_VALUE)}…` : text
}
