/** Canary against control, over time. */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import type { Chart, Drawing } from '../../components/charts/chart.ts'
import { Segments } from '../../components/fields.tsx'
import { Card } from '../../components/layout.tsx'
import { useSeries } from '../../state/series.ts'
import { useSession } from '../../state/session.ts'
import { useStore } from '../../state/store.ts'
import { colours } from '../../state/theme.ts'
import { drawingsOf } from './drawings.ts'

const RANGES = [
  ['300', '5 min'],
  ['1800', '30 min'],
  ['10800', '3 h'],
  ['86400', '24 h'],
] as const

const FRESH_MS = 5_000
const LONG_MS = 30_000

export function Charts({ flag }: { flag: string }) {
  const { client } = useSession()
  const [range, setRange] = useState<string>(RANGES[0][0])
  const seconds = Number(range)
  const series = useSeries(client, flag, { seconds, everyMs: seconds > 1_800 ? LONG_MS : FRESH_MS })
  const drawings = useMemo(() => (series ? drawingsOf(series) : undefined), [series])
  return (
    <Card
      title="Canary against control"
      class="charts"
      tools={<Segments label="Time range" name="range" value={range} choices={RANGES} onChoose={setRange} />}
    >
      {series !== undefined && series.points.length < 2 ? (
        <p class="empty">No requests in this time range. Charts appear within seconds of the first ones.</p>
      ) : (
        <div class="chart-grid">
          {drawings?.map(({ title, summary, drawing }) => (
            <ChartFigure key={title} title={title} summary={summary} drawing={drawing} />
          ))}
        </div>
      )}
    </Card>
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
