/**
 * `npm run bench:growth`: what a request costs against the number of flags, routes, rules, conditions and isolates: the
 * decision alone in this process, and the running gate in plain workerd.
 *
 *     npm run bench:growth -- [--quick] [--json] [--decisions]
 *
 * `--decisions` leaves the running gate out.
 */
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { measure } from 'mitata'
import { buildWorker } from '../../src/local/build/build-worker.ts'
import { PROJECT_ROOT } from '../../src/local/build/project-root.ts'
import { emit, progress } from '../../test-kit/report/emit.ts'
import { DIMENSIONS, type Dimension, requestsOf } from '../../test-kit/simulation/decisions.ts'
import { FEW_GATE_SIZES, GATE_SIZES, gateSeries } from './gate-figures.ts'
import { type Series, toMarkdown } from './report.ts'

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    decisions: { type: 'boolean', default: false },
  },
})
const ROUNDS = options.quick ? 6 : 20
const CPU_TIME_NS = options.quick ? 40e6 : 100e6
/** A quick run has no time for everybody to get warm. */
const TURNS = options.quick
  ? { rounds: 1, seconds: 2, warmUpSeconds: 2 }
  : { rounds: 3, seconds: 8, warmUpSeconds: 6 }

const decisions = await decisionSeries()
const gate = options.decisions ? [] : await allOfGate()
progress('')
emit(
  { mode: options.quick ? 'quick' : 'full', rounds: TURNS.rounds, seconds: TURNS.seconds, decisions, gate },
  toMarkdown,
  options.json,
)

/** All in turn, round after round; the fastest counts: what else the machine does only ever adds. */
async function decisionSeries(): Promise<Series[]> {
  const all = Object.entries(DIMENSIONS).flatMap(([by, sizes]) =>
    sizes.map((size) => ({ by, size, request: requestsOf(by as Dimension, size), times: [] as number[] })),
  )
  for (let round = 0; round < ROUNDS; round++) {
    progress(`decisions, round ${round + 1}/${ROUNDS}`)
    for (const { request, times } of all)
      times.push((await measure(request, { min_cpu_time: CPU_TIME_NS })).p25)
  }
  const pointOf = ({ size, times }: (typeof all)[number]) => ({ size, cost: Math.min(...times) })
  return Object.keys(DIMENSIONS).map((by) => ({
    by,
    points: all.filter((each) => each.by === by).map(pointOf),
  }))
}

async function allOfGate(): Promise<Series[]> {
  const worker = resolve(PROJECT_ROOT, 'dist/bench-worker.js')
  await buildWorker({ outfile: worker })
  const series: Series[] = []
  for (const [by, sizes] of entriesOf(options.quick ? FEW_GATE_SIZES : GATE_SIZES)) {
    const tell = (what: string) => progress(`gate by ${by}: ${what}`)
    series.push(await gateSeries(worker, by, sizes, { ...TURNS, tell }))
  }
  return series
}

function entriesOf<K extends string, V>(object: Readonly<Record<K, V>>): [K, V][] {
  return Object.entries(object) as [K, V][]
}
