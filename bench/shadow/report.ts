import { table } from '../../test-kit/report/emit.ts'

export type ShadowResult = {
  stages: number
  samplesPerStage: number
  runs: number
  /** Stages of a version against itself in which something was called different. */
  falseAlarms: number
  passed: number
  /** Samples. */
  medianToPass: number
  faults: { fault: string; where: string; shown: string; median: number; slowest: number }[]
  /** Processor time of a comparison. */
  microseconds: number
}

export function toMarkdown(result: ShadowResult): string {
  const { stages, samplesPerStage, runs, falseAlarms, passed, medianToPass, faults, microseconds } = result
  const rows = faults.map(({ fault, where, shown, median, slowest }) => [
    fault,
    `\`${where}\``,
    shown,
    median,
    slowest,
  ])
  return `A version against itself, ${stages} stages of ${samplesPerStage} samples, looked at after each: ${falseAlarms} false alarms;
${passed} passed, half of them within ${medianToPass} samples.

${table(['fault', 'named as', 'samples of', 'found after (median)', 'slowest'], rows)}

${runs} runs each. Reading and comparing the three answers to a request takes ${microseconds.toFixed(0)} µs of processor time.`
}
