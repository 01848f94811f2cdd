/**
 * `npm run bench:proxy`: what a request costs on its way through the gate, beside the least that a Worker in front of
 * an origin can do. CPU time is that of the whole workerd process, Durable Objects included, by the kernel's books.
 * Fresh processes in each round; once all are warm they take turns, a second each, in an order that alternates, so that
 * whatever else the machine does in a round it does to all of them. Figures are medians over the rounds.
 *
 *     npm run bench:proxy -- [--quick] [--json] [--rounds N] [--seconds N]
 */
import { parseArgs } from 'node:util'
import { startStaticOrigin } from '../support/child-origin.ts'
import { cpuTimeMs, untilIdle } from '../support/cpu.ts'
import { emit, progress } from '../support/emit.ts'
import { percentile } from '../support/percentiles.ts'
import {
  BASELINE,
  type Contestant,
  contestants,
  FEW_FLAGS,
  MANY_FLAGS,
  ONE_FLAG,
  type Running,
} from './contestants.ts'
import { LOAD_TOOL, type Load, load } from './load.ts'
import { type Measured, resultOf, toMarkdown } from './report.ts'

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
  },
})
const rounds = Number(options.rounds ?? (options.quick ? 1 : 5))
const seconds = Number(options.seconds ?? (options.quick ? 6 : 8))
/** Until code is compiled, which takes some ten thousand requests. */
const WARM_UP_SECONDS = options.quick ? 5 : 8
/** Parts of a round that count as one each: they are all the spread that there is of a single round. */
const parts = options.quick ? 3 : 1
/** A quick run has time for these. */
const ESSENTIAL: readonly string[] = [BASELINE, ONE_FLAG, FEW_FLAGS, MANY_FLAGS]

if (process.platform !== 'linux') {
  console.error('Cannot measure CPU time: this benchmark reads /proc, which only Linux has.')
  process.exit(1)
}
const origin = await startStaticOrigin()
try {
  const all = await contestants()
  const field = options.quick ? all.filter(({ name }) => ESSENTIAL.includes(name)) : all
  const measured = new Map<string, Measured[]>(field.map(({ name }) => [name, []]))
  for (let round = 0; round < rounds; round++) {
    const figures = await measure(
      round % 2 === 0 ? field : field.toReversed(),
      `round ${round + 1}/${rounds}`,
    )
    for (const [name, turns] of figures) measured.get(name)?.push(...inParts(turns).map(inAll))
  }
  progress('')
  emit(
    resultOf(measured, { mode: options.quick ? 'quick' : 'full', rounds, seconds, tool: LOAD_TOOL }),
    toMarkdown,
    options.json,
  )
} finally {
  origin.close()
}

/** One round: all in fresh processes, side by side. */
async function measure(field: readonly Contestant[], round: string): Promise<Map<string, Turn[]>> {
  const started: (Running & { name: string })[] = []
  const turns = new Map<string, Turn[]>(field.map(({ name }) => [name, []]))
  try {
    for (const { name, start } of field) {
      progress(`${round}: ${name} gets warm`)
      const running = await start(origin.url)
      started.push({ ...running, name })
      await load(running.url, WARM_UP_SECONDS)
    }
    await untilIdle(started.flatMap(({ pids }) => pids))
    for (let second = 0; second < seconds; second++) {
      progress(`${round}: second ${second + 1} of ${seconds}`)
      for (const each of second % 2 === 0 ? started : started.toReversed())
        turns.get(each.name)?.push(await turn(each))
    }
  } finally {
    for (const { close } of started) await close()
  }
  return turns
}

type Turn = Load & { usedMs: number }

async function turn({ url, pids }: Running): Promise<Turn> {
  const usedMs = () => pids.reduce((sum, pid) => sum + cpuTimeMs(pid), 0)
  const beforeMs = usedMs()
  const figures = await load(url, 1)
  return { ...figures, usedMs: usedMs() - beforeMs }
}

function inParts(turns: readonly Turn[]): Turn[][] {
  const length = Math.ceil(turns.length / parts)
  return Array.from({ length: parts }, (_, part) => turns.slice(part * length, (part + 1) * length))
}

function inAll(turns: readonly Turn[]): Measured {
  const sum = (figure: 'usedMs' | 'requests' | 'failed') =>
    turns.reduce((total, each) => total + each[figure], 0)
  const median = (figure: 'perSecond' | 'p50Ms' | 'p99Ms') =>
    percentile(
      turns.map((each) => each[figure]),
      0.5,
    )
  return {
    cpuUs: (sum('usedMs') * 1_000) / sum('requests'),
    perSecond: median('perSecond'),
    p50Ms: median('p50Ms'),
    p99Ms: median('p99Ms'),
    failed: sum('failed'),
  }
}
