import type { FlagSummary } from '../../../contract/responses.ts'
import { rateText } from '../../../core/figures.ts'
import { type Counted, smoothed, useSeries } from '../../state/series.ts'
import { useSession } from '../../state/session.ts'

const WIDTH = 96
const HEIGHT = 28
/** The scale never ends below this rate, so that noise looks small. */
const MIN_SCALE = 0.02
const LOOK = { seconds: 300, everyMs: 10_000 }

/** Error rate of the canary against control, over the last five minutes. */
export function Sparkline({ flag }: { flag: FlagSummary }) {
  const { client } = useSession()
  const isCounted = flag.canary.requests + flag.control.requests + flag.other.requests > 0
  const series = useSeries(client, isCounted ? flag.key : undefined, LOOK)
  const points = series?.points ?? []
  if (points.length < 2) return <span class="sparkline" />
  const canary = smoothed(points, 'canary').map(rateOf)
  const control = smoothed(points, 'control').map(rateOf)
  const top = Math.max(MIN_SCALE, ...canary, ...control)
  const title = `errors: canary ${rateText(canary.at(-1))}, control ${rateText(control.at(-1))}`
  return (
    <svg class="sparkline" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={title}>
      <title>{title}</title>
      <path class="control" d={lineOf(control, top)} />
      <path class={`canary ${flag.verdict === 'failing' ? 'failing' : ''}`} d={lineOf(canary, top)} />
    </svg>
  )
}

function rateOf({ requests, errors }: Counted): number {
  return requests === 0 ? 0 : errors / requests
}

function lineOf(values: readonly number[], top: number): string {
  const step = WIDTH / Math.max(1, values.length - 1)
  return values
    .map((value, index) => {
      const y = HEIGHT - 3 - (value / top) * (HEIGHT - 6)
      return `${index === 0 ? 'M' : 'L'}${(index * step).toFixed(1)} ${y.toFixed(1)}`
    })
    .join('')
}
