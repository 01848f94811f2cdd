/** What the metrics of a flag show: the answer, a tile for each metric, and each variant with its figures. */
import { useMemo } from 'preact/hooks'
import type { ComparisonView, MetricView, ResultsView } from '../../../contract/responses/results.ts'
import {
  isAlarming,
  keptText,
  meanRangeText,
  meanText,
  metricAbout,
  shareRangeText,
  shareText,
  wordText,
  wordTone,
} from '../../../contract/words/results.ts'
import { resultsCsv } from '../../../contract/words/results-csv.ts'
import { countText } from '../../../core/figures.ts'
import { usePolled } from '../../state/use-polled.ts'
import { ChartFigure } from '../charts/chart-figure.tsx'
import { Icon } from '../icon.tsx'
import { Card, ProblemText } from '../layout.tsx'
import { colourOfVariant, drawingOf } from './drawing.ts'

const REFRESH_MS = 10_000

/** Of a flag that measures something. */
export function Results({ flag }: { flag: string }) {
  const { value, problem } = usePolled('getResults', { params: { flag } }, REFRESH_MS)
  if (value !== undefined) return <ResultsCard results={value} />
  return problem ? (
    <Card title="Metrics">
      <ProblemText>{problem}</ProblemText>
    </Card>
  ) : null
}

export function ResultsCard({ results }: { results: ResultsView }) {
  const { metrics, split, sentence } = results
  const isBad = isAlarming(results)
  const isGood =
    !isBad &&
    (metrics.some((each) => each.comparisons.some(({ word }) => word === 'better')) ||
      metrics[0]?.comparisons.every(({ word }) => word === 'not worse'))
  return (
    <Card
      title="Metrics"
      class="metrics charts"
      tools={
        <button type="button" class="small" onClick={() => download(results)}>
          CSV
        </button>
      }
    >
      <p class={`waiting ${isBad ? 'bad' : isGood ? 'good' : 'accent'}`} role="status">
        <Icon name={isBad ? 'alert' : isGood ? 'check' : 'clock'} />
        <span>
          {sentence.split(/(?<=\.) /).map((each, index) => (
            <span key={each} class="line">
              {index === 0 ? <strong>{each}</strong> : each}
            </span>
          ))}
        </span>
      </p>
      <div class="chart-grid">
        {metrics.map((metric) => (
          <Tile key={metric.name} metric={metric} />
        ))}
      </div>
      {metrics.map((metric) => (
        <VariantsTable key={metric.name} metric={metric} control={results.control} />
      ))}
      <p class="hint">
        The intervals hold at every look, so look as often as you like. {split.sentence} {keptText(results)}.
      </p>
    </Card>
  )
}

/** The difference of each variant, how sure it is, and the line at which the guard acts. */
function Tile({ metric }: { metric: MetricView }) {
  const drawing = useMemo(() => drawingOf(metric), [metric])
  const title = (
    <>
      {metric.name} {metric.role !== 'secondary' && <span class="tag">{metric.role}</span>}
    </>
  )
  const summary = (
    <>
      {metric.comparisons.map((each, index) => (
        <Compared key={each.variant} comparison={each} metric={metric} index={index} />
      ))}
      <span class="hint">{metricAbout(metric)}</span>
    </>
  )
  return <ChartFigure title={title} summary={summary} drawing={drawing} />
}

type ComparedProps = { comparison: ComparisonView; metric: MetricView; index: number }

function Compared({ comparison, metric, index }: ComparedProps) {
  const { variant, against, relative, word, sentence, why } = comparison
  const tone = wordTone(word)
  const mean = (of: string) =>
    `${of} ${meanText(metric, metric.variants.find((each) => each.variant === of)?.mean ?? null)}`
  return (
    <div class="compared">
      <span class={`tile-figure ${tone}`}>
        <i class="key" style={{ background: `var(--${colourOfVariant(index)})` }} />
        <span class="variant">{variant}</span> <b>{shareText(relative)}</b>{' '}
        <span class={`badge ${tone}`}>{wordText({ ...comparison, wait: undefined }, metric)}</span>
      </span>
      {why && <span>{why}</span>}
      <span class="hint">
        {mean(variant)}, {mean(against)}; {shareRangeText(comparison)}
      </span>
      {(word === 'undecided' || word === 'worse') && <span class="hint">{sentence}</span>}
    </div>
  )
}

/** Variants are never added up: each has its row. */
function VariantsTable({ metric, control }: { metric: MetricView; control: string }) {
  const { name, variants, comparisons } = metric
  const figure = metric.type === 'conversion' ? 'Rate' : 'Mean'
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: not every browser lets the keyboard scroll a region without it
    <section class="table-scroll" aria-label={`Variants by ${name}`} tabIndex={0}>
      <table class="numbers">
        <caption>{name}</caption>
        <thead>
          <tr>
            {[
              'Variant',
              'Visitors',
              'With an event',
              figure,
              'Interval',
              `To ${control}`,
              'Interval',
              'Word',
            ].map((column, index) => (
              <th key={index} scope="col">
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {variants.map(({ variant, visitors, converted, mean, low, high }) => {
            const found = comparisons.find((each) => each.variant === variant)
            return (
              <tr key={variant}>
                <th scope="row">{variant}</th>
                <td>{countText(visitors)}</td>
                <td>{countText(converted)}</td>
                <td>{meanText(metric, mean)}</td>
                <td>{meanRangeText(metric, low, high)}</td>
                <td>{found && shareText(found.relative)}</td>
                <td>{found && shareRangeText(found)}</td>
                <td class={found && `tone-${wordTone(found.word)}`}>
                  {found ? wordText(found, metric) : variant === control ? 'control' : ''}
                </td>
              </tr>
            )
          })}
        </tbody>
      </table>
    </section>
  )
}

/** The table as a file, made here: a link could not bring the session along. */
function download(results: ResultsView): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(new Blob([resultsCsv(results)], { type: 'text/csv' }))
  link.download = `${results.flag.replace(/[^\w.-]/g, '_')}-attempt-${results.generation}.csv`
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href))
}
