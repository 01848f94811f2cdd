import { table } from '../../test-kit/report/emit.ts'
import { LARGE, type LiveFigures, type measureLive, PAGES, type Range } from './live.ts'

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
  const { situations, killMs, turns, seconds } = live
  const rows = situations.map((each) => [
    ...[each.situation.name, each.requests, each.failed, each.copies],
    ...[rangeText(each.p50Ms), rangeText(each.p99Ms), each.usedMs.median.toFixed(0)],
    `${each.megabytes[0].toFixed(0)} → ${each.megabytes[1].toFixed(0)}`,
  ])
  const head = ['situation', 'requests', 'failed', 'copies', 'p50, ms', 'p99, ms', 'CPU, ms/s', 'memory, MB']
  const words = situations.flatMap((each) => {
    const plain = situations[each.situation.beside ?? -1]
    return plain === undefined ? [] : [`- ${each.situation.name}: ${placeText(each, plain)}`]
  })
  return `${table(head, rows)}

There are ${PAGES.requestsPerSecond} requests a second for pages of ${PAGES.bytes / 1_000} kB, and ${LARGE.requestsPerSecond} for answers of 10 MB.
Latencies are the median of ${turns} turns of ${seconds} s, and in brackets the lowest and the highest. CPU and memory are workerd's, memory
after the first turn and after the last. The median with copies, beside the spread of the turns without:

${words.join('\n')}

After a kill the last copy came within ${killMs.toFixed(0)} ms.`
}

function rangeText({ lowest, median, highest }: Range): string {
  return `${median.toFixed(1)} (${lowest.toFixed(1)}–${highest.toFixed(1)})`
}

function placeText(figures: LiveFigures, plain: LiveFigures): string {
  const place = (part: 'p50Ms' | 'p99Ms') => {
    const overMs = figures[part].median - plain[part].highest
    return overMs <= 0 ? 'within' : `${overMs.toFixed(1)} ms above`
  }
  return `p50 ${place('p50Ms')}, p99 ${place('p99Ms')}`
}
