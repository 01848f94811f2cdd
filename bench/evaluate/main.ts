/**
 * `npm run bench:evaluate`: what evaluating flags costs, beside other evaluators on the same work in the same process.
 *
 *     npm run bench:evaluate -- [--quick] [--json]
 */
import { measure } from 'mitata'
import { emit } from '../../test-kit/report/emit.ts'
import { percentile } from '../../test-kit/report/percentiles.ts'
import { scriptArgs } from '../../test-kit/script/script-args.ts'
import { type EvaluateResult, toMarkdown } from './report.ts'
import type { Evaluator } from './rivals.ts'
import { checkAgreement, tasks, visitors } from './tasks.ts'

const { values: options } = scriptArgs({
  options: { quick: { type: 'boolean', default: false }, json: { type: 'boolean', default: false } },
})

const ROUNDS = options.quick ? 3 : 9
const CPU_TIME_NS = options.quick ? 100e6 : 400e6

const TASKS = tasks()
for (const each of TASKS) if (each.isSame) checkAgreement(each)

const results: EvaluateResult['results'] = []
for (const { name, asked, field } of TASKS) {
  const times = new Map<string, number[]>(field.map((evaluator) => [evaluator.name, []]))
  for (let round = 0; round < ROUNDS; round++) {
    for (const evaluator of round % 2 === 0 ? field : field.toReversed())
      times.get(evaluator.name)?.push(await timeOf(evaluator, asked))
  }
  const own = times.get('Sluice') ?? []
  const rows = field.map((evaluator) => {
    const each = times.get(evaluator.name) ?? []
    const ratios = each.map((time, round) => time / (own[round] ?? Number.NaN))
    return {
      evaluator: evaluator.name,
      nanoseconds: percentile(each, 0.5),
      ratio: percentile(ratios, 0.5),
      least: Math.min(...ratios),
      most: Math.max(...ratios),
      bytes: bytesOf(evaluator, asked),
    }
  })
  results.push({ name, rows })
}
emit({ mode: options.quick ? 'quick' : 'full', rounds: ROUNDS, results }, toMarkdown, options.json)

/** Median time of one call, ns. */
async function timeOf({ isOn }: Evaluator, asked: readonly string[]): Promise<number> {
  let visitor = 0
  let on = 0
  const stats = await measure(
    () => {
      visitor = (visitor + 1) % visitors.length
      for (const flag of asked) if (isOn(flag, visitor)) on++
      return on
    },
    { min_cpu_time: CPU_TIME_NS },
  )
  return stats.p50
}

/** Bytes allocated by one call, from the growth of the heap over many calls without a collection in between. */
function bytesOf({ isOn }: Evaluator, asked: readonly string[]): number {
  const calls = Math.ceil(2_000 / asked.length)
  const growths = Array.from({ length: 9 }, () => {
    globalThis.gc?.()
    const before = process.memoryUsage().heapUsed
    for (let call = 0; call < calls; call++) for (const flag of asked) isOn(flag, call % visitors.length)
    return (process.memoryUsage().heapUsed - before) / calls
  })
  return Math.max(0, percentile(growths, 0.5))
}
