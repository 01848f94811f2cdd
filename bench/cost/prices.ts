/**
 * List prices of the platform, dollars, and what its plans include: developers.cloudflare.com/workers/platform/pricing,
 * /durable-objects/platform/pricing and /kv/platform/pricing, read in November 2026.
 */

/** What is billed, per month of 30 days unless it says otherwise. */
export type Amounts = {
  workerRequests: number
  objectRequests: number
  rowsWritten: number
  gbSeconds: number
  kvKeysRead: number
  kvWrites: number
}

export const NAMES: Record<keyof Amounts, string> = {
  workerRequests: 'Worker requests',
  objectRequests: 'Durable Object requests',
  rowsWritten: 'rows written',
  gbSeconds: 'GB-s',
  kvKeysRead: 'KV keys read',
  kvWrites: 'KV writes',
}

/** Dollars for each, beyond what is included. */
export const PRICES: Amounts = {
  workerRequests: 0.3e-6,
  objectRequests: 0.15e-6,
  rowsWritten: 1e-6,
  gbSeconds: 12.5e-6,
  kvKeysRead: 0.5e-6,
  kvWrites: 5e-6,
}

/** Included in the Paid plan, per month; the plan itself costs this many dollars. */
export const PAID: Amounts = {
  workerRequests: 10e6,
  objectRequests: 1e6,
  rowsWritten: 50e6,
  gbSeconds: 400_000,
  kvKeysRead: 10e6,
  kvWrites: 1e6,
}
export const PAID_PLAN_DOLLARS = 5

/** What the Free plan allows per day; past it operations fail until midnight UTC. */
export const FREE_PER_DAY: Amounts = {
  workerRequests: 100_000,
  objectRequests: 100_000,
  rowsWritten: 100_000,
  gbSeconds: 13_000,
  kvKeysRead: 100_000,
  kvWrites: 1_000,
}

export const AMOUNTS = Object.keys(PRICES) as (keyof Amounts)[]
const COUNTING = AMOUNTS.filter((each) => each !== 'workerRequests')

/** The dollars of a month on the Paid plan, included amounts taken off. */
export function paidDollars(perMonth: Amounts): number {
  const beyond = AMOUNTS.map((each) => Math.max(0, perMonth[each] - PAID[each]) * PRICES[each])
  return PAID_PLAN_DOLLARS + beyond.reduce((sum, dollars) => sum + dollars, 0)
}

/** What counting costs at list prices, as a share of what the requests themselves cost. */
export function addedShare(perMonth: Amounts): number {
  const added = COUNTING.reduce((sum, each) => sum + perMonth[each] * PRICES[each], 0)
  return added / (perMonth.workerRequests * PRICES.workerRequests)
}

/** What a day on the Free plan runs out of; empty where it does not. */
export function beyondFree(perDay: Amounts): (keyof Amounts)[] {
  return AMOUNTS.filter((each) => perDay[each] > FREE_PER_DAY[each])
}
