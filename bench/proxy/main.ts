/**
 * `npm run bench:proxy`: what a request costs on its way through the gate, beside the least that a Worker in front of
 * an origin can do. CPU time is that of the whole workerd process, Durable Objects included, by the kernel's books.
 * Fresh processes in each round, which take turns; figures are medians over the rounds.
 *
 *     npm run bench:proxy -- [--quick] [--json] [--rounds N] [--seconds N]
 */
import { parseArgs } from 'node:util'
import { startStaticOrigin } from '../support/child-origin.ts'
import { emit, progress } from '../support/emit.ts'
import { percentile } from '../support/percentiles.ts'
import { BASELINE, contestants, FEW_FLAGS, MANY_FLAGS, ONE_FLAG } from './contestants.ts'
import { LOAD_TOOL } from './load.ts'
import { type Measured, resultOf, toMarkdown } from './report.ts'
import { cpuUsOf, type Turn, takeTurns } from './turns.ts'

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
    const figures = await takeTurns(round % 2 === 0 ? field : field.toReversed(), {
      origin: origin.url,
      seconds,
      warmUpSeconds: WARM_UP_SECONDS,
      tell: (what) => progress(`round ${round + 1}/${rounds}: ${what}`),
    })
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

function inParts(turns: readonly Turn[]): Turn[][] {
  const length = Math.ceil(turns.length / parts)
  return Array.from({ length: parts }, (_, part) => turns.slice(part * length, (part + 1) * length))
}

function inAll(turns: readonly Turn[]): Measured {
  const median = (figure: 'perSecond' | 'p50Ms' | 'p99Ms') =>
    percentile(
      turns.map((each) => each[figure]),
      0.5,
    )
  return {
    cpuUs: cpuUsOf(turns),
    perSecond: median('perSecond'),
    p50Ms: median('p50Ms'),
    p99Ms: median('p99Ms'),
    failed: turns.reduce((total, { failed }) => total + failed, 0),
  }
}
