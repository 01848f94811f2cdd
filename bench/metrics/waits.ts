/** The rows of how long experiments are said to take, and how long they take. */
import { type Asked, type WaitSite, waitsOf } from '../../test-kit/simulation/experiment-waits.ts'

const SITE = { visitors: 400, rate: 0.05, effect: 1, day: 0.6, week: 0, delayHours: 0 }
const LIVELY = { visitors: 150, rate: 0.1, week: 0.4 }
const ROWS: readonly (Partial<WaitSite> & { what: string; margin?: number })[] = [
  { what: 'no difference, margin 10 %', visitors: 500, rate: 0.1, margin: 10 },
  { what: 'the same by weekdays, conversions half a day late', ...LIVELY, delayHours: 12, margin: 10 },
  { what: '−20 %, margin 5 %', effect: 0.8, visitors: 200, margin: 5 },
  { what: '−5 %, margin 10 %', effect: 0.95, rate: 0.1, margin: 10 },
  { what: 'more visitors than are followed, margin 5 %', visitors: 1_500, rate: 0.08, margin: 5 },
  { what: '+20 %, no margin', effect: 1.2, visitors: 200 },
  { what: 'no difference, no margin', visitors: 800, rate: 0.2 },
]
/** A range that is one figure has room for a fifth. */
const ROUNDING = 1.2
const FACTOR = 3

/** The rows for the report. */
export function waitRows(runs: number, seed: string) {
  return ROWS.map(({ margin, ...site }) => {
    const { hours, told } = waitsOf({ ...SITE, ...site }, margin, runs, seed)
    const count = (holds: (each: Asked) => boolean) => told.filter(holds).length
    return {
      ...{ what: site.what, runs, median: hours[Math.floor(runs / 2)] ?? Infinity, asked: told.length },
      inRange: count(({ left, from, to }) => left >= from / ROUNDING && left <= to * ROUNDING),
      near: count(({ left, about }) => left <= FACTOR * about && about <= FACTOR * left),
    }
  })
}
