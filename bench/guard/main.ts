/**
 * `npm run bench:guard`: what the guard promises, measured on the guard itself.
 *
 *     npm run bench:guard -- [--quick | --part SHARE] [--json] [--seed TEXT] [--row ID]... [--from FILE]... [--write]
 *
 * The quick mode leaves the long rows out. `--part 0.1` makes a tenth of the full mode's runs. `--from` takes the results of an earlier run (`--json`) instead
 * of measuring, where there are several the latest of each row; `--write` makes the page, the picture and the
 * guard's table of attacks in docs/ from them. Ends with 1 when a figure misses its
 * target by more than chance explains.
 */

import { readFileSync, writeFileSync } from 'node:fs'
import { scriptArgs } from '../../test-kit/script/script-args.ts'
import type { Row } from './model/row.ts'
import { pageText, withAttacks } from './page.ts'
import { pictureSvg } from './picture.ts'
import { runAll } from './pool.ts'
import { fromJson, merged, passes, type Report, reportOf, tableText, toJson } from './report.ts'
import { ADVANCE_ROWS } from './rows/advance.ts'
import { ATTACK_ROWS } from './rows/attack.ts'
import { beforeAfterRow } from './rows/before-after.ts'
import { FAILER_ROWS } from './rows/failers.ts'
import { HEALTHY_ROWS } from './rows/healthy.ts'
import { LATENCY_ROWS } from './rows/latency.ts'
import { NETWORK_ROWS } from './rows/networks.ts'
import { planRow } from './rows/plan.ts'
import { SITE_ROWS } from './rows/sites.ts'
import { SWEEP_ROW } from './rows/sweep.ts'
import { WORSE_ROWS } from './rows/worse.ts'

const { values: options } = scriptArgs({
  options: {
    quick: { type: 'boolean', default: false },
    part: { type: 'string' },
    json: { type: 'boolean', default: false },
    seed: { type: 'string', default: 'sluice' },
    row: { type: 'string', multiple: true },
    from: { type: 'string', multiple: true, default: [] },
    write: { type: 'boolean', default: false },
  },
})

/** The share of the full mode's runs; 0: the quick ones. */
const part = options.quick ? 0 : Number(options.part ?? 1)

const ROWS: readonly Row[] = [
  ...HEALTHY_ROWS,
  ...WORSE_ROWS,
  SWEEP_ROW,
  ...ADVANCE_ROWS,
  ...ATTACK_ROWS,
  ...NETWORK_ROWS,
  ...LATENCY_ROWS,
  ...FAILER_ROWS,
  ...SITE_ROWS,
  planRow(options.seed),
  beforeAfterRow(options.seed, part),
]

const earlier = options.from.map((file) => fromJson(readFileSync(file, 'utf8')))
const known = merged(
  earlier,
  ROWS.map(({ id }) => id),
)
const report = known ?? (await measure())
if (options.write) {
  const docs = new URL('../../docs/', import.meta.url)
  const page = new URL('guard-benchmark.md', docs)
  const ids = ROWS.map(({ id }) => id)
  writeFileSync(page, pageText(report, readFileSync(page, 'utf8'), ids))
  const guard = new URL('guard.md', docs)
  writeFileSync(guard, withAttacks(readFileSync(guard, 'utf8'), report))
  if (report.rows.some(({ id }) => id === SWEEP_ROW.id))
    writeFileSync(new URL('guard-detection.svg', docs), pictureSvg(report))
}
console.log(options.json ? toJson(report) : `${tableText(report)}\n\n${runText(report)}`)
process.exitCode = passes(report) ? 0 : 1

function runText({ mode, seed, seconds }: Report): string {
  return `${mode} mode, seed ${seed}, ${seconds} s`
}

async function measure(): Promise<Report> {
  const rows = ROWS.filter(
    (row) =>
      (options.row === undefined || options.row.includes(row.id)) &&
      (row.scenarios.length === 0 || runsOf(row, part) > 0),
  )
  const mode = part === 0 ? 'quick' : part === 1 ? 'full' : (`${part} of full` as const)
  const startedMs = performance.now()
  const runs = new Map<string, { scenario: Row['scenarios'][number]; runs: number }>()
  for (const row of rows) {
    for (const scenario of row.scenarios) {
      const known = runs.get(scenario.name)?.runs ?? 0
      runs.set(scenario.name, { scenario, runs: Math.max(known, runsOf(row, part)) })
    }
  }
  const results = await runAll([...runs.values()], options.seed, (done) => showProgress(startedMs, done))
  const measured = rows.map((row) => ({ row, figures: row.figures(({ name }) => results.get(name) ?? []) }))
  const seconds = Math.round((performance.now() - startedMs) / 1000)
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K')
  return reportOf(measured, { mode, seed: options.seed, seconds })
}

/** Runs of a row's scenarios; `part` is the share (0–1) of the full mode's, but never fewer than the quick one's. */
function runsOf({ runs: { quick, full } }: Row, part: number): number {
  return Math.max(quick, Math.ceil(full * part))
}

function showProgress(startedMs: number, done: number): void {
  if (!process.stderr.isTTY) return
  const passed = (performance.now() - startedMs) / 1000
  const left = Math.round((passed / done) * (1 - done))
  process.stderr.write(`\r\x1b[K${Math.round(done * 100)} %, about ${left} s to go`)
}
