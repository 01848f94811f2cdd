/** Who moves when a document is published, in words. */
import type { PeopleMoved } from '../../contract/responses.ts'

export function peopleText({ samples, unknown, movedPercent, flags }: PeopleMoved): string {
  if (samples === 0) return 'People: nothing is known yet, no request has been sampled'
  const lines = [`People: moves ${movedPercent ?? 0} % of ${samples.toLocaleString('en')} sampled requests`]
  for (const { flag, movedPercent: percent, visitors, moves, countries, moved } of flags) {
    if (moved === 0) continue
    const ways = moves.map(({ from, to, count }) => `${from} → ${to} ${count}`).join(', ')
    const places = countries.length > 0 ? `, in ${countries.join(', ')}` : ''
    lines.push(`  ${flag}: ${percent} %, ${visitors} visitors (${ways})${places}`)
  }
  if (unknown > 0)
    lines.push(`  ${unknown} more could not be replayed: they lack an attribute that the document asks for`)
  return lines.join('\n')
}
