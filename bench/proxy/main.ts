/**
 * `npm run bench:proxy`: what a request costs on its way through the gate, beside the least that a Worker in front of
 * an origin can do. CPU time is that of the whole workerd process, Durable Objects included, by the kernel's books.
 * Fresh processes in each round, which take turns of a second; ratios are those of turns side by side. Then the first
 * requests of fresh processes, and, in full runs, what else a request or a document can ask for.
 *
 *     npm run bench:proxy -- [--quick] [--json] [--rounds N] [--seconds N] [--young N]
 */
import { emit, progress } from '../../test-kit/report/emit.ts'
import { scriptArgs } from '../../test-kit/script/script-args.ts'
import { BASELINE, casesBesideBare, contestants, FEW_FLAGS, MANY_FLAGS, ONE_FLAG } from './contestants.ts'
import { caseOf, resultOf, toMarkdown } from './report.ts'
import { takeTurns } from './turns.ts'
import { takeYouth, youngRows } from './young.ts'

const { values: options } = scriptArgs({
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    young: { type: 'string' },
  },
})
const rounds = Number(options.rounds ?? (options.quick ? 1 : 4))
const seconds = Number(options.seconds ?? (options.quick ? 6 : 15))
/** Until code is compiled, which takes some ten thousand requests. */
const warmUpSeconds = options.quick ? 5 : 8
/** A quick run has time for these. */
const ESSENTIAL: readonly string[] = [BASELINE, ONE_FLAG, FEW_FLAGS, MANY_FLAGS]

if (process.platform !== 'linux') {
  console.error('Cannot measure CPU time: this benchmark reads /proc, which only Linux has.')
  process.exit(1)
}
const all = await contestants()
const field = options.quick ? all.filter(({ name }) => ESSENTIAL.includes(name)) : all
const turns = await takeTurns(field, { rounds, seconds, warmUpSeconds, tell: progress })
const pair = field.filter(({ name }) => name === BASELINE || name === ONE_FLAG)
const youngRounds = Number(options.young ?? (options.quick ? 2 : 8))
const most = options.quick ? 1_000 : 20_000
const youth = await takeYouth(pair, { rounds: youngRounds, most, tell: progress })
const cases = []
for (const { name, pair: each } of options.quick ? [] : casesBesideBare()) {
  const tell = (what: string) => progress(`${name}: ${what}`)
  cases.push(caseOf(name, await takeTurns(each, { rounds: 1, seconds, warmUpSeconds, tell })))
}
progress('')
const mode = options.quick ? 'quick' : 'full'
const others = { young: youngRows(youth, BASELINE), cases }
emit(resultOf(turns, others, { mode, rounds, seconds }), toMarkdown, options.json)
