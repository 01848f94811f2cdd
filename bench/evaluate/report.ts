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

/** How much faster than the fastest other, where it is least so. */
export function lead({ results }: EvaluateResult): { name: string; ratio: number } {
  const leads = results.map(({ name, rows }) => {
    const others = rows.filter(({ evaluator }) => evaluator !== 'Sluice')
    return { name, ratio: Math.min(...others.map(({ ratio }) => ratio)) }
  })
  return leads.reduce((worst, each) => (each.ratio < worst.ratio ? each : worst))
}

export function toMarkdown(result: EvaluateResult): string {
  const { results, rounds } = result
  const worst = lead(result)
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

Where the gate leads least (${worst.name}), the fastest other takes ${worst.ratio.toFixed(1)} times as long. ${rounds} rounds in turn; medians, and the range of ratios.`
}
