import { table } from '../../test-kit/report/emit.ts'
import { type Ratio, ratioText } from '../../test-kit/report/ratio.ts'
import { turnsText } from '../proxy/turns.ts'

/** `factor`: how many times the first size's cost, where that was measured beside it. */
export type Series = { by: string; points: { size: number; cost: number; factor?: Ratio }[] }
/** Decisions in ns, in this process; the gate in µs of CPU time of workerd. */
export type GrowthResult = {
  mode: string
  rounds: number
  seconds: number
  decisions: Series[]
  gate: Series[]
}

/** Exponent of the power of size by which the cost grows, from the last two sizes: 0 is none, 1 is in proportion. */
function exponent({ points }: Series): number {
  const [before, last] = points.slice(-2)
  if (before === undefined || last === undefined) return Number.NaN
  return Math.log(last.cost / before.cost) / Math.log(last.size / before.size)
}

/** What each more costs, from the first to the last size. */
function perUnit({ points }: Series): number {
  const [first] = points
  const last = points.at(-1)
  if (first === undefined || last === undefined || first === last) return Number.NaN
  return (last.cost - first.cost) / (last.size - first.size)
}

export function toMarkdown({ decisions, gate, ...turns }: GrowthResult): string {
  return `${seriesTable(decisions, 'ns')}

${gate.length > 0 ? `${seriesTable(gate, 'µs')}\n\n` : ''}Decisions: the fastest round; the gate: ${turnsText(turns)}.`
}

export function seriesTable(series: readonly Series[], unit: string): string {
  const rows = series.map((each) => [
    each.by,
    each.points
      .map(({ size, cost }) => `${size.toLocaleString('en')}: ${cost.toFixed(0)} ${unit}`)
      .join(', '),
    growthText(each, unit),
  ])
  return table(['number of', 'cost of a request', 'growth'], rows)
}

function growthText(series: Series, unit: string): string {
  const first = series.points[0]?.cost ?? Number.NaN
  const last = series.points.at(-1)
  const times = last?.factor ? ratioText(last.factor) : ((last?.cost ?? Number.NaN) / first).toFixed(2)
  const factor = `× ${times} from the first to the last`
  return exponent(series) < 0.3 ? factor : `${perUnit(series).toFixed(1)} ${unit} for each more; ${factor}`
}
