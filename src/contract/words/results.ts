/** The results of metrics as people read them: the same on the flag's page and in the terminal. */

import { countText, durationText, NO_FIGURE, plural, rateText } from '../../core/figures.ts'
import { CONVERTED_ALREADY, isWorseByInterval } from '../../core/metrics/results.ts'
import type { ComparisonView, MetricView, ResultsView } from '../responses/results.ts'
import type { Tone } from './flag-state.ts'

/** A rate or mean per visitor: "4 %" of a conversion, "12.4" of a sum. */
export function meanText({ type }: Pick<MetricView, 'type'>, mean: number | null): string {
  if (mean === null) return NO_FIGURE
  if (type === 'conversion') return rateText(mean)
  return Math.abs(mean) >= 1_000 ? countText(Math.round(mean)) : String(Number(mean.toPrecision(3)))
}

/** "3.6–4.4 %"; empty where nothing bounds it. */
export function meanRangeText(metric: Pick<MetricView, 'type'>, low: number | null, high: number | null) {
  if (low === null || high === null) return ''
  const [from, to] = [meanText(metric, low), meanText(metric, high)]
  return metric.type === 'conversion' ? `${from.replace(' %', '')}–${to}` : `${from}–${to}`
}

/** A relative difference: 0.25 → "+25 %", -0.2 → "−20 %". */
export function shareText(share: number | null): string {
  if (share === null) return NO_FIGURE
  const percent = share * 100
  const shown = Math.abs(percent) < 10 ? Number(percent.toPrecision(2)) : Math.round(percent)
  if (shown === 0) return '0 %'
  return shown > 0 ? `+${countText(shown)} %` : `−${countText(-shown)} %`
}

/** Where the difference is: "+8 % to +44 %", "at least −14 %". */
export function shareRangeText({ low, high }: Pick<ComparisonView, 'low' | 'high'>): string {
  // Nothing falls by more than all.
  if ((low === null || low <= -1) && high === null) return 'not known yet'
  if (low === null) return `at most ${shareText(high)}`
  if (high === null) return `at least ${shareText(low)}`
  return `${shareText(low)} to ${shareText(high)}`
}

/** The difference at which the guard acts, as a share: a drop of 5 % is -0.05. Undefined without a margin. */
export function marginOf({ better, marginPercent }: MetricView): number | undefined {
  if (marginPercent === undefined) return undefined
  return (better === 'higher' ? -marginPercent : marginPercent) / 100
}

/** "better", "worse", "not worse than 5 %", "undecided: about 3 more days at this rate". */
export function wordText(comparison: ComparisonView, metric: MetricView): string {
  const { word, wait, relative, low, high } = comparison
  switch (word) {
    case 'worse':
      return metric.marginPercent === undefined || isWorseByInterval(metric.better, comparison)
        ? word
        : `worse, by the guard's test`
    case 'not worse':
      return metric.marginPercent === undefined ? word : `not worse than ${metric.marginPercent} %`
    case 'undecided': {
      const open = relative === null && low === null && high === null ? 'too early' : word
      return wait === undefined ? open : `${open}: ${wait}`
    }
    default:
      return word
  }
}

const TONES: Readonly<Record<ComparisonView['word'], Tone>> = {
  worse: 'bad',
  better: 'good',
  'not worse': 'good',
  undecided: 'accent',
}

export function wordTone(word: ComparisonView['word']): Tone {
  return TONES[word]
}

/** "share of visitors, higher is better; the guard rolls back at −5 %; each visitor adds 500 at most". */
export function metricAbout(metric: MetricView): string {
  const margin = marginOf(metric)
  const acts: Readonly<Record<string, string>> = {
    rollback: 'rolls back',
    freeze: 'freezes',
    signal: 'tells',
  }
  return [
    `${UNITS[metric.type]}, ${metric.better} is better`,
    ...(margin === undefined
      ? []
      : [
          `the guard ${acts[metric.action ?? 'rollback'] ?? 'acts'} beyond ${shareText(margin)}, by its own, surer test`,
        ]),
    ...(metric.cap === undefined
      ? []
      : [`each visitor adds ${meanText({ type: 'sum' }, metric.cap)} at most`]),
    ...(metric.sinceMs === undefined ? [] : [`counts who met the flag since ${minuteText(metric.sinceMs)}`]),
  ].join('; ')
}

/** "2027-03-01 12:05 UTC". */
const minuteText = (ms: number) => `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC`

const UNITS = {
  conversion: 'share of visitors',
  count: 'events per visitor',
  sum: 'sum per visitor',
} as const

/** "30,000 visitors in 6 d; left out: 3 visitors who met two variants; events that did not count: 5 repeated, 2 late". */
export function keptText({ kept, sinceMs, atMs, rolledBack }: ResultsView): string {
  const { visitors, share, mixed, unproven } = kept
  const { [CONVERTED_ALREADY]: again = 0, ...refused } = kept.refused
  // An attempt that is over lasts no longer.
  const untilMs = Math.min(atMs, rolledBack?.atMs ?? atMs)
  const left = [
    ...(mixed > 0 ? [`${plural(mixed, 'visitor')} who met two variants`] : []),
    ...(unproven > 0 ? [`${plural(unproven, 'visit')} without proof of who it is`] : []),
  ]
  const reasons = Object.entries(refused)
    .filter(([, count]) => count > 0)
    .sort(([, a], [, b]) => b - a)
    .map(([reason, count]) => `${countText(count)} ${reason}`)
  return [
    // Before the first visitor nothing has begun.
    sinceMs ? `${plural(visitors, 'visitor')} in ${durationText(untilMs - sinceMs)}` : 'No visitors yet',
    ...(share < 1 ? [`${rateText(share)} of new visitors are followed`] : []),
    ...(left.length > 0 ? [`left out: ${left.join(', ')}`] : []),
    ...(again > 0 ? [`${plural(again, 'more conversion')} of visitors who had converted`] : []),
    ...(reasons.length > 0 ? [`events that did not count: ${reasons.join(', ')}`] : []),
  ].join('; ')
}

/** "order: b +25 % (+8 % to +44 %), better", a line for each comparison of an attempt that has ended. */
export function comparisonLines({ metrics }: Pick<ResultsView, 'metrics'>): string[] {
  return metrics.flatMap((metric) =>
    metric.comparisons.map(({ wait: _, ...each }) => {
      const difference = `${each.variant} ${shareText(each.relative)} (${shareRangeText(each)})`
      return `${metric.name}: ${difference}, ${wordText(each, metric)}`
    }),
  )
}

/** "rolled back 2027-03-01 12:05 UTC: order of b is …"; undefined for a flag that is not. */
export function rolledBackText({ rolledBack }: Pick<ResultsView, 'rolledBack'>): string | undefined {
  return rolledBack && `rolled back ${minuteText(rolledBack.atMs)}: ${rolledBack.reason}`
}

/** Whether an operator must look: a variant is worse, or visitors are not split as the document says. */
export function isAlarming({ split, metrics }: ResultsView): boolean {
  return (
    split.word === 'broken' || metrics.some((each) => each.comparisons.some(({ word }) => word === 'worse'))
  )
}
