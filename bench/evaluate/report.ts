import { table } from '../../test-kit/report/emit.ts'

/** Times in ns; ratios to Sluice's own time, by rounds; bytes allocated per call. */
export type EvaluateResult = {
  mode: string
  rounds: number
  results: {
    name: string
    rows: {
      evaluator: string
      nanoseconds: number
      ratio: number
      least: number
      most: number
      bytes: number
    }[]
  }[]
}

/** How much faster than the fastest other, for one flag. */
export function lead({ results }: EvaluateResult): number {
  const others = (results[0]?.rows ?? []).filter(({ evaluator }) => evaluator !== 'Sluice')
  return Math.min(...others.map(({ ratio }) => ratio))
}

export function toMarkdown({ results, rounds }: EvaluateResult): string {
  const rows = results.flatMap(({ name, rows: each }) =>
    each.map(({ evaluator, nanoseconds, ratio, least, most, bytes }) => [
      name,
      evaluator,
      `${nanoseconds.toFixed(0)} ns`,
      `${ratio.toFixed(1)} (${least.toFixed(1)}–${most.toFixed(1)})`,
      `${bytes.toFixed(0)} B`,
    ]),
  )
  return `${table(['evaluated', 'by', 'time', '÷ Sluice', 'allocated'], rows)}

${rounds} rounds in turn; medians, and the range of ratios.`
}
