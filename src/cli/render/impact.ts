/** What must be confirmed, in lines. */
import type { Paint } from '../base/terminal.ts'

/** What must be confirmed; empty where the gate doesn't say. */
export function questionLines(questions: readonly string[], paint: Paint): string {
  if (questions.length === 0) return ''
  return ['This needs confirmation:', ...questions.map((question) => `  ${question}`)]
    .map((line) => paint('yellow', line))
    .join('\n')
}
