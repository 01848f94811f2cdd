/** A site over weeks, in blocks of five minutes: a metric of a flag without a split, per journey, against the weeks before. */
import { judgeBeforeAfter, resolveGuardSettings, type Verdict } from '../../src/core/guard/index.ts'
import type { Random } from '../../test-kit/simulation/random.ts'

export type WeeklySite = {
  /** On average; visitors make four each, all at once. */
  journeysPerHour: number
  /** The share of visitors who order: at noon of a weekday 1.5 times as many as at night, on weekends 0.8 times. */
  rate: number
  /** What an order adds: 1, or an amount. */
  value(random: Random): number
  /** Standard deviations (of the logarithm) of what days and hours have for themselves. */
  traffic: { day: number; hour: number }
  orders: { day: number; hour: number }
  /** A time with other traffic, in days from the start. */
  spell?: { from: number; to: number; journeys: number; orders?: number }
  /** Orders come this late, in hours on average. */
  delayHours: number
  weeksBefore: number
  days: number
  /** What the flag takes away of orders, and of journeys: 0–1. */
  fall: number
  fewerVisitors?: number
}

const BLOCK_MS = 300_000
const HOUR_BLOCKS = 12
const DAY_BLOCKS = 24 * HOUR_BLOCKS
const JOURNEYS_OF_VISITOR = 4
const START_MS = Date.UTC(2026, 0, 5)
const LINE = { metric: 'order', maxDropPercent: 30, action: 'rollback' } as const
const SETTINGS = resolveGuardSettings({ errors: false, latency: false, clientErrors: false })
const NO_OTHER_TEST = {
  ...{ kind: 'collecting', lacks: 'requests', alert: null, sentence: '' },
  evidence: {},
} as unknown as Verdict

/** Hours from the flag's coming on to its rollback; Infinity without one. */
export function hoursToRollback(site: WeeklySite, random: Random): number {
  const onAt = Math.floor(site.weeksBefore * 7 * DAY_BLOCKS) + random.below(DAY_BLOCKS)
  const levels = levelsOf(site, random)
  const waiting: number[] = []
  let before: Parameters<typeof judgeBeforeAfter>[1]
  for (let block = 0; block < onAt + site.days * DAY_BLOCKS; block++) {
    const isOn = block >= onAt
    const { traffic, orders } = levels(block)
    const fewer = isOn ? 1 - (site.fewerVisitors ?? 0) : 1
    const visitors = random.poisson(
      (site.journeysPerHour / HOUR_BLOCKS / JOURNEYS_OF_VISITOR) * traffic * fewer,
    )
    const ordered = random.poisson(visitors * site.rate * orders * (isOn ? 1 - site.fall : 1))
    for (let order = 0; order < ordered; order++) {
      const late = Math.floor(-Math.log(1 - random.next()) * site.delayHours * HOUR_BLOCKS)
      waiting[block + late] = (waiting[block + late] ?? 0) + site.value(random)
    }
    const journeys = JOURNEYS_OF_VISITOR * visitors
    const tick = {
      ...{ atMs: START_MS + (block + 0.5) * BLOCK_MS, offsetMs: 0, generation: 1, isOpen: true },
      ...{ requests: 3 * journeys + 1, journeys, served: isOn ? 3 * journeys + 1 : 0 },
    }
    const look = { line: LINE, before, events: waiting[block] ?? 0 }
    delete waiting[block]
    const judged = judgeBeforeAfter(SETTINGS, undefined, tick, NO_OTHER_TEST, [look])
    before = judged.metrics[0]?.state
    if (judged.verdict.kind === 'failing') return (block - onAt) / HOUR_BLOCKS
  }
  return Infinity
}

/** Factors of traffic and orders by block: days and weekends, and what days and hours have for themselves. */
function levelsOf({ traffic, orders, spell }: WeeklySite, random: Random) {
  const own = { day: [1, 1], hour: [1, 1] }
  return (block: number) => {
    const draw = (part: 'day' | 'hour') =>
      [traffic, orders].map((each) => Math.exp(each[part] * normal(random)))
    if (block % DAY_BLOCKS === 0) own.day = draw('day')
    if (block % HOUR_BLOCKS === 0) own.hour = draw('hour')
    const isWeekend = Math.floor(block / DAY_BLOCKS) % 7 >= 5
    const wave = Math.sin((2 * Math.PI * (block - 108)) / DAY_BLOCKS)
    const isSpell = spell !== undefined && block >= spell.from * DAY_BLOCKS && block < spell.to * DAY_BLOCKS
    const [ofDay, ofHour] = [own.day, own.hour]
    return {
      traffic:
        (1 + 0.8 * wave) *
        (isWeekend ? 0.6 : 1) *
        (ofDay[0] ?? 1) *
        (ofHour[0] ?? 1) *
        (isSpell ? spell.journeys : 1),
      orders:
        (1 + 0.2 * wave) *
        (isWeekend ? 0.8 : 1) *
        (ofDay[1] ?? 1) *
        (ofHour[1] ?? 1) *
        (isSpell ? (spell.orders ?? 1) : 1),
    }
  }
}

function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next())
}
