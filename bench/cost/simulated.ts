/** Large sites, simulated by the code that counts (test-kit/network): 200 requests/s to an isolate, three flags. */
import { livePace, PACES } from '../../src/core/counters/load/pace.ts'
import { type Size, simulate } from '../../test-kit/network/measure.ts'
import { SECONDS_PER_MONTH } from '../../test-kit/network/prices.ts'
import { PRICES } from './prices.ts'
import { SECONDS_PER_DAY, type SiteCost } from './usage.ts'

type SimulatedSite = { name: string; requestsPerSecond: number; places: number; isRamping: boolean }

const TIMES = { warmUpMs: 40_000, killMs: 100_000, endMs: 110_000 }
const REQUESTS_PER_ISOLATE = 200
/** While replies vouch for it, an isolate reads three keys in ten minutes, and the Controller two in half a minute. */
const KV_KEYS_PER_SECOND = { isolate: 3 / 600, controller: 2 / 30 }

export const SIMULATED: SimulatedSite[] = [1_000, 10_000].flatMap((requestsPerSecond) =>
  [1, 10, 330].flatMap((places) =>
    [true, false].map((isRamping) => ({
      name: `${requestsPerSecond.toLocaleString('en')} requests a second in ${places} place${places > 1 ? 's' : ''}${isRamping ? '' : ', nothing ramps'}`,
      requestsPerSecond,
      places,
      isRamping,
    })),
  ),
)

export function simulated(site: SimulatedSite): SiteCost {
  const { requestsPerSecond, places, isRamping } = site
  const isolates = Math.max(places, Math.ceil(requestsPerSecond / REQUESTS_PER_ISOLATE))
  const size: Size = {
    ...{ requestsPerSecond, isolates, colos: places },
    pace: isRamping ? livePace(places) : PACES.calm,
  }
  const { cost, objectRequestsPerSecond } = simulate(size, TIMES, undefined, site.name)
  const perDay = (dollarsPerMonth: number, price: number) =>
    (dollarsPerMonth / price / SECONDS_PER_MONTH) * SECONDS_PER_DAY
  return {
    ...site,
    how: 'simulated',
    perDay: {
      workerRequests: requestsPerSecond * SECONDS_PER_DAY,
      objectRequests: objectRequestsPerSecond * SECONDS_PER_DAY,
      rowsWritten: perDay(cost.rowsWritten, PRICES.rowsWritten),
      gbSeconds: perDay(cost.objectTime, PRICES.gbSeconds),
      kvKeysRead: (isolates * KV_KEYS_PER_SECOND.isolate + KV_KEYS_PER_SECOND.controller) * SECONDS_PER_DAY,
      kvWrites: 0,
    },
  }
}
