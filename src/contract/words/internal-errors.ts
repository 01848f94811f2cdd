/** The exceptions that the gate has survived. */
import { countText, timestampText } from '../../core/figures.ts'
import type { Responses } from '../responses.ts'

/** Older ones are only counted, in metrics and status. */
const RECENT_MS = 3_600_000

/**
 * A sentence for each place where something went wrong within the last hour, the latest first.
 *
 * @example `Internal error at gate.decide: 12 times since 2026-11-29 19:20:11 UTC, last at 2026-11-29 19:31:02 UTC: TypeError: …`
 */
export function internalErrorTexts({
  at,
  internalErrors,
}: Pick<Responses['getStatus'], 'at' | 'internalErrors'>): string[] {
  return internalErrors
    .filter(({ lastAt }) => Date.parse(at) - Date.parse(lastAt) < RECENT_MS)
    .sort((a, b) => b.lastAt.localeCompare(a.lastAt))
    .map(({ place, count, firstAt, lastAt, message }) => {
      const times = count === 1 ? 'once' : `${countText(count)} times since ${timestampText(firstAt)}`
      return `Internal error at ${place}: ${times}, last at ${timestampText(lastAt)}: ${message}`
    })
}
