/** Each metric of the attempt: how the canary differs from control, how sure that is, and where the guard acts. */
import { useMemo } from 'preact/hooks'
import type { RatioBand } from '../../../core/guard/evidence/band.ts'
import type { Drawing } from '../../components/charts/chart.ts'
import { ChartFigure } from '../../components/charts/chart-figure.tsx'
import { Segments } from '../../components/fields.tsx'
import { Card } from '../../components/layout.tsx'
import { useQueryValue } from '../../state/router.tsx'
import { useSeries } from '../../state/series.ts'
import { useSession } from '../../state/session.ts'
import type { Moment } from './moments.ts'
import { coverageOf, differenceText, type SlowQuantile, type Standing, type Tile, tilesOf } from './tiles.ts'

const FRESH = { seconds: 1_800, everyMs: 5_000 }
const LONG = { seconds: 86_400, everyMs: 30_000 }
/** An attempt that is older than FRESH reaches back: then the points of a minute tell of it. */
const OLD_S = 1_700
const QUANTILES = [
  ['0', 'p50'],
  ['1', 'p95'],
  ['2', 'p99'],
] as const

const STANDINGS: Readonly<Record<Standing, { text: string; tone: string }>> = {
  within: { text: 'Within the limit', tone: 'good' },
  unproven: { text: 'Not decided yet', tone: 'accent' },
  beyond: { text: 'Beyond the limit', tone: 'bad' },
  'too-little': { text: 'Too little to compare', tone: 'neutral' },
}

export function MetricTiles({ flag, moments }: { flag: string; moments: readonly Moment[] }) {
  const { client } = useSession()
  const [slow, setSlow] = useQueryValue('slow', ['1', ...QUANTILES.map(([each]) => each)])
  const fresh = useSeries(client, flag, FRESH)
  const isOld = spanOf(fresh?.points) > OLD_S
  const long = useSeries(client, isOld ? flag : undefined, LONG)
  const series = isOld ? (long ?? fresh) : fresh
  const tiles = useMemo(() => (series ? tilesOf(series, Number(slow) as SlowQuantile) : []), [series, slow])
  if (series === undefined || tiles.length === 0) return null
  const coverage = coverageOf(series)
  return (
    <Card
      title="Against control, in this attempt"
      class="charts"
      tools={
        <Segments
          label="Slow beyond"
          name="slow-quantile"
          value={slow}
          choices={QUANTILES}
          onChoose={setSlow}
        />
      }
    >
      <div class="chart-grid tiles">
        {tiles.map((tile) => (
          <MetricTile key={tile.title} tile={tile} moments={moments} />
        ))}
      </div>
      <p class="hint">
        The band holds at every look: it contains the true difference throughout the attempt with a
        probability of {Math.floor(coverage * 1_000) / 10} % or more. The guard acts once the whole band is
        beyond the dashed line.
      </p>
    </Card>
  )
}

/** Seconds that the points of the latest attempt reach back. */
function spanOf(points: readonly { at: string; generation: number }[] = []): number {
  const last = points.at(-1)
  const first = points.find(({ generation }) => generation === last?.generation)
  return first && last ? (Date.parse(last.at) - Date.parse(first.at)) / 1_000 : 0
}

function MetricTile({ tile, moments }: { tile: Tile; moments: readonly Moment[] }) {
  const { title, about, bands, lines, standing } = tile
  const { text, tone } = STANDINGS[standing]
  const [band, line] = [bands.at(-1), lines.at(-1) ?? null]
  const figure = figureText(band)
  return (
    <ChartFigure
      title={title}
      summary={
        <>
          <span class={`tile-figure ${tone}`}>
            <b>{figure}</b> <span class={`badge ${tone}`}>{text}</span>
          </span>
          <span class="hint">
            {about}
            {standing !== 'too-little' && `; ${rangeText(band?.low ?? null, band?.high ?? null)}`}
            {line !== null && `; limit ${differenceText(line)}`}
          </span>
        </>
      }
      drawing={isTelling(band) ? drawingOf(tile, moments) : undefined}
    />
  )
}

/** Whether an edge of the band is on the plot: one that is open on both sides fills it, and says nothing. */
function isTelling(band: RatioBand | undefined): boolean {
  const { estimate = null, low = null, high = null } = band ?? {}
  const [least, most] = WIDE.range
  return estimate !== null || (low !== null && low > least) || (high !== null && high < most)
}

/** The difference; where control has none to multiply, what it is at the least, if that is worse. */
function figureText(band: RatioBand | undefined): string {
  const { estimate = null, low = null } = band ?? {}
  return estimate === null && low !== null && low > 1 ? `≥ ${differenceText(low)}` : differenceText(estimate)
}

function rangeText(low: number | null, high: number | null): string {
  if (low === null) return `at most ${differenceText(high)}`
  if (high === null) return `at least ${differenceText(low)}`
  return `between ${differenceText(low)} and ${differenceText(high)}`
}

const NARROW = { range: [0.5, 2], splits: [0.5, 0.75, 1, 1.5, 2] } as const
const WIDE = { range: [0.1, 10], splits: [0.1, 0.25, 0.5, 1, 2, 4, 10] } as const

function drawingOf({ times, bands, lines }: Tile, moments: readonly Moment[]): Drawing {
  const last = bands.at(-1)
  const isNarrow = [last?.low, last?.high, last?.estimate, lines.at(-1)].every(
    (ratio) => ratio !== null && ratio !== undefined && ratio > 0.55 && ratio < 1.9,
  )
  const scale = isNarrow ? NARROW : WIDE
  const [least, most] = scale.range
  const inside = (ratio: number | null, fallback: number | null) =>
    ratio === null ? fallback : Math.min(most, Math.max(least, ratio))
  const edge = (values: readonly (number | null)[]) => ({ label: '', colour: 'accent', values, edge: true })
  return {
    times,
    marks: moments.map(({ atS, label, isBad }) => ({ at: atS, label, isBad })),
    scale,
    lines: [
      edge(bands.map(({ high }) => inside(high, most))),
      edge(bands.map(({ low }) => inside(low, least))),
      { label: 'canary', colour: 'accent', values: bands.map(({ estimate }) => inside(estimate, null)) },
      { label: 'same as control', colour: 'control', values: bands.map(() => 1), thin: true },
      {
        label: 'limit',
        colour: 'bad-fill',
        values: lines.map((line) => inside(line, null)),
        dash: true,
      },
    ],
    bands: [{ lines: [0, 1], colour: 'accent-band' }],
    format: differenceText,
  }
}
