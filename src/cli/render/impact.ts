/** The impact of a document, and what must be confirmed, in lines. */
import { flagImpactText, type Impact, impactText, unknownImpactText } from '../../contract/words/impact.ts'
import type { Paint } from '../base/terminal.ts'

export function impactLines(impact: Impact): string {
  const unknown = unknownImpactText(impact)
  return [
    `Impact: ${impactText(impact)}`,
    ...impact.flags
      .filter(({ moved }) => moved > 0)
      .map((flag) => `  ${flag.flag}: ${flagImpactText(flag, impact)}`),
    ...(unknown ? [`  ${unknown}`] : []),
  ].join('\n')
}

/** What must be confirmed; empty where the gate doesn't say. */
export function questionLines(questions: readonly string[], paint: Paint): string {
  if (questions.length === 0) return ''
  return ['This needs confirmation:', ...questions.map((question) => `  ${question}`)]
    .map((line) => paint('yellow', line))
    .join('\n')
}
