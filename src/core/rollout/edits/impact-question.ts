/** Whether the impact of a change must be confirmed: it is large, or the sample is too small to exclude that it is. */
import type { Impact } from '../../decision/impact.ts'
import { countText, percentText, plural } from '../../figures.ts'

/** How seldom a sample may look as harmless as this one although the limit is exceeded. */
const MOST_DOUBT = 0.05
/** A limit of 0 % could never be excluded. */
const LEAST_LIMIT = 0.01
/** Of fewer requests a percentage says more than is known. */
const FEW = 30

/**
 * The question of an impact; undefined where there is none. An impact that is unknown asks like one that is large.
 *
 * @param limitPercent `publishing.confirmAbovePercent`
 * @param mayMove whether the change can move visitors at all; then a small sample proves nothing
 */
export function impactQuestion(
  { movedPercent, samples, unknown }: Impact,
  limitPercent: number,
  mayMove: boolean,
): string | undefined {
  if (limitPercent >= 100) return undefined
  const notKnown = (why: string) => `how many visitors move is not known: ${why}`
  if (movedPercent === null) return mayMove ? notKnown('no recent request could be replayed') : undefined
  const moved = Math.round((movedPercent * samples) / 100)
  if (movedPercent > limitPercent) {
    const share = samples < FEW ? countText(moved) : percentText(movedPercent)
    return `${share} of ${plural(samples, 'recent request')} would be moved, more than ${limitPercent} %`
  }
  const unknownPercent = (100 * unknown) / (samples + unknown)
  if (unknownPercent > limitPercent)
    return notKnown(`${Math.round(unknownPercent)} % of recent requests could not be replayed`)
  if (mayMove && !excludes(moved, samples, Math.max(limitPercent / 100, LEAST_LIMIT)))
    return notKnown(
      `${countText(moved)} of ${plural(samples, 'recent request')} would be moved, too few requests to exclude ${limitPercent} %`,
    )
  return undefined
}

/**
 * Whether so few of a sample's requests can hardly be, were the share above a limit: the exact binomial test
 * (Clopper and Pearson, 1934).
 */
function excludes(moved: number, samples: number, limit: number): boolean {
  let term = samples * Math.log1p(-limit)
  let doubt = Math.exp(term)
  for (let count = 1; count <= moved; count++) {
    term += Math.log((samples - count + 1) / count) + Math.log(limit / (1 - limit))
    doubt += Math.exp(term)
  }
  return doubt <= MOST_DOUBT
}
