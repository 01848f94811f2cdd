/** Figures of the proxy benchmark: medians over rounds, and ratios within each round. */
import { table } from '../support/emit.ts'
import { percentile } from '../support/percentiles.ts'
import { BASELINE, FEW_FLAGS, MANY_FLAGS, ONE_FLAG } from './contestants.ts'

/** One contestant in one round; CPU time per request. */
export type Measured = { cpuUs: number; perSecond: number; p50Ms: number; p99Ms: number; failed: number }

type Ratio = { median: number; least: number; most: number }
type Settings = { mode: string; rounds: number; seconds: number; tool: string }
export type ProxyResult = Settings & {
  rows: (Measured & { name: string; ratio: Ratio })[]
  /** The gate with one flag to the bare passthrough. */
  gateToBare: Ratio
  /** 10,000 flags and 100 routes to 10 flags. */
  manyToFew: Ratio
}

export function resultOf(
  measured: ReadonlyMap<string, readonly Measured[]>,
  settings: Settings,
): ProxyResult {
  const roundsOf = (name: string) => measured.get(name) ?? []
  const median = (name: string, figure: keyof Measured) =>
    percentile(
      roundsOf(name).map((each) => each[figure]),
      0.5,
    )
  /** Rounds are compared with their own baseline, so that a slow minute of the machine slows both. */
  const ratio = (name: string, other: string): Ratio => {
    const ratios = roundsOf(name).map(
      ({ cpuUs }, round) => cpuUs / (roundsOf(other)[round]?.cpuUs ?? Number.NaN),
    )
    return { median: percentile(ratios, 0.5), least: Math.min(...ratios), most: Math.max(...ratios) }
  }
  const rows = [...measured.keys()].map((name) => ({
    name,
    cpuUs: median(name, 'cpuUs'),
    ratio: ratio(name, BASELINE),
    perSecond: median(name, 'perSecond'),
    p50Ms: median(name, 'p50Ms'),
    p99Ms: median(name, 'p99Ms'),
    failed: roundsOf(name).reduce((sum, { failed }) => sum + failed, 0),
  }))
  return { ...settings, rows, gateToBare: ratio(ONE_FLAG, BASELINE), manyToFew: ratio(MANY_FLAGS, FEW_FLAGS) }
}

export function toMarkdown({ rows, manyToFew, rounds, seconds, tool }: ProxyResult): string {
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
    spread(ratio),
    perSecond.toFixed(0),
    `${p50Ms.toFixed(2)} ms`,
    `${p99Ms.toFixed(2)} ms`,
    failed,
  ])
  return `${table(head, body)}

10,000 flags and 100 routes ÷ 10 flags: ${spread(manyToFew)}. ${rounds === 1 ? '1 round' : `${rounds} rounds`} of ${seconds} s, load by ${tool}; medians, and the range of ratios${rounds === 1 ? ' within it' : ''}.`
}

const spread = ({ median, least, most }: Ratio) =>
  `${median.toFixed(2)} (${least.toFixed(2)}–${most.toFixed(2)})`
