/** The tables, for people and for docs/metrics.md. */
import { table } from '../../test-kit/report/emit.ts'
import { proportionInterval } from '../guard/model/statistics.ts'
import { type Coverage, type Power, WAYS } from './measure.ts'

export type MetricsReport = {
  mode: 'quick' | 'full'
  seed: string
  seconds: number
  coverage: readonly (Coverage & { what: string; hasMeans: boolean })[]
  rollouts: readonly {
    what: string
    /** Largest and smallest share of rollbacks that the target allows. */
    most?: number
    least?: number
    runs: number
    rolledBack: number
    /** Visitors until the rollback. */
    median: number
  }[]
  /** As the rollouts, with an enemy beside the site's visitors, whose median this is. */
  enemies: MetricsReport['rollouts']
  weekly: readonly {
    what: string
    most?: number
    least?: number
    runs: number
    rolledBack: number
    /** Hours until the rollback. */
    median: number
  }[]
  waits: readonly {
    what: string
    runs: number
    /** Hours until it was decided. */
    median: number
    /** How often it was asked how long still, and how often that lay in the range told, and within a factor of three of the figure. */
    asked: number
    inRange: number
    near: number
  }[]
  power: readonly (Omit<Power, 'visitors'> & { what: string; visitors: number; median: number })[]
}

/** The share of runs in which an interval may miss the truth. */
const MOST_MISSED = 0.05

/** Whether no figure is beyond its target by more than chance explains. */
export function passes({ coverage, rollouts, enemies, weekly }: MetricsReport): boolean {
  return (
    coverage.every(({ missed, missedMeans, runs }) =>
      [missed, missedMeans].every((hits) => proportionInterval(hits, runs).low <= MOST_MISSED),
    ) &&
    [...rollouts, ...enemies, ...weekly].every(({ rolledBack, runs, most = 1, least = 0 }) => {
      const { low, high } = proportionInterval(rolledBack, runs)
      return low <= most && high >= least
    })
  )
}

const percent = (hits: number, runs: number) => `${Number(((100 * hits) / runs).toFixed(1))} %`
const countText = (count: number) => (count === Infinity ? '–' : count.toLocaleString('en'))

function rolloutCells({
  what,
  runs,
  rolledBack,
  most,
  least,
  median,
}: MetricsReport['rollouts'][number]): string[] {
  const target =
    most === undefined ? (least === undefined ? '' : `≥ ${percent(least, 1)}`) : `≤ ${percent(most, 1)}`
  return [what, target, percent(rolledBack, runs), countText(median), countText(runs)]
}

export function enemiesText(enemies: MetricsReport['enemies']): string {
  return `An enemy's networks, 12 visitors a second of one variant alone, beside 20 a second of a site whose visitors come from two carriers (a fifth
each) and 5,000 other networks; the canary has 25 %, one of ten visitors orders, and orders may fall 5 %:

${table(['canary and enemy', 'target', 'rolled back', "the site's visitors until then (median)", 'runs'], enemies.map(rolloutCells))}`
}

export function toMarkdown(report: MetricsReport): string {
  const { coverage, rollouts, enemies, weekly, waits, power, mode, seed, seconds } = report
  const covered = coverage.map(
    ({ what, runs, missed, missedOrders, missedRevenue, missedMeans, hasMeans }) => [
      ...[what, percent(runs - missed, runs), percent(runs - missedOrders, runs)],
      percent(runs - missedRevenue, runs),
      hasMeans ? percent(runs - missedMeans, runs) : '',
      countText(runs),
    ],
  )
  const rolled = rollouts.map(rolloutCells)
  const weeks = weekly.map(({ what, runs, rolledBack, most, least, median }) => [
    what,
    most === undefined ? (least === undefined ? '' : `≥ ${percent(least, 1)}`) : `≤ ${percent(most, 1)}`,
    percent(rolledBack, runs),
    median === Infinity ? '–' : `${Number(median.toFixed(1))} h`,
    countText(runs),
  ])
  const told = power.map(({ what, visitors, runs, decided, median }) => [
    ...[what, countText(visitors)],
    ...WAYS.map((way) => percent(decided[way], runs)),
    countText(median),
  ])
  const waited = waits.map(({ what, runs, median, asked, inRange, near }) => [
    what,
    median === Infinity ? '–' : `${median} h`,
    ...[percent(inRange, asked), percent(near, asked), countText(runs)],
  ])
  return `Intervals that hold at every one of about 150 looks at 60,000 visitors (target: all of a run in 95 %):

${table(['site', 'all differences', 'of orders', 'of revenue', 'of means', 'runs'], covered)}

Rollouts 5 → 25 → 50 % whose orders and revenue may fall 5 %, with late and repeated orders and Pareto revenue, at the guard's α of 0.01:

${table(['canary', 'target', 'rolled back', 'visitors until then (median)', 'runs'], rolled)}

${enemiesText(enemies)}

A flag without a split: orders per journey against four weeks before, which may fall 30 %, watched for two weeks. 4,000 journeys an hour, one of
twenty visitors orders, days differ by 3 % and hours by 8 %, traffic by 5 and 10 %:

${table(['site', 'target', 'rolled back', 'after (median)', 'runs'], weeks)}

How often a difference of a rate of 4 % is told by the end, at 5 %. Without a difference, that is a false alarm:

${table(['site', 'visitors', ...WAYS, 'visitors this judge takes (median)'], told)}

How long still, asked of experiments that go on after a tenth, a quarter, half and three quarters of the time that they usually take, by hours of the day and
with the first conversions as well as with many: how often the time left was what was told.

${table(['site', 'decided after (median)', 'in the range told, or a fifth beyond', 'within a factor of 3 of the figure', 'runs'], waited)}

By \`npm run bench:metrics${mode === 'quick' ? ' -- --quick' : ''}\`, seed \`${seed}\`, ${seconds} s.`
}
