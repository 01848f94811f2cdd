import { table } from '../../test-kit/report/emit.ts'
import { percentile } from '../../test-kit/report/percentiles.ts'

type Spread = { p50Ms: number; p99Ms: number; maxMs: number }
export type PropagationRow = {
  name: string
  repeats: number
  /** From the moment when the closing was asked for to the last answer of the closed origin. */
  lastAnswer: Spread
  /** What the gate reports, and the last answer counted from the same moment. */
  reported: {
    byGate: Spread
    seen: Spread
    /** How much longer than the gate says the closed origin still served, at worst. */
    gateTooEarlyMs: number
  } | null
}
export type PropagationResult = {
  mode: string
  isolates: number
  /** Requests per second to each isolate. */
  rate: number
  requests: number
  failures: number
  rows: PropagationRow[]
}

export function spreadOf(values: readonly number[]): Spread {
  return {
    p50Ms: Math.round(percentile(values, 0.5)),
    p99Ms: Math.round(percentile(values, 0.99)),
    maxMs: Math.round(Math.max(...values)),
  }
}

export function toMarkdown({ rows, isolates, rate, requests, failures }: PropagationResult): string {
  const head = [
    'closed by',
    'repeats',
    'last old answer, p50',
    'p99',
    'slowest',
    "gate's own figure, p50",
    'slowest',
    'later than the gate says, at most',
  ]
  const body = rows.map(({ name, repeats, lastAnswer, reported }) => {
    const own = reported
      ? [reported.byGate.p50Ms, reported.byGate.maxMs, reported.gateTooEarlyMs]
      : [undefined, undefined, undefined]
    const times = [lastAnswer.p50Ms, lastAnswer.p99Ms, lastAnswer.maxMs, ...own]
    return [name, repeats, ...times.map((ms) => (ms === undefined ? '–' : `${ms} ms`))]
  })
  return `${table(head, body)}

${isolates} isolates, ${rate} requests/s each, ${requests.toLocaleString('en')} requests, ${failures} failed.`
}
