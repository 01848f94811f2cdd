/**
 * `npm run bench:guard`: what the guard promises, measured on the guard itself.
 *
 *     npm run bench:guard -- [--quick] [--json] [--seed TEXT] [--row ID]... [--write]
 */

import { parseArgs } from 'node:util'
import { runAll } from './pool.ts'
import { jsonReport, tableText } from './report.ts'
import type { Row } from './row.ts'
import { ADVANCE_ROWS } from './rows/advance.ts'
import { HEALTHY_ROWS } from './rows/healthy.ts'
import { WORSE_ROWS } from './rows/worse.ts'

const ROWS: readonly Row[] = [...HEALTHY_ROWS, ...WORSE_ROWS, ...ADVANCE_ROWS]

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    seed: { type: 'string', default: 'sluice' },
    row: { type: 'string', multiple: true },
  },
})

const rows = ROWS.filter(({ id }) => options.row === undefined || options.row.includes(id))
const mode = options.quick ? 'quick' : 'full'
const startedMs = performance.now()
const runs = new Map<string, { scenario: Row['scenarios'][number]; runs: number }>()
for (const row of rows) {
  for (const scenario of row.scenarios) {
    const known = runs.get(scenario.name)?.runs ?? 0
    runs.set(scenario.name, { scenario, runs: Math.max(known, row.runs[mode]) })
  }
}
const results = await runAll([...runs.values()], options.seed, showProgress)
const measured = rows.map((row) => ({ row, figures: row.figures(({ name }) => results.get(name) ?? []) }))
const seconds = Math.round((performance.now() - startedMs) / 1000)
if (process.stderr.isTTY) process.stderr.write('\r\x1b[K')
console.log(options.json ? jsonReport(measured, { mode, seed: options.seed, seconds }) : tableText(measured))
if (!options.json) console.log(`\n${mode} mode, seed ${options.seed}, ${seconds} s`)

function showProgress(done: number): void {
  if (!process.stderr.isTTY) return
  const passed = (performance.now() - startedMs) / 1000
  const left = Math.round((passed / done) * (1 - done))
  process.stderr.write(`\r\x1b[K${Math.round(done * 100)} %, about ${left} s to go`)
}
