/**
 * `npm run bench:proxy`: what a request costs on its way through the gate, beside the least that a Worker in front of
 * an origin can do. CPU time is that of the whole workerd process, Durable Objects included, by the kernel's books.
 * Fresh processes in each round, in an order that alternates; figures are medians over the rounds.
 *
 *     npm run bench:proxy -- [--quick] [--json] [--rounds N] [--seconds N]
 */
import { parseArgs } from 'node:util'
import { startStaticOrigin } from '../support/child-origin.ts'
import { cpuTimeMs, untilIdle } from '../support/cpu.ts'
import { emit, progress } from '../support/emit.ts'
import { type Contestant, contestants } from './contestants.ts'
import { LOAD_TOOL, load } from './load.ts'
import { type Measured, resultOf, toMarkdown } from './report.ts'

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
  },
})
const rounds = Number(options.rounds ?? (options.quick ? 2 : 9))
const seconds = Number(options.seconds ?? (options.quick ? 2 : 5))
/** Until code is compiled and connections are open. */
const WARM_UP_SECONDS = options.quick ? 1 : 3

if (process.platform !== 'linux') {
  console.error('Cannot measure CPU time: this benchmark reads /proc, which only Linux has.')
  process.exit(1)
}
const origin = await startStaticOrigin()
try {
  const field = await contestants()
  const measured = new Map<string, Measured[]>(field.map(({ name }) => [name, []]))
  for (let round = 0; round < rounds; round++) {
    for (const contestant of round % 2 === 0 ? field : field.toReversed()) {
      progress(`round ${round + 1}/${rounds}: ${contestant.name}`)
      measured.get(contestant.name)?.push(await measure(contestant))
    }
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

async function measure({ start }: Contestant): Promise<Measured> {
  const running = await start(origin.url)
  try {
    await load(running.url, WARM_UP_SECONDS)
    await untilIdle(running.pids)
    const usedMs = () => running.pids.reduce((sum, pid) => sum + cpuTimeMs(pid), 0)
    const beforeMs = usedMs()
    const { requests, ...figures } = await load(running.url, seconds)
    return { cpuUs: ((usedMs() - beforeMs) * 1_000) / requests, ...figures }
  } finally {
    await running.close()
  }
}
