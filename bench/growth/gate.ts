/** CPU time per request of a running gate, Durable Objects included, against the size of what it runs. */

import { startGate } from '../proxy/contestants.ts'
import { load } from '../proxy/load.ts'
import { bigDocument } from '../support/big-document.ts'
import { cpuTimeMs, untilIdle } from '../support/cpu.ts'

export type GateDimension = 'flags' | 'routes' | 'isolates'
export const GATE_DIMENSIONS: Readonly<Record<GateDimension, readonly number[]>> = {
  flags: [1, 100, 10_000],
  routes: [1, 100, 1_000],
  isolates: [1, 2, 4, 8],
}
/** Enough flags for a thousand routes to be decided by. */
const FLAGS_FOR_ROUTES = 10

/** Microseconds of CPU time for one request. */
export async function gateCpuUs(
  worker: string,
  origin: string,
  dimension: GateDimension,
  size: number,
  seconds: number,
): Promise<number> {
  const flags = dimension === 'flags' ? size : FLAGS_FOR_ROUTES
  const document = bigDocument({ flags, routes: dimension === 'routes' ? size : 1, origin })
  const gate = await startGate(worker, document, dimension === 'isolates' ? size : 1)
  const run = async (forSeconds: number) =>
    (await Promise.all(gate.urls.map((url) => load(url, forSeconds)))).reduce(
      (sum, { requests }) => sum + requests,
      0,
    )
  try {
    await run(Math.ceil(seconds / 2))
    await untilIdle(gate.pids)
    const usedMs = () => gate.pids.reduce((sum, pid) => sum + cpuTimeMs(pid), 0)
    const beforeMs = usedMs()
    const requests = await run(seconds)
    return ((usedMs() - beforeMs) * 1_000) / requests
  } finally {
    await gate.close()
  }
}
