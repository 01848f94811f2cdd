/** How long still, in words: one place for page, terminal and API. */
import { durationText, moreText } from '../../figures.ts'
import type { Comparison } from '../results.ts'
import type { Metric } from '../spec.ts'
import { LOOKED_FOR_PERCENT, type Wait } from './wait.ts'

/** Of a comparison that one or two networks decide. */
export const UNTIL_MORE_NETWORKS = {
  wait: 'until it shows without any two networks',
  why: 'One or two networks decide this.',
} as const satisfies Partial<Comparison>

/** What a comparison says of how long it still takes, and until what. */
export function waitWords(
  { better, guard }: Metric,
  { ms, fromMs, toMs, isDue }: Wait,
): Pick<Comparison, 'etaMs' | 'etaRangeMs' | 'wait' | 'why'> {
  const time = timeText(ms)
  const [from, to] = [durationText(fromMs), durationText(toMs)]
  const range = toMs < Infinity && from !== to ? ` (${from} to ${to} in two of three cases)` : ''
  const shown = guard
    ? `a difference shows or more than ${guard.marginPercent} % ${better === 'higher' ? 'lower' : 'higher'} is excluded`
    : `a difference of ${LOOKED_FOR_PERCENT} % would show`
  return {
    ...(ms < Infinity && { etaMs: Math.round(ms) }),
    ...(toMs < Infinity && { etaRangeMs: [Math.round(fromMs), Math.round(toMs)] }),
    wait: isDue ? `longer than expected, ${time}` : time,
    why: `${time[0]?.toUpperCase()}${time.slice(1)}${range}, ${isDue ? 'longer than expected, as the difference is so small that it may stay undecided' : `until ${shown}`}.`,
  }
}

/** Shorter than this a guess of seconds would look exact. */
const SOON_MS = 10_000

function timeText(ms: number): string {
  if (ms < SOON_MS) return 'any moment now'
  return `${ms < Infinity ? `about ${moreText(ms)}` : 'more than a year'} at this rate`
}
