import { table } from '../../test-kit/report/emit.ts'
import { percentile } from '../../test-kit/report/percentiles.ts'
import { LARGE, type LiveFigures, type measureLive, PAGES } from './live.ts'

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

export function liveToMarkdown(live: Awaited<ReturnType<typeof measureLive>>): string {
  const { situations, killMs, seconds } = live
  const rows = situations.map(({ situation, copies, turns }) => [
    ...[situation.name, sumOf(turns, 'requests'), sumOf(turns, 'failed'), copies],
    ...[
      rangeText(turns, 'p50Ms'),
      rangeText(turns, 'p99Ms'),
      percentile(all(turns, 'usedMs'), 0.5).toFixed(0),
    ],
    `${megabytes(turns.at(0))} → ${megabytes(turns.at(-1))}`,
  ])
  const head = ['situation', 'requests', 'failed', 'copies', 'p50, ms', 'p99, ms', 'CPU, ms/s', 'memory, MB']
  const words = situations.flatMap(({ situation, turns }) => {
    const plain = situations[situation.beside ?? -1]
    if (plain === undefined) return []
    const [p50, p99] = (['p50Ms', 'p99Ms'] as const).map((part) => besideText(turns, plain.turns, part))
    return [`- ${situation.name}: p50 ${p50}, p99 ${p99}`]
  })
  return `${table(head, rows)}

There are ${PAGES.requestsPerSecond} requests a second for pages of ${PAGES.bytes / 1_000} kB, and ${LARGE.requestsPerSecond} for answers of 10 MB.
Latencies are the median of ${situations[0]?.turns.length} turns of ${seconds} s, and in brackets the lowest and the highest. CPU and memory are workerd's, memory
after the first turn and after the last. What turns with copies add to those without beside them, in the median, and whether the
median is within the spread of those:

${words.join('\n')}

After a kill the last copy came within ${killMs.toFixed(0)} ms.`
}

type Part = 'requests' | 'failed' | 'p50Ms' | 'p99Ms' | 'usedMs'
type Turns = LiveFigures['turns']

function all(turns: Turns, part: Part): number[] {
  return turns.map((turn) => turn[part])
}

function sumOf(turns: Turns, part: Part): number {
  return all(turns, part).reduce((sum, each) => sum + each, 0)
}

function rangeText(turns: Turns, part: Part): string {
  const values = all(turns, part)
  const [low, median, high] = [Math.min(...values), percentile(values, 0.5), Math.max(...values)]
  return `${median.toFixed(1)} (${low.toFixed(1)}–${high.toFixed(1)})`
}

function megabytes(turn: Turns[number] | undefined): string {
  return ((turn?.bytes ?? Number.NaN) / 1e6).toFixed(0)
}

function besideText(turns: Turns, plain: Turns, part: Part): string {
  const [values, others] = [all(turns, part), all(plain, part)]
  const addedMs = percentile(
    values.map((value, turn) => value - (others[turn] ?? Number.NaN)),
    0.5,
  )
  const isWithin = percentile(values, 0.5) <= Math.max(...others)
  return `${addedMs < 0 ? '−' : '+'}${Math.abs(addedMs).toFixed(1)} ms (${isWithin ? 'within' : 'above'})`
}
