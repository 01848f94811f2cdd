/**
 * `npm run bench:metrics`: what the judge of metrics promises, measured on simulated sites with known truths: coverage of its
 * intervals over the whole horizon, false rollbacks, detection, and power beside other ways to compare.
 *
 *     npm run bench:metrics -- [--quick] [--json] [--seed TEXT] [--write]
 *
 * Ends with 1 when a figure misses its target by more than chance explains. `--write` puts the tables into docs/metrics.md.
 */
import { emit, progress } from '../../test-kit/report/emit.ts'
import { percentile } from '../../test-kit/report/percentiles.ts'
import { writeSection } from '../../test-kit/report/section.ts'
import { scriptArgs } from '../../test-kit/script/script-args.ts'
import { seeded } from '../../test-kit/simulation/random.ts'
import { enemyRows } from './enemies.ts'
import { coverageOf, powerOf, rolloutsOf } from './measure.ts'
import { type MetricsReport, passes, toMarkdown } from './report.ts'
import { type Site, VALUES } from './site.ts'
import { waitRows } from './waits.ts'
import { weeklyOf } from './weekly-rows.ts'

const { values: options } = scriptArgs({
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    seed: { type: 'string', default: 'sluice' },
    write: { type: 'boolean', default: false },
  },
})
const { seed } = options
const runsOf = (full: number) => (options.quick ? Math.ceil(full / 12) : full)
const startedMs = performance.now()

const PLAIN: Site = {
  name: 'plain',
  shares: [0.5, 0.5],
  visitors: 60_000,
  days: 14,
  rate: 0.04,
  effect: () => 1,
  week: 0,
  delayDays: 0,
  again: 0,
  ...VALUES.logNormal,
}
/** A visitor orders half a day later, on some days more than on others, and a third of them again. */
const LIVELY = { week: 0.5, delayDays: 0.5, again: 0.35 }

const SITES: readonly { site: Site; what: string }[] = [
  { site: PLAIN, what: 'no difference; log-normal revenue' },
  {
    site: { ...PLAIN, name: 'lively', ...LIVELY, effect: () => 0.8 },
    what: '−20 %; late and repeated orders, weekdays',
  },
  {
    site: { ...PLAIN, name: 'heavy', ...LIVELY, ...VALUES.pareto },
    what: 'no difference; Pareto revenue (index 1.5), late and repeated orders, weekdays',
  },
  {
    site: { ...PLAIN, name: 'small canary', ...LIVELY, ...VALUES.pareto, shares: [0.95, 0.05] },
    what: 'the same at 5 %',
  },
  {
    site: { ...PLAIN, name: 'novelty', effect: (passed) => 1 + 0.4 * Math.exp(-8 * passed) },
    what: 'novelty: +40 %, gone after some days (truth: the mean so far)',
  },
  {
    site: { ...PLAIN, name: 'three', ...LIVELY, shares: [0.4, 0.3, 0.3], effect: () => 1.15 },
    what: 'three variants, +15 %, late and repeated orders, weekdays',
  },
  {
    site: { ...PLAIN, name: 'frequent', rate: 0.5, effect: () => 0.9, visitors: 20_000 },
    what: '−10 % of a rate of 50 %',
  },
]

/** What a visitor's orders come to on average, where there is one order. */
function meanValue({ value, cap }: Site): number {
  const random = seeded('mean value', 0)
  let sum = 0
  for (let draw = 0; draw < 2_000_000; draw++) sum += Math.min(cap, value(random))
  return sum / 2_000_000
}

const hasFixedMeans = ({ name }: Site) => name === 'plain' || name === 'frequent'

/** 5 → 25 → 50 %. */
function ladder(name: string, effect: number, visitors: readonly number[]): Site[] {
  return [0.05, 0.25, 0.5].map((share, at) => ({
    ...PLAIN,
    ...LIVELY,
    ...VALUES.pareto,
    name,
    days: 2,
    shares: [1 - share, share],
    visitors: visitors[at] ?? 0,
    effect: () => effect,
  }))
}

const coverage = SITES.map(({ site, what }) => {
  progress(`coverage: ${site.name}`)
  const means = hasFixedMeans(site) ? ([site.rate, site.rate * meanValue(site)] as const) : undefined
  return { what, hasMeans: means !== undefined, ...coverageOf(site, runsOf(400), seed, means) }
})
const rollouts = [
  { what: 'healthy', most: 0.01, effect: 1, visitors: [20_000, 30_000, 40_000], runs: 1_000 },
  {
    what: 'exactly at the limit, 5 % below',
    most: 0.01,
    effect: 0.95,
    visitors: [40_000, 40_000, 40_000],
    runs: 300,
  },
  { what: 'orders 20 % below', least: 0.9, effect: 0.8, visitors: [40_000, 100_000, 300_000], runs: 100 },
  { what: 'orders 40 % below', least: 0.95, effect: 0.6, visitors: [40_000, 100_000, 300_000], runs: 100 },
].map(({ what, most, least, effect, visitors, runs }) => {
  progress(`rollouts: ${what}`)
  const found = rolloutsOf(ladder(what, effect, visitors), runsOf(runs), seed)
  const target = { ...(most !== undefined && { most }), ...(least !== undefined && { least }) }
  return {
    what,
    ...target,
    runs: found.runs,
    rolledBack: found.rolledBack,
    median: percentile(found.visitors, 0.5),
  }
})
progress('enemies')
const enemies = enemyRows(runsOf, seed)
progress('weeks')
const weekly = weeklyOf(runsOf, seed)
const power = [
  { what: 'no difference', effect: 1, visitors: 80_000 },
  { what: '+10 %, as many visitors as a fixed test needs for 80 %', effect: 1.1, visitors: 80_000 },
  { what: '+10 %, twice as many', effect: 1.1, visitors: 160_000 },
  { what: '−20 %', effect: 0.8, visitors: 80_000 },
].map(({ what, effect, visitors }) => {
  progress(`power: ${what}`)
  const site = { ...PLAIN, name: what, visitors, effect: () => effect }
  const found = powerOf(site, runsOf(200), seed)
  return { what, visitors, runs: found.runs, decided: found.decided, median: percentile(found.visitors, 0.5) }
})
progress('how long still')
const waits = waitRows(runsOf(200), seed)
progress('')
const report: MetricsReport = {
  mode: options.quick ? 'quick' : 'full',
  seed,
  seconds: Math.round((performance.now() - startedMs) / 1_000),
  coverage,
  rollouts,
  enemies,
  weekly,
  waits,
  power,
}
emit({ ...report, passed: passes(report) }, toMarkdown, options.json)
if (options.write) await writeSection('docs/metrics.md', 'bench:metrics', toMarkdown(report))
process.exitCode = passes(report) ? 0 : 1
