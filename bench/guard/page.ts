/** The page docs/guard-benchmark.md, from a report. */

import { figureCells, HEAD, type Mode, type Report, type ReportedRow } from './report.ts'

const INTRO = `# What the guard was measured to do

Made by \`npm run bench:guard -- --write\`; don't edit. [The guard](guard.md) says what it does and why.

A simulator with seeds makes the traffic, second by second. What judges is the gate's own code from \`src/core\`: cells,
outbox, guard, rollout and commands, configured by a gate document, as the Controller drives them. Every row is
about **the whole guard together** (errors, latency, ceilings of 15 % and 600 ms, journeys, dedupe, caps, the ladder),
with its defaults, so α = 1 %. Each run has a seed of its own: the same seed gives the same table on every machine.

- \`npm run bench:guard -- --quick\`: the same rows with few runs, in under a minute; \`--row ID\`: some rows;
  \`--json\`: one object. It ends with 1 when a figure misses its target by more than chance explains.
- **beside**, in the same runs, on the same traffic: *Flagger*'s rule (success rate below 99 % in a minute, five
  failed checks); a one-sided *z-test* (p < 0.01) looked at every second; the guard's own test on *raw counts*, without
  counting by visitor; the *bound*, which is ln(1/α) divided by the information that a second of traffic holds about
  the difference from the nearest point of the null. No test with the same error probability finds a difference sooner
  on average.
- **verdict**: \`pass\` when the 95 % interval lies within the target, \`pass?\` when the figure does and the interval
  reaches beyond, \`fail?\` and \`FAIL\` the other way round. Intervals are exact (Clopper–Pearson for shares, order
  statistics for quantiles).

Rates of false rollbacks: what counts is the guard's column. Flagger never closes some canaries for the reason that it
would not close them if they were five times worse either; a z-test is quick because it is often wrong.
`

const PICTURE = `
![Detection time against the canary's error rate, at 5 % of 1,000 requests/s and 0.1 % errors in control](guard-detection.svg)

The line is the guard's median, the shade reaches up to its 95th percentile.
`

/** Where the picture stands: behind this row. */
const PICTURE_ROW = 'sweep'

export function pageText(report: Report): string {
  const { mode, seed, seconds, rows } = report
  const run = `This table: ${commandOf(mode)}, seed \`${seed}\`, ${durationText(seconds)}.`
  return `${INTRO}\n${run}\n${rows.map(rowText).join('')}`
}

function commandOf(mode: Mode, row = ''): string {
  const part = mode === 'quick' ? ' --quick' : mode === 'full' ? '' : ` --part ${Number.parseFloat(mode)}`
  const options = (row && ` --row ${row}`) + part
  return `\`npm run bench:guard${options && ` --${options}`}\``
}

function durationText(seconds: number): string {
  return seconds < 120
    ? `${seconds} s`
    : `${Math.round(seconds / 60)} minutes on two cores that others used as well`
}

function rowText({ id, measure, target, figures, mode }: ReportedRow): string {
  const lines = [HEAD, HEAD.map(() => '---'), ...figures.map(figureCells)]
  const table = lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n')
  const title = measure.charAt(0).toUpperCase() + measure.slice(1)
  const own = mode === undefined ? '' : ` Of a run of its own: ${commandOf(mode, id)}.`
  return `\n## ${title}\n\nTarget: ${target}. Row \`${id}\`.${own}\n\n${table}\n${id === PICTURE_ROW ? PICTURE : ''}`
}
