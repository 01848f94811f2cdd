/** The results of a flag's metrics in the terminal. */
import type { ComparisonView, MetricView, ResultsView } from '../../contract/responses/results.ts'
import {
  keptText,
  meanRangeText,
  meanText,
  metricAbout,
  rolledBackText,
  shareRangeText,
  shareText,
  wordText,
  wordTone,
} from '../../contract/words/results.ts'
import { countText } from '../../core/figures.ts'
import type { Paint } from '../base/terminal.ts'
import { headed } from './table.ts'

const COLOURS = { good: 'green', bad: 'red', accent: 'cyan', warn: 'yellow', neutral: 'dim' } as const

/** The answer first, then each metric variant by variant, then what the figures rest on. */
export function resultsView(results: ResultsView, paint: Paint): string {
  const { flag, generation, sentence, split, metrics } = results
  const mark = { ok: paint('green', '✔'), collecting: paint('cyan', '…'), broken: paint('red', '✖') }
  const rolledBack = rolledBackText(results)
  return [
    `${paint('bold', `${flag}, attempt ${generation}`)}: ${sentence}`,
    ...(rolledBack === undefined ? [] : [`${paint('red', '✖')} ${rolledBack}`]),
    ...metrics.map((metric) => metricText(metric, results.control, paint)),
    `${mark[split.word]} ${split.sentence}\n${paint('dim', keptText(results))}`,
  ].join('\n\n')
}

function metricText(metric: MetricView, control: string, paint: Paint): string {
  const role = metric.role === 'secondary' ? '' : ` (${metric.role})`
  const rows = metric.variants.map(({ variant, visitors, mean, low, high }) => {
    const range = meanRangeText(metric, low, high)
    const found = metric.comparisons.find((each) => each.variant === variant)
    return [
      ...[variant, countText(visitors), meanText(metric, mean), range],
      ...(found === undefined
        ? ['', '', variant === control ? paint('dim', 'control') : '']
        : compared(found, metric, paint)),
    ]
  })
  const mean = metric.type === 'conversion' ? 'rate' : 'mean'
  const columns = ['variant', 'visitors', mean, 'interval', `to ${control}`, 'interval', '']
  return `${paint('bold', metric.name)}${role}: ${paint('dim', metricAbout(metric))}\n${headed(columns, rows, paint)}`
}

function compared(comparison: ComparisonView, metric: MetricView, paint: Paint): string[] {
  const colour = COLOURS[wordTone(comparison.word)]
  return [
    paint(colour, shareText(comparison.relative)),
    shareRangeText(comparison),
    paint(colour, wordText(comparison, metric)),
  ]
}
