/** The impact of a document, in lines. */
import { flagImpactText, type Impact, impactText, unknownImpactText } from '../../contract/words/impact.ts'

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
