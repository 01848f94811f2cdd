/**
 * List prices of the Workers Paid plan, dollars: developers.cloudflare.com/workers/platform/pricing and
 * developers.cloudflare.com/durable-objects/platform/pricing. Included amounts are left out of the sums.
 */
const PER_MILLION_WORKER_REQUESTS = 0.3
const PER_MILLION_OBJECT_REQUESTS = 0.15
const PER_MILLION_ROWS_WRITTEN = 1
const PER_MILLION_GB_SECONDS = 12.5
const GB_PER_OBJECT = 0.128
export const SECONDS_PER_MONTH = 30 * 24 * 3_600

export type Usage = {
  requestsPerSecond: number
  objectRequestsPerSecond: number
  rowsWrittenPerSecond: number
  objects: number
}

export type MonthlyCost = { traffic: number; objectRequests: number; rowsWritten: number; objectTime: number }

/** Dollars per month; `traffic` is what the requests themselves cost, with or without the gate's counting. */
export function monthlyCost(usage: Usage): MonthlyCost {
  const millionsPerMonth = (perSecond: number) => (perSecond * SECONDS_PER_MONTH) / 1e6
  return {
    traffic: millionsPerMonth(usage.requestsPerSecond) * PER_MILLION_WORKER_REQUESTS,
    objectRequests: millionsPerMonth(usage.objectRequestsPerSecond) * PER_MILLION_OBJECT_REQUESTS,
    rowsWritten: millionsPerMonth(usage.rowsWrittenPerSecond) * PER_MILLION_ROWS_WRITTEN,
    objectTime: millionsPerMonth(usage.objects * GB_PER_OBJECT) * PER_MILLION_GB_SECONDS,
  }
}
