/** A site over weeks, in blocks of five minutes, for the comparison with the weeks before. */

import { judgeBeforeAfter, resolveGuardSettings, type Verdict } from '../../../src/core/guard/index.ts'
import type { Random } from '../../../test-kit/simulation/random.ts'

export type WeeklySite = {
  /** On average, of a weekday and a weekend; visitors make four each, all at once. */
  journeysPerHour: number
  /** Standard deviation of a day's, and an hour's, own factor (of its logarithm). */
  daySd: number
  hourSd: number
  /** Of a week, such as 0.1. */
  growth?: number
  /** A time with another level, in days from the start. */
  spell?: { from: number; to: number; factor: number }
  weeksBefore: number
  /** Days that are watched. */
  days: number
  /** What the flag takes away, 0–1; the flag comes on at the end of the weeks, at any hour. */
  fall: number
}

const BLOCK_MS = 300_000
const HOUR_BLOCKS = 12
const DAY_BLOCKS = 24 * HOUR_BLOCKS
const WEEK_BLOCKS = 7 * DAY_BLOCKS
const JOURNEYS_OF_VISITOR = 4
const START_MS = Date.UTC(2026, 0, 5)
const SETTINGS = resolveGuardSettings({
  ...{ errors: false, latency: false, clientErrors: false },
  traffic: { maxDropPercent: 30 },
})
const NO_OTHER_TEST = {
  kind: 'collecting',
  lacks: 'requests',
  alert: null,
  sentence: '',
  evidence: {},
} as unknown as Verdict

/** Hours from the flag's coming on to its rollback; Infinity without one. */
export function hoursToRollback(site: WeeklySite, random: Random): number {
  const traffic = trafficOf(site, random)
  const onAt = Math.floor(site.weeksBefore * WEEK_BLOCKS) + random.below(DAY_BLOCKS)
  let state: Parameters<typeof judgeBeforeAfter>[1]
  for (let block = 0; block < onAt + site.days * DAY_BLOCKS; block++) {
    const isOn = block >= onAt
    const mean = traffic(block)
    const requests = Math.round(3 * mean)
    const journeys =
      JOURNEYS_OF_VISITOR * random.poisson((mean * (isOn ? 1 - site.fall : 1)) / JOURNEYS_OF_VISITOR)
    const tick = {
      ...{ atMs: START_MS + (block + 0.5) * BLOCK_MS, offsetMs: 0, generation: 1, isOpen: true },
      ...{ requests, journeys, served: isOn ? requests : 0 },
    }
    const judged = judgeBeforeAfter(SETTINGS, state, tick, NO_OTHER_TEST)
    state = judged.state
    if (judged.verdict.kind === 'failing') return (block - onAt) / HOUR_BLOCKS
  }
  return Infinity
}

/** Expected journeys by block: days and weekends, growth, and factors that days and hours have for themselves. */
function trafficOf(site: WeeklySite, random: Random): (block: number) => number {
  const { journeysPerHour, daySd, hourSd, growth = 0, spell } = site
  let [day, hour] = [1, 1]
  return (block) => {
    if (block % DAY_BLOCKS === 0) day = Math.exp(daySd * normal(random))
    if (block % HOUR_BLOCKS === 0) hour = Math.exp(hourSd * normal(random))
    const ofDay = 1 + 0.8 * Math.sin((2 * Math.PI * (block - 108)) / DAY_BLOCKS)
    const ofWeek = Math.floor(block / DAY_BLOCKS) % 7 < 5 ? 1 : 0.6
    const grown = (1 + growth) ** (block / WEEK_BLOCKS)
    const isInside = spell !== undefined && block >= spell.from * DAY_BLOCKS && block < spell.to * DAY_BLOCKS
    const own = day * hour * (isInside ? spell.factor : 1)
    return (journeysPerHour / HOUR_BLOCKS) * ofDay * ofWeek * grown * own
  }
}

function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next())
}
