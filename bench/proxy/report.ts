/** Figures of the proxy benchmark. */
import { table } from '../../test-kit/report/emit.ts'
import { percentile } from '../../test-kit/report/percentiles.ts'
import { type Ratio, ratioText } from '../../test-kit/report/ratio.ts'
import { BASELINE, FEW_FLAGS, MANY_FLAGS, ONE_FLAG } from './contestants.ts'
import { cpuRatioOf, cpuUsOf, type Turn, turnsText } from './turns.ts'
import { FIRST, type YoungRow } from './young.ts'

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
  /** The first requests of fresh processes. */
  young: YoungRow[]
  /** The gate to the bare Worker where a request or the document asks for more; none in a quick run. */
  cases: { name: string; ratio: Ratio; failed: number }[]
}

export function resultOf(
  turns: ReadonlyMap<string, readonly Turn[]>,
  others: Pick<ProxyResult, 'young' | 'cases'>,
  settings: Settings,
): ProxyResult {
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
  const manyToFew = ratio(MANY_FLAGS, FEW_FLAGS)
  return { ...settings, ...others, rows, gateToBare: ratio(ONE_FLAG, BASELINE), manyToFew }
}

/** The turns of the gate in one case, beside those of the bare Worker. */
export function caseOf(
  name: string,
  turns: ReadonlyMap<string, readonly Turn[]>,
): ProxyResult['cases'][number] {
  const failed = [...turns.values()].flat().reduce((sum, turn) => sum + turn.failed, 0)
  return { name, ratio: cpuRatioOf(turns.get(ONE_FLAG), turns.get(BASELINE)), failed }
}

function youngTable(young: ProxyResult['young']): string {
  const counts = FIRST.slice(0, young[0]?.firstUs.length ?? 0).map((count) => count.toLocaleString('en'))
  const head = ['fresh process', 'start-up', ...counts.flatMap((count) => [`first ${count}`, '÷ bare'])]
  const body = young.map(({ name, startMs, firstUs, ratios }) => [
    name,
    `${startMs.toFixed(0)} ms`,
    ...firstUs.flatMap((us, place) => [`${us.toFixed(0)} µs`, ratioText(ratios[place] as Ratio)]),
  ])
  return table(head, body)
}

export function toMarkdown({ rows, manyToFew, young = [], cases = [], ...settings }: ProxyResult): string {
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

10,000 flags and 100 routes ÷ 10 flags: ${ratioText(manyToFew)}. ${turnsText(settings)}; ratios of turns side by side, with 95 % intervals.${youngText(young)}${casesText(cases)}`
}

const youngText = (young: ProxyResult['young']) =>
  young.length === 0
    ? ''
    : `

In a fresh process, with twelve headers, five cookies and a country:

${youngTable(young)}

CPU time per request, from the first one on; start-up is until the first answer.`

const casesText = (cases: ProxyResult['cases']) =>
  cases.length === 0
    ? ''
    : `

Where a request or the document asks for more, beside the bare Worker with the same requests:

${table(
  ['gate, 1 flag', '÷ bare passthrough', 'failed'],
  cases.map(({ name, ratio, failed }) => [name, ratioText(ratio), failed]),
)}`
