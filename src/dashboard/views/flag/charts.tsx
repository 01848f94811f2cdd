/** Canary against control, over time. */
import { useMemo } from 'preact/hooks'
import { ChartFigure } from '../../components/charts/chart-figure.tsx'
import { Segments } from '../../components/fields.tsx'
import { Card } from '../../components/layout.tsx'
import { useQueryValue } from '../../state/router.tsx'
import { useSeries } from '../../state/series.ts'
import { useSession } from '../../state/session.ts'
import { drawingsOf } from './drawings.ts'
import type { Moment } from './moments.ts'

const RANGES = [
  ['300', '5 min'],
  ['1800', '30 min'],
  ['10800', '3 h'],
  ['86400', '24 h'],
] as const

const FRESH_MS = 5_000
const LONG_MS = 30_000

export function Charts({ flag, moments }: { flag: string; moments: readonly Moment[] }) {
  const { client } = useSession()
  const [range, setRange] = useQueryValue(
    'range',
    RANGES.map(([seconds]) => seconds),
  )
  const seconds = Number(range)
  const series = useSeries(client, flag, { seconds, everyMs: seconds > 1_800 ? LONG_MS : FRESH_MS })
  const drawings = useMemo(() => (series ? drawingsOf(series, moments) : undefined), [series, moments])
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
