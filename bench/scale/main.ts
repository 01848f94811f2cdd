/**
 * `npm run bench:scale`: counting, back-pressure and kills for networks of any size, by a seeded discrete-event
 * simulation of time, network and storage around the code that does it. 200 requests/s to an isolate; colos share the
 * traffic unevenly.
 *
 *     npm run bench:scale -- [--quick] [--json]
 */
import { parseArgs } from 'node:util'
import { seeded } from '../guard/random.ts'
import { emit, progress } from '../support/emit.ts'
import { percentile } from '../support/percentiles.ts'
import { SimulatedClock } from './clock.ts'
import { monthlyCost } from './prices.ts'
import { type Outcome, type Size, toMarkdown } from './report.ts'
import { type Fault, World } from './world.ts'

const { values: options } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, json: { type: 'boolean', default: false } },
})

const SIZES: Size[] = [
  { requestsPerSecond: 100, colos: 1, isolates: 2 },
  { requestsPerSecond: 1_000, colos: 1, isolates: 4 },
  { requestsPerSecond: 10_000, colos: 10, isolates: 50 },
  { requestsPerSecond: 100_000, colos: 100, isolates: 500 },
  { requestsPerSecond: 1_000_000, colos: 330, isolates: 5_000 },
  { requestsPerSecond: 10_000_000, colos: 330, isolates: 50_000 },
]
const FAULTY: Size = { requestsPerSecond: 100_000, colos: 100, isolates: 500 }
const WARM_UP_MS = 40_000
const KILL_MS = 50_000
const END_MS = options.quick ? 62_000 : 90_000
/** Time for what is still on its way, the longest back-off included. */
const DRAIN_MS = 120_000
const FLAGS = 3
/** A flush writes the isolate's number and the sums; a forward the sums, twice. The Controller: shard and cells. */
const ROWS_PER_FLUSH = 2
const ROWS_PER_FORWARD = 2 + 1 + 2 * FLAGS

const outcomes = [
  ...SIZES.map((size) => simulate(size, undefined, 'none')),
  ...(options.quick ? [] : faults().map(([name, fault]) => simulate(FAULTY, fault, name))),
]
emit({ mode: options.quick ? 'quick' : 'full', outcomes }, toMarkdown, options.json)

function faults(): [string, Fault][] {
  const during = { fromMs: 45_000, toMs: 65_000 }
  return [
    ['shards answer after 2 s', { what: 'shard', delayMs: 2_000, ...during }],
    ['shards away for 20 s', { what: 'shard', delayMs: Number.POSITIVE_INFINITY, ...during }],
    ['Controller answers after 2 s', { what: 'controller', delayMs: 2_000, ...during }],
    ['Controller away for 20 s', { what: 'controller', delayMs: Number.POSITIVE_INFINITY, ...during }],
  ]
}

function simulate(size: Size, fault: Fault | undefined, name: string): Outcome {
  progress(`${size.requestsPerSecond} requests/s, fault: ${name}`)
  const clock = new SimulatedClock()
  const world = new World(clock, {
    ...size,
    random: seeded('scale', size.requestsPerSecond),
    flags: FLAGS,
    ...(fault && { fault }),
  })
  clock.runUntil(KILL_MS)
  const epoch = world.kill()
  clock.runUntil(END_MS)
  world.drain()
  clock.runUntil(END_MS + DRAIN_MS)
  const seconds = (END_MS - WARM_UP_MS) / 1_000
  const nodes = [...world.shards.values()]
  const shardCalls = nodes.reduce((sum, { calls }) => sum + calls.total(WARM_UP_MS, END_MS), 0) / seconds
  const controllerCalls = world.controllerCalls.total(WARM_UP_MS, END_MS) / seconds
  const delays = world.isolates.map((isolate) =>
    isolate.epoch >= epoch ? isolate.epochAtMs - KILL_MS : Number.POSITIVE_INFINITY,
  )
  const busy = nodes.filter(({ calls }) => calls.total(WARM_UP_MS, END_MS) > 0)
  const busiest = (fromMs: number) => Math.max(...nodes.map(({ calls }) => calls.busiest(fromMs, END_MS)))
  progress('')
  return {
    ...size,
    isolates: world.isolates.length,
    fault: name,
    objectRequestsPerSecond: shardCalls + controllerCalls,
    perMillion: ((shardCalls + controllerCalls) / size.requestsPerSecond) * 1e6,
    shards: busy.length,
    busiestShard: busiest(WARM_UP_MS),
    busiestShardEver: busiest(0),
    controller: world.controllerCalls.busiest(WARM_UP_MS, END_MS),
    controllerEver: world.controllerCalls.busiest(0, END_MS),
    killP50Ms: percentile(delays, 0.5),
    killP99Ms: percentile(delays, 0.99),
    killSlowestMs: Math.max(...delays),
    lost: world.requests - world.countedRequests,
    cost: monthlyCost({
      requestsPerSecond: size.requestsPerSecond,
      objectRequestsPerSecond: shardCalls + controllerCalls,
      rowsWrittenPerSecond: shardCalls * ROWS_PER_FLUSH + controllerCalls * ROWS_PER_FORWARD,
      objects: busy.length + 1,
    }),
  }
}
