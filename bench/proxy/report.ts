/** Figures of the proxy benchmark. */
import { table } from '../../test-kit/report/emit.ts'
import { percentile } from '../../test-kit/report/percentiles.ts'
import { type Ratio, ratioText } from '../../test-kit/report/ratio.ts'
import { BASELINE, FEW_FLAGS, MANY_FLAGS, ONE_FLAG } from './contestants.ts'
import { cpuRatioOf, cpuUsOf, type Turn, turnsText } from './turns.ts'

type Settings = { mode: string; rounds: number; seconds: number }
/** CPU time per request over all turns; medians of the others. */
type Row = {
  name: string
  cpuUs: number
  ratio: Ratio
  perSecond: number
  p50Ms: number
  p99Ms: number
  failed: number
}
export type ProxyResult = Settings & {
  rows: Row[]
  /** The gate with one flag to the bare passthrough. */
  gateToBare: Ratio
  /** 10,000 flags and 100 routes to 10 flags. */
  manyToFew: Ratio
}

export function resultOf(turns: ReadonlyMap<string, readonly Turn[]>, settings: Settings): ProxyResult {
  const ratio = (name: string, other: string) => cpuRatioOf(turns.get(name), turns.get(other))
  const rows = [...turns].map(([name, each]): Row => {
    const median = (figure: 'perSecond' | 'p50Ms' | 'p99Ms') =>
      percentile(
        each.map((turn) => turn[figure]),
        0.5,
      )
    return {
      name,
      cpuUs: cpuUsOf(each),
      ratio: ratio(name, BASELINE),
      perSecond: median('perSecond'),
      p50Ms: median('p50Ms'),
      p99Ms: median('p99Ms'),
      failed: each.reduce((sum, { failed }) => sum + failed, 0),
    }
  })
  return { ...settings, rows, gateToBare: ratio(ONE_FLAG, BASELINE), manyToFew: ratio(MANY_FLAGS, FEW_FLAGS) }
}

export function toMarkdown({ rows, manyToFew, ...settings }: ProxyResult): string {
  const head = [
    'in front of the origin',
    'CPU per request',
    '÷ bare passthrough',
    'requests/s',
    'p50',
    'p99',
    'failed',
  ]
  const body = rows.map(({ name, cpuUs, ratio, perSecond, p50Ms, p99Ms, failed }) => [
    name,
    `${cpuUs.toFixed(0)} µs`,
    ratioText(ratio),
    perSecond.toFixed(0),
    `${p50Ms.toFixed(2)} ms`,
    `${p99Ms.toFixed(2)} ms`,
    failed,
  ])
  return `${table(head, body)}

10,000 flags and 100 routes ÷ 10 flags: ${ratioText(manyToFew)}. ${turnsText(settings)}; ratios of turns side by side, with 95 % intervals.`
}
