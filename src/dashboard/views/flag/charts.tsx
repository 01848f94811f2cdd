/** How the canary fares against control, over time. */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import type { Chart, Drawing } from '../../components/charts/chart.ts'
import { useSeries } from '../../state/series.ts'
import { useSession } from '../../state/session-context.ts'
import { useStore } from '../../state/store.ts'
import { colours } from '../../state/theme.ts'
import { drawingsOf } from './drawings.ts'

const RANGES = [
  { seconds: 300, label: '5 min' },
  { seconds: 1_800, label: '30 min' },
  { seconds: 10_800, label: '3 h' },
  { seconds: 86_400, label: '24 h' },
] as const

const FRESH_MS = 5_000
const LONG_MS = 30_000

export function Charts({ flag }: { flag: string }) {
  const { client } = useSession()
  const [seconds, setSeconds] = useState<number>(RANGES[0].seconds)
  const series = useSeries(client, flag, { seconds, everyMs: seconds > 1_800 ? LONG_MS : FRESH_MS })
  const drawings = useMemo(() => (series ? drawingsOf(series) : undefined), [series])
  return (
    <section class="card charts" aria-label="Charts">
      <header class="card-head">
        <h2>Canary against control</h2>
        <fieldset class="segments">
          <legend class="visually-hidden">How far back</legend>
          {RANGES.map((range) => (
            <label key={range.seconds}>
              <input
                type="radio"
                name="range"
                checked={seconds === range.seconds}
                onChange={() => setSeconds(range.seconds)}
              />
              <span>{range.label}</span>
            </label>
          ))}
        </fieldset>
      </header>
      {series !== undefined && series.points.length < 2 ? (
        <p class="empty">
          No requests were counted in this time. Lines appear within seconds of the first ones.
        </p>
      ) : (
        <div class="chart-grid">
          {drawings?.map(({ title, summary, drawing }) => (
            <ChartFigure key={title} title={title} summary={summary} drawing={drawing} />
          ))}
        </div>
      )}
    </section>
  )
}

type ChartFigureProps = { title: string; summary: string; drawing: Drawing }

function ChartFigure({ title, summary, drawing }: ChartFigureProps) {
  const element = useRef<HTMLDivElement>(null)
  const chart = useRef<Chart | undefined>(undefined)
  const latest = useRef(drawing)
  latest.current = drawing
  const colouring = useStore(colours)
  const lineCount = drawing.lines.length
  useEffect(() => {
    let isGone = false
    void import('../../components/charts/chart.ts').then(({ createChart }) => {
      if (!isGone && element.current) chart.current = createChart(element.current, latest.current)
    })
    return () => {
      isGone = true
      chart.current?.destroy()
      chart.current = undefined
    }
  }, [colouring, lineCount])
  useEffect(() => chart.current?.show(drawing), [drawing])
  return (
    <figure class="chart">
      <figcaption>
        <h3>{title}</h3>
        <p class="hint">{summary}</p>
      </figcaption>
      <div ref={element} class="plot" />
    </figure>
  )
}
