/** From what a meter shows to what is billed per day. */
import type { Amounts } from './prices.ts'
import type { Site, Usage } from './rig.ts'

export type SiteCost = {
  name: string
  requestsPerSecond: number
  places: number
  isRamping: boolean
  how: 'metered' | 'simulated'
  perDay: Amounts
}

const GB_PER_OBJECT = 0.128
export const SECONDS_PER_DAY = 86_400

const sum = (counts: Record<string, number>) =>
  Object.values(counts).reduce((total, count) => total + count, 0)

/** What a site would use in a day that goes on as the metered time did, at the rate that it is named for. */
export function perDayOf(usage: Usage, { requestsPerSecond }: Pick<Site, 'requestsPerSecond'>): Amounts {
  // A rare visit is metered visit by visit, any other site second by second.
  const perDay =
    requestsPerSecond < 0.1
      ? (requestsPerSecond * SECONDS_PER_DAY) / usage.requests
      : SECONDS_PER_DAY / usage.seconds
  return {
    workerRequests: requestsPerSecond * SECONDS_PER_DAY,
    objectRequests: sum(usage.calls) * perDay,
    rowsWritten: sum(usage.rows) * perDay,
    gbSeconds: (sum(usage.activeMs) / 1_000) * GB_PER_OBJECT * perDay,
    kvKeysRead: usage.kvKeysRead * perDay,
    kvWrites: usage.kvWrites * perDay,
  }
}
