/** The impact of a change: how many of the recently sampled visitors would get another variant or origin. */
import { countText, percentText, plural } from '../../core/figures.ts'
import type { PeopleMoved, Responses } from '../responses.ts'

export type Impact = PeopleMoved

/** "12 % of 1,200 recent requests would get another variant or origin". */
export function impactText({ samples, movedPercent }: Impact): string {
  if (samples === 0) return 'Impact unknown: no recent requests were sampled'
  return `${movedShare(movedPercent ?? 0, samples)} of ${plural(samples, 'recent request')} would get another variant or origin`
}

/** A percentage of few says more than is known. */
const FEW = 30

function movedShare(movedPercent: number, samples: number): string {
  if (movedPercent === 0) return 'None'
  return samples < FEW ? countText(Math.round((movedPercent * samples) / 100)) : percentText(movedPercent)
}

/** "This moves 12 % of 1,200 recent requests." */
export function movesText({ samples, movedPercent }: Pick<Impact, 'samples' | 'movedPercent'>): string {
  if (movedPercent === null) return 'How many visitors this moves is not known.'
  return `This moves ${movedShare(movedPercent, samples).toLowerCase()} of ${plural(samples, 'recent request')}.`
}

/** What one flag moves: "12 visitors would move, off → on in 30 of 1,200 recent requests (RO, US)". */
export function flagImpactText(
  { visitors, moves, countries }: Impact['flags'][number],
  { samples }: Pick<Impact, 'samples'>,
): string {
  const ways = moves.map(({ from, to, count }) => `${from} → ${to} in ${countText(count)}`).join(', ')
  const places = countries.length > 0 ? ` (${countries.join(', ')})` : ''
  return `${plural(visitors, 'visitor')} would move, ${ways} of ${plural(samples, 'recent request')}${places}`
}

/** What could not be tried; undefined where everything could. */
export function unknownImpactText({ unknown }: Pick<Impact, 'unknown'>): string | undefined {
  if (unknown === 0) return undefined
  return `${plural(unknown, 'more request')} could not be replayed: an attribute that the document uses was not recorded`
}

/** The impact of a document, in lines. */
export function impactLines(impact: Impact): string {
  const unknown = unknownImpactText(impact)
  return [
    impact.samples === 0 ? impactText(impact) : `Impact: ${impactText(impact)}`,
    ...impact.flags
      .filter(({ moved }) => moved > 0)
      .map((flag) => `  ${flag.flag}: ${flagImpactText(flag, impact)}`),
    ...(unknown ? [`  ${unknown}`] : []),
  ].join('\n')
}

/** "Matches 12 % of recent visitors (240 of 2,000)": how many meet a rule's conditions. */
export function matchText({
  samples,
  matched,
  unknown,
}: Responses['diffDocument']['audience'][number]): string {
  if (samples + unknown === 0) return 'No recent visitors to count'
  const rest = unknown === 0 ? '' : `; of ${countText(unknown)} more it is not known yet`
  if (samples === 0) return `Of ${plural(unknown, 'recent visitor')} it is not known yet`
  const share = percentText(Math.round((1_000 * matched) / samples) / 10)
  return `Matches ${share} of recent visitors (${countText(matched)} of ${countText(samples)})${rest}`
}
