/** The row of flags without a split: their traffic against the weeks before. */

import { percentile } from '../../../test-kit/report/percentiles.ts'
import { seeded } from '../../../test-kit/simulation/random.ts'
import type { Figure, Row } from '../model/row.ts'
import { proportionInterval, quantileInterval } from '../model/statistics.ts'
import { hoursToRollback, type WeeklySite } from '../model/weeks.ts'

const SITE: WeeklySite = {
  ...{ journeysPerHour: 2_000, daySd: 0.03, hourSd: 0.08 },
  ...{ weeksBefore: 4, days: 28, fall: 0 },
}
const UNEVEN = { daySd: 0.1, hourSd: 0.15 }

/** Nothing happens to these in four weeks but what happens to sites. */
const HEALTHY: readonly (readonly [string, Partial<WeeklySite>])[] = [
  ['2,000 journeys an hour, days ±3 %, hours ±8 %', {}],
  ['60 an hour', { journeysPerHour: 60 }],
  ['100,000 an hour', { journeysPerHour: 100_000 }],
  ['days ±10 %, hours ±15 %', UNEVEN],
  ['growing by a tenth a week', { growth: 0.1 }],
  ['shrinking by 5 % a week', { growth: -0.05 }],
  ['after two weeks and two days', { weeksBefore: 2.3 }],
  ['three times as many for two days, a week before', { spell: { from: 21, to: 23, factor: 3 } }],
  ['three times as many on the first day', { spell: { from: 28.5, to: 29.5, factor: 3 } }],
  ['a week of 60 %, from two days before on', { spell: { from: 26, to: 33, factor: 0.6 } }],
]

const FALLS: readonly (readonly [string, Partial<WeeklySite>, limitHours: number])[] = [
  ['−30 %', { fall: 0.3 }, 24],
  ['−50 %', { fall: 0.5 }, 6],
  ['−80 %', { fall: 0.8 }, 3],
  ['−50 %, 60 an hour', { fall: 0.5, journeysPerHour: 60 }, 48],
  ['−50 %, days ±10 %, hours ±15 %', { ...UNEVEN, fall: 0.5 }, Infinity],
  ['−30 %, days ±10 %, hours ±15 %', { ...UNEVEN, fall: 0.3 }, Infinity],
]

/** Two weeks are watched for a fall; what isn't found then is how the site is. */
const FALL_DAYS = 14
const HOURS_S = 3_600

function hoursOf(seed: string, name: string, site: WeeklySite, runs: number): number[] {
  return Array.from({ length: runs }, (_, run) =>
    hoursToRollback(site, seeded(`${seed} before-after ${name}`, run)),
  )
}

function shareFigure(of: string, hours: readonly number[], limit: number): Figure {
  const hits = hours.filter(Number.isFinite).length
  return {
    of,
    value: hits / hours.length,
    interval: proportionInterval(hits, hours.length),
    unit: 'share',
    limit,
    side: 'most',
    repeats: hours.length,
    beside: {},
  }
}

function timeFigure(of: string, hours: readonly number[], limitHours: number): Figure {
  const seconds = hours.map((each) => each * HOURS_S)
  return {
    of: `${of}: median time to the rollback`,
    value: percentile(seconds, 0.5),
    interval: quantileInterval(seconds, 0.5),
    unit: 'seconds',
    limit: limitHours * HOURS_S,
    side: 'most',
    repeats: hours.length,
    beside: {},
  }
}

/** The row for a seed; `part` is the share (0–1) of the full mode's runs, 0 for the quick one. */
export function beforeAfterRow(seed: string, part: number): Row {
  const runs = Math.max(6, Math.ceil(60 * part))
  return {
    id: 'before-after',
    measure:
      'a flag without a split, `traffic` at 30 %, four weeks before and after: rolled back while healthy, and when journeys fall',
    target: '≤ 1 % of healthy ones, −30 % within a day, −50 % within six hours',
    scenarios: [],
    runs: { quick: 1, full: 1 },
    figures: () => {
      const healthy = HEALTHY.map(([name, difference]) => ({
        name,
        hours: hoursOf(seed, name, { ...SITE, ...difference }, runs),
      }))
      const all = healthy.flatMap(({ hours }) => hours)
      const holiday = { ...SITE, days: 14, spell: { from: 32, to: 33, factor: 0.4 } }
      return [
        shareFigure('healthy: all of these together', all, 0.01),
        ...healthy.map(({ name, hours }) => shareFigure(`healthy: ${name}`, hours, Infinity)),
        ...FALLS.flatMap(([name, difference, limit]) => {
          const hours = hoursOf(seed, name, { ...SITE, ...difference, days: FALL_DAYS }, runs)
          return [timeFigure(name, hours, limit), shareFigure(`${name}: found in two weeks`, hours, Infinity)]
        }),
        shareFigure(
          'a holiday with 40 % of a usual day’s journeys, which looks like a fall',
          hoursOf(seed, 'holiday', holiday, runs),
          Infinity,
        ),
      ]
    },
  }
}
