/**
 * `npm run bench`: every benchmark, one after the other, and every budget of the design with what was measured.
 *
 *     npm run bench -- [--full] [--only NAME]... [--json] [--write]
 *
 * Quick modes unless `--full`, but for the proxy's, which is too rough for its budgets. `--only` runs some and takes the
 * others from their last run, as kept in build/bench.json. `--write` makes docs/performance.md, docs/scale.md and their
 * pictures. Ends with 1 where a budget is surely missed.
 */
import { progress } from '../../test-kit/report/emit.ts'
import { scriptArgs } from '../../test-kit/script/script-args.ts'
import { BUDGETS, verdictOf } from './budgets.ts'
import { budgetTable, writePage } from './page.ts'
import { keep, keptResults, NAMES, run } from './results.ts'

const { values: options } = scriptArgs({
  options: {
    full: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true },
    json: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
  },
})
const chosen = NAMES.filter((name) => options.only?.includes(name) ?? true)
const unknown = options.only?.filter((name) => !NAMES.some((known) => known === name)) ?? []
if (unknown.length > 0) {
  console.error(`Cannot run ${unknown.join(', ')}: there are ${NAMES.join(', ')}`)
  process.exit(2)
}

const results = options.only === undefined ? {} : keptResults()
for (const name of chosen) {
  progress(`bench:${name}`)
  Object.assign(results, { [name]: await run(name, !options.full && name !== 'proxy') })
  keep({ ...keptResults(), ...results })
}
progress('')
if (options.write) writePage(results)
const verdicts = BUDGETS.map((budget) => verdictOf(budget, budget.measure(results)))
if (options.json) {
  const budgets = BUDGETS.map(({ what, mustReach, aimFor, measure }, index) => {
    return { what, mustReach, aimFor, ...measure(results), verdict: verdicts[index] }
  })
  console.log(JSON.stringify({ budgets, results }))
} else console.log(budgetTable(results))
process.exitCode = verdicts.includes('MISSED') ? 1 : 0
