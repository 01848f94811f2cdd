/**
 * `npm run bench:scale`: counting, back-pressure and kills for networks of any size, by a seeded discrete-event
 * simulation of time, network and storage around the code that does it. 200 requests/s to an isolate; colos share the
 * traffic unevenly.
 *
 *     npm run bench:scale -- [--quick] [--json] [--write]
 *
 * `--write` makes docs/scale.md and its pictures.
 */
import { adapt, type Size, simulate, type Times } from '../../test-kit/network/measure.ts'
import type { Fault } from '../../test-kit/network/network.ts'
import { emit, progress } from '../../test-kit/report/emit.ts'
import { scriptArgs } from '../../test-kit/script/script-args.ts'
import { memoryFigures } from './memory.ts'
import { writePage } from './page.ts'
import { type ScaleResult, toMarkdown } from './report.ts'

const { values: options } = scriptArgs({
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
  },
})

const SIZES: Size[] = [
  { requestsPerSecond: 100, colos: 1, isolates: 2 },
  { requestsPerSecond: 1_000, colos: 1, isolates: 4 },
  { requestsPerSecond: 10_000, colos: 10, isolates: 50 },
  { requestsPerSecond: 100_000, colos: 100, isolates: 500 },
  { requestsPerSecond: 1_000_000, colos: 330, isolates: 5_000 },
  { requestsPerSecond: 10_000_000, colos: 330, isolates: 50_000 },
]
const FAULTY: Size = options.quick
  ? { requestsPerSecond: 20_000, colos: 20, isolates: 100 }
  : { requestsPerSecond: 100_000, colos: 100, isolates: 500 }
const ONE_COLO: Size = { requestsPerSecond: 40_000, colos: 1, isolates: 200 }
const SURGE = { isolates: 1_800, fromMs: 60_000, toMs: 180_000 }
const TIMES: Times = options.quick
  ? { warmUpMs: 32_000, killMs: 44_000, endMs: 47_000 }
  : { warmUpMs: 40_000, killMs: 70_000, endMs: 90_000 }
const FAULT_TIMES: Times = { warmUpMs: 30_000, killMs: 50_000, endMs: 90_000 }

const startedMs = performance.now()
const result: ScaleResult = {
  mode: options.quick ? 'quick' : 'full',
  outcomes: [
    ...SIZES.map((size) => measured(size, TIMES, undefined, 'none')),
    ...faults().map(([name, fault]) => measured(FAULTY, FAULT_TIMES, fault, name)),
  ],
  adaptation: adapt(ONE_COLO, SURGE, 300_000),
  memory: memoryFigures(),
  seconds: Math.round((performance.now() - startedMs) / 1_000),
}
progress('')
if (options.write) writePage(result)
emit(result, toMarkdown, options.json)

function measured(size: Size, times: Times, fault: Fault | undefined, name: string) {
  progress(`${size.requestsPerSecond} requests/s, fault: ${name}`)
  return simulate(size, times, fault, name)
}

function faults(): [string, Fault][] {
  const during = { fromMs: 45_000, toMs: 65_000 }
  return [
    ['shards answer after 2 s', { what: 'shard', delayMs: 2_000, ...during }],
    ['shards away for 20 s', { what: 'shard', delayMs: Number.POSITIVE_INFINITY, ...during }],
    ['Controller answers after 2 s', { what: 'controller', delayMs: 2_000, ...during }],
    ['Controller away for 20 s', { what: 'controller', delayMs: Number.POSITIVE_INFINITY, ...during }],
  ]
}
