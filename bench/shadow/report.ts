import { table } from '../../test-kit/report/emit.ts'
import type { LiveFigures } from './live.ts'

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

export function liveToMarkdown({
  situations,
  killMs,
}: {
  situations: readonly LiveFigures[]
  killMs: number
}): string {
  const range = ([low, high]: readonly [number, number], digits = 1) =>
    `${low.toFixed(digits)}–${high.toFixed(digits)}`
  const rows = situations.map(({ name, requests, failed, copies, p50Ms, p99Ms, megabytes }) => [
    ...[name, requests, failed, copies, range(p50Ms), range(p99Ms)],
    `${megabytes[0].toFixed(0)} → ${megabytes[1].toFixed(0)}`,
  ])
  const head = ['situation', 'requests', 'failed', 'copies', 'p50, ms', 'p99, ms', 'memory of workerd, MB']
  return `${table(head, rows)}\n\nLatencies are the lowest and the highest of the turns. After a kill the last copy came within ${killMs.toFixed(0)} ms.`
}
