/** The rows of a flag without a split: its orders per journey against the weeks before. */
import { percentile } from '../../test-kit/report/percentiles.ts'
import { type Random, seeded } from '../../test-kit/simulation/random.ts'
import type { MetricsReport } from './report.ts'
import { VALUES } from './site.ts'
import { hoursToRollback, type WeeklySite } from './weeks.ts'

const SITE: WeeklySite = {
  ...{ journeysPerHour: 4_000, rate: 0.05, value: () => 1, delayHours: 0.2 },
  ...{ traffic: { day: 0.05, hour: 0.1 }, orders: { day: 0.03, hour: 0.08 } },
  ...{ weeksBefore: 4, days: 14, fall: 0 },
}
const SMALL = { journeysPerHour: 400 }
const UNEVEN = { traffic: { day: 0.15, hour: 0.2 }, orders: { day: 0.08, hour: 0.12 } }
const REVENUE = { value: (random: Random) => Math.min(VALUES.logNormal.cap, VALUES.logNormal.value(random)) }

type RowOf = { what: string; site: Partial<WeeklySite>; runs: number; most?: number; least?: number }
const HEALTHY: readonly RowOf[] = [
  { what: 'healthy', site: {} },
  { what: 'healthy, 400 journeys an hour', site: SMALL },
  { what: 'healthy, 50,000 an hour', site: { journeysPerHour: 50_000 } },
  { what: 'healthy, days differ by 8 % and hours by 12 %', site: UNEVEN },
  { what: 'healthy, after two weeks and two days', site: { weeksBefore: 2.3 } },
  { what: 'healthy, orders come six hours late', site: { delayHours: 6 } },
  { what: 'healthy, revenue with a cap', site: REVENUE },
  { what: '60 % fewer visitors, who buy as before', site: { fewerVisitors: 0.6 } },
  {
    what: 'three times as many visitors for a day, who buy as before',
    site: { spell: { from: 28.5, to: 29.5, journeys: 3 } },
  },
].map((row) => ({ ...row, runs: 60, most: 0.01 }))
const FALLS: readonly RowOf[] = [
  {
    what: 'a campaign: twice the visitors for a day, who buy half',
    site: { spell: { from: 29, to: 30, journeys: 2, orders: 0.5 } },
    runs: 60,
  },
  { what: 'orders −30 %', site: { fall: 0.3 }, runs: 60, least: 0.6 },
  { what: 'orders −50 %', site: { fall: 0.5 }, runs: 60, least: 0.95 },
  { what: 'revenue with a cap, −30 %', site: { ...REVENUE, fall: 0.3 }, runs: 60, least: 0.6 },
  { what: 'orders −50 %, 400 journeys an hour', site: { ...SMALL, fall: 0.5 }, runs: 60, least: 0.8 },
  { what: 'orders −50 %, days differ by 8 %', site: { ...UNEVEN, fall: 0.5 }, runs: 60 },
]

export function weeklyOf(runsOf: (full: number) => number, seed: string): MetricsReport['weekly'] {
  return [...HEALTHY, ...FALLS].map(({ what, site, runs, ...target }) => {
    const hours = Array.from({ length: runsOf(runs) }, (_, run) =>
      hoursToRollback({ ...SITE, ...site }, seeded(`${seed} weeks ${what}`, run)),
    )
    const found = hours.filter(Number.isFinite)
    return { what, ...target, runs: hours.length, rolledBack: found.length, median: percentile(hours, 0.5) }
  })
}
